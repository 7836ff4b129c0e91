"""A tap that does not sleep, the sandbox as its Booker, and a scripted Booker for the rest."""

from __future__ import annotations

import contextlib
import io
import json
import os
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox import Sandbox
from tap_booker.tap import TapBooker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


@dataclass
class Output:
    """What a run of the tap said."""

    code: int
    messages: list[dict[str, Any]]
    stderr: str
    tap: TapBooker

    def rows(self, stream: str) -> list[dict[str, Any]]:
        return [m["record"] for m in self.messages if m["type"] == "RECORD" and m["stream"] == stream]

    def ids(self, stream: str) -> list[int]:
        return [row["id"] for row in self.rows(stream)]

    @property
    def state(self) -> dict[str, Any]:
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return states[-1] if states else {}

    def bookmark(self, stream: str, location_id: int = 3749) -> str | None:
        for part in self.state.get("bookmarks", {}).get(stream, {}).get("partitions", []):
            if part["context"] == {"location_id": location_id}:
                return part.get("replication_key_value")  # type: ignore[no-any-return]
        return None

    def tally(self, stream: str, location_id: int = 3749) -> dict[str, Any]:
        reads = json.loads(self.tap.run.report.line())["reads"]
        return next(r for r in reads if r["stream"] == stream and r["location"] in {location_id, None})


class PatientTap(TapBooker):
    """Notes each pause instead of waiting."""

    pauses: ClassVar[list[float]] = []
    sleep: ClassVar[Callable[[float, threading.Event], None]] = staticmethod(
        lambda seconds, _: PatientTap.pauses.append(seconds)
    )
    monotonic: ClassVar[Callable[[], float]] = staticmethod(lambda: sum(PatientTap.pauses))
    clock: ClassVar[Callable[[], datetime]] = staticmethod(lambda: NOW)


class WaitingTap(PatientTap):
    """Waits, where it counts who else waits meanwhile."""

    sleep = TapBooker.sleep
    monotonic = TapBooker.monotonic


@pytest.fixture
def pauses() -> list[float]:
    PatientTap.pauses.clear()
    return PatientTap.pauses


@pytest.fixture
def run_tap(pauses: list[float]) -> Callable[..., Output]:
    """Run the tap in this process, over real HTTP."""
    assert not pauses

    def run(
        config: dict[str, Any],
        state: dict[str, Any] | None = None,
        catalog: dict[str, Any] | None = None,
        *,
        waits: bool = False,
    ) -> Output:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            copied = json.loads(json.dumps(state)) if state else None
            tap = (WaitingTap if waits else PatientTap)(config=dict(config), state=copied, catalog=catalog)
            code = tap.read()
        return Output(code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue(), tap)

    return run


def settings_for(box: Sandbox, **changes: Any) -> dict[str, Any]:
    """Settings that lead the tap to a sandbox, with the salon's clock."""
    given = box.booker.credentials
    return {
        "location_ids": list(box.salon.locations),
        "subscription_key": given.subscription_key,
        "client_id": given.client_id,
        "client_secret": given.client_secret,
        "personal_access_token": given.personal_access_token,
        "base_url": box.booker_url,
        "as_of": box.clock.now.isoformat(),
        **changes,
    }


@pytest.fixture
def box_settings() -> Callable[..., dict[str, Any]]:
    return settings_for


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(contacts=40, seed=7, zone="America/Chicago", now=NOW) as sandbox:
        yield sandbox


@dataclass
class Answer:
    """A scripted answer; `hang` lets the client time out, `drip` sends a byte each so many seconds."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False
    drip: float = 0


@dataclass
class Asked:
    """A request that the scripted Booker saw."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


