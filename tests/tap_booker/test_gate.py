"""Where Booker turns one request away, all workers wait, and it gets hardly more calls than from one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, NoReturn

import pytest

from tap_booker import retry
from tap_booker.client import Page
from tap_booker.errors import FaultError, RetriableError, ThrottledError, TimedOutError, UnavailableError
from tap_booker.gate import Gate
from tap_booker.pages import Lists
from tap_booker.retry import AWAITED, with_retries
from tap_booker.tap import TapBooker

Run = Callable[..., Any]

WORKERS = 4


class Together:
    """A clock that goes on when all workers sleep, to the end of the longest sleep."""

    def __init__(self) -> None:
        self.now, self._lengths = 0.0, [0.0]
        self._all = threading.Barrier(WORKERS, self._go_on, timeout=20)

    def sleep(self, seconds: float, _: threading.Event) -> None:
        self._lengths.append(seconds)
        self._all.wait()

    def _go_on(self) -> None:
        self.now += max(self._lengths)
        self._lengths.clear()


@pytest.mark.parametrize("asked", [7, None])
@pytest.mark.parametrize("tries", [0, 1, 2, 4])
def test_a_refusal_slows_all_workers_and_one_at_a_time_tries_again(asked: float | None, tries: int) -> None:
    """Four are under way and refused; so are some that try in place of all; then all go on at once."""
    clock, lock, calls = Together(), threading.Lock(), list[float]()
    first, last = threading.Barrier(WORKERS, timeout=10), threading.Barrier(WORKERS - 1, timeout=10)
    gate = Gate(clock.sleep, lambda: clock.now)

    def ask() -> str:
        with lock:
            calls.append(clock.now)
            place = len(calls)
        if place <= WORKERS:
            first.wait()
        elif place <= WORKERS + tries + 1:
            threading.Event().wait(0.05)  # in which another would be under way, if it might
        else:
            last.wait()
        if place <= WORKERS + tries:
            raise ThrottledError(retry_after=asked)
        return "come"

    with ThreadPoolExecutor(WORKERS) as workers:
        waiting = [workers.submit(with_retries, ask, gate) for _ in range(WORKERS)]
        came = [one.exception() or one.result() for one in waiting]
    is_given_up = tries == ThrottledError.tries - 1
    assert [type(one) for one in came] == [ThrottledError if is_given_up else str] * WORKERS
    assert len(calls) == WORKERS + tries + (0 if is_given_up else WORKERS)
    assert calls[:WORKERS] == [0] * WORKERS
    alone = calls[WORKERS - 1 : WORKERS + tries + 1]
    assert all(
        at - before >= (asked or 0.5 * 2**number) for number, (before, at) in enumerate(pairwise(alone))
    )


class Alone:
    """A gate on a clock that goes on by sleeping only.

    Attributes:
        slept: Seconds of each sleep.
        meanwhile: What happens during the sleeps to come.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.meanwhile: list[Callable[[], object]] = []
        self.gate = Gate(self._sleep, lambda: sum(self.slept))

    def _sleep(self, seconds: float, _: threading.Event) -> None:
        self.slept.append(seconds)
        if self.meanwhile:
            self.meanwhile.pop()()

    def ask(self, answer: Callable[[], object] = str) -> object:
        """One try, with no other pause than what Booker asks for."""
        return self.gate.through(answer, lambda failure: failure.retry_after or 0, AWAITED, self.gate.tried)

    def refused(self, seconds: float, first: Callable[[], object] = str) -> None:
        """One try that is refused, after something else happened."""

        def refuse() -> NoReturn:
            first()
            raise ThrottledError(retry_after=seconds)

        with pytest.raises(ThrottledError):
            self.ask(refuse)

    def refused_later(self, workers: Executor, seconds: float) -> Callable[[], object]:
        """One try that is under way from now on, and refused when it is told to be."""
        under_way, told = threading.Event(), threading.Event()

        def wait() -> None:
            under_way.set()
            told.wait(10)

        refused = workers.submit(self.refused, seconds, wait)
        under_way.wait(10)

        def tell() -> None:
            told.set()
            refused.result(10)

        return tell


def test_a_short_pause_never_shortens_a_long_one_and_an_older_answer_ends_none() -> None:
    alone = Alone()
    alone.ask(lambda: alone.refused(2, lambda: alone.refused(7)))
    assert alone.slept == []
    alone.ask()
    alone.ask()
    assert alone.slept == [7]


def test_who_waits_or_tries_again_hears_of_a_pause_that_others_are_told_meanwhile() -> None:
    alone = Alone()
    with ThreadPoolExecutor(2) as workers:
        earlier, later = alone.refused_later(workers, 9), alone.refused_later(workers, 5)
        alone.refused(7)
        alone.meanwhile = [earlier]
        alone.ask(later)
    assert alone.slept == [7, 9]
    alone.ask()
    alone.ask()
    assert alone.slept == [7, 9, 5]


@pytest.mark.parametrize(
    ("failure", "pause"),
    [
        (TimedOutError(retry_after=9), 9),
        (UnavailableError(), 0),
        (UnavailableError(retry_after=9), 9),
        (UnavailableError(retry_after=300), 300),
        (UnavailableError(retry_after=301), 0),
    ],
)
def test_after_the_last_try_the_others_wait_for_what_booker_asked_for(
    failure: RetriableError, pause: float
) -> None:
    alone = Alone()

    def fail() -> NoReturn:
        raise failure

    with pytest.raises(type(failure)):
        with_retries(fail, alone.gate)
    tries = 1 if failure.retry_after == 301 else failure.tries
    assert len(alone.slept) == tries - 1
    alone.ask()
    assert alone.slept[tries - 1 :] == ([pytest.approx(pause)] if pause else [])


