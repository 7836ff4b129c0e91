"""Who may work on a ledger: one run for each source, and one delivery at a time.

Both kinds of lock belong to the process that holds them and fall with it, so a killed run leaves none behind:
a lock of the operating system beside a SQLite file, an advisory lock of the session on PostgreSQL.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa
from filelock import FileLock, Timeout

from target_referrizer.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


#: Whoever asks whether a lock is held holds it for an instant; a run that starts just then waits so long.
PROBING_SECONDS = 0.3
_FOR_EVER = -1


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

    def is_seen_held(self, source: str) -> bool:
        """Whether some run of this source holds its lock, found out without making or taking it."""
        try:
            file = os.open(f"{self._ledger}.{_run_lock(source)}.lock", os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def try_source(self, source: str) -> bool:
        """See `Locks`."""
        lock = self._lock(_run_lock(source))
        try:
            _acquire(lock, PROBING_SECONDS)
        except Timeout:
            return False
        self._source = lock
        return True

    def is_held(self, source: str) -> bool:
        """See `Locks`."""
        if self._source is not None:
            return True
        taken = self.try_source(source)
        self.release()
        return not taken

    @contextmanager
    def delivery(self) -> Iterator[None]:
        """See `Locks`."""
        with _acquire(self._lock("delivery"), _FOR_EVER):
            yield

    def release(self) -> None:
        """See `Locks`."""
        if self._source is not None:
            self._source.release()
            self._source = None


def _run_lock(source: str) -> str:
    return "run-" + hashlib.sha256(source.encode()).hexdigest()[:12]


def _acquire(lock: FileLock, timeout: float) -> AbstractContextManager[object]:
    """Take a lock; given back at the end of the context.

    Raises:
        Timeout: Somebody else holds it.
        TargetError: Its file cannot be made beside the ledger.
    """
    try:
        return lock.acquire(timeout=timeout)
    except Timeout:
        raise
    except OSError as error:
        what = f"a lock file cannot be made beside the ledger ({error.strerror})"
        raise TargetError("RFZ-403", what) from None


class AdvisoryLocks:
    """Locks for a ledger on PostgreSQL, held by the session that does the run's work.

    They fall with that session, and so does the run: in a session of their own they could be lost without
    the run noticing, and a second one would send beside it.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]], schema: str) -> None:
        self._transaction = transaction
        self._scope = f"target-referrizer:{schema}"

    def _ask(self, function: str, name: str) -> bool:
        with self._transaction() as tx:
            return bool(tx.scalar(sa.text(f"SELECT {function}(:key)"), {"key": self._key(name)}))

    def _key(self, name: str) -> int:
        digest = hashlib.sha256(f"{self._scope}:{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)

    def try_source(self, source: str) -> bool:
        """See `Locks`."""
        return self._ask("pg_try_advisory_lock", f"run:{source}")

    def is_held(self, source: str) -> bool:
        """See `Locks`. Looking at it does not take it: a run that starts just then is not refused."""
        key = self._key(f"run:{source}") % 2**64
        found = sa.text(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
            " AND classid = :high AND objid = :low AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        with self._transaction() as tx:
            return bool(tx.scalar(found, {"high": key >> 32, "low": key % 2**32}))

    @contextmanager
    def delivery(self) -> Iterator[None]:
        """See `Locks`."""
        self._ask("pg_advisory_lock", "delivery")
        try:
            yield
        finally:
            self._ask("pg_advisory_unlock", "delivery")

    def release(self) -> None:
        """See `Locks`. They end with the session."""


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
