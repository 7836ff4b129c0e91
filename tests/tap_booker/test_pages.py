from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tap_booker.client import Page
from tap_booker.errors import UnavailableError
from tap_booker.pages import Lists
from tap_booker.stopping import STOP

Run = Callable[..., Any]


class Reading:
    """Lists with pages of these lengths, read as the tap does.

    Attributes:
        asked: Number of the list and of the page of each call, in order.
        most: Calls under way at the same time, at most.
        rows: What came out, list by list.
    """

    def __init__(self, lists: list[list[int]], size: int, ahead: int, *, total: int = 0) -> None:
        self.asked: list[tuple[int, int]] = []
        self.most = self._under_way = 0
        self.rows: list[list[int]] = []
        self._lists, self._total = lists, total
        self._lock = threading.Lock()
        fetches = [partial(self._fetch, one) for one in range(1, len(lists) + 1)]
        with ThreadPoolExecutor(2 * ahead) as workers:
            for pages in Lists(fetches, size, ahead, workers).read():
                self.rows.append([])
                for page in pages:
                    self.rows[-1] += [row["n"] for row in page.rows]

    def _fetch(self, one: int, number: int, _: object) -> Page:
        with self._lock:
            self.asked.append((one, number))
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        threading.Event().wait(0.001)
        with self._lock:
            self._under_way -= 1
        lengths = self._lists[one - 1]
        length = lengths[number - 1] if number <= len(lengths) else 0
        return Page([{"n": number * 1000 + i} for i in range(length)], total=self._total)


def read(lengths: list[int], size: int, ahead: int, **more: Any) -> tuple[list[int], list[int]]:
    """Read one list; returns the rows and the page numbers that were asked for."""
    reading = Reading([lengths], size, ahead, **more)
    return reading.rows[0], sorted(number for _, number in reading.asked)


@pytest.mark.parametrize("ahead", [1, 2, 4, 7])
@pytest.mark.parametrize(
    "lengths", [[], [1], [3], [3, 3], [3] * 9, [3, 1, 3, 2, 3, 3, 1], [2, 3, 3, 3], [3] * 20 + [1]]
)
def test_all_rows_come_in_order_and_few_pages_are_asked_in_vain(lengths: list[int], ahead: int) -> None:
    found, asked = read(lengths, 3, ahead)
    assert found == [n * 1000 + i for n, length in enumerate(lengths, 1) for i in range(length)]
    assert asked == list(range(1, len(asked) + 1))
    assert len(lengths) + 1 <= len(asked) <= len(lengths) + max(1, ahead)


def test_nothing_is_asked_ahead_before_a_full_page_came() -> None:
    assert read([2, 2, 2], 3, 8)[1] == [1, 2, 3, 4]


@pytest.mark.parametrize("ahead", [1, 2, 8])
def test_where_booker_counts_no_page_is_asked_for_in_vain(ahead: int) -> None:
    assert read([3] * 20, 3, ahead, total=60)[1] == list(range(1, 22))
    assert read([3] * 20 + [1], 3, ahead, total=61)[1] == list(range(1, 23))


@pytest.mark.parametrize("total", [1, 30, 10_000])
def test_a_wrong_count_of_bookers_loses_nothing(total: int) -> None:
    found, asked = read([3] * 20, 3, 4, total=total)
    assert len(found) == 60
    assert len(asked) <= 24


@pytest.mark.parametrize("ahead", [1, 2, 8])
@pytest.mark.parametrize("lists", [[[3, 1], [], [3, 3, 3, 3, 2], [1]], [[]] * 9, [[3] * 9] * 3, [[2]] * 12])
def test_lists_that_are_begun_ahead_are_read_as_though_alone(lists: list[list[int]], ahead: int) -> None:
    reading = Reading(lists, 3, ahead)
    assert reading.rows == [read(lengths, 3, 1)[0] for lengths in lists]
    assert reading.asked[0] == (1, 1)
    for one, lengths in enumerate(lists, 1):
        numbers = sorted(number for of, number in reading.asked if of == one)
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(lengths) + 1 <= len(numbers) <= len(lengths) + max(1, ahead)
    if ahead == 1:
        assert reading.asked == sorted(reading.asked)


