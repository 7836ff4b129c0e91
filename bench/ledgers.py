"""Ledgers to begin with: empty ones, and such as a first load has filled, made once and kept."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import target_referrizer
from bench import inputs, vendors
from bench.measuring import FailedError, Stub, cache, cost_of, stub
from bench.programs import TAP, TARGET
from target_referrizer.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

DECIDING = (
    "ledger/tables.py",
    "ledger/migrations.py",
    "ledger/creating.py",
    "ledger/desired.py",
    "ledger/index.py",
    "ledger/staging.py",
    "creates.py",
    "linking.py",
    "payloads.py",
    "groups.py",
    "properties.py",
)
"""When one of these changes, a ledger that was kept may not be what a first load would make today."""
MONTH_AGO = vendors.NOW - timedelta(days=30)
YEARS_BACK = 400
"""Days between a check-in and its copies."""


class Books(NamedTuple):
    """What a first load has left.

    Attributes:
        ledger: The ledger's file.
        contacts: What Referrizer holds, for the stub.
        state: The state of the tap.
    """

    ledger: Path
    contacts: Path
    state: Path


def empty() -> str:
    """The address of a ledger that is not there yet."""
    return _address(_cleared(cache() / "ledger.db"))


def copied(ledger: Path, running: Stub) -> str:
    """The address of a copy, to be worked on against a stub.

    A ledger is bound to the address of its account, and the stub has another port each time.
    """
    path = _cleared(cache() / "ledger.db")
    shutil.copyfile(ledger, path)
    path.chmod(0o600)
    with closing(Ledger(_address(path))) as copy:
        _, owner = str(copy.get("account")).split(" ")
        copy.put("account", f"{running.url}/v1 {owner}")
    return _address(path)


def size() -> int:
    """Bytes of the ledger that was worked on last, its log included."""
    return sum(one.stat().st_size for one in cache().glob("ledger.db*"))


def _address(path: Path) -> str:
    return f"sqlite:///{path}"


def _cleared(path: Path) -> Path:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    return path


def loaded(contacts: int, check_ins: int) -> Books:
    """What tap and target leave after a first load of so many, all linked and confirmed."""

    def load(books: Books) -> None:
        with stub(customers=contacts, check_ins=check_ins) as running:
            tap = [*TAP, "--config", inputs.of_tap(running.url)]
            target = [*TARGET, "--config", inputs.of_target(running.url, _address(books.ledger))]
            cost = cost_of(tap, target, stdout=books.state, by=running)
            running.ask("save", file=str(books.contacts))
        if cost.calls.get("POST contacts") != contacts:
            raise FailedError(f"a first load of {contacts} contacts made these calls: {cost.calls}")

    return _kept(f"loaded-{contacts}-{check_ins}", load)


def written(contacts: int) -> Books:
    """What the target leaves after a first load of a file of so many contacts."""

    def load(books: Books) -> None:
        with stub() as running:
            target = [*TARGET, "--config", inputs.of_target(running.url, _address(books.ledger))]
            cost_of(target, stdin=inputs.contacts(contacts), stdout=books.state)
            running.ask("save", file=str(books.contacts))

    return _kept(f"written-{contacts}", load)


def recent(books: Books) -> Books:
    """The same with the check-ins of the last month alone."""

    def forget(young: Books) -> None:
        _copy(books, young)
        with closing(sqlite3.connect(young.ledger)) as connection:
            with connection:
                connection.execute("DELETE FROM visit WHERE checked_in_at < ?", [f"{MONTH_AGO:%Y-%m-%d}"])
            connection.execute("VACUUM")

    return _kept(f"{_base(books)}-recent", forget)


def deepened(books: Books, times: int) -> Books:
    """The same with so many times the check-ins: copies of those it has, delivered in the years before."""

    def deepen(deep: Books) -> None:
        _copy(books, deep)
        with closing(sqlite3.connect(deep.ledger)) as connection:
            for nth in range(1, times):
                _copy_visits(connection, nth)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    return _kept(f"{_base(books)}-deepened-{times}", deepen)


def _base(books: Books) -> str:
    return books.ledger.stem.rpartition("-")[0]


def _copy(books: Books, to: Books) -> None:
    for old, new in zip(books, to, strict=True):
        shutil.copyfile(old, new)


def _copy_visits(connection: sqlite3.Connection, nth: int) -> None:
    earlier = f"strftime('%Y-%m-%d %H:%M:%f000', visit.checked_in_at, '-{nth * YEARS_BACK} days')"
    new = {
        "id": f"visit.id || '-{nth}'",
        "checked_in_at": earlier,
        "as_of": earlier,
        "sent_at": earlier,
        "settled_at": earlier,
        "settled_run": "1",
        "status": "'delivered'",
        "remote_contact_id": "contact.remote_id",
    }
    columns = [row[1] for row in connection.execute("PRAGMA table_info(visit)")]
    values = [new.get(name, f"visit.{name}") for name in columns]
    with connection:
        connection.execute(
            f"INSERT INTO visit ({', '.join(columns)}) SELECT {', '.join(values)} FROM visit "  # noqa: S608
            "JOIN contact ON contact.source = visit.source AND contact.id = visit.contact_id "
            "WHERE visit.id NOT LIKE '%-%'"
        )


def _kept(name: str, make: Callable[[Books], None]) -> Books:
    """Books that were made before by the same code, else made now."""
    folder = cache() / "books"
    folder.mkdir(exist_ok=True)
    base = f"{name}-{_print_of_code()}"
    books = Books(*(folder / f"{base}{end}" for end in (".db", ".contacts", ".state")))
    done = folder / f"{base}.done"
    if not done.exists():
        for old in folder.glob(f"{name}-????????.*"):
            old.unlink()
        make(books)
        done.touch()
    return books


def _print_of_code() -> str:
    home = Path(target_referrizer.__file__).parent
    files = [*(home / name for name in DECIDING), *map(Path, (vendors.__file__, inputs.__file__, __file__))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]
