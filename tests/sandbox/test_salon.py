"""The salon: the same for the same seed, believable, and ready to make news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest

from sandbox import Sandbox
from sandbox.clock import Clock

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_the_same_seed_makes_the_same_salon_and_another_seed_another() -> None:
    first, again, other = (Sandbox(contacts=80, seed=seed).salon for seed in (7, 7, 8))
    assert first.customers == again.customers
    assert first.appointments == again.appointments
    assert first.customers != other.customers


def test_groups_are_mixed_over_two_years_and_bookings_lie_ahead() -> None:
    salon = Sandbox(contacts=500).salon
    lasts = [salon.last_visit(person) for person in salon.customers.values()]
    recent = [last for last in lasts if last and last > NOW - timedelta(days=90)]
    past = [last for last in lasts if last and last <= NOW - timedelta(days=90)]
    assert min(len(recent), len(past), lasts.count(None)) >= 25
    starts = [made.start for made in salon.appointments.values()]
    assert min(starts) < NOW - timedelta(days=600)
    assert max(starts) > NOW + timedelta(days=10)
    assert {made.is_visit for made in salon.appointments.values() if made.start > NOW} == {False}


def test_phones_and_emails_are_mostly_ones_own_and_sometimes_missing() -> None:
    people = Sandbox(contacts=2000).salon.customers.values()
    phones = [person.cell for person in people if person.cell]
    emails = [person.email for person in people if person.email]
    assert 0.85 < len(phones) / 2000 < 0.99
    assert 0.85 < len(emails) / 2000 < 0.97
    assert 0.98 < len(set(phones)) / len(phones) < 1


def test_two_thousand_contacts_are_built_in_a_moment() -> None:
    start = perf_counter()
    Sandbox(contacts=2000)
    assert perf_counter() - start < 5


@pytest.mark.slow
def test_fifty_thousand_contacts_are_built_in_seconds() -> None:
    start = perf_counter()
    assert len(Sandbox(contacts=50_000).salon.customers) == 50_000
    assert perf_counter() - start < 60


def test_an_hour_of_news_is_within_the_hour_and_leaves_the_clock() -> None:
    box = Sandbox(contacts=200)
    box.clock.advance(timedelta(hours=1))
    now = box.clock.now
    news = box.salon.hour_of_news(1)
    assert box.clock.now == now
    assert [len(ids) for ids in (news.new, news.edited, news.checked_in, news.undone)] == [3, 4, 6, 1]
    stamps = [box.salon.customers[key].modified for key in (*news.new, *news.edited)]
    stamps += [box.salon.appointments[key].desk_stamp or now for key in (*news.checked_in, *news.undone)]
    assert all(now - timedelta(hours=1) <= stamp <= now for stamp in stamps)
    assert all(box.salon.customers[key].email or box.salon.customers[key].cell for key in news.new)


def test_the_same_news_happen_for_the_same_seed_and_hour() -> None:
    first, again = Sandbox(contacts=100), Sandbox(contacts=100)
    assert first.salon.hour_of_news(4) == again.salon.hour_of_news(4)
    assert first.salon.customers == again.salon.customers
    assert Sandbox(contacts=100).salon.hour_of_news(5) != Sandbox(contacts=100).salon.hour_of_news(4)


def test_an_undone_check_in_of_the_news_takes_a_real_visit_back() -> None:
    box = Sandbox(contacts=200)
    before = {key: made.checked_in for key, made in box.salon.appointments.items()}
    (undone,) = box.salon.hour_of_news(2).undone
    assert before[undone] is not None
    assert box.salon.appointments[undone].checked_in is None


def test_edits_are_stamped_and_reach_into_the_address() -> None:
    box = Sandbox(contacts=0)
    box.clock.advance(timedelta(minutes=5))
    person = box.salon.edit_customer(box.salon.people["no_address"], city="Oak Park", email="ada@example.org")
    assert (person.address and person.address.city, person.email) == ("Oak Park", "ada@example.org")
    assert person.modified == box.clock.now
    with pytest.raises(AttributeError, match="shoe_size"):
        box.salon.edit_customer(person, shoe_size=44)


def test_a_removed_customer_leaves_no_tombstone_and_ids_are_never_used_again() -> None:
    salon = Sandbox(contacts=0).salon
    last = max(salon.customers)
    salon.remove_customer(last)
    assert last not in salon.customers
    assert salon.add_customer(first="New").id == last + 1


def test_the_clock_wants_a_zone_and_stands_still() -> None:
    with pytest.raises(ValueError, match="zone"):
        Clock(datetime(2026, 3, 2))  # noqa: DTZ001 - that is what is refused
    clock = Clock(NOW)
    assert clock.advance(timedelta(hours=1)) == clock.now == NOW + timedelta(hours=1)
    clock.set(NOW)
    assert clock.now == NOW
