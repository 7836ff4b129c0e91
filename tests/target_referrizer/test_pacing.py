"""Requests leave evenly, pauses bind everybody, an outage is borne for a while."""

import heapq
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


# Several workers, each of them under way for a while after its turn


class Workday:
    """A clock of several workers: it moves on when all of them sleep, to whoever wakes first."""

    def __init__(self, workers: int, late: float, *, stalls: bool) -> None:
        self.now, self._late, self._awake, self._stalls = 0.0, late, workers, stalls
        self._moved = threading.Condition()
        self._alarms: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Sleep until then, and somewhat longer, as machines do; some stand still now and then."""
        with self._moved:
            alarm = self.now + seconds + self._late
            if self._stalls and alarm % 2 > 1.9:
                alarm += 2 - alarm % 2
            heapq.heappush(self._alarms, alarm)
            self._rest()
            self._moved.wait_for(lambda: self.now >= alarm)

    def leave(self) -> None:
        with self._moved:
            self._rest()

    def _rest(self) -> None:
        self._awake -= 1
        if not self._awake and self._alarms:
            self.now = self._alarms[0]
            while self._alarms and self._alarms[0] <= self.now:
                heapq.heappop(self._alarms)
                self._awake += 1
            self._moved.notify_all()


def day(
    rate: float,
    *,
    workers: int,
    latency: float,
    late: float,
    until: float,
    pauses: dict[int, float],
    stalls: bool = False,
) -> list[float]:
    """When requests leave: each worker takes its turn, is under way, and takes its next; some answer a pause.

    Args:
        rate: Requests per second that are allowed.
        workers: So many at once.
        latency: Seconds that each is under way.
        late: Seconds by which each sleeper wakes too late.
        until: When they stop.
        pauses: Seconds that the answer to the nth request asks to wait.
        stalls: Whether the machine stands still for 0.1 s every 2 s.
    """
    time, lock, left = Workday(workers, late, stalls=stalls), threading.Lock(), list[float]()
    pacer = Pacer(rate, time, time.sleep)

    def work() -> None:
        while time() < until:
            pacer.take(Stop())
            with lock:
                left.append(time())
                number = len(left)
            time.sleep(latency)
            pacer.pause(pauses.get(number, 0))
        time.leave()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [moment for moment in left if moment < until]


def most_in_a_second(left: list[float]) -> int:
    return max(sum(start <= moment < start + 1 - 1e-6 for moment in left) for start in left)


@pytest.mark.parametrize(
    ("rate", "workers", "latency", "late"),
    [
        (10, 8, 0.2, 0.0),
        (10, 8, 0.2, 0.015),
        (10, 3, 0.2, 0.001),
        (20, 16, 0.2, 0.05),
        (50, 16, 0.2, 0.004),
        (2, 1, 0.2, 0.05),
        (7.5, 8, 0.2, 0.03),
    ],
)
def test_the_ceiling_is_reached_and_not_passed(
    rate: float, workers: int, latency: float, late: float
) -> None:
    left = day(rate, workers=workers, latency=latency, late=late, until=20, pauses={})
    assert 0.97 * 20 * rate <= len(left) <= 20 * rate + 1
    assert most_in_a_second(left) <= rate + 1


def test_what_is_made_good_after_a_standstill_does_not_pass_the_ceiling() -> None:
    left = day(50, workers=20, latency=0.2, late=0, until=10, pauses={}, stalls=True)
    assert len(left) >= 0.95 * 10 * 50
    assert most_in_a_second(left) <= 51


def test_workers_that_are_too_slow_for_the_ceiling_save_nothing_up() -> None:
    left = day(50, workers=2, latency=0.2, late=0, until=10, pauses={})
    assert len(left) == pytest.approx(2 * 5 * 10, abs=4)
    assert most_in_a_second(left) <= 11


def test_a_pause_that_one_answer_asks_for_binds_all_workers() -> None:
    """The answer to the 20th request, 0.2 s after it left, asks for 5 seconds."""
    left = day(10, workers=8, latency=0.2, late=0, until=20, pauses={20: 5.0})
    asked = left[19] + 0.2
    assert not [moment for moment in left if asked + 1e-6 < moment < asked + 5 - 1e-6]
    after = [moment for moment in left if moment > asked + 1]
    assert after[0] == pytest.approx(asked + 5, abs=0.01)
    assert most_in_a_second(after) <= 10
    assert len(after) >= 0.97 * 10 * (20 - after[0])
