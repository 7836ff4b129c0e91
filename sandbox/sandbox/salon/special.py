"""The people on whom integrations break: each is in every salon, under a name, in `Salon.people`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.salon.model import Address

if TYPE_CHECKING:
    from sandbox.salon.model import Location, Person
    from sandbox.salon.salon import Salon

GROUP_MONTHS = 3
US_ZONE_SHIFT = (
    (3, 8, 2, 30),
    (11, 1, 1, 30),
)  # earliest day of the second/first Sunday, and the wall clock asked about


class _Cast:
    """Adds people with an age of a year and a visit some days ago."""

    def __init__(self, salon: Salon, place: Location) -> None:
        self.salon, self.place, self.now = salon, place, salon.clock.now
        self.since = self.now - timedelta(days=400)

    def add(self, key: str, first: str, last: str, *, days_ago: int | None = 20, **fields: Any) -> Person:
        fields.setdefault("email", f"{key.replace('_', '.')}@example.com")
        fields.setdefault("address", Address("1 Main St", None, "Chicago", "IL", "60601"))
        person = self.salon.add_customer(
            location_id=self.place.id, at=self.since, first=first, last=last, **fields
        )
        self.salon.people[key] = person
        if days_ago is not None:
            self.salon.visit(person, self.now - timedelta(days=days_ago))
        return person

    def local(self, day: date, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute, fold=fold), self.place.zone).astimezone(UTC)


def cast_special_people(salon: Salon, place: Location) -> None:
    """Put every special person of the sandbox into the salon, at one location."""
    cast = _Cast(salon, place)
    _households(cast)
    _records(cast)
    _desk(cast)
    _bounds(cast)
    _daylight_saving(cast)
    _names(cast)


def _households(cast: _Cast) -> None:
    shared = {"email": "garcia.family@example.com", "cell": "3125550111"}
    cast.add("family_mother", "Lucía", "García", days_ago=10, **shared)
    cast.add("family_father", "Mateo", "García", days_ago=45, **shared)
    cast.add("family_child", "Sofía", "García", days_ago=120, **shared)
    cast.add("twice_first", "Katherine", "Johnson", days_ago=200, email="kate@example.com", cell="3125550112")
    cast.add("twice_second", "Kate", "Johnson", days_ago=12, email="Kate@Example.com", cell="(312) 555-0112")


def _records(cast: _Cast) -> None:
    cast.add("unreachable", "Walter", "Walk-In", email=None)
    cast.add("born_before_1970", "Henry", "Elder", birthday=date(1950, 2, 28), cell="3125550113")
    cast.add("no_visit", "Nora", "Newcomer", days_ago=None, cell="3125550114")
    cast.add("lapsing_member", "Marcus", "Member", member=True, cell="3125550115")
    cast.add("opted_out", "Olivia", "Quiet", allow_emails=False, allow_sms=False, cell="3125550116")
    cast.add("inactive", "Ian", "Inactive", active=False, cell="3125550117")
    cast.add("forgotten", "Frida", "Forgotten", forgotten=True, cell="3125550118")
    cast.add("no_address", "Ada", "Nowhere", address=None, cell="3125550119")


def _desk(cast: _Cast) -> None:
    salon, now = cast.salon, cast.now
    missed = cast.add("no_show", "Noah", "Noshow", days_ago=150, cell="3125550120")
    salon.no_show(
        salon.book(missed, now - timedelta(days=5), at=now - timedelta(days=9)), at=now - timedelta(days=5)
    )
    undone = cast.add("undone_check_in", "Ursula", "Undone", days_ago=None, cell="3125550121")
    click = salon.visit(undone, now - timedelta(days=4))
    salon.undo_check_in(click, at=now - timedelta(days=4) + timedelta(minutes=3))
    paid = cast.add("paid_without_check_in", "Paloma", "Paid", days_ago=None, cell="3125550122")
    straight = salon.book(paid, now - timedelta(days=6), at=now - timedelta(days=8))
    salon.pay(straight, at=straight.end)
    called_off = cast.add("cancelled_after_check_in", "Carlos", "Calledoff", days_ago=130, cell="3125550123")
    salon.cancel(salon.visit(called_off, now - timedelta(days=3)), at=now - timedelta(days=2))
    ahead = cast.add("booked_ahead", "Bea", "Booked", days_ago=30, cell="3125550124")
    salon.book(ahead, now + timedelta(days=7), at=now - timedelta(days=1))
    guest = salon.book(None, now - timedelta(days=2), at=now - timedelta(days=3), location_id=cast.place.id)
    salon.check_in(guest, at=guest.start)


def _bounds(cast: _Cast) -> None:
    """Last visits on the very day three calendar months ago, and minutes before that day began."""
    bound = months_before(cast.now.astimezone(cast.place.zone).date(), GROUP_MONTHS)
    on_bound = cast.add("on_bound", "Bianca", "Bound", days_ago=None, cell="3125550125")
    cast.salon.visit(on_bound, cast.local(bound, 12))
    before = cast.add("before_bound", "Bruno", "Beyond", days_ago=None, cell="3125550126")
    cast.salon.visit(before, cast.local(bound - timedelta(days=1), 23, 50))


def months_before(day: date, months: int) -> date:
    """The same day some calendar months earlier, clamped at the month's end."""
    index = day.year * 12 + day.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    next_first = (first + timedelta(days=31)).replace(day=1)
    return min(first + timedelta(days=day.day - 1), next_first - timedelta(days=1))


def _daylight_saving(cast: _Cast) -> None:
    """A visit at 02:30 on the day the United States skip that hour, and at 01:30 on the day they repeat it.

    Where the location itself skips the hour, the visit is at the first wall clock after it; where it repeats
    the hour, the visit is in the second pass. Elsewhere the digits are real, and only Booker's Eastern clock
    trips over them.
    """
    today = cast.now.astimezone(cast.place.zone).date() - timedelta(days=2)
    for key, first, (month, day, hour, minute) in zip(
        ("dst_skipped_hour", "dst_repeated_hour"), ("Skip", "Echo"), US_ZONE_SHIFT, strict=True
    ):
        sunday = _last_sunday_from(today, month, day)
        person = cast.add(
            key, first, "Saving", days_ago=None, cell="3125550127" if first == "Skip" else "3125550128"
        )
        person.created = person.modified = min(person.created, cast.local(sunday, 0) - timedelta(days=30))
        cast.salon.visit(person, cast.local(sunday, hour, minute, fold=1 if first == "Echo" else 0))


def _last_sunday_from(today: date, month: int, day: int) -> date:
    """The last Sunday on or next after that month and day which is not later than today."""
    for year in (today.year, today.year - 1):
        start = date(year, month, day)
        sunday = start + timedelta(days=(6 - start.weekday()) % 7)
        if sunday <= today:
            return sunday
    raise ValueError(today)


def _names(cast: _Cast) -> None:
    cast.add("quotes", 'Conan "The\\Barber"', "O'Brien", cell="3125550129")
    cast.add("emoji", "Zoë 💅🏽", "Sparkle✨", cell="3125550130")
    cast.add("right_to_left", "\u05e9\u05e8\u05d4", "\u0627\u0644\u062d\u0633\u0646", cell="3125550131")
    cast.add("script", "<script>alert('hi')</script>", "Tables'); DROP TABLE--", cell="3125550132")
