from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tap_booker.client import Page
from tap_booker.pages import read_pages

Run = Callable[..., Any]


def read(lengths: list[int], size: int, ahead: int) -> tuple[list[int], list[int]]:
    """Read pages of these lengths; returns the rows and the page numbers that were asked for."""
    asked: list[int] = []
    lock = threading.Lock()

    def fetch(number: int) -> Page:
        with lock:
            asked.append(number)
        length = lengths[number - 1] if number <= len(lengths) else 0
        return Page([{"n": number * 1000 + i} for i in range(length)])

    with ThreadPoolExecutor(ahead) as workers:
        found = [row["n"] for page in read_pages(fetch, size, ahead, workers) for row in page.rows]
    return found, sorted(asked)


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
