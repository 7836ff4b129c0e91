"""Builds the believable part of a salon: people with two years of visits behind them, from one seed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from sandbox.salon import names
from sandbox.salon.model import Address, Appointment, Person

if TYPE_CHECKING:
    from sandbox.salon.model import Location
    from sandbox.salon.salon import Salon

HISTORY_DAYS = 730

# Believable shares of a spa's guests and of their bookings.
WOMEN, HAS_EMAIL, HAS_BIRTHDAY, ALLOWS_EMAILS, ALLOWS_SMS = 0.75, 0.92, 0.6, 0.9, 0.85
NO_PHONE, TYPED_PHONE, SHARES_PHONE = 0.05, 0.1, 0.01
MEMBER, PAST_MEMBER, EDITED_LATER = 0.2, 0.1, 0.3
NEVER_CAME, CAME_LATELY, BOOKED_AHEAD = 0.12, 0.55, 0.2
CANCELS, MISSES = 0.04, 0.03


def populate(salon: Salon, count: int, seed: int) -> None:
    """Add `count` people to the salon, spread over its locations, the same for the same seed."""
    rng = Random(seed)  # noqa: S311 - a salon must be the same for the same seed; nothing here is secret
    places = list(salon.locations.values())
    for number in range(count):
        place = places[number % len(places)]
        _add_history(salon, _person(salon, place, rng, number), place, rng)


def person_fields(place: Location, rng: Random, number: int) -> dict[str, object]:
    """The invented attributes of one person: name, ways to reach them, address, birthday, consents."""
    female = rng.random() < WOMEN
    first = rng.choice(names.FEMALE if female else names.MALE)
    last = rng.choice(names.LAST)
    city, state, code = rng.choice(names.towns(place.zone.key))
    return {
        "first": first,
        "last": last,
        "email": _email(first, last, number) if rng.random() < HAS_EMAIL else None,
        "cell": _phone(place, rng, number),
        "address": Address(f"{rng.randrange(1, 999)} {rng.choice(names.STREETS)}", None, city, state, code),
        "birthday": date(1940, 1, 1) + timedelta(days=rng.randrange(24_000))
        if rng.random() < HAS_BIRTHDAY
        else None,
        "gender": "Female" if female else "Male",
        "allow_emails": rng.random() < ALLOWS_EMAILS,
        "allow_sms": rng.random() < ALLOWS_SMS,
        "member": rng.random() < MEMBER,
        "loyalty_points": rng.randrange(400),
    }


def _email(first: str, last: str, number: int) -> str:
    ascii_only = f"{first}.{last}".encode("ascii", "ignore").decode().lower()
    letters = "".join(c for c in ascii_only if c.isalpha() or c == ".").strip(".")
    return f"{letters}{number}@example.{('com', 'org', 'net')[number % 3]}"


def _phone(place: Location, rng: Random, number: int) -> str | None:
    """Mostly a number of one's own; now and then none, or that of somebody else in the household."""
    dice = rng.random()
    if dice < NO_PHONE:
        return None
    own = number - 1 if dice > 1 - SHARES_PHONE and number else number
    digits = names.phone(place.country, own)
    if place.country == "US" and dice < NO_PHONE + TYPED_PHONE:
        return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    return digits


def _person(salon: Salon, place: Location, rng: Random, number: int) -> Person:
    now = salon.clock.now
    created = now - timedelta(days=rng.randrange(1, HISTORY_DAYS), minutes=rng.randrange(1440))
    fields = person_fields(place, rng, number)
    person = Person(salon.next_customer_id(), place.id, created=created, modified=created, **fields)  # type: ignore[arg-type]  # one dict of fields, typed where it is made
    if rng.random() < EDITED_LATER:
        person.modified = created + (now - created) * rng.random()
    person.past_member = not person.member and rng.random() < PAST_MEMBER
    salon.keep_person(person)
    return person


def _add_history(salon: Salon, person: Person, place: Location, rng: Random) -> None:
    """Walk back from the newest visit in the person's own rhythm; some never came, some are long gone."""
    now = salon.clock.now
    dice = rng.random()
    tenure = (now - person.created).days
    if dice >= NEVER_CAME and tenure > 0:
        ago = min(rng.randrange(90) if dice < CAME_LATELY else rng.randrange(90, HISTORY_DAYS), tenure)
        rhythm = rng.randrange(20, 75)
        while ago <= tenure:
            _past(salon, person, place, rng, ago)
            ago += max(1, round(rhythm * (0.7 + 0.6 * rng.random())))
    if rng.random() < BOOKED_AHEAD:
        start = _opening(place, now + timedelta(days=rng.randrange(1, 30)), rng)
        _keep(salon, person, start, now - timedelta(days=1, minutes=rng.randrange(600)), rng)


def _opening(place: Location, day: datetime, rng: Random) -> datetime:
    """An instant of that day in opening hours (9 to 18 on the salon's wall clock)."""
    local = day.astimezone(place.zone)
    quarter = rng.randrange(36)
    wall = local.replace(hour=9 + quarter // 4, minute=quarter % 4 * 15, second=0, microsecond=0)
    return wall.astimezone(UTC)


def _keep(salon: Salon, person: Person, start: datetime, booked: datetime, rng: Random) -> Appointment:
    treatment = rng.randrange(len(names.TREATMENTS))
    return salon.keep_appointment(
        Appointment(
            salon.next_appointment_id(),
            person.location_id,
            person.id,
            start,
            booked,
            booked,
            minutes=names.TREATMENTS[treatment][1],
            treatment=treatment,
        )
    )


def _past(salon: Salon, person: Person, place: Location, rng: Random, ago: int) -> None:
    """One appointment in the past: nearly always kept, sometimes cancelled or missed."""
    start = _opening(place, salon.clock.now - timedelta(days=ago), rng)
    made = _keep(
        salon, person, start, start - timedelta(days=rng.randrange(1, 21), minutes=rng.randrange(600)), rng
    )
    if start >= salon.clock.now:
        return
    dice = rng.random()
    if dice < CANCELS:
        made.cancelled = True
        made.edited = start - timedelta(hours=2)
    elif dice < CANCELS + MISSES:
        made.no_show = made.edited = min(made.end, salon.clock.now)
    else:
        seconds = rng.randrange(-600, 300)
        made.checked_in = made.desk_stamp = min(start + timedelta(seconds=seconds), salon.clock.now)
        made.complete = made.paid = made.end < salon.clock.now
        person.desk_stamp = max(person.desk_stamp or made.checked_in, made.checked_in)
