"""Workers side by side over one ledger: what each may count on, whatever is sent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from target_referrizer.ledger.store import Ledger
from target_referrizer.stopping import Stop
from target_referrizer.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa

WIDTH = 4
WAIT = 30
"""Seconds after which a job that too few others join gives up: only a failing test waits so."""


@dataclass
class Chores:
    """A work whose jobs are numbers.

    Attributes:
        rounds: How many jobs each call of `take` finds, in this order; it gives no more than there is room.
        do: What is done for a job.
        breaks_at: The job whose outcome cannot be written down.
    """

    rounds: list[int]
    do: Callable[[int], object] = lambda _: None
    breaks_at: int = -1
    begun: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    settled: Counter[int] = field(default_factory=Counter)
    most_open: int = 0
    broken: threading.Event = field(default_factory=threading.Event)
    begun_at_the_break: int = 0

    def take(self, _: sa.Connection, room: int) -> list[int]:
        found = self.rounds.pop(0) if self.rounds else 0
        if found > room:
            self.rounds.insert(0, found - room)
        new = range(len(self.begun), len(self.begun) + min(found, room))
        self.begun += new
        self.most_open = max(self.most_open, len(self.begun) - self.settled.total())
        return list(new)

    def send(self, job: int) -> object:
        self.sent.append(job)
        return self.do(job)

    def settle(self, tx: sa.Connection, ended: list[tuple[int, Any]]) -> None:
        assert tx.in_transaction()
        assert not self.broken.is_set()
        self.settled.update(job for job, _ in ended)
        if self.settled[self.breaks_at]:
            self.begun_at_the_break = len(self.begun)
            self.broken.set()
            raise BrokenError


class BrokenError(Exception):
    """The ledger broke."""


@pytest.fixture
def do() -> Iterator[Callable[[Chores], None]]:
    with closing(Ledger("sqlite://")) as ledger:
        yield lambda chores: Workers(ledger, WIDTH, Stop()).run(chores, lambda _tx, _done: None)


def test_each_job_is_sent_once_and_settled_once_with_no_more_intents_than_workers(
    do: Callable[[Chores], None],
) -> None:
    late = threading.Event()
    chores = Chores([500], do=lambda job: late.set() if job == 400 else job or late.wait(WAIT))
    do(chores)
    assert sorted(chores.sent) == list(range(500))
    assert chores.settled == dict.fromkeys(range(500), 1)
    assert chores.most_open == WIDTH


def test_all_workers_are_busy_also_where_the_first_look_found_one_job(do: Callable[[Chores], None]) -> None:
    """As at the end of a page of the ledger: those who waited are woken for what is found later."""
    together = threading.Barrier(WIDTH)
    do(Chores([1, WIDTH, WIDTH], do=lambda job: together.wait(WAIT) if job else None))


def test_a_ledger_that_breaks_ends_the_work_and_nothing_more_is_sent(
    do: Callable[[Chores], None],
) -> None:
    chores, is_sent = Chores([500], breaks_at=20), threading.Event()

    def send(job: int) -> None:
        if job == 21:  # under way while the outcome of 20 cannot be written down
            is_sent.set()
            assert chores.broken.wait(WAIT)
        elif job == 20:
            assert is_sent.wait(WAIT)

    chores.do = send
    before = threading.active_count()
    with pytest.raises(BrokenError):
        do(chores)
    assert threading.active_count() == before
    assert 21 in chores.sent
    assert 21 not in chores.settled
    assert len(chores.begun) == chores.begun_at_the_break > 21


class StruckError(Exception):
    """What the handler of a signal raises."""


@pytest.fixture
def struck() -> Iterator[list[int]]:
    """Signals that were handled; each handler raises in whatever the main thread is doing."""
    heard: list[int] = []

    def strike(signum: int, _: object) -> None:
        heard.append(signum)
        raise StruckError

    before = signal.signal(signal.SIGUSR1, strike)
    yield heard
    signal.signal(signal.SIGUSR1, before)


def test_no_signal_ends_the_wait_while_a_worker_may_be_at_the_ledger(
    struck: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, is_waiting, result = Stop(), threading.Event(), Future.result

    def wait(*given: Any) -> Any:
        is_waiting.set()
        return result(*given)

    def strike(_: int) -> None:
        assert is_waiting.wait(WAIT)
        for number in (1, 2, 3):
            until = time.monotonic() + WAIT
            while len(struck) < number and time.monotonic() < until:
                os.kill(os.getpid(), signal.SIGUSR1)  # one that comes just before the wait does not end it
                time.sleep(0.01)
            while not stop.is_set() and time.monotonic() < until:
                time.sleep(0.001)

    monkeypatch.setattr(Future, "result", wait)
    chores = Chores([1], do=strike)
    with closing(Ledger("sqlite://")) as ledger:
        with pytest.raises(StruckError):
            Workers(ledger, 1, stop).run(chores, lambda _tx, _done: None)
        assert (len(struck) >= 3, chores.settled) == (True, {0: 1})


def test_what_was_taken_is_settled_also_where_no_thread_can_be_started(
    do: Callable[[Chores], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    chores = Chores([500])
    with pytest.raises(RuntimeError, match="can't start"):
        do(chores)
    assert chores.settled == dict.fromkeys(chores.begun, 1)
    assert len(chores.begun) == WIDTH
