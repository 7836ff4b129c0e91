"""What all streams of one run share: its one instant, Booker, the locations, the tallies."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_booker.auth import Authority
from tap_booker.client import Booker, Page, Query
from tap_booker.dates import moment_of
from tap_booker.errors import BookerError, FatalError, TimedOutError
from tap_booker.gate import Gate
from tap_booker.location import Location, read_location
from tap_booker.pages import Lists
from tap_booker.progress import Progress
from tap_booker.report import Report, Tally
from tap_booker.retry import with_retries
from tap_booker.seen import new_rows
from tap_booker.transport import Transport

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from tap_booker.gate import Sleep

logger = logging.getLogger("tap-booker")


class Run:
    """One run of the tap.

    Args:
        settings: Checked settings.
        clock: Says what time it is; asked once.
        sleep: Waits for so many seconds, or until an event is set; None to send each request only once.
        progress: Whom to tell how far it is.
        monotonic: Seconds on a clock that never goes back, for pauses.

    Attributes:
        now: The run's instant, in whole seconds: it bounds every window and becomes every bookmark.
        report: What was read and what it cost.
        stopped_by: The failure that ends the whole run, or None; nothing more is read after it.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        clock: Callable[[], datetime],
        sleep: Sleep | None,
        progress: Progress | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        as_of = moment_of(settings["as_of"], None) if settings.get("as_of") else None
        self.settings = settings
        self.now = (as_of or clock()).astimezone(UTC).replace(microsecond=0)
        self.progress = progress or Progress()
        self.report = Report(self.progress)
        self.stopped_by: FatalError | None = None
        workers = settings["concurrent_requests"]
        self._gate = Gate(sleep, monotonic) if sleep else None
        self._transport = Transport(settings["subscription_key"], settings["request_timeout"], workers)
        self._authority = Authority(settings, self._transport, self.report.connection, time.monotonic)
        self._booker = Booker(settings, self._transport, self._authority, self._gate)
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="booker")
        self._locations: dict[int, Location | BookerError] = {}

    def location(self, location_id: int) -> Location:
        """The location, asked for once; a failure is remembered too.

        Raises:
            BookerError: The location cannot be read.
        """
        if location_id not in self._locations:
            self._locations[location_id] = self._ask_location(location_id)
        found = self._locations[location_id]
        if isinstance(found, BookerError):
            raise found
        return found

    @property
    def has_answered(self) -> bool:
        """Whether any answer has come from Booker, of whatever kind."""
        return self._transport.has_answered

    @property
    def clock_ahead(self) -> float | None:
        """How many seconds this machine's clock is ahead of Booker's, None when Booker has not shown it."""
        return self._transport.clock_ahead

    def get_token(self) -> None:
        """Get the account's token, as the first request would.

        Raises:
            BookerError: There is none.
        """
        cell, gate = self._authority.account, self._gate
        asking = self._workers.submit(lambda: with_retries(cell.get, gate))
        # A name service may keep one waiting beyond every time limit of ours.
        limit = None if gate else 2 * self.settings["request_timeout"] + 1
        try:
            asking.result(limit)
        except TimeoutError:
            raise TimedOutError(f"No token within {limit} s.") from None

    def rows(
        self, query: Query, tally: Tally, id_of: Callable[[dict[str, Any]], int | None]
    ) -> Iterator[dict[str, Any]]:
        """All records of a list, each id once, in the order of the pages."""
        with closing(self.lists([query], tally, id_of)) as lists:
            for found in lists:
                yield from found

    def lists(
        self, queries: Iterable[Query], tally: Tally, id_of: Callable[[dict[str, Any]], int | None]
    ) -> Generator[Iterator[dict[str, Any]]]:
        """All records of some lists, list by list; in each as in `rows`. Close it when it is left early."""
        size, ahead = self.settings["page_size"], self.settings["concurrent_requests"]

        def fetch(query: Query, number: int, unread: threading.Event) -> Page:
            return self._booker.page(query, number, size, tally, unread)

        def told(pages: Iterator[Page]) -> Iterator[Page]:
            for page in pages:
                tally.used(page.total / size)
                yield page

        fetches = (partial(fetch, query) for query in queries)
        with closing(Lists(fetches, size, ahead, self._workers).read()) as lists:
            for pages in lists:
                yield new_rows(told(pages), id_of)

    def first_page(self, query: Query, tally: Tally) -> Page:
        """One page, for a look."""
        return self._workers.submit(self._booker.page, query, 1, self.settings["page_size"], tally).result()

    def close(self) -> None:
        """Ask for nothing more; pages that are under way are not waited for, a token that is under way is."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._authority.close()

    def _ask_location(self, location_id: int) -> Location | BookerError:
        """Ask Booker once, and say what it said.

        A worker asks, as for every page: a signal then meets no token call in the middle, see `close`.
        """
        try:
            answer = self._workers.submit(self._booker.location, location_id, self.report.connection).result()
        except BookerError as failure:
            self.report.connection.failure = failure
            return failure
        location = read_location(location_id, answer, self.settings.get("timezone"))
        if location.zone is None:
            text = "Booker's time zone of location %d (%s) is not known; set timezone if dates need it."
            logger.warning(text, location_id, location.zone_text)
        return location
