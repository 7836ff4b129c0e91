"""Who may work on a ledger: one run for each source, and one delivery at a time.

Both kinds of lock belong to the process that holds them and fall with it, so a killed run leaves none behind:
a lock of the operating system beside a SQLite file, an advisory lock of the session on PostgreSQL.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa
from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


#: Whoever asks whether a lock is held holds it for an instant; a run that starts just then waits so long.
PROBING_SECONDS = 0.3


class Locks(Protocol):
    """The two locks of a ledger."""

    def try_source(self, source: str) -> bool:
        """Take this source's run lock; False when another run of it holds it."""

    def is_held(self, source: str) -> bool:
        """Whether some run of this source holds its lock."""

    def delivery(self) -> AbstractContextManager[None]:
        """Context that waits for, and then holds, the ledger's delivery lock."""

    def release(self) -> None:
        """Give the source lock back."""


class FileLocks:
    """Locks for a ledger file, as files of their own in the ledger's folder (mode 0600)."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._source: FileLock | None = None

    def _lock(self, name: str) -> FileLock:
        return FileLock(f"{self._ledger}.{name}.lock", mode=0o600)

    def try_source(self, source: str) -> bool:
        """See `Locks`."""
        lock = self._lock("run-" + hashlib.sha256(source.encode()).hexdigest()[:12])
        try:
            lock.acquire(timeout=PROBING_SECONDS)
        except Timeout:
            return False
        self._source = lock
        return True

    def is_held(self, source: str) -> bool:
        """See `Locks`."""
        taken = self.try_source(source)
        self.release()
        return not taken

    @contextmanager
    def delivery(self) -> Iterator[None]:
        """See `Locks`."""
        with self._lock("delivery"):
            yield

    def release(self) -> None:
        """See `Locks`."""
        if self._source is not None:
            self._source.release()
            self._source = None


class AdvisoryLocks:
    """Locks for a ledger on PostgreSQL, one session held open for as long as the run lasts."""

    def __init__(self, engine: sa.Engine) -> None:
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        schema = self._connection.scalar(sa.text("SELECT current_schema()"))
        self._scope = f"target-referrizer:{schema}"

    def _key(self, name: str) -> int:
        digest = hashlib.sha256(f"{self._scope}:{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def try_source(self, source: str) -> bool:
        """See `Locks`."""
        taken = sa.text("SELECT pg_try_advisory_lock(:key)")
        return bool(self._connection.scalar(taken, {"key": self._key(f"run:{source}")}))

    def is_held(self, source: str) -> bool:
        """See `Locks`."""
        if not self.try_source(source):
            return True
        given_back = sa.text("SELECT pg_advisory_unlock(:key)")
        self._connection.execute(given_back, {"key": self._key(f"run:{source}")})
        return False

    @contextmanager
    def delivery(self) -> Iterator[None]:
        """See `Locks`."""
        key = {"key": self._key("delivery")}
        self._connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), key)
        try:
            yield
        finally:
            self._connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), key)

    def release(self) -> None:
        """See `Locks`."""
        self._connection.close()


class NoLocks:
    """For a ledger in memory, which no other process can reach."""

    def try_source(self, source: str) -> bool:
        """See `Locks`."""
        del source
        return True

    def is_held(self, source: str) -> bool:
        """See `Locks`."""
        del source
        return False

    @contextmanager
    def delivery(self) -> Iterator[None]:
        """See `Locks`."""
        yield

    def release(self) -> None:
        """See `Locks`."""


def holder() -> tuple[int, str]:
    """Process id and host name of this run, for the one who finds the lock taken."""
    return os.getpid(), os.uname().nodename
