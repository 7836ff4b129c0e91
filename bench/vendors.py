"""What the stub's two vendors hold: made on demand or kept as bytes, so that a million costs little."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
"""The instant of all first runs: a Monday morning in Chicago."""
YEAR = timedelta(days=360)
MODIFIED = "2026-03-01T12:00:00+00:00"
LATER = NOW + timedelta(minutes=30)
"""When everything that is news came about."""
ZONE = {"ID": 10, "Name": "(GMT-06:00) Central Time (US & Canada)"}
FIRST_NEWS = 100_000_000
"""Beyond the ids of all earlier check-ins."""
NUMBER, PHONE, DAY = 987_654_321, "@phone@", "@day@"


def customer(number: int, phone: str, visited: str, *, is_changed: bool = False) -> dict[str, Any]:
    """A customer as Booker shows it, with the fields that the tap reads."""
    modified = LATER.isoformat() if is_changed else MODIFIED
    person = {
        "ID": number,
        "FirstName": f"Ada{number}",
        "LastName": "Lovelace" if is_changed else "Byron",
        "Email": f"ada{number}@example.com",
        "CellPhone": phone,
        "HomePhone": "",
        "Address": {"Street1": f"{number} Main St", "City": "Chicago", "State": "IL", "Zip": "60601"},
        "DateOfBirthOffset": "1980-01-02T00:00:00-06:00",
        "DateCreatedOffset": "2020-01-01T09:00:00-06:00",
        "DateLastModifiedOffset": modified,
        "CustomerStats": {"DateOfLastVisitOffset": visited},
        "AllowReceiveEmails": True,
        "AllowReceiveSMS": True,
        "HasActiveMembership": True,
    }
    ids = {"ID": number, "CustomerID": number, "LocationID": 3749}
    return {**ids, "Customer": person, "IsActiveMember": True, "DateLastModifiedOffset": modified}


def appointment(number: int, customer: int, start: str, modified: str) -> dict[str, Any]:
    """An appointment whose guest came, as Booker shows it."""
    return {
        "ID": number,
        "CustomerID": customer,
        "LocationID": 3749,
        "StartDateTimeOffset": start,
        "DateCheckInOffset": start,
        "DateLastModifiedOffset": modified,
        "IsGuestCheckedIn": True,
        "IsCancelled": False,
        "IsNoShow": False,
        "Status": {"ID": 2, "Name": "Completed"},
    }


@cache
def _pattern(*, is_changed: bool) -> str:
    made = json.dumps(customer(NUMBER, PHONE, DAY, is_changed=is_changed)).replace("%", "%%")
    return made.replace(str(NUMBER), "%(number)d").replace(PHONE, "312%(number)07d").replace(DAY, "%(day)s")


_DAYS = [(NOW - timedelta(days=back, hours=1)).isoformat() for back in range(1, 401)]


class Booker:
    """Customers 1 to `customers`, and check-ins spread evenly over a year before now.

    Attributes:
        changed: So many of the first customers have changed their name since.
        arrived: So many check-ins came since.
        shown: So many appointments have been on a page.
    """

    def __init__(self, customers: int, check_ins: int) -> None:
        self.customers, self.check_ins = customers, check_ins
        self.changed = self.arrived = self.shown = 0

    def customers_page(self, asked: dict[str, Any]) -> bytes:
        """A page of customers; a later run is shown only those that have changed."""
        of = self.changed if "FromDateLastModifiedOffset" in asked else self.customers
        rows = (
            _pattern(is_changed=one <= self.changed) % {"number": one, "day": _DAYS[one % len(_DAYS)]}
            for one in _numbers(asked, of)
        )
        return b'{"IsSuccess": true, "Customers": [' + ", ".join(rows).encode() + b"]}"

    def appointments_page(self, asked: dict[str, Any]) -> bytes:
        """A page of appointments, by start or by modification."""
        if "FromStartDateOffset" in asked:
            first, last = self._started(asked["FromStartDateOffset"], asked["ToStartDateOffset"])
        else:
            first, last = -self.arrived, 0
        rows = [self._appointment(first + one - 1) for one in _numbers(asked, last - first)]
        self.shown += len(rows)
        return json.dumps({"IsSuccess": True, "Results": rows}).encode()

    def _started(self, start: str, end: str) -> tuple[int, int]:
        """Places of the appointments in a window: 0 is the newest of the year, news are before it."""
        newest = NOW - timedelta(hours=1)
        step = YEAR / max(self.check_ins, 1)
        ago = [newest - datetime.fromisoformat(end), newest - datetime.fromisoformat(start)]
        first, last = (min(max(-(-one // step), 0), self.check_ins) for one in ago)
        return (-self.arrived if datetime.fromisoformat(end) > LATER else first), last

    def _appointment(self, place: int) -> dict[str, Any]:
        """One of the year, each customer's in turn; news are of those who have not been there for longest."""
        who = place % max(self.customers, 1) + 1
        if place < 0:
            return appointment(FIRST_NEWS - place, who, LATER.isoformat(), LATER.isoformat())
        start = NOW - timedelta(hours=1) - place * (YEAR / self.check_ins)
        return appointment(place + 1, who, start.isoformat(), MODIFIED)


class Order:
    """Whether the visits of each contact come one after the other, and after its create.

    Attributes:
        misplaced: Visits of a contact that is not there, that are earlier than one before, or that did not
            wait for the answer to that one or to the create.
    """

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._last: dict[str, tuple[float, str]] = {}
        self.misplaced = 0

    def created(self, one: str, now: float) -> None:
        """A contact came into being at this second of a clock."""
        self._last[one] = now + self._latency, ""

    def visited(self, one: str, date: str, now: float, *, is_there: bool) -> None:
        """A visit came at this second."""
        answered, latest = self._last.get(one, (0.0, ""))
        self.misplaced += not is_there or now < answered or date < latest
        self._last[one] = now + self._latency, max(date, latest)


class Referrizer:
    """Contacts r1, r2, …, each the bytes that were put."""

    def __init__(self, documents: list[bytes], latency: float = 0.0) -> None:
        self.documents = documents
        self.visits = 0
        self.order = Order(latency)

    def create(self, body: bytes) -> bytes:
        """A new contact."""
        number = len(self.documents) + 1
        self.documents.append(b'{"id": "r%d", ' % number + body[1:])
        self.order.created(f"r{number}", time.monotonic())
        return self.documents[-1]

    def get(self, one: str) -> bytes:
        """A contact."""
        return self.documents[_place(one)]

    def put(self, one: str, body: bytes) -> bytes:
        """Replace a contact."""
        self.documents[_place(one)] = body
        return body

    def page(self, number: int, size: int) -> bytes:
        """A page of the list."""
        return b"[" + b", ".join(self.documents[(number - 1) * size : number * size]) + b"]"

    def visit(self, body: bytes) -> bytes:
        """Count a visit of a contact that is there."""
        asked = json.loads(body)
        one = str(asked["contactId"])
        is_there = _place(one) < len(self.documents)
        self.order.visited(one, str(asked["date"]), time.monotonic(), is_there=is_there)
        self.get(one)
        self.visits += 1
        return b'{"id": "v%d"}' % self.visits


def _place(one: str) -> int:
    place = int(one[1:]) - 1
    if place < 0:
        raise IndexError(one)
    return place


def _numbers(asked: dict[str, Any], of: int) -> range:
    """Which of so many rows are on the page that is asked for."""
    number, size = asked["PageNumber"], asked["PageSize"]
    return range((number - 1) * size + 1, min(number * size, of) + 1)
