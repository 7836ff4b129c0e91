"""A full disk, a locked or read-only ledger, a server that goes away: clear, and finished by the next run."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.processes import (
    asked,
    at_request,
    check_end,
    check_recovery,
    last_exit_code,
    lines,
    mishap,
    people,
    ran,
)
from tests.target_referrizer.salon import check_in

from target_referrizer.ledger import Ledger
from target_referrizer.ledger.failures import failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Record, Salon

NUMBER = 12
STAGING, CREATING, POSTING = "INSERT INTO contact", "INSERT INTO remote_contact", "UPDATE visit SET status"
#: Where a run can be when its ledger fails, and how many visits may then be in doubt: those under way.
PLACES = pytest.mark.parametrize(
    ("statement", "nth", "in_doubt"),
    [(STAGING, 1, 0), (CREATING, 3, 0), (POSTING, 6, 4)],
    ids=["staging", "creating", "posting"],
)
FULL = "its disk cannot be read or written: full, over a quota, or faulty"


@pytest.fixture
def open_salon(salon: Salon) -> Salon:
    """A salon whose Referrizer would take everything twice."""
    salon.box.referrizer.switches.unique_by = "none"
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.settings |= {"concurrent_requests": 2}
    return salon


@pytest.fixture
def served(open_salon: Salon, server: str) -> Salon:
    """The same with its ledger on a PostgreSQL server."""
    open_salon.settings["ledger_url"] = server
    return open_salon


def everything(salon: Salon) -> str:
    """So many people, each with a visit."""
    return lines(people(NUMBER), check_ins(salon))


def check_ins(salon: Salon) -> list[Record]:
    return [check_in(key, key, salon.now) for key in range(NUMBER)]


# A disk that is full


@PLACES
def test_the_disk_is_full(open_salon: Salon, statement: str, nth: int, in_doubt: int) -> None:
    text = everything(open_salon)
    ended = ran(open_salon, text, mishap("disk", statement, nth))
    check_end(ended, 1, "RFZ-403")
    assert f"the ledger failed: {FULL}. What to do: " in ended.last
    assert ended.err.count("RFZ-403") == 1
    again = text if statement == STAGING else ""
    check_recovery(open_salon, NUMBER, NUMBER, may_hold=in_doubt, again=again)


def test_sqlite_finds_no_room_while_staging(open_salon: Salon) -> None:
    text = lines(people(3000), [])
    ended = ran(open_salon, text, mishap("full", STAGING))
    check_end(ended, 1, "RFZ-403")
    assert "the ledger failed: the disk is full. " in ended.last
    assert open_salon.shown() == []
    assert ran(open_salon, everything(open_salon)).code == 0


def test_the_ledger_is_read_only(open_salon: Salon) -> None:
    ended = ran(open_salon, everything(open_salon), mishap("read-only", POSTING, 3))
    check_end(ended, 1, "RFZ-403")
    assert "the ledger failed: it is read-only. " in ended.last
    check_recovery(open_salon, NUMBER, NUMBER, may_hold=4)


def test_no_ledger_can_be_made_on_a_full_disk(open_salon: Salon) -> None:
    ended = ran(open_salon, everything(open_salon), mishap("disk", "CREATE TABLE"))
    check_end(ended, 1, "RFZ-403")
    assert f"the ledger cannot be opened: {FULL}. " in ended.last
    assert ran(open_salon, everything(open_salon)).code == 0
    assert (len(open_salon.shown()), len(open_salon.visits())) == (NUMBER, NUMBER)


#: Sorts more than memory is given for, where no further file may be opened.
NO_ROOM_ASIDE = """
import os, resource, sys
import sqlalchemy as sa
from target_referrizer.ledger import Ledger
from target_referrizer.ledger.failures import LedgerFailure, failure

ledger = Ledger(sys.argv[1])
lot = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 40000) SELECT printf('%300d', i) AS a FROM n"
resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1,) * 2)
try:
    ledger.rows(sa.text(lot + " ORDER BY a DESC"))
except LedgerFailure as error:
    print(failure(error))
"""  # noqa: E501 - one statement


def test_where_no_temporary_file_can_be_made_the_failure_says_what_names_their_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", NO_ROOM_ASIDE, f"sqlite:///{tmp_path}/ledger.db"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith(
        "RFZ-403 the ledger failed: it, a file beside it or a temporary one cannot be opened"
    )
    assert "(SQLITE_TMPDIR or TMPDIR names the folder of temporary files)" in said


def test_where_no_folder_takes_temporary_files_the_failure_says_so() -> None:
    """Seen where each of these folders was mounted read-only, which a test may not do."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_GETTEMPPATH"
    assert "no folder for temporary files can be written (SQLITE_TMPDIR or TMPDIR names" in str(
        failure(error)
    )


