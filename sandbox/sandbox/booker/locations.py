"""A location as Booker shows it, its zone by Windows name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.booker.switches import BookerSwitches
    from sandbox.salon.model import Location

# IANA name: (number, display text, Windows id). The numbers are invented, the texts are Windows' own.
WINDOWS = {
    "America/New_York": (8, "(GMT-05:00) Eastern Time (US & Canada)", "Eastern Standard Time"),
    "America/Chicago": (10, "(GMT-06:00) Central Time (US & Canada)", "Central Standard Time"),
    "America/Denver": (12, "(GMT-07:00) Mountain Time (US & Canada)", "Mountain Standard Time"),
    "America/Phoenix": (13, "(GMT-07:00) Arizona", "US Mountain Standard Time"),
    "America/Los_Angeles": (14, "(GMT-08:00) Pacific Time (US & Canada)", "Pacific Standard Time"),
    "Europe/London": (
        27,
        "(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London",
        "GMT Standard Time",
    ),
    "Asia/Kolkata": (51, "(GMT+05:30) Chennai, Kolkata, Mumbai, New Delhi", "India Standard Time"),
}
_MONEY = {"US": "USD", "GB": "GBP", "IN": "INR"}
_LIVE = 4


def record(place: Location, switches: BookerSwitches) -> dict[str, Any]:
    """The location's fields, without the envelope."""
    number, text, standard = WINDOWS.get(place.zone.key, (99, place.zone.key, place.zone.key))
    return {
        "ID": place.id,
        "AccountName": "sandboxspa",
        "BrandAccountName": "sandboxspa",
        "BusinessName": place.name,
        "BusinessType": {"ID": 1, "Name": "Spa"},
        "Address": {"Street1": "1 Sandbox Way", "City": "Sandbox", "State": "IL", "Zip": "60601"},
        "Phone": "3125550100",
        "EmailAddress": "desk@example.com",
        "WebSite": None,
        "CurrencyCode": _MONEY[place.country],
        "Status": _LIVE,
        "TimeZone": {
            "ID": number,
            "Name": text,
            "StandardName": standard if switches.standard_zone_name else None,
        },
    }
