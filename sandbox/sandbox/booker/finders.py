"""FindCustomers and FindAppointments: which rows of the salon's books a request body means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.booker import appointments, customers
from sandbox.booker.appointments import STATUS, status_name
from sandbox.booker.query import Window, ordered, query_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.booker.switches import BookerSwitches
    from sandbox.salon.model import Appointment, Location, Person
    from sandbox.salon.salon import Salon

_SORT_CUSTOMERS: dict[str, Callable[[Person], Any]] = {
    "ID": lambda p: p.id,
    "FirstName": lambda p: p.first or "",
    "LastName": lambda p: p.last or "",
    "DateCreated": lambda p: p.created,
    "DateLastModified": lambda p: p.modified,
}
_RECORD_TYPES = {1: "Customer", 2: "Lead", "1": "Customer", "2": "Lead"}


class Finders:
    """Finds rows. As long as nothing changes, each list is made once and then only cut into pages."""

    def __init__(self, salon: Salon, switches: BookerSwitches) -> None:
        self.salon, self.switches = salon, switches
        self._cache: dict[str, Any] = {}
        self._cached_version: tuple[int, str] = (-1, "")

    def customers(self, body: dict[str, Any], place: Location) -> list[Person]:
        """Customers that fit every given filter, by id unless ordered otherwise."""
        return self._once("customers", body, lambda: self._customers(body, place))

    def appointments(self, body: dict[str, Any], place: Location) -> list[Appointment]:
        """Appointments that fit every given filter, by id."""
        return self._once("appointments", body, lambda: self._appointments(body, place))

    def _once(self, kind: str, body: dict[str, Any], find: Callable[[], list[Any]]) -> list[Any]:
        version = (self.salon.version, repr(self.switches))
        if version != self._cached_version:
            self._cache, self._cached_version = {}, version
        key = kind + query_key({k: v for k, v in body.items() if k != "PageSize"})
        if key not in self._cache:
            self._cache[key] = find()
        found: list[Any] = self._cache[key]
        return found

    def _customers(self, body: dict[str, Any], place: Location) -> list[Person]:
        everywhere = self.switches.other_locations_without_exact_filter and not body.get(
            "FilterByExactLocationID"
        )
        rows = [p for p in list(self.salon.customers.values()) if everywhere or p.location_id == place.id]
        for keep in self._customer_filters(body, place):
            rows = [p for p in rows if keep(p)]
        return ordered(rows, body.get("SortBy"), _SORT_CUSTOMERS)

    def _customer_filters(self, body: dict[str, Any], place: Location) -> list[Callable[[Person], bool]]:
        changed = Window(body, "DateLastModified", place.zone, self.switches)
        created = Window(body, "DateCreated", place.zone, self.switches)
        filters: list[Callable[[Person], bool]] = [_of_type(body.get("CustomerRecordType")), *_searches(body)]
        if changed and self.switches.honour_modified_filter_customers:
            filters.append(lambda p: changed.holds(customers.modified(p, self.switches)))
        if created:
            filters.append(lambda p: created.holds(p.created))
        active = body.get("IsActive")
        if active is None and not self.switches.inactive_returned_by_default:
            active = True
        if active is not None:
            filters.append(lambda p: p.active == active)
        return filters

    def _appointments(self, body: dict[str, Any], place: Location) -> list[Appointment]:
        start = Window(body, "StartDate", place.zone, self.switches)
        changed = Window(body, "DateLastModified", place.zone, self.switches)
        rows = [a for a in list(self.salon.appointments.values()) if a.location_id == place.id]
        if start:
            rows = [a for a in rows if start.holds(a.start)]
        if changed and self.switches.honour_modified_filter_appointments:
            rows = [a for a in rows if changed.holds(appointments.modified(a, self.switches))]
        return [a for a in rows if _fits(a, body)]


def _of_type(wanted: Any) -> Callable[[Person], bool]:
    """Records of one type; all when none or ``All`` is asked for."""
    name = _RECORD_TYPES.get(wanted, wanted)
    return lambda p: name in {None, "All", 0, p.record_type}


def _searches(body: dict[str, Any]) -> list[Callable[[Person], bool]]:
    """The filters that look for a person."""
    filters: list[Callable[[Person], bool]] = []
    email, phone = body.get("Email"), _digits(body.get("Phone"))
    if email:
        filters.append(lambda p: (p.email or "").lower() == email.lower())
    if phone:
        filters.append(lambda p: phone in {_digits(p.cell), _digits(p.home), _digits(p.work)})
    for name, attribute in (("FirstNameStart", "first"), ("LastNameStart", "last")):
        if start := body.get(name):
            filters.append(_starts(attribute, start))
    if start := body.get("FirstOrLastOrFullNameStart"):
        filters.append(lambda p: any(_begins(t, start) for t in (p.first, p.last, f"{p.first} {p.last}")))
    return filters


def _starts(attribute: str, start: str) -> Callable[[Person], bool]:
    return lambda p: _begins(getattr(p, attribute), start)


def _begins(text: str | None, start: str) -> bool:
    return (text or "").lower().startswith(start.lower())


def _digits(text: str | None) -> str:
    return "".join(c for c in text or "" if c.isdigit())


def _fits(made: Appointment, body: dict[str, Any]) -> bool:
    """The plain equality filters; no appointment of this salon is a class or has a room."""
    if body.get("OnlyClassAppointments") or body.get("ClassInstanceID") or body.get("RoomID"):
        return False
    wanted, staff = body.get("AppointmentStatusID"), body.get("EmployeeID")
    return (
        body.get("CustomerID") in {None, made.customer_id}
        and (wanted is None or STATUS[status_name(made)] == wanted)
        and (staff is None or staff == made.id % 4 + 1)
    )
