"""Pages of a list in order, some asked for ahead of time."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from tap_booker.errors import EndlessPagesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor, Future

    from tap_booker.client import Page

STALE_PAGES = 50
"""So many pages in a row without a record that is new: the list has no end."""

BLANK_PAGES = 5
"""So many pages in a row that fail as a whole and hold no single record lie beyond the end."""

EQUAL_PAGES = 3
"""So many equal pages in a row are one page that the server repeats; two can be a drift by a whole page."""

logger = logging.getLogger("tap-booker")


def read_pages(fetch: Callable[[int], Page], size: int, ahead: int, workers: Executor) -> Iterator[Page]:
    """Yield pages 1, 2, … until an empty one, which is not yielded.

    One page at a time until the first full one; then the number asked for at the same time doubles with each
    full page. A short page may lie in the middle (seen), so it does not end the list, but after it pages are
    asked for one by one: most short pages are the last, and calls may be billed. So at most `ahead` - 1 empty
    pages are asked for beyond the end.

    Args:
        fetch: Reads one page by its number.
        size: Rows of a full page.
        ahead: Pages asked for at the same time, at most.
        workers: Runs the fetches.
    """
    waiting: deque[Future[Page]] = deque()
    asked, width, blank = 0, 1, 0
    try:
        while True:
            while len(waiting) < width:
                asked += 1
                waiting.append(workers.submit(fetch, asked))
            page = waiting.popleft().result()
            blank = 0 if page.rows or page.skipped else blank + 1
            if blank and (page.is_whole or blank == BLANK_PAGES):
                return
            width = min(width * 2, ahead) if len(page.rows) + page.skipped >= size else 1
            yield page
    finally:
        for future in waiting:
            future.cancel()


def new_rows(pages: Iterator[Page], id_of: Callable[[dict[str, Any]], object]) -> Iterator[dict[str, Any]]:
    """Yield each record once: pages drift when rows change during the read, and a row may come twice.

    A page that comes three times in a row ends the list: some servers repeat the last page for ever
    (inferred).

    Args:
        pages: Pages in order.
        id_of: The id of a record, or None; rows without id are all yielded, for the caller to judge.

    Raises:
        EndlessPagesError: Many different pages, and nothing new on any of them.
    """
    seen: set[object] = set()
    last: list[object] = []
    stale = equal = 0
    for page in pages:
        ids = [id_of(row) for row in page.rows]
        equal = equal + 1 if any(ids) and ids == last else 1
        if equal == EQUAL_PAGES:
            logger.warning("Booker repeats a page; it is taken as the end of the list.")
            return
        fresh = [row for row, one in zip(page.rows, ids, strict=True) if one is None or one not in seen]
        is_news = page.skipped or any(id_of(row) is not None for row in fresh)
        stale = 0 if is_news else stale + 1
        if stale > STALE_PAGES:
            raise EndlessPagesError(f"{STALE_PAGES} pages in a row brought nothing new.")
        yield from _once(fresh, id_of, seen)
        last = ids


def _once(
    rows: list[dict[str, Any]], id_of: Callable[[dict[str, Any]], object], seen: set[object]
) -> Iterator[dict[str, Any]]:
    """Rows of one page, also each id once, remembered in `seen`."""
    for row in rows:
        one = id_of(row)
        if one is None or one not in seen:
            seen.add(one)
            yield row
