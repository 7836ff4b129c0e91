"""Visits: what they cost, what they say to the customer, and when they are refused."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.referrizer.errors import RefusedError

if TYPE_CHECKING:
    from sandbox.clock import Clock
    from sandbox.referrizer.contacts import Contacts
    from sandbox.referrizer.journal import Journal
    from sandbox.referrizer.switches import ReferrizerSwitches


class Visits(list[dict[str, Any]]):
    """Visits in the order of the calls: `id`, `contactId`, `date` (ISO 8601), `points`, `calledAt`."""

    def __init__(self, clock: Clock, switches: ReferrizerSwitches, journal: Journal) -> None:
        super().__init__()
        self._clock, self._switches, self._journal = clock, switches, journal
        self._by_contact: dict[str, list[tuple[datetime, datetime]]] = {}

    def post(self, body: dict[str, Any], contacts: Contacts) -> dict[str, Any]:
        """Record a visit with its effects; returns it.

        Raises:
            RefusedError: The contact does not exist, the date is not in the past, the interval is too short
                ...
        """
        now, key = self._clock.now, body["contactId"]
        self._check_contact(key, contacts)
        when = read_date(body["date"]) if body.get("date") is not None else now
        if when > now:
            raise RefusedError("VISIT_DATE_IN_FUTURE", "The date of a visit must be in the past")
        points = self._points(body)
        self._check_interval(key, when, now)
        visit = {"id": self._next_id(), "contactId": key, "date": write_date(when), "points": points}
        self._note(visit, when, now, dated=body.get("date") is not None)
        return visit

    def of(self, contact_id: str) -> list[dict[str, Any]]:
        """The visits of one contact."""
        return [visit for visit in self if visit["contactId"] == contact_id]

    def last(self, contact_id: str) -> datetime | None:
        """The newest visit of a contact; None when there is none."""
        return max((when for when, _ in self._by_contact.get(contact_id, ())), default=None)

    def _check_contact(self, key: str, contacts: Contacts) -> None:
        if key in contacts or self._switches.unknown_contact == "accepted":
            return
        if self._switches.unknown_contact == "not_found":
            raise RefusedError("NOT_FOUND", "The contact does not exist", 404)
        raise RefusedError("ILLEGAL_ARGUMENT", "The contact does not exist")

    def _check_interval(self, key: str, when: datetime, now: datetime) -> None:
        least = timedelta(minutes=self._switches.minimum_interval_minutes)
        by_date = self._switches.interval_measured_on == "visit_date"
        for date, called in self._by_contact.get(key, ()):
            if abs(when - date if by_date else now - called) < least:
                raise RefusedError("CONTACT_ALREADY_CHECKED_IN", "The contact has already checked in")

    def _points(self, body: dict[str, Any]) -> int:
        points, spent, switches = body.get("points"), body.get("amountSpent"), self._switches
        if points is not None and spent is not None:
            raise RefusedError("ILLEGAL_ARGUMENT", "points and amountSpent exclude each other")
        if points == 0 and switches.points_zero == "refused":
            raise RefusedError("ILLEGAL_ARGUMENT", "points must be more than 0")
        if spent is not None:
            return int(spent * switches.points_per_dollar)
        missing = points is None or (points == 0 and switches.points_zero == "ignored")
        return switches.points_per_visit if points is None or missing else points

    def _note(self, visit: dict[str, Any], when: datetime, now: datetime, *, dated: bool) -> None:
        key, note = visit["contactId"], self._journal.note
        known = self._by_contact.setdefault(key, [])
        double = any(date == when for date, _ in known)
        known.append((when, now))
        self.append({**visit, "calledAt": write_date(now)})
        note("visit_duplicate" if double else "visit_recorded", key, visitId=visit["id"], date=visit["date"])
        if visit["points"]:
            note("points_given", key, visitId=visit["id"], points=visit["points"])
        if not dated:
            note("text_sent", key, visitId=visit["id"])

    def _next_id(self) -> str:
        return hashlib.md5(f"visit {len(self)}".encode(), usedforsecurity=False).hexdigest()


def read_date(text: str) -> datetime:
    """The instant of ``YYYY-MM-DDTHH:MM:SS.SSSZ`` (documented form).

    Raises:
        RefusedError: It has the form, but is no date.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise RefusedError("ILLEGAL_ARGUMENT", "date is not a date") from error


def write_date(instant: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SS.SSSZ``, in UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
