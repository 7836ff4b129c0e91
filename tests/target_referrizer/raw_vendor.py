"""A raw-socket vendor that answers what a test wrote down, byte for byte, and a client with its own clock."""

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from target_referrizer.pacing import Pacer
from target_referrizer.referrizer import Referrizer

TOKEN = "a-made-up.token"
ADA = {
    "firstName": "Ada",
    "email": "ada@example.com",
    "customFields": {"Customer Group": "Leads", "CRM Member": "Y"},
}
VISIT = {"contactId": "c1", "date": "2026-03-02T15:00:00.000Z"}
PRIVATE = "ada@example.com +13125550101 Lovelace"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    connection: int


Answer = bytes | Callable[["Vendor", socket.socket], None]


class Vendor(socketserver.ThreadingTCPServer):
    """Answers each request with the next line of a script, byte for byte."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, script: Iterator[Answer], *, listen: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server_bind()
        self.script, self.connections = script, 0
        self.lock, self.over = threading.Lock(), threading.Event()
        self.seen: list[Seen] = []
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        if listen:
            self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def open(self) -> None:
        if not self.thread.is_alive():
            self.server_activate()
            self.thread.start()

    def stop(self) -> None:
        self.over.set()
        if self.thread.is_alive():
            self.shutdown()
        self.server_close()

    def calls(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.seen]


class Handler(socketserver.StreamRequestHandler):
    server: Vendor

    def handle(self) -> None:
        with self.server.lock:
            self.server.connections += 1
            number = self.server.connections
        while line := self.rfile.readline().decode():
            method, path, _ = line.split()
            headers = {}
            while (header := self.rfile.readline().decode().strip()) != "":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            raw = self.rfile.read(int(headers.get("content-length", 0)))
            with self.server.lock:
                self.server.seen.append(Seen(method, path, headers, json.loads(raw) if raw else None, number))
                answer = next(self.server.script, CUT)
            if callable(answer):
                answer(self.server, self.connection)
                return
            self.wfile.write(answer)
            if b"Connection: close" in answer:
                return


def reply(
    status: int, body: Any = None, headers: dict[str, str] | None = None, *, keep: bool = False
) -> bytes:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = {"Content-Length": str(len(raw)), **({} if keep else {"Connection": "close"}), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + raw


def refusal(code: str, status: int = 400, message: str = PRIVATE) -> bytes:
    return reply(status, {"errorCode": code, "message": message})


def cut(_: Vendor, connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def hang(vendor: Vendor, _: socket.socket) -> None:
    vendor.over.wait(20)


CUT: Answer = cut
HANG: Answer = hang


def cut_body(status: int) -> bytes:
    return reply(status, {"id": "v1"}, {"Content-Length": "900"})


def close_after(answer: Answer) -> Answer:
    """Bytes that are no whole answer, and then the end of the connection."""

    def send(_: Vendor, connection: socket.socket) -> None:
        connection.sendall(answer if isinstance(answer, bytes) else b"")
        connection.shutdown(socket.SHUT_RDWR)

    return send if isinstance(answer, bytes) else answer


def drip(answer: bytes) -> Answer:
    """An answer of which a byte comes now and then: each in time, the whole never."""

    def send(vendor: Vendor, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for place in range(len(answer)):
                connection.sendall(answer[place : place + 1])
                vendor.over.wait(0 if place < len(answer) // 2 else 0.1)

    return send


@dataclass
class Clock:
    """Time that only passes when somebody waits."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)
    on_wait: Callable[[], None] = lambda: None

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.now += seconds
        self.on_wait()

    @property
    def passed(self) -> float:
        return self.now - 1000


class Lab:
    """Vendors and clients that end with the test, all on one clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self._ends: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        patch = pytest.MonkeyPatch()
        self._ends.append(patch.undo)
        for name in PROXIES:
            patch.delenv(name, raising=False)
        return self

    def __exit__(self, *_: object) -> None:
        for end in reversed(self._ends):
            end()

    def vendor(self, *script: Answer, listen: bool = True) -> Vendor:
        vendor = Vendor(iter(script), listen=listen)
        self._ends.append(vendor.stop)
        return vendor

    def client(self, vendor: Vendor, *, api_url: str | None = None, **options: Any) -> Referrizer:
        clock = self.clock
        defaults = {
            "pacer": Pacer(0, clock, clock.wait),
            "timeout": 5,
            "patience_seconds": 60,
            "rng": lambda: 1.0,
        }
        client = Referrizer(
            api_url or vendor.url, TOKEN, clock=clock, wait=clock.wait, **{**defaults, **options}
        )
        self._ends.append(client.close)
        return client


def read(client: Referrizer) -> Any:
    return client.get_contact("c1")


def create(client: Referrizer) -> Any:
    return client.create_contact(ADA)


def put(client: Referrizer) -> Any:
    return client.update_contact("c1", ADA, "merge")


def patch(client: Referrizer) -> Any:
    return client.update_contact("c1", ADA, "patch")


def check_in(client: Referrizer) -> Any:
    return client.create_visit(VISIT)


EVERY = pytest.mark.parametrize("call", [read, create, put, patch, check_in])
POSTS = pytest.mark.parametrize("call", [create, check_in])
UPDATES = pytest.mark.parametrize("call", [put, patch])
ANSWERED = reply(200, {"id": "c1"})
