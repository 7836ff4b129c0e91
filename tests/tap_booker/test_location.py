from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tap_booker.location import find_zone, read_location
from tap_booker.windows_labels import WINDOWS_ID_OF
from tap_booker.windows_zones import IANA_OF


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Central Standard Time", "America/Chicago"),
        ("US Mountain Standard Time", "America/Phoenix"),
        ("GMT Standard Time", "Europe/London"),
        ("India Standard Time", "Asia/Kolkata"),
        ("(GMT-06:00) Central Time (US & Canada)", "America/Chicago"),
        ("(UTC-06:00) Central Time (US &  Canada)", "America/Chicago"),
        ("(GMT-05:00) Eastern Time (US and Canada)", "America/New_York"),
        ("(GMT-07:00) Arizona", "America/Phoenix"),
        ("(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/London"),
        ("(GMT+05:30) Chennai, Kolkata, Mumbai, New Delhi", "Asia/Kolkata"),
        ("(UTC) Coordinated Universal Time", "Etc/UTC"),
        ("America/Chicago", "America/Chicago"),
    ],
)
def test_zones_are_found_by_windows_id_and_by_what_windows_shows(text: str, expected: str) -> None:
    zone = find_zone(text)
    assert zone is not None
    assert zone.key == expected


@pytest.mark.parametrize(
    "text", ["(GMT-06:00)", "(GMT-06:00) Middle Earth", "", "../etc/passwd", "Mars/Olympus"]
)
def test_an_unknown_zone_is_never_guessed_from_its_offset(text: str) -> None:
    assert find_zone(text) is None


def test_every_zone_of_the_tables_exists() -> None:
    assert all(ZoneInfo(name) for name in IANA_OF.values())
    assert set(WINDOWS_ID_OF.values()) <= set(IANA_OF)


STATED = {"ID": 10, "Name": "(GMT-06:00) Central Time (US & Canada)", "StandardName": "Central Standard Time"}


@pytest.mark.parametrize(
    "answer",
    [
        {"BusinessName": "Downtown Spa", "TimeZone": STATED},
        {"Location": {"BusinessName": "Downtown Spa", "TimeZone": STATED}},
        {"BusinessName": "Downtown Spa", "TimeZone": {**STATED, "StandardName": None}},
        {"BusinessName": "Downtown Spa", "TimeZone": {**STATED, "Name": "unheard of"}},
        {"BusinessName": None, "AccountName": "Downtown Spa", "TimeZone": "Central Standard Time"},
    ],
)
def test_a_location_is_read_in_every_form(answer: dict[str, Any]) -> None:
    location = read_location(3749, answer, None)
    assert location.name == "Downtown Spa"
    assert location.zone == ZoneInfo("America/Chicago")


def test_the_setting_overrides_the_zone() -> None:
    assert read_location(1, {"TimeZone": STATED}, "Europe/London").zone == ZoneInfo("Europe/London")
    assert read_location(1, {"TimeZone": None}, None).zone is None
