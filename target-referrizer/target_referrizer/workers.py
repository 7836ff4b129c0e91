"""Requests side by side, with an intent in the ledger before each and an outcome after.

The thread that owns the ledger decides and writes; workers only talk to Referrizer. What is in flight when a
process is killed is therefore never more than `width` requests, and each of them has its intent.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from target_referrizer.errors import TargetError, Unavailable
from target_referrizer.referrizer import Refused, Unknown
from target_referrizer.stopping import Stop, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import sqlalchemy as sa

    from target_referrizer.context import Context
    from target_referrizer.ledger.store import Ledger

#: So many answers in a row that never came, and the run stops: an outage holds a handful of visits, not
#: thousands.
UNKNOWN_IN_A_ROW = 5
#: So often that is taken for the requests' own fault although nothing else was answered.
BENEFITS_OF_DOUBT = 3
#: So many visits that wait for a person, and the run stops, however many between them were answered.
HELD_IN_ALL = 20


class Work(Protocol):
    """One kind of delivery."""

    def take(self, tx: sa.Connection, room: int) -> list[Any]:
        """The next jobs, at most `room`, with their intents written."""

    def send(self, job: Any) -> Any:
        """Talk to Referrizer about one job; runs in a worker, touches no ledger."""

    def prepare(self, room: int) -> None:
        """Work out, while nothing has come back, what the next `room` jobs need; writes nothing."""

    def settle(self, tx: sa.Connection, ended: list[tuple[Any, Any]]) -> None:
        """Write outcomes down: pairs of a job and what `send` gave for it, or the error that it raised."""


@dataclass
class Workers:
    """A pool of `width` workers over one ledger.

    Attributes:
        is_there: Asked when many answers in a row did not come: if Referrizer answers, it is no outage but
            those requests, and the work goes on. None where an unknown outcome must be held for a person.
    """

    ledger: Ledger
    width: int
    stop: Stop
    is_there: Callable[[], bool] | None = None
    halt: Exception | None = field(default=None, init=False)
    _unknown: int = field(default=0, init=False)
    _unknown_in_all: int = field(default=0, init=False)
    _answered: bool = field(default=False, init=False)
    _judged: int = field(default=0, init=False)

    def run(self, work: Work, progress: Callable[[sa.Connection, int], None]) -> None:
        """Do all of a work.

        Raises:
            TargetError: Wrong settings, Referrizer unavailable, or a stop that was asked for; everything in
                flight has been settled.
        """
        flying: dict[Future[Any], Any] = {}
        done: SimpleQueue[Future[Any]] = SimpleQueue()
        done_so_far = 0
        with ThreadPoolExecutor(self.width, thread_name_prefix="referrizer") as pool, self._ending():
            while True:
                ended = [(flying.pop(future), self._outcome(future)) for future in _come(done, flying)]
                with self.ledger.transaction() as tx:
                    work.settle(tx, ended)
                    jobs = [] if self._is_halted() else work.take(tx, self.width - len(flying))
                    done_so_far += len(ended)
                    progress(tx, done_so_far)
                for job in jobs:
                    future = pool.submit(work.send, job)
                    flying[future] = job
                    future.add_done_callback(done.put)
                if not flying:
                    break
                if done.empty():
                    work.prepare(self.width)
        if self.halt is not None:
            raise self.halt

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Whatever ends the work here, a failing ledger or a signal, wakes the workers that are waiting."""
        try:
            yield
        except BaseException:
            self.stop.set()
            raise

    def _judge(self) -> None:
        """Many answers in a row did not come: an outage, or only these requests.

        Where nothing of this work was ever answered, the benefit of the doubt is given a few times only.
        """
        self._judged += 1
        in_doubt = self._answered or self._judged <= BENEFITS_OF_DOUBT
        if self.is_there is not None and in_doubt and self.is_there():
            self._unknown = 0
        else:
            self.halt = Unavailable("RFZ-601", f"{self._unknown} requests in a row were never answered")

    def _is_halted(self) -> bool:
        """Whether nothing more is to be sent; a stop that was asked for is the reason that counts."""
        if self.stop.is_set():
            self.halt = Stopped(self.stop.signum)
        return self.halt is not None

    def _outcome(self, future: Future[Any]) -> Any:
        """The result, or the error as a value; errors that concern the whole run halt it."""
        error = future.exception()
        self._unknown = self._unknown + 1 if isinstance(error, Unknown) else 0
        self._unknown_in_all += isinstance(error, Unknown)
        self._answered |= error is None or isinstance(error, Refused)
        if self._unknown >= UNKNOWN_IN_A_ROW and self.halt is None:
            self._judge()
        if self.is_there is None and self._unknown_in_all >= HELD_IN_ALL and self.halt is None:
            self.halt = Unavailable("RFZ-601", f"{self._unknown_in_all} visits were never answered")
        if error is None:
            return future.result()
        if isinstance(error, (Refused, Unknown)):
            return error
        if self.halt is None:
            self.halt = error if isinstance(error, TargetError) else _unexpected(error)
        # The client gives up only before a request has left; anything else may have happened after.
        return error if isinstance(error, TargetError) else Unknown("an unexpected failure")


def _come(done: SimpleQueue[Future[Any]], flying: Collection[Future[Any]]) -> list[Future[Any]]:
    """What has come back, at least one of what is in flight; all that is there is written down together."""
    if not flying:
        return []
    first = done.get()
    return [first, *(done.get_nowait() for _ in range(done.qsize()))]


def _unexpected(error: BaseException) -> TargetError:
    return TargetError("RFZ-902", f"an unexpected {type(error).__name__} while talking to Referrizer")


def send_all(context: Context, phase: str, work: Work, total: int, *, holds: bool = False) -> None:
    """Do a piece of work with the settings' number of workers, its progress kept in the ledger.

    Args:
        context: The run.
        phase: What it is, for whoever asks how far the run is.
        work: What is to be sent.
        total: How much that is, as far as the plan could tell.
        holds: Whether an unknown outcome of it waits for a person.
    """
    is_there = None if holds else context.client.is_there
    workers = Workers(context.ledger, context.settings.concurrent_requests, context.stop, is_there)

    def progress(tx: sa.Connection, done: int) -> None:
        context.reached(tx, phase, done, max(total, done))

    workers.run(work, progress)
