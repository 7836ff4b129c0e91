"""Which records are asked for: the bodies of the two searches, and the bounds of their windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_booker.client import Query
from tap_booker.dates import plain_text, to_plain
from tap_booker.errors import UnknownZoneError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from tap_booker.location import Location

CUSTOMERS = "/v4.1/merchant/customers"
APPOINTMENTS = "/v4.1/merchant/appointments"
HOUR = timedelta(hours=1)
CUSTOMERS_ONLY = 1
"""`CustomerRecordType` 1: customers, no leads (the number is seen, its meaning inferred)."""


@dataclass(frozen=True)
class Window:
    """A span of time, both ends aware."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime | None) -> bool:
        """Whether a moment lies in [start, end); what has no date is never left out."""
        return moment is None or self.start <= moment < self.end


def slices(window: Window, days: int) -> Iterator[Window]:
    """Cut a window into slices of so many days, the last one shorter."""
    start = window.start
    while start < window.end:
        end = min(start + timedelta(days=days), window.end)
        yield Window(start, end)
        start = end


def customers(location: Location, modified: Window | None, style: str) -> Query:
    """The search for customers.

    `FilterByExactLocationID` keeps a brand's other locations out (seen; why: inferred). The filter by
    modification stands in a field list, and another vendor documents that it reads so; the tap filters again.

    Args:
        location: Whose customers.
        modified: Only those modified in this window; None means all.
        style: `offset` or `dotnet`.
    """
    filters: dict[str, Any] = {
        "FilterByExactLocationID": True,
        "CustomerRecordType": CUSTOMERS_ONLY,
        **(bounds("DateLastModified", modified, style, location.zone) if modified else {}),
    }
    return Query(
        location.id, CUSTOMERS, ("Customers", "Results"), filters, f"customers of location {location.id}"
    )


def appointments(location: Location, field: str, window: Window, style: str) -> Query:
    """The search for appointments.

    By modification the start dates are null (seen in production); by start the modification dates are.

    Args:
        location: Whose appointments.
        field: `DateLastModified` or `StartDate`.
        window: Bounds of that field.
        style: `offset` or `dotnet`.
    """
    filters: dict[str, Any] = {
        "FromStartDate": None,
        "ToStartDate": None,
        "FromDateLastModified": None,
        "ToDateLastModified": None,
        **bounds(field, window, style, location.zone),
    }
    keys = ("Results", "Appointments", "Customers")
    return Query(location.id, APPOINTMENTS, keys, filters, f"appointments of location {location.id}")


def bounds(field: str, window: Window, style: str, zone: ZoneInfo | None) -> dict[str, str]:
    """The bounds of a window as request fields, never narrower than the window.

    Args:
        field: Name without From, To and Offset.
        window: The span.
        style: `offset`: ISO 8601 with offset, in whole seconds, a second wider at both ends, as it is not
            known whether the ends belong to the window. `dotnet`: the plain form.
        zone: The location's zone; `offset` takes UTC when it is not known.

    Raises:
        UnknownZoneError: `dotnet` without a zone.
    """
    if style == "offset":
        start, end = _whole_seconds(window)
        shown = zone or UTC
        return {
            f"From{field}Offset": start.astimezone(shown).isoformat(),
            f"To{field}Offset": end.astimezone(shown).isoformat(),
        }
    if zone is None:
        raise UnknownZoneError(
            "date_filter_style dotnet needs the location's time zone, and it is not known."
        )
    start_text, end_text = _plain_bounds(window, zone)
    return {f"From{field}": start_text, f"To{field}": end_text}


def _whole_seconds(window: Window) -> tuple[datetime, datetime]:
    """Both ends at whole seconds, a second outwards."""
    second = timedelta(seconds=1)
    return (window.start - second).replace(microsecond=0), (window.end + 2 * second).replace(microsecond=0)


def _plain_bounds(window: Window, zone: ZoneInfo) -> tuple[str, str]:
    """Both ends in the plain form.

    Scheduled times follow the Eastern rule (seen); whether the server's own stamps do is not known. So the
    wider of both readings is taken, and an hour more for the hour that Eastern skips or repeats.
    """
    early, late = window.start - HOUR, window.end + HOUR
    starts, ends = [plain_text(early), to_plain(early, zone)], [plain_text(late), to_plain(late, zone)]
    return min(starts, key=_epoch), max(ends, key=_epoch)


def _epoch(plain: str) -> int:
    """The number inside a plain date."""
    return int(plain.removeprefix("/Date(").removesuffix(")/"))
