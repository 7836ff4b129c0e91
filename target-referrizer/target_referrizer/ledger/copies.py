"""Private copies of a ledger: a dry run works on one, so that it holds nobody up and leaves nothing."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_referrizer.ledger.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "referrizer-plan-"
CHUNK = 2000


def of_file(path: Path) -> Path:
    """A copy of a ledger file, taken in one piece also while a run writes to it."""

    def fill(target: Path) -> None:
        if path.exists():
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
                source.backup(copy)

    return _new(fill)


def of_server(engine: sa.Engine) -> Path:
    """A ledger on a server as a file, of whatever version it is, as it was at one moment."""

    def fill(target: Path) -> None:
        copy = sa.create_engine(f"sqlite:///{target}")
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as source, source.begin():
            tables = _tables(source)
            with copy.begin() as into:
                tables.create_all(into)
                for table in tables.sorted_tables:
                    _fill(source, into, table)
        copy.dispose()

    return _new(fill)


def drop(copy: Path) -> None:
    """Remove a copy."""
    shutil.rmtree(copy.parent, ignore_errors=True)


def sweep() -> None:
    """Remove copies of processes that were killed: they hold personal data."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        found = re.match(rf"{PREFIX}(\d+)-", folder.name)
        if found and not _is_alive(int(found[1])) and folder.stat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)


def _new(fill: Callable[[Path], None]) -> Path:
    sweep()
    target = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")) / "ledger.db"
    try:
        os.close(os.open(target, os.O_CREAT | os.O_RDWR, 0o600))
        fill(target)
    except BaseException:
        drop(target)
        raise
    return target


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _tables(source: sa.Connection) -> sa.MetaData:
    """The ledger's tables as they are there, without what only that server understands."""
    found = sa.MetaData()
    found.reflect(source, only=[name for name in metadata.tables if sa.inspect(source).has_table(name)])
    for column in (column for table in found.sorted_tables for column in table.columns):
        column.type = column.type.as_generic()
        default = str(getattr(column.server_default, "arg", ""))
        text = None if "nextval" in default else default.split("::", maxsplit=1)[0]
        column.server_default = sa.DefaultClause(sa.text(text)) if text else None
    return found


def _fill(source: sa.Connection, into: sa.Connection, table: sa.Table) -> None:
    rows = source.execution_options(yield_per=CHUNK).execute(sa.select(table)).mappings()
    for chunk in rows.partitions(CHUNK):
        into.execute(sa.insert(table), [dict(row) for row in chunk])
