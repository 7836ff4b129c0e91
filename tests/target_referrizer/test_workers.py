"""Workers side by side over one ledger: what each may count on, whatever is sent."""

from __future__ import annotations

import threading
from collections import Counter
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
    chores = Chores([500], breaks_at=20)
    chores.do = lambda job: chores.broken.wait(WAIT) if job == 21 else None
    before = threading.active_count()
    with pytest.raises(BrokenError):
        do(chores)
    assert threading.active_count() == before
    assert 21 in chores.sent
    assert 21 not in chores.settled
    assert len(chores.begun) <= 21 + WIDTH
