"""Booker's answers, made reliable: one page, record by record when it must be, and one location."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_booker import answers
from tap_booker.errors import (
    BrokenRecordError,
    ForbiddenError,
    FormError,
    LocationError,
    RetriableError,
    TokenExpiredError,
    UnknownLocationError,
)
from tap_booker.retry import AWAITED, PATIENCE, with_retries
from tap_booker.transport import Call, Reply, Transport

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from tap_booker.auth import Authority
    from tap_booker.gate import Gate
    from tap_booker.report import Tally

BROKEN_IN_A_ROW = 5
"""More broken records side by side are an outage, not bad records."""

logger = logging.getLogger("tap-booker")


@dataclass(frozen=True)
class Query:
    """A list to be read page by page.

    Attributes:
        location_id: Whose list.
        path: Path below the API address.
        keys: Names of the list in the answer, the usual one first.
        filters: Body fields other than the token and the paging.
        title: What is read, for messages.
    """

    location_id: int
    path: str
    keys: tuple[str, ...]
    filters: Mapping[str, Any]
    title: str


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        rows: The records as Booker sent them.
        skipped: How many broken records of this page were left out.
        is_whole: Whether it came in one answer, and not record by record.
        total: How many records the whole list has, 0 when Booker does not say.
    """

    rows: list[dict[str, Any]]
    skipped: int = 0
    is_whole: bool = True
    total: int = 0


class Booker:
    """Booker's v4.1 Merchant API, read only.

    Args:
        settings: Checked settings.
        transport: Sends the calls.
        authority: Gives tokens.
        gate: What every request passes; None to send each only once.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        transport: Transport,
        authority: Authority,
        gate: Gate | None,
    ) -> None:
        self._base = settings["base_url"]
        self._skip_broken = settings["skip_broken_records"]
        self._transport = transport
        self._authority = authority
        self._gate = gate

    def location(self, location_id: int, tally: Tally) -> dict[str, Any]:
        """Read a location: name and zone; doubles as the connection check.

        Raises:
            UnknownLocationError: Booker has no such location, or does not show it to these credentials.
        """
        url = f"{self._base}/v4.1/merchant/location/{location_id}"

        def send(token: str) -> Reply:
            # A GET carries the token in its query (seen), so the URL must never be shown.
            return self._transport.send(Call("GET", url, token, {"access_token": token}), tally)

        try:
            return self._ask(location_id, send)
        except (ForbiddenError, FormError, TokenExpiredError):
            raise
        except LocationError as failure:
            text = f"Booker does not know location {location_id} (HTTP {failure.status}"
            code = f", code {failure.vendor_code})." if failure.vendor_code else ")."
            raise UnknownLocationError(text + code, status=failure.status) from None

    def page(
        self, query: Query, number: int, size: int, tally: Tally, unread: threading.Event = AWAITED
    ) -> Page:
        """Read one page, and record by record when it keeps failing.

        Args:
            query: The list.
            number: Page number, from 1.
            size: Records for each page.
            tally: Where calls, pages and skipped records are counted.
            unread: Set when nobody waits for the page any more.

        Raises:
            BookerError: The page cannot be read.
            CancelledError: Nobody waits for it any more.
        """
        try:
            page = self._whole(query, number, size, tally, unread)
        except RetriableError as failure:
            if not _is_the_records_fault(failure):
                raise
            logger.warning("%s Page %d of %s is read record by record.", failure.code, number, query.title)
            page = self._singles(query, number, size, tally, unread)
        tally.add(pages=1, skipped=page.skipped)
        return page

    def _singles(self, query: Query, number: int, size: int, tally: Tally, unread: threading.Event) -> Page:
        """Read page `number` of `size` as the pages (number-1)*size+1 … number*size of size 1.

        An empty one is not the end: where pages of many can be short, a page of one can be empty.
        """
        found: list[dict[str, Any]] = []
        broken: list[tuple[int, RetriableError]] = []
        in_a_row = 0
        for position in range((number - 1) * size + 1, number * size + 1):
            try:
                rows = self._whole(query, position, 1, tally, unread).rows
            except RetriableError as failure:
                in_a_row += 1
                bearable = BROKEN_IN_A_ROW if self._skip_broken else 1
                if not _is_the_records_fault(failure) or in_a_row > bearable:
                    raise
                broken.append((position, failure))
            else:
                in_a_row = 0
                found += rows
                self._judge(broken, query)
        self._judge(broken, query)
        self._report(broken, query)
        return Page(found, len(broken), is_whole=False)

    def _judge(self, broken: list[tuple[int, RetriableError]], query: Query) -> None:
        """Stop at a record that fails while its neighbour does not, unless such records are skipped."""
        if broken and not self._skip_broken:
            position, failure = broken[0]
            text = f"Record {position} of {query.title} cannot be read ({failure.code}: {failure.happened})"
            raise BrokenRecordError(text)

    @staticmethod
    def _report(broken: list[tuple[int, RetriableError]], query: Query) -> None:
        """Name the records that are left out."""
        for position, failure in broken:
            text = "BKR-501 Record %d of %s cannot be read (%s) and is skipped."
            logger.warning(text, position, query.title, failure.code)

    def _whole(self, query: Query, number: int, size: int, tally: Tally, unread: threading.Event) -> Page:
        """One page as it is, retried; the body is built anew for each try, for the token is inside."""
        url = self._base + query.path
        paging = {"UsePaging": True, "PageSize": size, "PageNumber": number}

        def send(token: str) -> Reply:
            body = {"access_token": token, "LocationID": query.location_id, **query.filters, **paging}
            return self._transport.send(Call("POST", url, token, json=body), tally)

        body = self._ask(query.location_id, send, unread)
        return Page(answers.rows(body, query.keys), total=answers.total(body))

    def _ask(
        self, location_id: int, send: Callable[[str], Reply], unread: threading.Event = AWAITED
    ) -> dict[str, Any]:
        """Send with a good token: one new token for each request, then the same request again."""
        tokens = self._authority.tokens(location_id)
        renewed = False

        def once() -> dict[str, Any]:
            nonlocal renewed
            token = tokens.get().text
            try:
                return answers.payload(send(token))
            except TokenExpiredError:
                if renewed:
                    raise
                renewed = True
                return answers.payload(send(tokens.renew(token).text))

        return with_retries(once, self._gate, unread)


def _is_the_records_fault(failure: RetriableError) -> bool:
    """Whether a single record may be the cause; a long pause that Booker asks for is not."""
    return failure.breaks_page and (failure.retry_after or 0) <= PATIENCE