def test_many_short_lists_are_under_way_at_the_same_time() -> None:
    assert Reading([[2]] * 12, 3, 4).most == 4


@pytest.mark.parametrize("ahead", [1, 8])
def test_no_list_is_begun_ahead_before_booker_has_answered_well(ahead: int) -> None:
    asked: list[tuple[int, int]] = []

    def refuse(one: int, number: int, _: object) -> Page:
        asked.append((one, number))
        raise UnavailableError("Booker is not available.")

    with ThreadPoolExecutor(8) as workers:
        lists = Lists([partial(refuse, one) for one in (1, 2)], 3, ahead, workers).read()
        with pytest.raises(UnavailableError):
            list(next(lists))
    assert asked == [(1, 1)]


def test_a_list_that_fails_ahead_fails_when_it_is_its_turn() -> None:
    def fetch(lengths: list[int], number: int, _: object) -> Page:
        if number > len(lengths):
            raise UnavailableError("Booker is not available.")
        return Page([{}] * lengths[number - 1])

    fetches = [partial(fetch, lengths) for lengths in ([3, 3, 1, 0], [3, 2], [1, 0])]
    with ThreadPoolExecutor(8) as workers:
        pages = itertools.chain.from_iterable(Lists(fetches, 3, 8, workers).read())
        found = [len(page.rows) for page in itertools.islice(pages, 5)]
        with pytest.raises(UnavailableError):
            next(pages)
    assert found == [3, 3, 1, 3, 2]


def test_pages_are_asked_for_at_the_same_time(fake: Any, run_tap: Run, customer: Any) -> None:
    fake.customers = [customer(n) for n in range(1, 31)]
    together = threading.Barrier(4, timeout=10)

    def meet(asked: Any) -> Any:
        # Pages 4 to 7 are answered only when all four are under way.
        if asked.body["PageNumber"] in {4, 5, 6, 7}:
            together.wait()
        return None

    fake.always["customers"] = meet
    output = run_tap(fake.settings(concurrent_requests=4))
    assert output.ids("contacts") == list(range(1, 31))


@pytest.mark.parametrize("ahead", [1, 4])
def test_a_short_page_in_the_middle_does_not_end_the_list(
    fake: Any, run_tap: Run, customer: Any, answer: Any, ahead: int
) -> None:
    pages = {1: [1, 2, 3], 2: [4], 3: [5, 6, 7], 4: [8, 9], 5: []}

    def page(asked: Any) -> Any:
        ids = pages.get(asked.body["PageNumber"], [])
        return answer({"IsSuccess": True, "Results": [customer(n) for n in ids], "Customers": None})

    fake.always["customers"] = page
    assert run_tap(fake.settings(concurrent_requests=ahead)).ids("contacts") == list(range(1, 10))


