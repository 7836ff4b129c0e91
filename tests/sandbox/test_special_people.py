"""The people on whom integrations break stand where they should."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from sandbox import Sandbox
from sandbox.salon.special import months_before

if TYPE_CHECKING:
    from sandbox.salon import Appointment, Salon

ZONES = ("America/New_York", "America/Chicago", "America/Phoenix", "Europe/London", "Asia/Kolkata")


@pytest.fixture(scope="module")
def salon() -> Salon:
    return Sandbox(contacts=0).salon


def only(salon: Salon, key: str) -> Appointment:
    (made,) = salon.by_customer[salon.people[key].id]
    return made


def test_a_salon_of_nobody_has_the_special_people(salon: Salon) -> None:
    assert set(salon.customers) == {person.id for person in salon.people.values()}


def test_a_family_of_three_shares_phone_and_email(salon: Salon) -> None:
    family = [salon.people[f"family_{who}"] for who in ("mother", "father", "child")]
    assert len({(person.email, person.cell) for person in family}) == 1
    assert len({person.first for person in family}) == 3


def test_one_person_has_two_records(salon: Salon) -> None:
    first, second = salon.people["twice_first"], salon.people["twice_second"]
    assert first.id != second.id
    assert (first.email or "").lower() == (second.email or "").lower()


def test_somebody_can_be_reached_by_nothing(salon: Salon) -> None:
    person = salon.people["unreachable"]
    assert (person.email, person.cell, person.home, person.work) == (None, None, None, None)


def test_records_of_every_state_are_there(salon: Salon) -> None:
    people = salon.people
    assert people["born_before_1970"].birthday == date(1950, 2, 28)
    assert salon.last_visit(people["no_visit"]) is None
    assert people["lapsing_member"].member
    assert people["forgotten"].forgotten
    assert not people["inactive"].active
    assert not people["opted_out"].allow_emails
    assert people["no_address"].address is None


def test_desk_stories_are_there(salon: Salon) -> None:
    assert any(made.no_show for made in salon.by_customer[salon.people["no_show"].id])
    undone = only(salon, "undone_check_in")
    assert (undone.checked_in, undone.desk_stamp is not None) == (None, True)
    paid = only(salon, "paid_without_check_in")
    assert (paid.checked_in, paid.complete, paid.is_visit) == (None, True, True)
    off = salon.by_customer[salon.people["cancelled_after_check_in"].id][-1]
    assert (off.cancelled, off.checked_in is not None, off.is_visit) == (True, True, False)


@pytest.mark.parametrize("zone", ZONES)
def test_last_visits_lie_on_the_bound_and_just_before_it(zone: str) -> None:
    salon = Sandbox(contacts=0, zone=zone, now=datetime(2026, 5, 31, 15, tzinfo=UTC)).salon
    days = []
    for key in ("on_bound", "before_bound"):
        last = salon.last_visit(salon.people[key])
        assert last is not None
        days.append(last.astimezone(ZoneInfo(zone)).date())
    assert days == [date(2026, 2, 28), date(2026, 2, 27)]


def test_months_are_clamped_at_their_ends() -> None:
    assert months_before(date(2024, 5, 31), 3) == date(2024, 2, 29)
    assert months_before(date(2026, 1, 15), 3) == date(2025, 10, 15)
    assert months_before(date(2026, 3, 31), 3) == date(2025, 12, 31)


@pytest.mark.parametrize("zone", ["America/Phoenix", "Europe/London", "Asia/Kolkata"])
def test_elsewhere_the_hours_that_new_york_trips_over_are_real(zone: str) -> None:
    salon = Sandbox(contacts=0, zone=zone).salon
    skipped = only(salon, "dst_skipped_hour").start.astimezone(ZoneInfo(zone))
    repeated = only(salon, "dst_repeated_hour").start.astimezone(ZoneInfo(zone))
    assert skipped.replace(tzinfo=None) == datetime(2025, 3, 9, 2, 30)  # noqa: DTZ001 - digits on a wall
    assert repeated.replace(tzinfo=None) == datetime(2025, 11, 2, 1, 30)  # noqa: DTZ001 - digits on a wall


@pytest.mark.parametrize("zone", ["America/New_York", "America/Chicago"])
def test_where_the_clock_changes_the_visits_lie_at_the_change(zone: str) -> None:
    salon = Sandbox(contacts=0, zone=zone).salon
    skipped = only(salon, "dst_skipped_hour").start.astimezone(ZoneInfo(zone))
    repeated = only(salon, "dst_repeated_hour").start.astimezone(ZoneInfo(zone))
    assert (skipped.hour, skipped.utcoffset() != (skipped - timedelta(hours=12)).utcoffset()) == (3, True)
    assert (repeated.hour, repeated.fold) == (1, 1)


def test_names_are_as_people_write_them(salon: Salon) -> None:
    first = {key: salon.people[key].first or "" for key in ("quotes", "emoji", "right_to_left", "script")}
    assert '"' in first["quotes"]
    assert "💅" in first["emoji"]
    assert "\u05d0" <= first["right_to_left"][0] <= "\u05ea"
    assert first["script"].startswith("<script>")
