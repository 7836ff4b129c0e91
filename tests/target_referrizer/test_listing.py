"""The list of contacts is read with several pages under way, in order, and no further than it reaches."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from target_referrizer.listing import list_pages

WAIT = 20
"""Seconds after which a page that nobody joins gives up: long, since only a failing test waits so long."""


class List:
    """So many contacts, and what was asked of them."""

    def __init__(self, contacts: int, told: int | None = None) -> None:
        self.contacts, self.told = contacts, contacts if told is None else told
        self.asked: list[int] = []

    def read(self, page: int) -> tuple[list[dict[str, Any]], int]:
        self.asked.append(page)
        ids = range((page - 1) * 100, min(page * 100, self.contacts))
        return [{"id": str(one)} for one in ids], self.told


def ids(pages: list[list[dict[str, Any]]]) -> list[int]:
    return [int(one["id"]) for page in pages for one in page]


@pytest.mark.parametrize("at_once", [1, 2, 16])
@pytest.mark.parametrize("contacts", [0, 1, 100, 101, 1234])
def test_all_pages_come_once_and_in_order(contacts: int, at_once: int) -> None:
    found = List(contacts)
    assert ids(list(list_pages(found.read, at_once))) == list(range(contacts))
    assert len(found.asked) == len(set(found.asked)) <= -(-contacts // 100) + 1


def test_pages_are_under_way_side_by_side() -> None:
    together, found = threading.Barrier(4), List(900)

    def read(page: int) -> tuple[list[dict[str, Any]], int]:
        if 2 <= page <= 9:  # two times four; one alone would wait for ever
            together.wait(WAIT)
        return found.read(page)

    assert ids(list(list_pages(read, 4))) == list(range(900))


def test_a_full_page_is_no_end_whatever_the_total_says() -> None:
    """It may stop at some limit, or be as old as a cache."""
    found = List(450, told=200)
    assert ids(list(list_pages(found.read, 8))) == list(range(450))


def test_where_no_total_is_told_no_page_is_asked_for_in_vain() -> None:
    found = List(450, told=0)
    assert ids(list(list_pages(found.read, 8))) == list(range(450))
    assert found.asked == [1, 2, 3, 4, 5, 6]


def test_a_total_that_is_far_too_high_costs_less_than_one_page_for_each_request() -> None:
    found = List(450, told=1_000_000)
    assert ids(list(list_pages(found.read, 8))) == list(range(450))
    assert len(found.asked) <= 6 + 1 + 7  # the pages, the empty one twice, and what was under way


def test_what_goes_wrong_with_a_page_comes_out_and_ends_the_reading() -> None:
    found = List(2000)

    def read(page: int) -> tuple[list[dict[str, Any]], int]:
        if page == 3:
            raise OSError
        return found.read(page)

    pages = list_pages(read, 4)
    assert len([next(pages), next(pages)]) == 2
    with pytest.raises(OSError):  # noqa: PT011 - the very one from above
        next(pages)
    assert max(found.asked) <= 6
