from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_booker.dates import EASTERN, birthday, from_plain, instant, to_plain
from tap_booker.errors import UnknownZoneError

UNHURRIED = settings(deadline=None)
ZONES = [
    ZoneInfo(name)
    for name in ("America/New_York", "America/Chicago", "America/Phoenix", "Europe/London", "Asia/Kolkata")
]
CHICAGO = ZONES[1]
MOMENTS = st.integers(631152000, 2051222400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
# The hours around both changes of the clock in Eastern and in London, where all traps lie.
CHANGES = [
    datetime(2025, 3, 9, tzinfo=UTC),
    datetime(2025, 11, 2, tzinfo=UTC),
    datetime(2025, 3, 30, tzinfo=UTC),
]
NEAR_CHANGES = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-600, 1800)
)


def _eastern_skips(moment: datetime, zone: ZoneInfo) -> bool:
    digits = moment.astimezone(zone).replace(tzinfo=EASTERN)
    return digits.astimezone(UTC).astimezone(EASTERN).replace(tzinfo=None) != digits.replace(tzinfo=None)


def _zone_repeats(moment: datetime, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@UNHURRIED
@given(moment=st.one_of(MOMENTS, NEAR_CHANGES), zone=st.sampled_from(ZONES))
def test_an_instant_survives_the_plain_form_except_in_the_hour_that_eastern_skips(
    moment: datetime, zone: ZoneInfo
) -> None:
    back = from_plain(to_plain(moment, zone), zone)
    assert back is not None
    if _eastern_skips(moment, zone):
        assert back - moment == timedelta(hours=1)
    elif _zone_repeats(moment, zone) and not _zone_repeats(moment, EASTERN):
        assert abs(back - moment) <= timedelta(hours=1)
    else:
        assert back == moment


@UNHURRIED
@given(moment=st.one_of(MOMENTS, NEAR_CHANGES))
def test_new_york_needs_no_change_not_even_in_the_repeated_hour(moment: datetime) -> None:
    assert from_plain(to_plain(moment, EASTERN), EASTERN) == moment
    assert to_plain(moment, EASTERN) == f"/Date({int(moment.timestamp() * 1000)})/"


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("/Date(1741960800000-0400)/", "America/New_York", "2025-03-14T14:00:00+00:00"),
        ("/Date(1741960800000-0400)/", "America/Chicago", "2025-03-14T15:00:00+00:00"),
        ("/Date(1741960800000)/", "America/Chicago", "2025-03-14T15:00:00+00:00"),
        ("/Date(1736953200000)/", "America/Chicago", "2025-01-15T16:00:00+00:00"),
        ("/Date(1741960800000+0530)/", "Asia/Kolkata", "2025-03-14T04:30:00+00:00"),
        ("/Date(1741960800000-0400)/", "America/Phoenix", "2025-03-14T17:00:00+00:00"),
        ("/Date(1741960800000-0400)/", "Europe/London", "2025-03-14T10:00:00+00:00"),
        ("/Date(-86400000)/", "America/New_York", "1969-12-31T00:00:00+00:00"),
    ],
)
def test_the_eastern_rule(text: str, zone: str, expected: str) -> None:
    moment = from_plain(text, ZoneInfo(zone))
    assert moment is not None
    assert moment.isoformat() == expected


def test_the_twin_goes_before_the_plain_form() -> None:
    row = {"DateCheckIn": "/Date(1741960512000-0400)/", "DateCheckInOffset": "2025-03-14T09:55:12-05:00"}
    assert instant(row, "DateCheckIn", CHICAGO) == datetime(2025, 3, 14, 14, 55, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "twin", ["2025-03-14T09:55:12-0500", "2025-03-14T14:55:12Z", "2025-03-14T09:55:12.0000000-05:00"]
)
def test_twins_are_read_in_every_iso_form(twin: str) -> None:
    assert instant({"XOffset": twin}, "X", None) == datetime(2025, 3, 14, 14, 55, 12, tzinfo=UTC)


@pytest.mark.parametrize("twin", [None, "", "nonsense", 5, {}])
def test_an_unusable_twin_falls_back_to_the_plain_form(twin: object) -> None:
    row = {"X": "/Date(1741960800000-0400)/", "XOffset": twin}
    assert instant(row, "X", CHICAGO) == datetime(2025, 3, 14, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "row",
    [
        {"X": "/Date(-62135578800000-0500)/"},
        {"X": "/Date(-62135596800000)/"},
        {"X": "/Date(-99999999999999999)/"},
        {"XOffset": "0001-01-01T00:00:00-05:00"},
        {"XOffset": "0001-01-01T00:00:00+05:30"},
        {"XOffset": "1900-01-01T00:00:00-05:00"},
        {"X": None},
        {},
    ],
)
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_empty_dates_are_null(row: dict[str, object], zone: ZoneInfo) -> None:
    assert instant(row, "X", zone) is None


def test_a_plain_date_without_a_known_zone_asks_for_the_setting() -> None:
    with pytest.raises(UnknownZoneError, match="BKR-104"):
        instant({"X": "/Date(1741960800000)/"}, "X", None)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"DateOfBirth": "/Date(583992000000-0400)/"}, date(1988, 7, 4)),
        ({"DateOfBirthOffset": "1988-07-04T00:00:00+13:00"}, date(1988, 7, 4)),
        ({"DateOfBirthOffset": "1988-07-04"}, date(1988, 7, 4)),
        ({"DateOfBirth": "/Date(-306702000000-0500)/"}, date(1960, 4, 13)),
        ({"DateOfBirth": "/Date(380437200000-0500)/"}, date(1982, 1, 21)),
        # .NET counts 10 April 1980 as daylight saving time, the zone database rightly does not.
        ({"DateOfBirth": "/Date(324187200000-0400)/"}, date(1980, 4, 10)),
        ({"DateOfBirth": "/Date(-62135578800000-0500)/"}, None),
        ({"DateOfBirthOffset": "0001-01-01T00:00:00+00:00"}, None),
        ({"DateOfBirth": None, "DateOfBirthOffset": ""}, None),
        ({}, None),
    ],
)
def test_birthdays_stay_calendar_dates(row: dict[str, object], expected: date | None) -> None:
    for zone in (*ZONES, None):
        assert birthday(row, zone) == expected


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("shown_in", [*ZONES, UTC], ids=str)
@pytest.mark.parametrize("with_plain", [True, False])
def test_a_birthday_is_the_same_whatever_offset_its_twin_shows(
    zone: ZoneInfo, shown_in: tzinfo, *, with_plain: bool
) -> None:
    day = date(1961, 7, 4)
    twin = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(shown_in)
    eastern = datetime(day.year, day.month, day.day, tzinfo=EASTERN)
    plain = {"DateOfBirth": to_plain(eastern, EASTERN)} if with_plain else {}
    assert birthday({"DateOfBirthOffset": twin.isoformat(), **plain}, zone) == day


@UNHURRIED
@given(day=st.dates(date(1905, 1, 1), date(2030, 1, 1)))
def test_every_eastern_midnight_is_that_birthday(day: date) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=EASTERN)
    assert birthday({"DateOfBirth": to_plain(midnight, EASTERN)}, EASTERN) == day
