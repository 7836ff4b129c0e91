"""One believable hour at the front desk, the same for the same seed and the same books."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.salon.build import person_fields

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.salon.model import Appointment, Person
    from sandbox.salon.salon import Salon


@dataclass
class News:
    """Ids of what happened: customers that are new or edited, appointments checked in or undone."""

    new: list[int] = field(default_factory=list)
    edited: list[int] = field(default_factory=list)
    checked_in: list[int] = field(default_factory=list)
    undone: list[int] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The ids, and how many of each."""
        ids = asdict(self)
        return {**ids, "counts": {name: len(found) for name, found in ids.items()}}


def hour_of_news(salon: Salon, seed: int) -> News:
    """Make three new contacts, four edits, six check-ins and one undone check-in within the last hour."""
    rng = Random(f"{seed}/{salon.clock.now.isoformat()}")  # noqa: S311 - a seeded salon; nothing here is secret
    news = News()
    settled = [
        p for p in salon.customers.values() if p.active and not p.forgotten and p not in salon.people.values()
    ]
    news.undone = _undo(salon, rng)
    news.new = [_newcomer(salon, rng) for _ in range(3)]
    chosen = rng.sample(settled, min(10, len(settled)))
    news.edited = [_edit(salon, person, rng) for person in chosen[:4]]
    guests = [*chosen[4:9], salon.customers[news.new[0]]]
    news.checked_in = [_check_in(salon, person, rng) for person in guests]
    return news


def _moment(salon: Salon, rng: Random) -> datetime:
    return salon.clock.now - timedelta(seconds=rng.randrange(30, 3570))


def _newcomer(salon: Salon, rng: Random) -> int:
    place = rng.choice(list(salon.locations.values()))
    fields = person_fields(place, rng, len(salon.customers))
    fields["cell"] = fields["cell"] or f"{rng.randrange(2, 9)}025550{rng.randrange(100, 200)}"
    return salon.add_customer(location_id=place.id, at=_moment(salon, rng), **fields).id


def _edit(salon: Salon, person: Person, rng: Random) -> int:
    change: dict[str, Any] = rng.choice(
        (
            {"city": "Newtown"},
            {"street": f"{rng.randrange(1, 99)} Moved Ave"},
            {"last": "Newlywed"},
            {"member": True},
        )
    )
    return salon.edit_customer(person, at=_moment(salon, rng), **change).id


def _check_in(salon: Salon, person: Person, rng: Random) -> int:
    """A guest who booked earlier (in the hour, when the record is no older) comes in."""
    came = _moment(salon, rng)
    booked = max(person.created, came - timedelta(days=3))
    made = salon.book(person, came + timedelta(minutes=rng.randrange(-5, 10)), at=min(booked, came))
    return salon.check_in(made, at=came).id


def _undo(salon: Salon, rng: Random) -> list[int]:
    """Take back one check-in, of the last three days if there is one, else the newest there is."""
    special = {person.id for person in salon.people.values()}
    recent = [
        a
        for a in salon.appointments.values()
        if a.checked_in and not a.cancelled and a.customer_id not in special
    ]
    recent.sort(key=_checked_in_at)
    since = salon.clock.now - timedelta(days=3)
    fresh = [a for a in recent if _checked_in_at(a) >= since] or recent[-1:]
    return [salon.undo_check_in(rng.choice(fresh), at=_moment(salon, rng)).id] if fresh else []


def _checked_in_at(made: Appointment) -> datetime:
    """The check-in of an appointment that has one."""
    if made.checked_in is None:
        raise ValueError(made.id)
    return made.checked_in
