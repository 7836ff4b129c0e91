"""A ledger opened so that nothing of it can change: no version, no row, no file beside it, no mode."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_SECONDS = 5


@contextmanager
def reading(url: sa.URL, path: Path | None) -> Iterator[sa.Connection]:
    """A connection that can only read.

    Args:
        url: Where the ledger lies.
        path: Its file, None for a server.

    Raises:
        ModuleNotFoundError: The driver is not installed.
        sa.exc.SQLAlchemyError: The ledger cannot be opened.
    """
    if path is not None:
        with _file(path) as engine, engine.connect() as connection:
            yield connection
        return
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS})
    try:
        with engine.connect().execution_options(postgresql_readonly=True) as connection:
            yield connection
    finally:
        engine.dispose()


def is_open(path: Path | None) -> bool:
    """Whether a process has a ledger file open, or died with it open."""
    return path is not None and Path(f"{path}-shm").exists()


@contextmanager
def _file(path: Path) -> Iterator[sa.Engine]:
    """An engine over a file.

    SQLite makes files beside a ledger when it reads one in WAL mode, unless they are there already (a run is
    under way, or was killed) or the file is said not to change (nobody has it open). Left is a log without
    its index, as a copy of a ledger may have it: then a private copy of both is read.
    """
    log = Path(f"{path}-wal")
    if is_open(path):
        yield _engine(path, "mode=ro")
    elif log.exists() and log.stat().st_size:
        with tempfile.TemporaryDirectory(prefix="referrizer-doctor-") as folder:
            for one in (path, log):
                shutil.copyfile(one, Path(folder) / one.name)
            yield _engine(Path(folder) / path.name, "mode=rw")
    else:
        yield _engine(path, "mode=ro&immutable=1")


def _engine(path: Path, how: str) -> sa.Engine:
    uri = f"file:{quote(str(path.absolute()))}?{how}"
    return sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