def test_a_broken_page_keeps_no_other_waiting() -> None:
    alone, both = Alone(), threading.Barrier(2, timeout=10)

    def fail() -> NoReturn:
        raise FaultError

    with pytest.raises(FaultError):
        with_retries(fail, alone.gate)
    with ThreadPoolExecutor(2) as workers:
        for one in [workers.submit(alone.ask, both.wait) for _ in range(2)]:
            one.result()
    assert len(alone.slept) == FaultError.tries - 1


@pytest.mark.parametrize("failure", [FaultError(), UnavailableError(retry_after=9)])
@pytest.mark.parametrize("is_left_at_once", [True, False])
def test_what_nobody_reads_any_more_is_not_tried_again(
    failure: RetriableError, *, is_left_at_once: bool
) -> None:
    """It is left while it is under way, or while it waits for its next try."""
    alone, unread, tries = Alone(), threading.Event(), list[int]()
    alone.meanwhile = [unread.set]

    def fail() -> NoReturn:
        tries.append(1)
        if is_left_at_once:
            unread.set()
        raise failure

    with pytest.raises(CancelledError):
        with_retries(fail, alone.gate, unread)
    assert (len(tries), len(alone.slept)) == (1, 0 if is_left_at_once else 1)


def test_what_nobody_reads_any_more_waits_for_nothing(
    fake: Any, run_tap: Run, appointment: Any, answer: Any
) -> None:
    """The first window fails for good while the one after it has been asked to wait: that ends the run."""
    fake.appointments = [appointment(1)]
    is_under_way, is_refused = threading.Event(), threading.Event()

    def refuse(asked: Any) -> Any:
        if len(fake.paths("appointments")) == 1:
            return None
        if asked.body["PageNumber"] == 1:
            is_under_way.wait(10)
            is_refused.set()
            return answer(b"", 503, {"Retry-After": "200"})
        is_under_way.set()
        is_refused.wait(10)
        return answer({"IsSuccess": False, "ErrorCode": 200})

    fake.always["appointments"] = refuse
    settings = fake.settings(concurrent_requests=WORKERS)
    streams = TapBooker(config=settings).catalog_dict["streams"]
    only = {"streams": [one for one in streams if one["tap_stream_id"] == "check_ins"]}
    tap = run_tap(settings, catalog=only, waits=True)
    assert (tap.code, tap.tally("check_ins")["outcome"], is_refused.is_set()) == (1, "BKR-401", True)
    workers = [one for one in threading.enumerate() if one.name.startswith("booker")]
    for one in workers:
        one.join(5)
    assert [one.name for one in workers if one.is_alive()] == []
    assert len(fake.paths("appointments")) <= 1 + WORKERS


@pytest.mark.parametrize(
    ("status", "headers", "code", "one_worker"),
    [(503, {}, "BKR-304", 11), (403, {"Retry-After": "86400"}, "BKR-303", 7)],
)
def test_a_booker_that_fails_gets_hardly_more_calls_from_four_workers_than_from_one(
    fake: Any, run_tap: Run, answer: Any, monkeypatch: pytest.MonkeyPatch, *, status: int, headers: Any,
    code: str, one_worker: int,
) -> None:  # fmt: skip
    """Thirteen windows without an appointment, and from the seventh call on nothing but refusals."""
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.1)

    def refuse(_: Any) -> Any:
        return answer(b"", status, headers) if len(fake.paths("appointments")) > 6 else None

    fake.always["appointments"] = refuse
    tap = run_tap(fake.settings(concurrent_requests=WORKERS), waits=True)
    assert (tap.code, tap.tally("check_ins")["outcome"]) == (1, code)
    # Those that were under way at the first refusal come on top; tries of each worker would double them.
    assert one_worker <= len(fake.paths("appointments")) <= 1.5 * one_worker


def test_lists_behind_a_failure_are_neither_begun_nor_read_on() -> None:
    """The third list fails; the fourth, under way by then, is given up, and no other is begun."""
    asked: list[tuple[int, int]] = []
    is_under_way, is_given_up = threading.Event(), threading.Event()

    def fetch(one: int, number: int, unread: threading.Event) -> Page:
        asked.append((one, number))
        if one == 3:
            is_under_way.wait(10)
            raise UnavailableError
        if one == 4:
            is_under_way.set()
            if unread.wait(10):
                is_given_up.set()
            raise CancelledError
        if number == 3:
            is_given_up.wait(10)
        return Page([{}] * ([1, 1, 0][number - 1] if one < 3 else 0))

    with ThreadPoolExecutor(WORKERS) as workers:
        lists = Lists([partial(fetch, one) for one in range(1, 9)], 3, WORKERS, workers).read()
        assert [[len(page.rows) for page in next(lists)] for _ in range(2)] == [[1, 1], [1, 1]]
        with pytest.raises(UnavailableError):
            list(next(lists))
        lists.close()
    assert is_given_up.is_set()
    assert {one for one, _ in asked} == {1, 2, 3, 4}
