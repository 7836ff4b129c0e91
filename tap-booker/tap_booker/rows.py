"""From Booker's customer and appointment to a row of contacts and check_ins; nothing else leaves the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_booker.dates import birthday, instant, utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

PHONES = ("CellPhone", "HomePhone", "WorkPhone")
CALLED_OFF = ("IsCancelled", "IsNoShow", "IsCancelledOrNoShow")
CHECKED_IN = ("IsGuestCheckedIn", "IsCheckedInInService")
OVER = ("IsServiceComplete", "IsOrderClosed")

Row = dict[str, Any]


def customer_id(raw: Mapping[str, Any]) -> int | None:
    """The id of a customer, wrapped as `{CustomerID, Customer}` or not (both seen)."""
    return _whole(raw.get("CustomerID")) or _whole(customer(raw).get("ID"))


def contact(raw: Mapping[str, Any], location_id: int, zone: ZoneInfo | None) -> Row | None:
    """Map a customer to a contact.

    Args:
        raw: An element of the customer list.
        location_id: Location that was asked for; the row's own id goes before it.
        zone: The location's zone.

    Returns:
        A row of the contacts stream. Whoever asked to be forgotten keeps nothing personal. None for an
        element that names nobody, or that names somebody and says nothing: a null `Customer` (seen). Such a
        row, passed on, would look like a person who has lost name, e-mail and phone.
    """
    one, inner = customer_id(raw), customer(raw)
    if one is None or not inner:
        return None
    forgotten = inner.get("RequestedToBeForgotten") is True
    return {
        "id": one,
        "location_id": _whole(inner.get("LocationID")) or location_id,
        **(NOBODY if forgotten else _personal(inner, zone)),
        "is_forgotten": forgotten,
        "is_active": _flag(inner, "IsActive"),
        "created_at": _text_of(instant(inner, "DateCreated", zone)),
        "updated_at": _text_of(instant(inner, "DateLastModified", zone)),
    }


def modified_at(raw: Mapping[str, Any], zone: ZoneInfo | None) -> datetime | None:
    """When a customer was last modified."""
    return instant(customer(raw), "DateLastModified", zone)


def appointment_id(raw: Mapping[str, Any]) -> int | None:
    """The id of an appointment."""
    return _whole(raw.get("ID"))


def starts_at(raw: Mapping[str, Any], zone: ZoneInfo | None) -> datetime | None:
    """When an appointment starts."""
    return instant(raw, "StartDateTime", zone)


def guest_id(raw: Mapping[str, Any]) -> int | None:
    """The customer of an appointment."""
    return _whole(raw.get("CustomerID")) or _whole(_mapping(raw.get("Customer")).get("ID"))


def check_in(raw: Mapping[str, Any], location_id: int, zone: ZoneInfo | None, now: datetime) -> Row | None:
    """Map an appointment to a check-in.

    Args:
        raw: An element of the appointment list, with an id and a customer.
        location_id: Location that was asked for; the row's own id goes before it.
        zone: The location's zone.
        now: The instant of the run.

    Returns:
        A row of the check_ins stream, or None for what has not come to pass: a booking that starts later.
    """
    start = starts_at(raw, zone)
    came, inferred = came_at(raw, start, zone, now)
    if came is None and (start is None or start > now):
        return None
    return {
        "id": appointment_id(raw),
        "contact_id": guest_id(raw),
        "location_id": _whole(raw.get("LocationID")) or location_id,
        "checked_in_at": _text_of(came),
        "is_checked_in": came is not None,
        "is_time_inferred": inferred,
        "starts_at": _text_of(start),
        "status": _status(raw.get("Status")),
        "as_of": utc_text(now),
    }


def came_at(
    raw: Mapping[str, Any], start: datetime | None, zone: ZoneInfo | None, now: datetime
) -> tuple[datetime | None, bool]:
    """Decide whether and when the guest came.

    Decided from flags and `DateCheckIn` (both in two field lists), never from a status id: no public list of
    those exists. Cancelled and no-show come first (inferred). A flag without a stamp, or a service that is
    over, or an order that is closed, stands for a visit at its start (inferred): desks skip the click.

    Returns:
        The moment, or None for no visit; and whether it is only inferred, then never later than `now`.
    """
    if _any(raw, CALLED_OFF):
        return None, False
    stamp = instant(raw, "DateCheckIn", zone)
    if stamp is not None:
        return stamp, False
    is_over = _any(raw, OVER) and start is not None and start <= now
    if start is not None and (is_over or _any(raw, CHECKED_IN)):
        return min(start, now), True
    return None, False


def _personal(inner: Mapping[str, Any], zone: ZoneInfo | None) -> Row:
    """All fields that say something about a person."""
    address = _mapping(inner.get("Address"))
    day = birthday(inner, zone)
    last_visit = instant(_mapping(inner.get("CustomerStats")), "DateOfLastVisit", zone)
    return {
        "first_name": _text(inner.get("FirstName")),
        "last_name": _text(inner.get("LastName")),
        "email": _text(inner.get("Email")),
        "phone": _first_text(inner, PHONES),
        "street": _text(address.get("Street1")),
        "city": _text(address.get("City")),
        "state": _text(address.get("State")),
        "zip": _text(address.get("Zip")),
        "birthday": day.isoformat() if day else None,
        "is_member": inner.get("HasActiveMembership") is True,
        "last_visit_at": _text_of(last_visit),
        "accepts_email": _consent(inner, ("AllowReceiveEmails", "AllowReceivePromotionalEmails")),
        "accepts_sms": _consent(inner, ("AllowReceiveSMS",)),
    }


def customer(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The customer itself, inside its wrapper or without one."""
    return _mapping(raw["Customer"]) if "Customer" in raw else raw


def _mapping(value: object) -> Mapping[str, Any]:
    """A nested object; anything else, null above all, is an empty one."""
    return value if isinstance(value, dict) else {}


def _consent(inner: Mapping[str, Any], names: Iterable[str]) -> bool | None:
    """One *no* is a no; None when nothing is said."""
    found = None
    for name in names:
        said = inner.get(name)
        if said is False:
            return False
        found = True if said is True else found
    return found


def _any(raw: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether one of these flags is set."""
    for name in names:  # noqa: SIM110  any() makes a generator for each row
        if raw.get(name) is True:
            return True
    return False


def _first_text(inner: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """The first of these texts that is there."""
    for name in names:
        if text := _text(inner.get(name)):
            return text
    return None


def _flag(inner: Mapping[str, Any], name: str) -> bool | None:
    """A flag, or None when Booker does not say."""
    value = inner.get(name)
    return value if isinstance(value, bool) else None


def _status(value: object) -> str | None:
    """The status name, from `{ID, Name}` (seen) or from a bare text."""
    return _text(_mapping(value).get("Name")) or (_text(value) if isinstance(value, str) else None)


def _text(value: object) -> str | None:
    """A text without white space around it; an empty one is none."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _text_of(moment: datetime | None) -> str | None:
    """An instant as ISO 8601."""
    return utc_text(moment) if moment else None


def _whole(value: object) -> int | None:
    """An id as a whole number above 0, whether it came as a number or as text."""
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    return value if isinstance(value, int) and value > 0 and value is not True else None


NOBODY = dict.fromkeys(_personal({}, None))
"""What is left of whoever asked to be forgotten."""