# A ledger that somebody else has locked


def impatient(salon: Salon) -> str:
    """The same ledger, for whose lock one waits an instant only."""
    return f"sqlite:///{salon.folder}/ledger.db?timeout=0.2"


def locked(salon: Salon) -> sqlite3.Connection:
    """What a backup does to a ledger, for as long as the connection is open."""
    backup = sqlite3.connect(salon.folder / "ledger.db", isolation_level=None, check_same_thread=False)
    backup.execute("BEGIN IMMEDIATE")
    return backup


def test_a_backup_has_locked_the_ledger_from_the_start(open_salon: Salon) -> None:
    assert ran(open_salon, lines([], [])).code == 0
    with closing(locked(open_salon)):
        ended = ran(open_salon, everything(open_salon), ledger_url=impatient(open_salon))
        told = asked(open_salon, "status", ledger_url=impatient(open_salon))
    check_end(ended, 1, "RFZ-403")
    check_end(told, 1, "RFZ-403")
    for one in (ended, told):
        assert (
            "the ledger cannot be opened: another program holds it for long, such as a backup. " in one.last
        )
    assert [one for one in open_salon.box.requests if one.method != "GET"] == []


@pytest.mark.parametrize(("path", "in_doubt"), [("contacts", 0), ("visits", 2)])
def test_a_backup_locks_the_ledger_in_the_middle(open_salon: Salon, path: str, in_doubt: int) -> None:
    backups: list[sqlite3.Connection] = []
    at_request(open_salon, "POST", path, 5, lambda: backups.append(locked(open_salon)))
    ended = ran(open_salon, everything(open_salon), ledger_url=impatient(open_salon))
    check_end(ended, 1, "RFZ-403")
    assert "the ledger failed: another program holds it for long, such as a backup. " in ended.last
    backups[0].close()
    check_recovery(open_salon, NUMBER, NUMBER, may_hold=in_doubt)


def test_a_short_lock_is_waited_for(open_salon: Salon) -> None:
    backups: list[sqlite3.Connection] = []

    def lock_for_a_moment() -> None:
        backups.append(locked(open_salon))
        threading.Timer(1, backups[0].close).start()

    at_request(open_salon, "POST", "contacts", 5, lock_for_a_moment)
    assert ran(open_salon, everything(open_salon)).code == 0
    assert (len(open_salon.shown()), len(open_salon.visits())) == (NUMBER, NUMBER)


def test_a_minute_is_waited_unless_the_url_says_otherwise(open_salon: Salon) -> None:
    waits = []
    for query in ("", "?timeout=7"):
        with closing(Ledger(f"sqlite:///{open_salon.folder}/ledger.db{query}")) as ledger:
            waits.append(ledger.scalar(sa.text("PRAGMA busy_timeout")))
    assert waits == [60_000, 7_000]


# A PostgreSQL server that goes away


def backends(url: str, action: str) -> list[Any]:
    """What the server says about all sessions but this one."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
    query = f"SELECT {action} FROM pg_stat_activity WHERE {others}"
    with engine.connect() as connection:
        found = list(connection.execute(sa.text(query)))
    engine.dispose()
    return found


@pytest.mark.parametrize(("path", "in_doubt"), [("contacts", 0), ("visits", 2)])
def test_the_server_ends_the_session_in_the_middle(
    served: Salon, server: str, path: str, in_doubt: int
) -> None:
    at_request(served, "POST", path, 5, lambda: backends(server, "pg_terminate_backend(pid)"))
    ended = ran(served, everything(served))
    check_end(ended, 1, "RFZ-403")
    assert "the ledger failed: the connection to its server was lost. " in ended.last
    assert last_exit_code(served) == 1
    check_recovery(served, NUMBER, NUMBER, may_hold=in_doubt)


def test_a_run_has_one_session_so_that_it_cannot_outlive_its_locks(served: Salon, server: str) -> None:
    seen: list[int] = []
    at_request(served, "POST", "contacts", 1, lambda: seen.append(len(backends(server, "pid"))))
    assert ran(served, everything(served)).code == 0
    assert seen == [1]


def test_no_server_answers(open_salon: Salon) -> None:
    ended = ran(open_salon, everything(open_salon), ledger_url="postgresql://nobody:secret@127.0.0.1:1/none")
    check_end(ended, 1, "RFZ-403")
    assert "the ledger cannot be opened" in ended.last
    assert "secret" not in ended.err
