"""The business itself: its customers, their bookings, and all that can happen at the front desk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.salon.model import Address, Appointment, Location, Person

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sandbox.clock import Clock
    from sandbox.salon.news import News

FIRST_CUSTOMER = 900_001
FIRST_APPOINTMENT = 7_700_001


class Salon:
    """A stateful salon; what changes is stamped with the salon's clock unless a method is told `at`.

    Attributes:
        clock: The salon's clock.
        locations: Its places by id.
        customers: Every customer record by id.
        appointments: Every appointment by id.
        people: The named special people, e.g. ``people["family_mother"]``.
        version: Grows with each change, so that answers may be cached in between.
    """

    def __init__(self, clock: Clock, zones: Mapping[int, ZoneInfo], country_of: Any) -> None:
        self.clock = clock
        self.locations = {
            key: Location(key, f"Sandbox Spa {key}", zone, country_of(zone.key))
            for key, zone in zones.items()
        }
        self.customers: dict[int, Person] = {}
        self.appointments: dict[int, Appointment] = {}
        self.by_customer: dict[int, list[Appointment]] = {}
        self.people: dict[str, Person] = {}
        self.version = 0
        self._last_customer_id = FIRST_CUSTOMER - 1

    def next_customer_id(self) -> int:
        """The id that the next customer record gets."""
        return self._last_customer_id + 1

    def next_appointment_id(self) -> int:
        """The id that the next appointment gets."""
        return FIRST_APPOINTMENT + len(self.appointments)

    def keep_person(self, person: Person) -> Person:
        """Put a ready-made record into the books."""
        self.customers[person.id] = person
        self._last_customer_id = max(self._last_customer_id, person.id)
        self.version += 1
        return person

    def keep_appointment(self, made: Appointment) -> Appointment:
        """Put a ready-made appointment into the books."""
        self.appointments[made.id] = made
        if made.customer_id is not None:
            self.by_customer.setdefault(made.customer_id, []).append(made)
        self.version += 1
        return made

    def add_customer(
        self, *, location_id: int | None = None, at: datetime | None = None, **fields: Any
    ) -> Person:
        """Enter a new customer.

        Args:
            location_id: Where; the first location by default.
            at: When the record was made (also its modification); the clock's now by default.
            **fields: Any field of `Person`, e.g. ``first="Dana", email="dana@example.com"``; ``modified``
            too.
        """
        made = at or fields.pop("created", None) or self.clock.now
        place = location_id or next(iter(self.locations))
        fields.setdefault("first", None)
        fields.setdefault("last", None)
        fields.setdefault("modified", made)
        return self.keep_person(Person(self.next_customer_id(), place, created=made, **fields))

    def edit_customer(self, person: Person | int, *, at: datetime | None = None, **changes: Any) -> Person:
        """Change fields of a record, and stamp the change; parts of the address go by name, like `city`."""
        who = self._person(person)
        parts = {
            name: changes.pop(name)
            for name in ("street", "street2", "city", "state", "zip")
            if name in changes
        }
        if parts:
            who.address = replace(who.address or Address(), **parts)
        for name, value in changes.items():
            if not hasattr(who, name):
                message = f"a customer has no field {name!r}"
                raise AttributeError(message)
            setattr(who, name, value)
        who.modified = at or self.clock.now
        self.version += 1
        return who

    def lapse_membership(self, person: Person | int) -> Person:
        """Let a membership end by time alone: nobody edits the record, so no change date moves (inferred)."""
        who = self._person(person)
        who.member, who.past_member = False, True
        self.version += 1
        return who

    def remove_customer(self, person: Person | int) -> None:
        """Make a record vanish, as after a merge or a deletion: no tombstone is left (inferred)."""
        del self.customers[self._person(person).id]
        self.version += 1

    def book(
        self,
        person: Person | int | None,
        start: datetime | None = None,
        *,
        at: datetime | None = None,
        location_id: int | None = None,
        **fields: Any,
    ) -> Appointment:
        """Book, by default for this time tomorrow; `person` None is a guest without a record."""
        booked = at or self.clock.now
        who = None if person is None else self._person(person)
        place = location_id or (who.location_id if who else next(iter(self.locations)))
        begins = start or booked + timedelta(days=1)
        return self.keep_appointment(
            Appointment(
                self.next_appointment_id(), place, who.id if who else None, begins, booked, booked, **fields
            )
        )

    def check_in(self, appointment: Appointment | int, *, at: datetime | None = None) -> Appointment:
        """The guest is here: stamp the check-in."""
        made = self._appointment(appointment)
        made.checked_in = self._stamp(made, at)
        made.cancelled, made.no_show = False, None
        return made

    def undo_check_in(self, appointment: Appointment | int, *, at: datetime | None = None) -> Appointment:
        """The click was wrong: the appointment loses its check-in again."""
        made = self._appointment(appointment)
        self._stamp(made, at)
        made.checked_in, made.complete, made.paid = None, False, False
        return made

    def visit(self, person: Person | int, at: datetime | None = None, **fields: Any) -> Appointment:
        """A whole visit: an appointment at that instant (default now), booked a day before, checked in."""
        when = at or self.clock.now
        return self.check_in(self.book(person, when, at=when - timedelta(days=1), **fields), at=when)

    def no_show(self, appointment: Appointment | int, *, at: datetime | None = None) -> Appointment:
        """The guest did not come."""
        made = self._appointment(appointment)
        made.no_show = made.edited = at or self.clock.now
        made.checked_in = None
        self.version += 1
        return made

    def cancel(self, appointment: Appointment | int, *, at: datetime | None = None) -> Appointment:
        """The booking is called off; a check-in that was clicked before stays in the record."""
        made = self._appointment(appointment)
        made.cancelled, made.edited = True, at or self.clock.now
        self.version += 1
        return made

    def pay(self, appointment: Appointment | int, *, at: datetime | None = None) -> Appointment:
        """The guest pays and the order is closed, whether or not anybody clicked the check-in."""
        made = self._appointment(appointment)
        made.complete = made.paid = True
        made.edited = at or self.clock.now
        self.version += 1
        return made

    def last_visit(self, person: Person | int) -> datetime | None:
        """When the person was last here; None for never."""
        return max((a.checked_in or a.start for a in self._visits(self._person(person))), default=None)

    def first_visit(self, person: Person | int) -> datetime | None:
        """When the person was first here; None for never."""
        return min((a.checked_in or a.start for a in self._visits(self._person(person))), default=None)

    def hour_of_news(self, seed: int = 0) -> News:
        """Let what happens in an hour happen in the hour before the clock's now; the clock itself stays."""
        from sandbox.salon.news import hour_of_news  # noqa: PLC0415 - news needs the salon, not the other way round

        return hour_of_news(self, seed)

    def _visits(self, person: Person) -> list[Appointment]:
        return [a for a in self.by_customer.get(person.id, ()) if a.is_visit]

    def _person(self, person: Person | int) -> Person:
        return self.customers[person] if isinstance(person, int) else person

    def _appointment(self, appointment: Appointment | int) -> Appointment:
        return self.appointments[appointment] if isinstance(appointment, int) else appointment

    def _stamp(self, made: Appointment, at: datetime | None) -> datetime:
        """Note that the desk touched an appointment (and through it, perhaps, its customer)."""
        when = at or self.clock.now
        made.desk_stamp = when
        if made.customer_id in self.customers:
            self.customers[made.customer_id].desk_stamp = when
        self.version += 1
        return when
