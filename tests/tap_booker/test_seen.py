"""What was met already is remembered, beyond what memory holds too."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_booker import seen
from tap_booker.client import Page
from tap_booker.seen import Merged, Seen, new_rows, once

if TYPE_CHECKING:
    from collections.abc import Iterator

IDS = st.integers(1, 30) | st.sampled_from([2**63 - 1, 2**63, 2**70])
ROWS = st.none() | st.fixed_dictionaries({"id": IDS, "status": st.none() | st.text(st.characters())})


@pytest.fixture(autouse=True, scope="module")
def _little_memory() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen, "IDS_IN_MEMORY", 5)
        patch.setattr(seen, "ROWS_IN_MEMORY", 5)
        patch.setattr(seen, "AT_ONCE", 3)
        yield


@given(st.lists(st.lists(IDS | st.none(), max_size=9), max_size=9))
def test_an_id_is_new_once(pages: list[list[int | None]]) -> None:
    ids = Seen()
    met: set[int | None] = {None}
    for page in pages:
        assert ids.take(page) == set(page) - met
        met |= set(page)


@given(st.lists(st.tuples(IDS, st.integers())))
def test_items_come_once_in_their_order(items: list[tuple[int, int]]) -> None:
    first = dict(reversed(items))
    assert list(once(items, Seen())) == [first[one] for one in dict(items)]


@given(st.lists(st.tuples(IDS, ROWS)))
def test_the_row_that_was_put_last_counts(items: list[tuple[int, Any]]) -> None:
    merged = Merged()
    for one, row in items:
        merged.put(one, row)
    wanted = [row for row in dict(items).values() if row is not None]
    assert sorted(map(repr, merged.rows())) == sorted(map(repr, wanted))


@given(st.lists(st.lists(IDS | st.none(), min_size=1, max_size=6), max_size=12))
def test_rows_without_an_id_all_come_and_others_once(lists: list[list[int | None]]) -> None:
    pages = [Page([{"id": one, "page": n} for one in ids]) for n, ids in enumerate(lists)]
    if any(a == b for a, b in pairwise(lists)):
        return  # a page that is repeated ends the list: tested with the pages
    met: set[int] = set()
    wanted = []
    for page in pages:
        for row in page.rows:
            if row["id"] not in met:
                wanted.append(row)
            met |= {row["id"]} - {None}
    assert list(new_rows(iter(pages), lambda row: row["id"])) == wanted


def test_many_ids_take_no_more_memory_than_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(seen, "IDS_IN_MEMORY", 2_000)
    peaks = []
    for number in (5_000, 50_000):
        tracemalloc.start()
        ids = Seen()
        for start in range(0, number, 100):
            ids.take((start + n) * 2654435761 % 2**32 for n in range(100))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
