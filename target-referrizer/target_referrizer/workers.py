"""Requests side by side, with an intent in the ledger before each and an outcome after.

The ledger is one worker's at a time: it writes down what has come back, also from others, and takes as many
new jobs; the others send meanwhile. What is in flight when a process is killed is therefore never more than
`width` requests, and each of them has its intent.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition
from typing import TYPE_CHECKING, Any, Protocol

from target_referrizer.errors import TargetError, Unavailable
from target_referrizer.mistakes import mistake
from target_referrizer.referrizer import Refused, Unknown
from target_referrizer.stopping import LOOK_SECONDS, Stop, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

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
        """The next jobs, at most `room`, with their intents written; in any thread, one at a time."""

    def send(self, job: Any) -> Any:
        """Talk to Referrizer about one job, while others do the same; touches no ledger."""

    def settle(self, tx: sa.Connection, ended: list[tuple[Any, Any]]) -> None:
        """Write outcomes down: pairs of a job and what `send` gave for it, or the error that it raised.

        In any thread, one at a time, as `take`.
        """


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
        desk = _Desk(self, work, progress)
        if desk.turn():
            self._staff(desk)
        if error := desk.failure or self.halt:
            raise error

    def _staff(self, desk: _Desk) -> None:
        """Let workers serve at it to the end; a signal that ends the wait for them wakes those that wait.

        They are not joined before: CPython 3.11 takes a thread for ended once a signal has ended its join.
        """
        served: list[Future[None]] = []
        try:
            with ThreadPoolExecutor(self.width, thread_name_prefix="referrizer") as pool:
                try:
                    for _ in range(self.width):
                        served.append(pool.submit(desk.serve))  # noqa: PERF401 - those before one that fails
                    for one in served:
                        one.result()
                except BaseException:
                    self.stop.set()
                    while served and not desk.is_over:  # by no lock: another signal may come at any moment
                        with suppress(BaseException):
                            time.sleep(LOOK_SECONDS)
                    raise
        finally:
            desk.serve()  # there is nothing left, unless no thread could be started

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

    def is_halted(self) -> bool:
        """Whether nothing more is to be sent; a stop that was asked for is the reason that counts."""
        if self.stop.is_set():
            self.halt = Stopped(self.stop.signum)
        return self.halt is not None

    def judged(self, outcome: Any) -> Any:
        """What is to be written down of an outcome; errors that concern the whole run halt it."""
        error = outcome if isinstance(outcome, BaseException) else None
        self._unknown = self._unknown + 1 if isinstance(error, Unknown) else 0
        self._unknown_in_all += isinstance(error, Unknown)
        self._answered |= error is None or isinstance(error, Refused)
        if self._unknown >= UNKNOWN_IN_A_ROW and self.halt is None:
            self._judge()
        if self.is_there is None and self._unknown_in_all >= HELD_IN_ALL and self.halt is None:
            self.halt = Unavailable("RFZ-601", f"{self._unknown_in_all} visits were never answered")
        if error is None or isinstance(error, (Refused, Unknown)):
            return outcome
        if self.halt is None:
            told = mistake(error, "while talking to Referrizer")
            self.halt = error if isinstance(error, TargetError) else told
        # The client gives up only before a request has left; anything else may have happened after.
        return error if isinstance(error, TargetError) else Unknown("an unexpected failure")


class _Desk:
    """Where workers hand in what came back, and get their next job.

    Attributes:
        failure: What broke while something was written down; nothing more is written or sent then.
    """

    def __init__(self, workers: Workers, work: Work, progress: Callable[[sa.Connection, int], None]) -> None:
        self._workers, self._work, self._progress = workers, work, progress
        self._place = Condition()  # held by whoever is at the desk
        self._jobs, self._ended = deque[Any](), deque[tuple[Any, Any]]()
        self._in_flight = self._done = 0
        self.failure: BaseException | None = None

    @property
    def is_over(self) -> bool:
        """Whether nobody will be at the ledger any more."""
        return self._in_flight == 0 or self.failure is not None

    def turn(self) -> bool:
        """Write down what has come back, and take as many new jobs; tells whether anything is in flight."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        outcomes = [(job, self._workers.judged(outcome)) for job, outcome in ended]
        self._done += len(ended)
        with self._workers.ledger.transaction() as tx:
            self._work.settle(tx, outcomes)
            room = self._workers.width - self._in_flight + len(ended)
            jobs = [] if self._workers.is_halted() else self._work.take(tx, room)
            self._progress(tx, self._done)
        self._jobs.extend(jobs)
        self._in_flight += len(jobs) - len(ended)
        return self._in_flight > 0

    def serve(self) -> None:
        """Do one job after the other, until there are no more."""
        while (job := self._next()) is not None:
            try:
                outcome = self._work.send(job)
            except BaseException as error:  # noqa: BLE001 - judged as an outcome
                outcome = error
            self._ended.append((job, outcome))

    def _next(self) -> Any:
        """The next job, None when there will be none; what has come back is written down before.

        In any thread, one at a time.
        """
        with self._place:
            while not self._jobs and self._in_flight and self.failure is None:
                if self._ended:
                    self._turn_safely()
                else:
                    self._place.wait()
            return self._jobs.popleft() if self._jobs else None

    def _turn_safely(self) -> None:
        """Whatever ends the work here, such as a failing ledger, wakes the workers that are waiting."""
        try:
            self.turn()
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits for all
            self.failure = error
            self._workers.stop.set()
        self._place.notify_all()


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
