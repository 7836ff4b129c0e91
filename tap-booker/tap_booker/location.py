"""One location: its name and its time zone, read from Booker's answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tap_booker.windows_labels import WINDOWS_ID_OF
from tap_booker.windows_zones import IANA_OF

_OFFSET_IN_FRONT = re.compile(r"^\((?:GMT|UTC)[^)]*\)\s*")
_BY_NAME = {name.casefold(): zone for name, zone in IANA_OF.items()} | {
    label.casefold(): IANA_OF[name] for label, name in WINDOWS_ID_OF.items()
}


STATUS = {
    "1": "Being set up",
    "2": "Demo",
    "3": "Live, free of charge",
    "4": "Live",
    "5": "Terminated: closed in Booker, so nothing new will come from it",
    "6": "Charged, not live",
}
"""Booker's status numbers of a location (seen)."""


@dataclass(frozen=True)
class Location:
    """A business location.

    Attributes:
        id: Booker's Location ID.
        name: Business name, or an empty text.
        zone: Time zone, or None when Booker's answer names none that we know and no setting does.
        zone_text: What Booker calls the zone, for messages.
    """

    id: int
    name: str
    zone: ZoneInfo | None
    zone_text: str


def read_location(location_id: int, answer: Mapping[str, Any], timezone: str | None) -> Location:
    """Read the answer of `GET /location/{id}`.

    The fields stand at the top level (seen) or under `Location` (expected by one client): both are read.

    Args:
        location_id: The id that was asked for.
        answer: Booker's answer.
        timezone: IANA name that overrides Booker's zone, or None.
    """
    nested = answer.get("Location")
    fields = nested if isinstance(nested, Mapping) else answer
    stated = fields.get("TimeZone")
    stated = stated if isinstance(stated, Mapping) else {"Name": stated}
    texts = list(filter(None, (_plain(stated.get(key)) for key in ("StandardName", "Name"))))
    zone = ZoneInfo(timezone) if timezone else next(filter(None, map(find_zone, texts)), None)
    name = _plain(fields.get("BusinessName")) or _plain(fields.get("AccountName"))
    return Location(location_id, name, zone, " / ".join(texts) or "none")


def status_text(answer: Mapping[str, Any]) -> str:
    """Booker's status of a location in words (its numbers are seen); never more than it says."""
    nested = answer.get("Location")
    status = (nested if isinstance(nested, Mapping) else answer).get("Status")
    if isinstance(status, Mapping):
        status = status.get("Name") or status.get("ID")
    if isinstance(status, int) and not isinstance(status, bool):
        return STATUS.get(str(status), f"number {status}")
    text = _plain(status)
    return STATUS.get(text, text) or "not stated"


def _plain(text: object) -> str:
    """A text of Booker's, without the signs that would move a terminal's cursor or turn the direction."""
    return "".join(sign for sign in text if sign.isprintable()).strip() if isinstance(text, str) else ""


def find_zone(text: str) -> ZoneInfo | None:
    """Find the IANA zone of a Windows id, of a Windows display text, or of an IANA name.

    Args:
        text: `Central Standard Time` or `(GMT-06:00) Central Time (US & Canada)` or `America/Chicago`.

    Returns:
        The zone, or None: never a bare offset, which would be wrong for half of the year.
    """
    plain = " ".join(_OFFSET_IN_FRONT.sub("", text.strip()).split()).replace("US and Canada", "US & Canada")
    found = _BY_NAME.get(plain.casefold()) or _BY_NAME.get(text.strip().casefold())
    return ZoneInfo(found) if found else known_zone(text)


def known_zone(name: str) -> ZoneInfo | None:
    """Find an IANA zone by its name; None when there is no such zone."""
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
