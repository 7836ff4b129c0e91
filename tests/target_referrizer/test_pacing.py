"""Requests leave evenly, pauses bind everybody, an outage is borne for a while."""

import math
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_referrizer.pacing import Pacer, Patience, backoff, retry_after
from target_referrizer.stopping import Stop


@dataclass
class Clock:
    """Time that only passes when somebody waits."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def departures(pacer: Pacer, clock: Clock, number: int) -> list[float]:
    times = []
    for _ in range(number):
        pacer.take(Stop())
        times.append(round(clock.now - 1000, 6))
    return times


def test_turns_are_evenly_spaced_from_the_first() -> None:
    clock = Clock()
    assert departures(Pacer(4, clock, clock.wait), clock, 5) == [0, 0.25, 0.5, 0.75, 1.0]


def test_without_a_limit_nobody_waits() -> None:
    clock = Clock()
    departures(Pacer(0, clock, clock.wait), clock, 1000)
    assert clock.waits == []


@given(st.lists(st.floats(0, 3), max_size=40), st.floats(0.2, 50))
def test_no_second_ever_holds_more_than_the_limit(idle: list[float], limit: float) -> None:
    clock = Clock()
    pacer = Pacer(limit, clock, clock.wait)
    left = []
    for seconds in idle:
        clock.now += seconds
        pacer.take(Stop())
        left.append(clock.now)
    for start in left:
        assert sum(start <= moment < start + 1 - 1e-3 for moment in left) <= math.ceil(limit)


def test_a_pause_binds_the_next_turn_and_spacing_goes_on_after_it() -> None:
    clock = Clock()
    pacer = Pacer(2, clock, clock.wait)
    pacer.take(Stop())
    pacer.pause(30)
    assert departures(pacer, clock, 3) == [30, 30.5, 31]


def test_a_shorter_pause_never_shortens_a_longer_one() -> None:
    clock = Clock()
    pacer = Pacer(0, clock, clock.wait)
    pacer.pause(60)
    pacer.pause(1)
    pacer.pause(-5)
    assert departures(pacer, clock, 1) == [60]
    pacer.pause(90)
    assert departures(pacer, clock, 1) == [150]


def test_a_pause_that_comes_while_one_waits_binds_too() -> None:
    clock = Clock()

    def wait(seconds: float) -> None:
        clock.wait(seconds)
        if clock.now == 1001:
            pacer.pause(10)

    pacer = Pacer(1, clock, wait)
    pacer.take(Stop())
    assert departures(pacer, clock, 1) == [11]


def test_workers_share_one_pace() -> None:
    clock = Clock()
    lock = threading.Lock()

    def wait(seconds: float) -> None:
        with lock:
            clock.wait(seconds)

    pacer = Pacer(100, clock, wait)
    workers = [threading.Thread(target=departures, args=(pacer, clock, 25)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert clock.now - 1000 >= 0.99 - 1e-6


def test_patience_counts_from_the_first_failure_after_a_success() -> None:
    clock = Clock()
    patience = Patience(60, clock)
    clock.now += 600
    assert patience.failure() == 60
    clock.now += 45
    assert patience.failure() == 15
    patience.success()
    clock.now += 500
    assert patience.failure() == 60
    assert patience.successes == 1


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_backoff_grows_but_stays_within_bounds(tries: int, share: float) -> None:
    assert 0.05 <= backoff(tries, lambda: share) <= 30


def test_a_backoff_is_a_share_of_a_time_that_doubles() -> None:
    assert [backoff(tries, lambda: 1.0) for tries in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff(3, lambda: 0.5) == 2


DATE = "Mon, 02 Mar 2026 15:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "Mon, 02 Mar 2026 15:01:30 GMT", "Date": DATE}, 90),
        ({"Retry-After": "Mon, 02 Mar 2026 14:59:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Mon, 02 Mar 2026 15:01:30 -0000", "Date": DATE}, 90),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_date_without_the_answers_own_date_is_compared_with_this_machine() -> None:
    asked = retry_after({"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"})
    expected = (datetime(2100, 12, 31, 23, 59, 59, tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    assert asked == pytest.approx(expected, abs=60)
