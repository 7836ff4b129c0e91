"""Booker's two ways to write a date.

Seen in client code: Booker's server clock is US Eastern, and a business's wall clock is stored as though it
were Eastern. So ``/Date(ms)/`` is the instant at which a clock in New York shows the digits that the salon's
own clock shows. The newer ``…Offset`` twins are plain ISO 8601 instants.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from sandbox.booker.switches import BookerSwitches

EASTERN = ZoneInfo("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEAR_ONE = "/Date(-62135578800000-0500)/"
YEAR_ONE_TWIN = "0001-01-01T00:00:00-05:00"
_DOTNET = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/")
_MILLISECOND = timedelta(milliseconds=1)
_HOUR = 3_600_000


class Writer:
    """Writes dates the way one location's answers show them.

    Args:
        zone: The location's zone.
        switches: Twins, offsets, server stamps and empty dates are switches.
    """

    def __init__(self, zone: ZoneInfo, switches: BookerSwitches) -> None:
        self.zone = zone
        self.twins = switches.offset_twins == "all"
        self.twin_zone = zone if switches.twin_offset == "location" else EASTERN
        self.true_stamps = switches.server_stamps == "true_time"
        self.offset = switches.dotnet_offset
        self.year_one = switches.empty_dates == "year_one"

    def scheduled(self, name: str, instant: datetime | None) -> dict[str, str | None]:
        """A time that somebody scheduled, and its twin: always by the Eastern rule."""
        return self._empty(name) if instant is None else self._both(name, instant, plain=False)

    def stamped(self, name: str, instant: datetime | None) -> dict[str, str | None]:
        """A time that the server stamped, and its twin: by the Eastern rule or in true time."""
        return self._empty(name) if instant is None else self._both(name, instant, plain=self.true_stamps)

    def day(self, name: str, day: date | None) -> dict[str, str | None]:
        """A calendar date: midnight in Eastern; the twin is the location's midnight, in the twins' offset."""
        if day is None:
            return self._empty(name)
        midnight = datetime.combine(day, time())
        twin = midnight.replace(tzinfo=self.zone).astimezone(self.twin_zone)
        return self._pair(name, midnight.replace(tzinfo=EASTERN), twin)

    def _both(self, name: str, instant: datetime, *, plain: bool) -> dict[str, str | None]:
        """The pair of fields for an instant; `plain` leaves the Eastern rule aside."""
        wall = instant.astimezone(self.zone)
        shown = instant if plain else _digits_in_eastern(wall)
        return self._pair(name, shown, wall if self.twin_zone is self.zone else instant.astimezone(EASTERN))

    def _pair(self, name: str, shown: datetime, twin: datetime) -> dict[str, str | None]:
        plain = {name: dotnet(shown, with_offset=self.offset)}
        return {**plain, name + "Offset": _iso(twin)} if self.twins else {**plain}

    def _empty(self, name: str) -> dict[str, str | None]:
        plain, twin = (YEAR_ONE, YEAR_ONE_TWIN) if self.year_one else (None, None)
        return {name: plain, name + "Offset": twin} if self.twins else {name: plain}


def as_eastern(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which New York's clock shows the digits of `zone`'s clock at `instant`.

    Digits that New York skips come out an hour later; digits that it repeats mean the first pass.
    """
    return _digits_in_eastern(instant.astimezone(zone)).astimezone(UTC)


def _digits_in_eastern(wall: datetime) -> datetime:
    return wall.replace(tzinfo=EASTERN, fold=0)


def from_eastern(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which `zone`'s clock shows the digits of New York's clock at `instant`."""
    return instant.astimezone(EASTERN).replace(tzinfo=zone, fold=0).astimezone(UTC)


def dotnet(instant: datetime, *, with_offset: bool = True) -> str:
    """``/Date(ms-0500)/``: milliseconds since 1970, with New York's offset of that instant."""
    milliseconds = (instant - EPOCH) // _MILLISECOND
    return f"/Date({milliseconds}{_offset(milliseconds // _HOUR) if with_offset else ''})/"


@cache
def _offset(hour: int) -> str:
    """New York's offset, e.g. ``-0500``, in that hour since 1970 (it changes on the hour)."""
    return f"{(EPOCH + timedelta(hours=hour)).astimezone(EASTERN):%z}"[:5]


def read_dotnet(text: str) -> datetime:
    """The instant inside ``/Date(ms)/``; an offset is ignored, as it is the server's.

    Raises:
        ValueError: It is no such date, or outside the years 1 to 9999.
    """
    found = _DOTNET.fullmatch(text)
    if not found:
        raise ValueError(text)
    try:
        return EPOCH + timedelta(milliseconds=int(found.group(1)))
    except OverflowError as error:
        raise ValueError(text) from error


def read_iso(text: str) -> datetime:
    """The instant of an ISO 8601 text with ``Z``, ``-0400`` or ``-04:00``.

    Raises:
        ValueError: It is no date, has no offset, or is too near the ends of time to have a UTC form.
    """
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(text)
    try:
        return read.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def _iso(local: datetime) -> str:
    """ISO 8601 in seconds, or in milliseconds where there are any."""
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")
