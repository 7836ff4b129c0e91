"""Opening a ledger: where it lies, who may read it, which version it has, and its transactions."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger import copies, migrations, notes
from target_referrizer.ledger.failures import LedgerFailure, failure
from target_referrizer.ledger.locks import AdvisoryLocks, FileLocks, Locks, NoLocks
from target_referrizer.ledger.tables import meta, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("target-referrizer")

#: So long one waits for another program that holds a ledger file; `?timeout=` in its URL says otherwise.
BUSY_SECONDS = 60


class Ledger:
    """An open ledger.

    All work of a run goes through one connection in short transactions, by one thread at a time. A dry run
    (`lasting=False`) works on a private copy: it holds nobody up, sees its own work and leaves nothing.
    """

    def __init__(self, url: str, *, lasting: bool = True, must_exist: bool = False) -> None:
        self.url = parse_url(url)
        self.path = file_of(self.url)
        if must_exist and self.path is not None and not self.path.exists():
            raise TargetError("RFZ-403", f"there is no ledger yet at {self.path.absolute()}")
        self._copy: Path | None = None
        try:
            self._copy = None if lasting else self._private_copy()
            if self._copy is None:
                copies.sweep()
                _prepare_file(self.path)
            self.engine = _engine(
                sa.URL.create("sqlite", database=str(self._copy)) if self._copy else self.url
            )
            self._connection = self.engine.connect().execution_options(is_lasting=lasting)
            self._upgrade()
        except LedgerFailure as error:
            self._drop_copy()
            raise failure(error, "cannot be opened") from None
        except TargetError:
            self._drop_copy()
            raise
        self.locks: Locks = self._make_locks(lasting=lasting)

    def _private_copy(self) -> Path | None:
        if self.path is not None:
            return copies.of_file(self.path)
        if self.url.get_backend_name() == "sqlite":  # in memory: nothing lasts anyway
            return None
        engine = _engine(self.url)
        try:
            return copies.of_server(engine)
        finally:
            engine.dispose()

    def _upgrade(self) -> None:
        try:
            with self.transaction() as tx:
                migrations.upgrade(tx)
        except BaseException:
            self._connection.close()
            self.engine.dispose()
            raise

    def _make_locks(self, *, lasting: bool) -> Locks:
        if not lasting:
            return NoLocks()
        if self.url.get_backend_name() == "postgresql":
            return AdvisoryLocks(self.transaction, str(self.scalar(sa.text("SELECT current_schema()"))))
        return FileLocks(self.path) if self.path else NoLocks()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A transaction that is committed at the end, or rolled back with the error."""
        with self._connection.begin():
            yield self._connection

    def rows(self, statement: sa.Executable, **parameters: Any) -> list[sa.Row[Any]]:
        """All rows of a query, in a transaction of its own."""
        with self.transaction() as tx:
            return list(tx.execute(statement, parameters))

    def scalar(self, statement: sa.Executable, **parameters: Any) -> Any:
        """First column of the first row of a query, None without a row."""
        with self.transaction() as tx:
            return tx.execute(statement, parameters).scalar()

    def get(self, key: str) -> str | None:
        """A value of the table `meta`."""
        value = self.scalar(sa.select(meta.c.value).where(meta.c.key == key))
        return None if value is None else str(value)

    def put(self, key: str, value: str) -> None:
        """Set a value of the table `meta`."""
        with self.transaction() as tx:
            notes.put(tx, key, value)

    def close(self) -> None:
        """Give back the locks and the connection; a dry run's work is gone with it."""
        self.locks.release()
        self._connection.close()
        self.engine.dispose()
        self._drop_copy()

    def purge(self) -> None:
        """Leave no trace of what was erased: in the pages of the database, and in its log.

        Raises:
            TargetError: RFZ-403, there is no room to write the database anew, or somebody reads it.
        """
        copies.sweep()
        try:
            self._purge()
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            what = f"the person is erased, but old pages of the ledger are not ({type(error).__name__})"
            raise TargetError("RFZ-403", what) from None

    def _purge(self) -> None:
        raw = self._connection.connection.driver_connection
        if self.url.get_backend_name() == "postgresql":
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as cleaner:
                cleaner.execute(sa.text(f"VACUUM {', '.join(metadata.tables)}"))
        elif raw is not None:
            raw.execute("VACUUM")
            is_read_elsewhere, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if is_read_elsewhere:
                what = "the person is erased, but not from old pages that another program still reads"
                raise TargetError("RFZ-403", what)

    def _drop_copy(self) -> None:
        if self._copy is not None:
            copies.drop(self._copy)
            self._copy = None


def parse_url(url: str) -> sa.URL:
    """The address of a ledger, which must be one of a database that can be one."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise SettingsError("RFZ-101", "ledger_url is not a database URL") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise SettingsError("RFZ-101", "ledger_url names a database that is neither SQLite nor PostgreSQL")
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def file_of(url: sa.URL) -> Path | None:
    """The file of a ledger that is one."""
    in_memory = not url.database or url.database == ":memory:"
    return None if url.get_backend_name() != "sqlite" or in_memory else Path(str(url.database))


def _prepare_file(path: Path | None) -> None:
    """Make the folder (0700) and the file (0600): a ledger holds personal data. Side files inherit it."""
    if path is None:
        return
    try:
        path.parent.mkdir(exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        _warn_if_shared(path)
        path.chmod(0o600)
    except OSError as error:
        what = f"the ledger file {path.absolute()} cannot be written ({error.strerror})"
        raise SettingsError("RFZ-403", what) from None


def _warn_if_shared(path: Path) -> None:
    """A folder that others may only look into is nothing unusual; one that they may write to is.

    They cannot read the ledger there, but put another in its place.
    """
    if path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        what = f"others may write to the folder {path.parent.absolute()}, and so replace the ledger"
        logger.warning("%s", TargetError("RFZ-406", what))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        what = f"others could open the ledger {path.absolute()}; now only its owner can"
        logger.warning("%s", TargetError("RFZ-406", what))


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(url)
        except ModuleNotFoundError:
            raise SettingsError(
                "RFZ-101",
                "ledger_url names PostgreSQL, but its driver is missing: install target-referrizer[postgres]",
            ) from None
    options = {} if "timeout" in url.query else {"timeout": BUSY_SECONDS}
    # One thread after the other uses the connection, also where the ledger lies in memory.
    engine = sa.create_engine(url, connect_args={"check_same_thread": False, **options})
    sa.event.listen(engine, "connect", _sqlite_pragmas)
    # Not by an event: one that is listened to costs each statement a tenth of its time.
    engine.dialect.do_begin = _sqlite_begin  # type: ignore[method-assign]
    return engine


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    """WAL with normal syncing survives SIGKILL; explicit BEGIN makes savepoints and locking behave.

    What is deleted is overwritten, so that nobody finds a forgotten person in the file. What a statement sets
    aside, the keys of all that it changes or sorts, goes to a file without a name once it is much: memory
    stays flat.
    """
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=FILE", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(dbapi_connection: sa.PoolProxiedConnection) -> None:
    # A reader that turns writer midway would be refused at once when another source staged in between.
    dbapi_connection.cursor().execute("BEGIN IMMEDIATE")
