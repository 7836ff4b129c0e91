"""A bare stand-in of both vendors that answers after a set time, and costs next to nothing.

It knows no rule of the vendors (the sandbox does): it is there to be waited for, not to be right. HTTP is
read by hand: a web framework would be what is measured.

    python -m bench.stub --latency 0.2 --customers 50000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

MODIFIED = "2026-03-01T12:00:00+00:00"
ZONE = {"ID": 10, "Name": "(GMT-06:00) Central Time (US & Canada)"}
SAID = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"


class Asked(NamedTuple):
    """A request."""

    path: list[str]
    query: dict[str, list[str]]
    body: bytes


class Vendors:
    """What both vendors hold.

    Attributes:
        contacts: Referrizer's contacts by id.
        calls: How often each kind of call came.
    """

    def __init__(self, customers: int, held: int) -> None:
        self.customers = customers
        self.contacts: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, int] = {}
        self._pages: dict[tuple[int, int], bytes] = {}
        self._answers: dict[str, Callable[[Asked], bytes]] = {
            "POST token": lambda _: b'{"access_token": "bench", "expires_in": 3600, "token_type": "Bearer"}',
            "POST update": lambda _: b'"bench-location"',
            "GET location": self._location,
            "POST customers": self._customers,
            "POST appointments": lambda _: b'{"IsSuccess": true, "Results": []}',
            "GET contacts": self._contacts,
            "POST contacts": lambda asked: _json(self.create(json.loads(asked.body))),
            "GET contact": lambda asked: _json(self.contacts[asked.path[-1]]),
            "PUT contact": self._put,
            "POST visits": lambda _: b'{"id": "v%d"}' % self.calls["POST visits"],
        }
        for number in range(1, held + 1):
            self.create({"firstName": f"Ada{number}", "email": f"ada{number}@example.com"})

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        """The whole answer to one request; a KeyError of what is not there ends the connection."""
        parts = urlsplit(target)
        path = [part for part in parts.path.split("/") if part]
        if path == ["calls"]:
            said, self.calls = _json(self.calls), {}
            return SAID % (200, b"", len(said), said)
        one = next((word[:-1] if word == "contacts" else word for word in path[:-1] if word in ONE), None)
        kind = f"{method} {one or path[-1]}"
        self.calls[kind] = self.calls.get(kind, 0) + 1
        said = self._answers[kind](Asked(path, parse_qs(parts.query), body))
        total = b"X-Total-Count: %d\r\n" % len(self.contacts) if kind == "GET contacts" else b""
        return SAID % (200, total, len(said), said)

    def create(self, contact: dict[str, Any]) -> dict[str, Any]:
        """A new contact, with an id."""
        one = f"r{len(self.contacts) + 1}"
        self.contacts[one] = {**contact, "id": one}
        return self.contacts[one]

    @staticmethod
    def _location(asked: Asked) -> bytes:
        return _json(
            {"IsSuccess": True, "ID": int(asked.path[-1]), "BusinessName": "Bench", "TimeZone": ZONE}
        )

    def _contacts(self, asked: Asked) -> bytes:
        size, page = int(asked.query["perPage"][0]), int(asked.query["page"][0])
        return _json(list(self.contacts.values())[(page - 1) * size : page * size])

    def _put(self, asked: Asked) -> bytes:
        self.contacts[asked.path[-1]] = json.loads(asked.body)
        return asked.body

    def _customers(self, asked: Asked) -> bytes:
        """A page of customers, made once: the making of it is not what is measured."""
        body = json.loads(asked.body)
        number, size = body["PageNumber"], body["PageSize"]
        if (number, size) not in self._pages:
            first = (number - 1) * size + 1
            rows = [customer(one) for one in range(first, min(first + size, self.customers + 1))]
            self._pages[number, size] = _json({"IsSuccess": True, "Customers": rows})
        return self._pages[number, size]


ONE = frozenset({"contacts", "location"})
"""Words that stand before an id in a path."""


def customer(number: int) -> dict[str, Any]:
    """A customer as Booker shows it, with the fields that the tap reads."""
    person = {
        "ID": number,
        "FirstName": f"Ada{number}",
        "LastName": "Byron",
        "Email": f"ada{number}@example.com",
        "CellPhone": f"312{number % 10_000_000:07d}",
        "HomePhone": "",
        "Address": {"Street1": f"{number} Main St", "City": "Chicago", "State": "IL", "Zip": "60601"},
        "DateOfBirthOffset": "1980-01-02T00:00:00-06:00",
        "DateCreatedOffset": "2020-01-01T09:00:00-06:00",
        "DateLastModifiedOffset": MODIFIED,
        "AllowReceiveEmails": True,
        "AllowReceiveSMS": True,
    }
    ids = {"ID": number, "CustomerID": number, "LocationID": 3749}
    return {
        **ids,
        "Customer": person,
        "IsActiveMember": bool(number % 3),
        "DateLastModifiedOffset": MODIFIED,
    }


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


class Exchange(asyncio.Protocol):
    """One connection: requests one after the other, each answered after the set time."""

    def __init__(self, vendors: Vendors, latency: float) -> None:
        self._vendors, self._latency = vendors, latency
        self._seen = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._way: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            head = self._seen[:end].decode("latin-1").split("\r\n")
            lengths = [int(line[15:]) for line in head if line[:15].lower() == "content-length:"]
            after = end + 4 + sum(lengths)
            if len(self._seen) < after:
                return
            body, self._seen = self._seen[end + 4 : after], self._seen[after:]
            method, target, _ = head[0].split(" ")
            said = self._vendors.answer(method, target, body)
            if self._latency and target != "/calls":
                self._loop.call_later(self._latency, self._way.write, said)
            else:
                self._way.write(said)


async def serve(vendors: Vendors, latency: float) -> None:
    """Serve on a free port of 127.0.0.1, and say which, until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(vendors, latency), "127.0.0.1", 0, backlog=256)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Read the command line and serve."""
    options = argparse.ArgumentParser(description="A bare stand-in of both vendors.")
    options.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    options.add_argument("--customers", type=int, default=0, help="customers at Booker")
    options.add_argument("--contacts", type=int, default=0, help="contacts that Referrizer has already")
    given = options.parse_args()
    asyncio.run(serve(Vendors(given.customers, given.contacts), given.latency))


if __name__ == "__main__":
    main()
