"""What a list call asks for: filters, order, page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sandbox.booker.answers import ArgumentError
from sandbox.booker.dates import from_eastern, read_dotnet, read_iso

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sandbox.booker.switches import BookerSwitches

Row = TypeVar("Row")


class Window:
    """The bounds that a request body sets on one kind of date, in either form; all that are given must hold.

    Args:
        body: The request body.
        kind: The name's end: ``DateLastModified``, ``DateCreated`` or ``StartDate``.
        zone: The location's zone, for the Eastern rule.
        switches: Server stamps may be true time; ``…Offset`` bounds may be ignored.
    """

    def __init__(self, body: dict[str, Any], kind: str, zone: ZoneInfo, switches: BookerSwitches) -> None:
        self._plain = kind != "StartDate" and switches.server_stamps == "true_time"
        self._zone, self._twins = zone, switches.offset_filters != "ignored"
        self._inclusive = kind != "DateLastModified" or switches.modified_upper_inclusive
        self.lower = self._bounds(body, f"From{kind}")
        self.upper = self._bounds(body, f"To{kind}")

    def __bool__(self) -> bool:
        """Whether it bounds anything."""
        return bool(self.lower or self.upper)

    def holds(self, instant: datetime) -> bool:
        """Whether an instant lies inside."""
        if any(instant < bound for bound in self.lower):
            return False
        return all(instant <= bound if self._inclusive else instant < bound for bound in self.upper)

    def _bounds(self, body: dict[str, Any], name: str) -> list[datetime]:
        given = [self._read(body, name, self._dotnet)]
        if self._twins:
            given.append(self._read(body, name + "Offset", read_iso))
        return [bound for bound in given if bound is not None]

    def _dotnet(self, text: str) -> datetime:
        instant = read_dotnet(text)
        return instant if self._plain else from_eastern(instant, self._zone)

    def _read(self, body: dict[str, Any], name: str, read: Callable[[str], datetime]) -> datetime | None:
        text = body.get(name)
        if text is None:
            return None
        try:
            return read(text)
        except (ValueError, OverflowError) as error:
            raise ArgumentError((name, "The date is not valid")) from error


def page_of(body: dict[str, Any], limit: int) -> tuple[int, int] | None:
    """Page number and size that a body asks for; None for the whole list.

    Raises:
        ArgumentError: Page number or size is out of range.
    """
    if not body.get("UsePaging"):
        return None
    size, number = body.get("PageSize"), body.get("PageNumber")
    if size is None or not 1 <= size <= limit:
        raise ArgumentError(("PageSize", f"PageSize must be between 1 and {limit}"))
    if number is None or number < 1:
        raise ArgumentError(("PageNumber", "PageNumber must be at least 1"))
    return number, size


def query_key(body: dict[str, Any]) -> str:
    """What makes two requests the same list: everything but the token and the page number."""
    return repr(sorted((k, repr(v)) for k, v in body.items() if k not in {"access_token", "PageNumber"}))


def ordered(rows: list[Row], sort: Any, columns: dict[str, Callable[[Row], Any]]) -> list[Row]:
    """Rows in the order of a ``SortBy`` array (0 or Ascending, 1 or Descending).

    Raises:
        ArgumentError: A column that the list cannot be ordered by.
    """
    for rule in reversed(sort or []):
        if rule["SortBy"] not in columns:
            raise ArgumentError(("SortBy", f"Cannot sort by {rule['SortBy']}"))
        rows = sorted(
            rows, key=columns[rule["SortBy"]], reverse=rule.get("SortDirection") in {1, "Descending"}
        )
    return rows
