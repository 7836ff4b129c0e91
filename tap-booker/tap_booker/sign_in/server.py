"""The page's web server: 127.0.0.1 only, silent, and gone when the sign-in is."""

from __future__ import annotations

import errno
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

from tap_booker.errors import PageError
from tap_booker.sign_in.site import Asked, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADDRESS = "127.0.0.1"
MOST_BYTES = 4096
IDLE_SECONDS = 10
WHY_NOT = {errno.EADDRINUSE: "another program has it", errno.EACCES: "this user may not open it"}


@contextmanager
def serving(port: int, answer: Callable[[Asked], Reply]) -> Iterator[None]:
    """Serve while the context lasts.

    Raises:
        PageError: The port cannot be had.
    """
    handler = type("Handler", (_Handler,), {"give": staticmethod(answer)})
    try:
        server = _Server((ADDRESS, port), handler)
    except (OSError, OverflowError) as failure:
        why = WHY_NOT.get(getattr(failure, "errno", None) or 0, type(failure).__name__)
        raise PageError(f"Port {port} of this machine cannot be used ({why}).") from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # browsers keep spare connections open, and none of them is worth waiting for

    def server_bind(self) -> None:
        """As a plain TCP server: the one for HTTP asks for this machine's name, which can take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a traceback could hold what came in an address, a code included."""


class _Handler(BaseHTTPRequestHandler):
    give: Callable[[Asked], Reply]
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self._send(Reply(413, "<!doctype html><title>Too much</title><p>This form is too large.</p>"))
            return
        self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        header = self.headers
        asked = Asked(
            self.command,
            self.path,
            header.get("Host", ""),
            header.get("Origin"),
            header.get("Cookie", ""),
            body,
        )
        self._send(self.give(asked))

    def _send(self, reply: Reply) -> None:
        raw = reply.page.encode()
        self.send_response(reply.status)
        for name, value in reply.all_headers().items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """A request that is none; what it held is not repeated."""
        self._send(
            Reply(int(code), "<!doctype html><title>No</title><p>This request cannot be answered.</p>")
        )

    def version_string(self) -> str:
        """No version for whoever looks around."""
        return "booker-connect"

    def log_message(self, *_: Any) -> None:
        """Log nothing: the address of a request can hold a code."""