@pytest.mark.parametrize("ahead", [1, 4])
def test_a_server_that_repeats_its_last_page_does_not_hold_the_tap(
    fake: Any, run_tap: Run, customer: Any, answer: Any, ahead: int
) -> None:
    def clamp(asked: Any) -> Any:
        number = min(asked.body["PageNumber"], 2)
        return answer(
            {"IsSuccess": True, "Customers": [customer(n) for n in range(number * 3 - 2, number * 3 + 1)]}
        )

    fake.always["customers"] = clamp
    output = run_tap(fake.settings(concurrent_requests=ahead))
    assert (output.code, output.ids("contacts")) == (0, [1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize("new", [1, 2])
def test_pages_that_drift_by_a_whole_page_end_no_list(
    fake: Any, run_tap: Run, customer: Any, answer: Any, new: int
) -> None:
    """Somebody new in front moves everybody on: the next page shows the last one's rows again."""

    def drifting(asked: Any) -> Any:
        number = asked.body["PageNumber"]
        everybody = [customer(n) for n in range(1, 8)]
        shown = everybody if number < 3 else [customer(100 + n) for n in range(new)] + everybody
        return answer({"IsSuccess": True, "Customers": shown[(number - 1) * new : number * new]})

    fake.always["customers"] = drifting
    output = run_tap(fake.settings(page_size=new))
    assert (output.code, output.ids("contacts")) == (0, [1, 2, 3, 4, 5, 6, 7])


def test_pages_of_nobody_end_no_list(fake: Any, run_tap: Run, customer: Any) -> None:
    fake.customers = [None, None, None, None, None, None, None, None, customer(1), customer(2)]
    assert run_tap(fake.settings(page_size=2)).ids("contacts") == [1, 2]


def test_pages_of_nobody_for_ever_are_an_error(fake: Any, run_tap: Run, answer: Any) -> None:
    fake.always["customers"] = lambda _: answer({"IsSuccess": True, "Customers": [None, None, None]})
    output = run_tap(fake.settings())
    assert (output.code, output.tally("contacts")["outcome"]) == (1, "BKR-404")


def test_pages_that_fail_beyond_the_end_do_not_keep_the_list_from_ending(
    fake: Any, run_tap: Run, customer: Any, answer: Any
) -> None:
    fake.customers = [customer(n) for n in range(1, 5)]

    def fail_beyond(asked: Any) -> Any:
        size, number = asked.body["PageSize"], asked.body["PageNumber"]
        beyond = size > 1 and (number - 1) * size >= 4
        return answer({"IsSuccess": False, "ErrorCode": 100000}) if beyond else None

    fake.always["customers"] = fail_beyond
    output = run_tap(fake.settings(page_size=2))
    assert (output.code, output.ids("contacts")) == (0, [1, 2, 3, 4])
    assert len(fake.paths("customers")) < 40


def test_pages_that_fail_in_the_middle_and_hold_no_single_record_do_not_end_the_list(
    fake: Any, run_tap: Run, customer: Any, answer: Any
) -> None:
    fake.customers = [customer(n) for n in range(1, 61)]

    def fail(asked: Any) -> Any:
        size, number = asked.body["PageSize"], asked.body["PageNumber"]
        if size == 10 and number in {2, 3}:
            return answer({"IsSuccess": False, "ErrorCode": 100000})
        hidden = size == 1 and 10 < number <= 30
        return answer({"IsSuccess": True, "Customers": []}) if hidden else None

    fake.always["customers"] = fail
    output = run_tap(fake.settings(page_size=10))
    assert output.ids("contacts") == [*range(1, 11), *range(31, 61)]


def test_pages_that_go_round_in_circles_are_an_error(
    fake: Any, run_tap: Run, customer: Any, answer: Any
) -> None:
    def circle(asked: Any) -> Any:
        return answer({"IsSuccess": True, "Customers": [customer(asked.body["PageNumber"] % 3 + 1)]})

    fake.always["customers"] = circle
    output = run_tap(fake.settings())
    assert (output.code, output.tally("contacts")["outcome"]) == (1, "BKR-404")
    assert sorted(output.ids("contacts")) == [1, 2, 3]


def test_a_page_of_rows_already_seen_does_not_end_the_list(
    fake: Any, run_tap: Run, customer: Any, answer: Any
) -> None:
    pages = {1: [1, 2, 3], 2: [3, 1, 2], 3: [4, 4, 5]}
    fake.always["customers"] = lambda asked: answer(
        {"IsSuccess": True, "Customers": [customer(n) for n in pages.get(asked.body["PageNumber"], [])]}
    )
    assert run_tap(fake.settings()).ids("contacts") == [1, 2, 3, 4, 5]


def test_an_explicit_null_is_an_empty_page(fake: Any, run_tap: Run, answer: Any) -> None:
    fake.always["customers"] = lambda _: answer({"IsSuccess": True, "Customers": None})
    assert run_tap(fake.settings()).code == 0


def test_a_stop_whose_exit_was_swallowed_ends_the_wait_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finaliser swallows whatever is raised in it; the page that is waited for may never come."""
    monkeypatch.setattr("tap_booker.pages.LOOK_SECONDS", 0.01)
    monkeypatch.setattr(STOP, "signum", 0)

    def fetch(_: int, unread: threading.Event) -> Page:
        monkeypatch.setattr(STOP, "signum", 15)
        assert unread.wait(30)
        return Page([])

    with ThreadPoolExecutor(1) as workers, pytest.raises(SystemExit) as left:
        list(itertools.chain.from_iterable(Lists([fetch], 1, 1, workers).read()))
    assert left.value.code == 128 + 15