class FakeBooker:
    """A scripted Booker: lists served in pages, and for each path a queue of answers that go first."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.peers: set[tuple[str, int]] = set()
        self.queue: dict[str, list[Answer]] = defaultdict(list)
        self.always: dict[str, Callable[[Asked], Answer | None]] = {}
        self.customers: list[Any] = []
        self.appointments: list[Any] = []
        self.location: dict[str, Any] = {
            "IsSuccess": True,
            "BusinessName": "Downtown Spa",
            "TimeZone": {"ID": 10, "Name": "(GMT-06:00) Central Time (US & Canada)"},
        }
        self.token: dict[str, Any] = {"access_token": "hush-token-1", "expires_in": 1800}
        self.dates: str | None = None
        self.released = threading.Event()
        self._lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            name = self.name_of(asked.path)
            if self.queue[name]:
                return self.queue[name].pop(0)
        special = self.always[name](asked) if name in self.always else None
        return special or self._usual(name, asked)

    @staticmethod
    def name_of(path: str) -> str:
        names = ("token", "context/update", "location", "customers", "appointments")
        return next(name for name in names if name in path)

    def paths(self, name: str) -> list[Asked]:
        return [asked for asked in self.asked if self.name_of(asked.path) == name]

    def _usual(self, name: str, asked: Asked) -> Answer:
        if name == "token":
            return Answer(self.token)
        if name == "context/update":
            return Answer(f"location-token-{asked.query['locationId'][0]}")
        if name == "location":
            return Answer({**self.location, "ID": int(asked.path.rsplit("/", 1)[1])})
        found = self.customers if name == "customers" else self.appointments
        size, number = asked.body["PageSize"], asked.body["PageNumber"]
        page = found[(number - 1) * size : number * size]
        return Answer({"IsSuccess": True, ("Customers" if name == "customers" else "Results"): page})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                fake.peers.add(self.client_address)
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                kind = self.headers.get("Content-Type", "")
                body = json.loads(raw) if "json" in kind else parse_qs(raw.decode())
                self.reply(Asked(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body))

            do_GET = do_POST  # noqa: N815  http.server names it so

            def reply(self, asked: Asked) -> None:
                answer = fake.answer(asked)
                if answer.hang:
                    fake.released.wait(20)
                if answer.hang or answer.cut:
                    self.close_connection = True
                    return
                raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                for header, value in answer.headers.items():
                    self.send_header(header, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                if not answer.drip:
                    self.wfile.write(raw)
                    return
                with contextlib.suppress(OSError):
                    for byte in raw:
                        self.wfile.write(bytes([byte]))
                        fake.released.wait(answer.drip)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(timestamp) if fake.dates is None else fake.dates

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def settings(self, **changes: Any) -> dict[str, Any]:
        return {
            "location_ids": [3749],
            "subscription_key": "hush-key",
            "client_id": "the-client",
            "client_secret": "hush-secret",
            "personal_access_token": "hush-pat",
            "base_url": self.url,
            "page_size": 3,
            "concurrent_requests": 1,
            **changes,
        }


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of this process, without settings of a tap and without a home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAP_BOOKER")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "HOME": str(tmp_path)}


@pytest.fixture
def fake() -> Iterator[FakeBooker]:
    booker = FakeBooker()
    thread = threading.Thread(target=booker.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield booker
    booker.released.set()
    booker.server.shutdown()
    booker.server.server_close()


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


def customer_row(number: int, **fields: Any) -> dict[str, Any]:
    """An element of the customer list as Booker sends it."""
    inner = {"ID": number, "FirstName": f"First{number}", "LastName": "Last", "LocationID": 3749, **fields}
    return {"CustomerID": number, "Customer": inner}


@pytest.fixture
def customer() -> Callable[..., dict[str, Any]]:
    return customer_row


def appointment_row(number: int, **fields: Any) -> dict[str, Any]:
    """An element of the appointment list."""
    return {
        "ID": number,
        "CustomerID": 900000 + number,
        "LocationID": 3749,
        "StartDateTimeOffset": "2026-03-01T10:00:00-06:00",
        "IsCancelled": False,
        "IsNoShow": False,
        **fields,
    }


@pytest.fixture
def appointment() -> Callable[..., dict[str, Any]]:
    return appointment_row
