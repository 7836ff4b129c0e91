"""Booker's two ways to write a date, against what is known and against each other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.booker.dates import EASTERN, as_eastern, dotnet, from_eastern, read_dotnet, read_iso

if TYPE_CHECKING:
    from collections.abc import Callable

ZONES = ("America/New_York", "America/Chicago", "America/Phoenix", "Europe/London", "Asia/Kolkata")
CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("zone", "instant", "shown"),
    [
        ("America/New_York", datetime(2025, 3, 14, 14, tzinfo=UTC), 1741960800000),
        ("America/Chicago", datetime(2025, 3, 14, 15, tzinfo=UTC), 1741960800000),
        ("America/Chicago", datetime(2025, 1, 15, 16, tzinfo=UTC), 1736953200000),
        ("Asia/Kolkata", datetime(2025, 3, 14, 4, 30, tzinfo=UTC), 1741960800000),
    ],
)
def test_the_eastern_rule_keeps_the_digits_of_the_wall_clock(
    zone: str, instant: datetime, shown: int
) -> None:
    assert read_dotnet(f"/Date({shown})/") == as_eastern(instant, ZoneInfo(zone))
    assert from_eastern(as_eastern(instant, ZoneInfo(zone)), ZoneInfo(zone)) == instant


def test_the_offset_is_new_yorks_and_changes_with_the_season() -> None:
    assert dotnet(datetime(1982, 1, 21, 5, tzinfo=UTC)) == "/Date(380437220000-0500)/".replace(
        "220000", "200000"
    )
    assert dotnet(datetime(2025, 7, 1, tzinfo=UTC)).endswith("-0400)/")


def test_an_hour_that_new_york_skips_arrives_an_hour_later() -> None:
    phoenix = ZoneInfo("America/Phoenix")
    shown = as_eastern(datetime(2025, 3, 9, 2, 30, tzinfo=phoenix), phoenix).astimezone(EASTERN)
    assert (shown.hour, shown.minute) == (3, 30)


def test_an_hour_that_new_york_repeats_means_its_first_pass() -> None:
    second = datetime(2025, 11, 2, 1, 30, tzinfo=CHICAGO, fold=1)
    first = datetime(2025, 11, 2, 1, 30, tzinfo=CHICAGO)
    assert as_eastern(second, CHICAGO) == as_eastern(first, CHICAGO)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001 - made aware below
def test_the_digits_in_new_york_are_those_of_the_salon_unless_skipped(naive: datetime, zone: str) -> None:
    instant = naive.replace(tzinfo=UTC)
    wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    digits = as_eastern(instant, ZoneInfo(zone)).astimezone(EASTERN).replace(tzinfo=None)
    assert digits - wall in {timedelta(0), timedelta(hours=1)}


@given(st.text(max_size=40))
def test_no_text_breaks_the_readers(text: str) -> None:
    for read in (read_dotnet, read_iso):
        try:
            assert read(text).tzinfo is not None
        except ValueError:
            continue


def stamps(booker: Any) -> dict[str, Any]:
    person = booker.box.salon.people["family_mother"]
    shown: dict[str, Any] = booker.customer(person)
    return shown


def test_a_birthday_is_midnight_in_new_york_and_may_be_before_1970(booker: Any) -> None:
    person = booker.box.salon.people["born_before_1970"]
    shown = booker.customer(person)
    assert shown["DateOfBirth"] == "/Date(-626122800000-0500)/"
    assert shown["DateOfBirthOffset"] == "1950-02-28T00:00:00-06:00"
    assert person.birthday == date(1950, 2, 28)


def test_twins_may_be_missing(booker: Any) -> None:
    booker.box.booker.switches.offset_twins = "none"
    assert "DateCreated" in stamps(booker)
    assert not [name for name in stamps(booker) if name.endswith("Offset")]


def test_twins_may_show_the_servers_offset(booker: Any) -> None:
    before = stamps(booker)["DateCreatedOffset"]
    booker.box.booker.switches.twin_offset = "server"
    after = stamps(booker)["DateCreatedOffset"]
    assert (before[-6:], after[-6:]) == ("-06:00", "-05:00")
    assert datetime.fromisoformat(before) == datetime.fromisoformat(after)


def test_server_stamps_may_be_true_time_but_scheduled_times_never_are(booker: Any) -> None:
    booker.box.booker.switches.server_stamps = "true_time"
    shown = booker.appointments()[0]
    assert read_dotnet(shown["DateCheckIn"]) == datetime.fromisoformat(shown["DateCheckInOffset"])
    start = datetime.fromisoformat(shown["StartDateTimeOffset"])
    assert read_dotnet(shown["StartDateTime"]) == as_eastern(start, CHICAGO)


def test_filters_on_server_stamps_follow_the_same_rule(booker: Any) -> None:
    made = booker.box.salon.add_customer(first="New")
    true = {"FromDateLastModified": "/Date(1772463600000)/"}  # the clock's now, in true time
    assert booker.ids(**true) == set()
    booker.box.booker.switches.server_stamps = "true_time"
    assert booker.ids(**true) == {made.id}


def test_dates_may_come_without_an_offset_and_empty_ones_as_year_one(booker: Any) -> None:
    switches = booker.box.booker.switches
    switches.dotnet_offset, switches.empty_dates = False, "year_one"
    shown = stamps(booker)
    assert shown["DateCreated"] == dotnet(
        as_eastern(datetime.fromisoformat(shown["DateCreatedOffset"]), CHICAGO), with_offset=False
    )
    assert shown["AnniversaryDate"] == "/Date(-62135578800000-0500)/"


@pytest.mark.parametrize("zone", ZONES)
def test_special_people_stand_in_every_zone(zone: str, booker_of: Callable[[Sandbox], Any]) -> None:
    with Sandbox(contacts=0, zone=zone) as box:
        booker = booker_of(box)
        for row in booker.appointments():
            start = datetime.fromisoformat(row["StartDateTimeOffset"])
            assert read_dotnet(row["StartDateTime"]) == as_eastern(start, ZoneInfo(zone))
        assert booker.get("/v4.1/merchant/location/3749").json()["TimeZone"]["StandardName"]
