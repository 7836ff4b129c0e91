"""Lists page by page, in order, some pages asked for ahead of time."""

from __future__ import annotations

import math
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait
from itertools import islice
from typing import TYPE_CHECKING

from tap_booker.stopping import STOP

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Executor, Future

    from tap_booker.client import Page

    Fetch = Callable[[int, threading.Event], Page]

LOOK_SECONDS = 1.0
"""So often the wait for a page looks whether a stop was asked for: a finaliser may swallow the exit."""

BLANK_PAGES = 5
"""So many pages in a row that fail as a whole and hold no single record lie beyond the end."""


class Pages:
    """The pages 1, 2, … of one list, until an empty one or a failure.

    One page at a time until the first full one; then the number asked for at the same time doubles with each
    full page. A short page may lie in the middle (seen), so it does not end the list, but after it pages are
    asked for one by one: most short pages are the last, and calls may be billed. So at most `ahead` - 1 empty
    pages are asked for beyond the end; where Booker says how many records there are, none is: that may be
    wrong, so it ends no list, but beyond it pages are asked for one by one too.

    Args:
        fetch: Reads one page by its number; given up when its event is set.
        size: Rows of a full page.
        ahead: Pages asked for at the same time, at most.

    Attributes:
        asked: Pages under way, in order.
        come: Pages that came and are not used yet; the last may be a failure instead.
        is_over: Whether no more is to be asked for.
        has_answer: Whether Booker has answered well.
        has_failed: Whether a page could not be read.
        unread: Set when no page that is under way is waited for any more.
    """

    def __init__(self, fetch: Fetch, size: int, ahead: int) -> None:
        self._fetch, self._size, self._ahead = fetch, size, ahead
        self._number, self._width, self._blank = 0, 1, 0
        self._last = math.inf
        self.asked: deque[Future[Page]] = deque()
        self.come: deque[Future[Page]] = deque()
        self.is_over = self.has_answer = self.has_failed = False
        self.unread = threading.Event()

    @property
    def held(self) -> int:
        """Pages under way and pages that are not used yet."""
        return len(self.asked) + len(self.come)

    @property
    def wants_more(self) -> bool:
        """Whether one more page may be asked for."""
        width = self._width if self._number < self._last else 1
        return not self.is_over and len(self.asked) < width

    def ask(self, workers: Executor) -> None:
        """Ask for the next page."""
        self._number += 1
        self.asked.append(workers.submit(self._fetch, self._number, self.unread))

    def settle(self) -> None:
        """Look at what came, as far as it came in order."""
        while self.asked and self.asked[0].done() and not self.is_over:
            first = self.asked.popleft()
            self.has_failed = first.exception() is not None
            self.has_answer = self.has_answer or not self.has_failed
            if self.has_failed or not self._is_end(first.result()):
                self.come.append(first)
            if self.has_failed:
                self.stop()

    def _is_end(self, page: Page) -> bool:
        """Judge by a page whether the list ends before it, and how many may be asked for after it."""
        self._blank = 0 if page.rows or page.skipped else self._blank + 1
        if self._blank and (page.is_whole or self._blank == BLANK_PAGES):
            self.stop()
            return True
        is_full = len(page.rows) + page.skipped >= self._size
        self._width = min(self._width * 2, self._ahead) if is_full else 1
        if page.total:
            self._last = -(-page.total // self._size) + 1
        return False

    def stop(self) -> None:
        """Ask for no more; a page that is under way is not waited for."""
        self.is_over = True
        self.unread.set()
        for future in self.asked:
            future.cancel()
        self.asked.clear()


class Lists:
    """Several lists, one after the other.

    Where a list leaves workers idle (at its start, at its end), the lists after it are begun: each is read as
    though it were alone, with as many calls. None is before the first answer, as any of them may be refused.

    Args:
        fetches: For each list what reads one of its pages.
        size: Rows of a full page.
        ahead: Pages asked for at the same time, at most, by all lists together.
        workers: Runs the fetches.
    """

    def __init__(self, fetches: Iterable[Fetch], size: int, ahead: int, workers: Executor) -> None:
        self._lists = deque(Pages(fetch, size, ahead) for fetch in fetches)
        self._ahead, self._workers = ahead, workers
        self._most_held = 2 * ahead - 1  # all that may be under way, and as many again, less the one in use
        self._has_answer = False

    def read(self) -> Generator[Iterator[Page]]:
        """Yield the pages of each list, list by list; a list that is left early is not read on."""
        try:
            while self._lists:
                yield self._pages(self._lists[0])
                self._lists.popleft().stop()
        finally:
            for one in self._lists:
                one.stop()

    def _pages(self, of: Pages) -> Iterator[Page]:
        """Yield the pages of the first list; the empty page at its end is not yielded."""
        try:
            while of.come or not of.is_over:
                self._ask()
                if of.come:
                    yield of.come.popleft().result()
                elif not of.is_over:
                    wait([one.asked[0] for one in self._lists if one.asked], LOOK_SECONDS, FIRST_COMPLETED)
                    STOP.check()
        finally:
            of.stop()

    def _ask(self) -> None:
        """Keep every worker busy, the first list's pages first."""
        near = self._near()
        first = near[0]
        self._has_answer = self._has_answer or first.has_answer
        for one in near if self._has_answer else [first]:
            holders = [first] if one is first else near  # what lies ready of others does not keep it waiting
            while one.wants_more and self._is_a_worker_idle(near) and self._is_little_held(holders):
                one.ask(self._workers)

    def _near(self) -> list[Pages]:
        """The lists to be read now; those behind one that has failed never will be."""
        near: list[Pages] = []
        for one in islice(self._lists, self._ahead):
            one.settle()
            if near and near[-1].has_failed:
                one.stop()
            else:
                near.append(one)
        return near

    def _is_a_worker_idle(self, near: list[Pages]) -> bool:
        return sum(len(one.asked) for one in near) < self._ahead

    def _is_little_held(self, holders: list[Pages]) -> bool:
        """Whether few pages wait to be used; where many do, it is not reading that takes long."""
        return sum(one.held for one in holders) < self._most_held
