"""What Booker's dates mean.

Booker writes most dates twice. The `...Offset` twin is ISO 8601 with an offset, hence an instant (seen). The
plain form is `/Date(ms-0500)/`; Booker's clock is US Eastern, and a location's wall clock is stored as
though it were Eastern (seen in two clients): render the epoch in Eastern, keep the digits, read them in the
location's own zone. The offset inside the string is the server's and is ignored (seen).

One hour each year cannot be recovered from the plain form: digits that Eastern skips in spring arrive late.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from msgspec import to_builtins

from tap_booker.errors import UnknownZoneError

if TYPE_CHECKING:
    from collections.abc import Mapping

EASTERN = ZoneInfo("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OLDEST_AUDIT_YEAR = 1901
"""An audit date of 1900 or before is .NET's empty date, year 1, or a relative of it (inferred)."""

_PLAIN = re.compile(r"\\?/Date\((-?\d+)(?:[+-]\d{2}:?\d{2})?\)\\?/")


def instant(row: Mapping[str, Any], field: str, zone: ZoneInfo | None) -> datetime | None:
    """Read one audit or schedule date of a record.

    Args:
        row: The record as Booker sent it.
        field: Name of the plain form, for example `DateCheckIn`; the twin's name adds `Offset`.
        zone: The location's zone, for the plain form.

    Returns:
        The instant in UTC, or None when there is none that means something.

    Raises:
        UnknownZoneError: If only the plain form is there and the zone is not known.
    """
    for name in (field + "Offset", field):
        found = _read(row.get(name), zone)
        if found is not None:
            return found if found.year >= OLDEST_AUDIT_YEAR else None
    return None


def birthday(row: Mapping[str, Any], zone: ZoneInfo | None, field: str = "DateOfBirth") -> date | None:
    """Read a calendar date.

    A twin that shows midnight shows the date, whatever its offset. One that does not is that midnight in
    another place's offset (which one twins show is not known): then the plain form's digits in Eastern tell
    the date, or without them the location's own zone.

    Args:
        row: The record as Booker sent it.
        zone: The location's zone, or None.
        field: Name of the plain form.

    Returns:
        The date, or None.
    """
    twin, plain = _iso(row.get(field + "Offset")), _plain_date(row.get(field))
    if twin is not None and twin.time() != time.min:
        twin = None if plain else _shown_in(twin, zone)
    day = twin.date() if twin else plain or _iso_date(row.get(field))
    return day if day is not None and day.year > 1 else None


def from_plain(text: str, zone: ZoneInfo) -> datetime | None:
    """Convert the plain form to an instant by the Eastern rule.

    Args:
        text: `/Date(ms)/` with or without offset, negative before 1970.
        zone: The location's zone.

    Returns:
        The instant in UTC, or None when the text is no such date.
    """
    digits = _eastern_digits(text)
    try:
        return None if digits is None else digits.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None


def to_plain(moment: datetime, zone: ZoneInfo) -> str:
    """Convert an instant to the plain form that Booker stores for it: the Eastern rule in reverse.

    Args:
        moment: An aware date-time.
        zone: The location's zone.

    Returns:
        `/Date(ms)/` without offset, as requests carry it (seen).
    """
    digits = moment.astimezone(zone).replace(tzinfo=EASTERN)
    return plain_text(digits)


def plain_text(moment: datetime) -> str:
    """Write the true epoch of an aware date-time in the plain form."""
    return f"/Date({(moment - EPOCH) // timedelta(milliseconds=1)})/"


def utc_text(moment: datetime) -> str:
    """Write an instant of UTC as `isoformat` does, in a fraction of its time: a row has up to five."""
    text: str = to_builtins(moment)
    return f"{text[:-1]}+00:00"


def moment_of(text: str, zone: ZoneInfo | None) -> datetime | None:
    """Read a date or date-time of the settings or the state.

    Args:
        text: ISO 8601; a bare date means its first moment.
        zone: Zone of a text without offset; None means UTC.

    Returns:
        The instant in UTC, or None when the text is none.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _read(value: object, zone: ZoneInfo | None) -> datetime | None:
    """Read either form, whichever field it stands in."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if "(" in text and _PLAIN.fullmatch(text):  # the quick look spares ISO texts the thorough one
        return from_plain(text, _known(zone))
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=_known(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _known(zone: ZoneInfo | None) -> ZoneInfo:
    """Insist on a zone."""
    if zone is None:
        raise UnknownZoneError(
            "Booker sent a date without offset, and the location's time zone is not known."
        )
    return zone


def _eastern_digits(text: str) -> datetime | None:
    """Render the epoch in Eastern and drop the zone; `fold` is kept, so the repeated hour survives."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    try:
        return (EPOCH + timedelta(milliseconds=int(match[1]))).astimezone(EASTERN).replace(tzinfo=None)
    except OverflowError:
        return None


def _plain_date(value: object) -> date | None:
    """The calendar date of a plain form.

    Before 1987 US daylight saving began later than the one rule that .NET applies to all years up to 2006, so
    a midnight of such an April comes out as 23:00 of the day before (inferred): it belongs to the next day.
    """
    digits = _eastern_digits(value.strip()) if isinstance(value, str) else None
    if digits is None:
        return None
    return (digits + timedelta(hours=1)).date() if digits.time() == time(23) else digits.date()


def _iso_date(value: object) -> date | None:
    """The calendar date that an ISO text shows, its offset left aside."""
    moment = _iso(value)
    return moment.date() if moment else None


def _iso(value: object) -> datetime | None:
    """An ISO text as it stands, with its offset if it has one."""
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _shown_in(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """The moment on a zone's clock, where both are known."""
    try:
        return moment.astimezone(zone) if zone and moment.tzinfo else moment
    except OverflowError:
        return moment
