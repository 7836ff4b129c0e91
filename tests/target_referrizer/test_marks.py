"""The marks of who was forgotten are read when they have changed, not for each contact that is written."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.target_referrizer.asking import ask
from tests.target_referrizer.salon import contact

from target_referrizer.ledger import Ledger, notes
from target_referrizer.ledger.marks import Marks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Salon


def whom(ledger: Ledger) -> dict[str, str]:
    with ledger.transaction() as tx:
        return dict(Marks.load(tx).whom)


def test_what_another_process_forgets_is_known_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with closing(Ledger(url)) as here, closing(Ledger(url)) as there:
        assert whom(here) == {}
        with there.transaction() as tx:
            Marks.begin(tx).add(tx, ["one", "two"], "somebody")
        assert whom(here) == {"one": "somebody", "two": "somebody"}
        with there.transaction() as tx:
            Marks.load(tx).add(tx, ["three"], "another")
        assert whom(here) == whom(there) == {"one": "somebody", "two": "somebody", "three": "another"}
        with there.transaction() as tx:
            assert Marks.load(tx).take_away(tx, "somebody") == 2
        assert whom(here) == whom(there) == {"three": "another"}


def test_what_is_rolled_back_is_not_remembered(tmp_path: Path) -> None:
    def fails(tx: sa.Connection) -> None:
        Marks.load(tx).add(tx, ["two"], "another")
        assert len(Marks.load(tx).whom) == 2
        raise OSError

    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        with ledger.transaction() as tx:
            Marks.begin(tx).add(tx, ["one"], "somebody")
        assert len(whom(ledger)) == 1
        with pytest.raises(OSError), ledger.transaction() as tx:  # noqa: PT011 - the very one from above
            fails(tx)
        assert whom(ledger) == {"one": "somebody"}


@pytest.mark.parametrize("what", ["the salt", "a change", "a note"])
def test_two_sources_may_write_to_a_new_ledger_on_a_server_at_once(server: str, what: str) -> None:
    """The second waits until the first is through, and goes on: both found nothing there to be updated."""

    def write(ledger: Ledger, who: str) -> None:
        if what == "a note":
            ledger.put("note", who)
            return
        with ledger.transaction() as tx:
            marks = Marks.begin(tx)
            if what == "a change":
                marks.add(tx, ["also", "both", who], who)

    with closing(Ledger(server)) as here, closing(Ledger(server)) as there, ThreadPoolExecutor(1) as pool:
        if what == "a change":
            with here.transaction() as tx:
                Marks.begin(tx)
        with here.transaction() as tx:
            if what == "a note":
                notes.put(tx, "note", "first")
            elif what == "a change":
                Marks.load(tx).add(tx, ["first", "both"], "first")
            else:
                Marks.begin(tx)
            second = pool.submit(write, there, "second")
            wait_until_blocked(server)
            assert not second.done()
            if what == "a change":  # the second holds none of its marks yet
                Marks.load(tx).add(tx, ["also"], "first")
        second.result(timeout=10)
        with here.transaction() as mine:
            seen = Marks.load(mine)
        with there.transaction() as theirs:
            assert Marks.load(theirs) == seen
        assert (here.get("note") == "second") == (what == "a note")
        kept = {**dict.fromkeys(("first", "both", "also"), "first"), "second": "second"}
        assert seen.whom == (kept if what == "a change" else {})
        assert bool(seen.salt) == (what != "a note")


def wait_until_blocked(url: str) -> None:
    """Until a session of the server waits for another."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with engine.connect() as watching:
        until = time.monotonic() + 10
        while not watching.scalar(waiting):
            assert time.monotonic() < until
            time.sleep(0.01)
    engine.dispose()


def test_a_run_reads_the_marks_no_more_often_for_more_contacts(salon: Salon) -> None:
    salon.run([contact("gone")])
    ask(salon, "forget", "gone")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM mark" in statement:
            asked.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        salon.run([contact(key) for key in range(5)], brake_percent=10_000)
        few = len(asked)
        salon.run([contact(key) for key in range(100, 160)], brake_percent=10_000)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert 0 < len(asked) - few <= few
    assert len(salon.shown()) == 1 + 5 + 60
