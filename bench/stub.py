"""A bare stand-in of both vendors that answers after a set time, and costs next to nothing.

It knows hardly a rule of the vendors (the sandbox does): it is there to be waited for, not to be right. HTTP
is read by hand: a web framework would be what is measured.

    python -m bench.stub --latency 0.2 --customers 50000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from bench.vendors import ZONE, Booker, Referrizer

if TYPE_CHECKING:
    from collections.abc import Callable

SAID = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"
TOKEN = b'{"access_token": "bench", "expires_in": 36000, "token_type": "Bearer"}'
NOT_THERE = b'{"errorCode": "RESOURCE_NOT_FOUND"}'
ONE = frozenset({"contacts", "location"})
"""Words that stand before an id in a path."""
LIST = "GET contacts"
LATE = 0.0005
"""Seconds that a timer of the event loop is late on average: it counts in whole milliseconds, rounded up."""


class Asked(NamedTuple):
    """A request."""

    path: list[str]
    query: dict[str, list[str]]
    body: bytes


class Vendors:
    """Both vendors, and what they were asked.

    Attributes:
        calls: How often each kind of call came.
        arrivals: When each call came, but those for the list of contacts, in seconds of a clock that only
            grows.
    """

    def __init__(self, booker: Booker, referrizer: Referrizer) -> None:
        self.booker, self.referrizer = booker, referrizer
        self.calls: dict[str, int] = {}
        self.arrivals = array("d")
        self._latest: list[float] = []
        self._cpu = time.process_time()
        self._answers: dict[str, Callable[[Asked], bytes]] = {
            "POST token": lambda _: TOKEN,
            "POST update": lambda _: b'"bench-location"',
            "GET location": self._location,
            "POST customers": lambda asked: booker.customers_page(json.loads(asked.body)),
            "POST appointments": lambda asked: booker.appointments_page(json.loads(asked.body)),
            LIST: self._contacts,
            "POST contacts": lambda asked: referrizer.create(asked.body),
            "GET contact": lambda asked: referrizer.get(asked.path[-1]),
            "PUT contact": lambda asked: referrizer.put(asked.path[-1], asked.body),
            "POST visits": lambda asked: referrizer.visit(asked.body),
        }
        self._of_the_bench: dict[str, Callable[[Asked], Any]] = {
            "calls": self._counted,
            "arrivals": lambda _: self._latest,
            "order": lambda _: {"visits": referrizer.visits, "misplaced": referrizer.order.misplaced},
            "shown": lambda _: booker.shown,
            "news": self._news,
            "save": self._save,
        }

    def answer(self, method: str, target: str, body: bytes) -> tuple[bytes, bool]:
        """The whole answer to one request, and whether it is a vendor's; the bench itself does not wait."""
        parts = urlsplit(target)
        path = [part for part in parts.path.split("/") if part]
        asked = Asked(path, parse_qs(parts.query), body)
        if path[0] == "bench":
            said = json.dumps(self._of_the_bench[path[1]](asked)).encode()
            return SAID % (200, b"", len(said), said), False
        one = next((word[:-1] if word == "contacts" else word for word in path[:-1] if word in ONE), None)
        kind = f"{method} {one or path[-1]}"
        self.calls[kind] = self.calls.get(kind, 0) + 1
        if kind != LIST:
            self.arrivals.append(time.monotonic())
        try:
            status, said = 200, self._answers[kind](asked)
        except IndexError:
            status, said = 404, NOT_THERE
        total = b"X-Total-Count: %d\r\n" % len(self.referrizer.documents) if kind == LIST else b""
        return SAID % (status, total, len(said), said), True

    @staticmethod
    def _location(asked: Asked) -> bytes:
        said = {"IsSuccess": True, "ID": int(asked.path[-1]), "BusinessName": "Bench", "TimeZone": ZONE}
        return json.dumps(said).encode()

    def _contacts(self, asked: Asked) -> bytes:
        return self.referrizer.page(int(asked.query["page"][0]), int(asked.query["perPage"][0]))

    def _counted(self, _: Asked) -> dict[str, Any]:
        """Calls, and the processor time that they took here, since this was asked last.

        When they came can be asked after that: making a list of it is not what they took.
        """
        cpu, calls, self._latest = time.process_time() - self._cpu, self.calls, list(self.arrivals)
        self._cpu, self.calls, self.arrivals = time.process_time(), {}, array("d")
        return {"calls": calls, "cpu": cpu}

    def _news(self, asked: Asked) -> None:
        """From now on so many customers have changed, and so many check-ins have come."""
        self.booker.changed = int(asked.query["customers"][0])
        self.booker.arrived = int(asked.query["check_ins"][0])

    def _save(self, asked: Asked) -> None:
        """Write Referrizer's contacts to a file, one on a line."""
        Path(asked.query["file"][0]).write_bytes(b"".join(one + b"\n" for one in self.referrizer.documents))


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
        """Answer each whole request, the set time after it came: working it out is part of that time."""
        due = self._loop.time() + self._latency - LATE
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            head = self._seen[:end].decode("latin-1").split("\r\n")
            lengths = [int(line[15:]) for line in head if line[:15].lower() == "content-length:"]
            after = end + 4 + sum(lengths)
            if len(self._seen) < after:
                return
            body, self._seen = self._seen[end + 4 : after], self._seen[after:]
            method, target, _ = head[0].split(" ")
            said, waits = self._vendors.answer(method, target, body)
            if self._latency and waits:
                self._loop.call_at(due, self._way.write, said)
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
    options.add_argument("--check-ins", type=int, default=0, help="check-ins at Booker in the year before")
    options.add_argument("--book", type=Path, help="a file of contacts that Referrizer has already")
    given = options.parse_args()
    documents = given.book.read_bytes().splitlines() if given.book else []
    vendors = Vendors(Booker(given.customers, given.check_ins), Referrizer(documents, given.latency))
    asyncio.run(serve(vendors, given.latency))


if __name__ == "__main__":
    main()
