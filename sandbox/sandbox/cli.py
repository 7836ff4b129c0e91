"""The command line: ``sandbox serve``, and ``sandbox advance`` for one that is served."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from contextlib import closing
from datetime import datetime
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.box import DEFAULT_LOCATION, DEFAULT_NOW, Sandbox
from sandbox.server.threaded import HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PORT = 65_535


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except OSError as error:
        sys.stderr.write(f"sandbox: {options.what(options)} ({os.strerror(error.errno or 0)})\n")
        return 1
    return result


def serve(options: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    # Blocked before the server's thread starts, so that every thread leaves them to sigwait.
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with _sandbox(options) as box:
        sys.stdout.write(json.dumps(ready_line(box)) + "\n")
        sys.stdout.flush()
        signal.sigwait(signals)
    return 0


def advance(options: argparse.Namespace) -> int:
    """Let time pass in a sandbox that is served, and let things happen; prints both as one JSON line."""
    clock = _tell(options.port, "clock", {"advance_seconds": round(options.hours * 3600)})
    news = {} if options.news is None else {"news": _tell(options.port, "news", {"seed": options.news})}
    sys.stdout.write(json.dumps({**clock, **news}) + "\n")
    return 0


def _tell(port: int, name: str, body: dict[str, Any]) -> dict[str, Any]:
    connection = HTTPConnection(HOST, port, timeout=60)
    with closing(connection):
        connection.request(
            "POST", f"/_sandbox/{name}", json.dumps(body), {"Content-Type": "application/json"}
        )
        answer: dict[str, Any] = json.load(connection.getresponse())
    return answer


def ready_line(box: Sandbox) -> dict[str, Any]:
    """What another process must know to use the sandbox."""
    return {
        "url": box.url,
        "booker_url": box.booker_url,
        "referrizer_url": box.referrizer_url,
        "location_ids": list(box.salon.locations),
        "credentials": box.booker.credentials.as_dict(),
        "token": box.referrizer.token,
    }


def _sandbox(options: argparse.Namespace) -> Sandbox:
    return Sandbox(
        contacts=options.contacts,
        seed=options.seed,
        zone=options.zone,
        now=options.now,
        location_id=options.location_id,
        locations=dict(options.location) if options.location else None,
        port=options.port,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sandbox", description="Booker's and Referrizer's APIs as one local server."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(
        commands.add_parser("serve", help="serve until SIGTERM or Ctrl-C; prints one JSON line when ready")
    )
    _add_advance(commands.add_parser("advance", help="let time pass in a sandbox that is served"))
    return parser


def _add_serve(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=serve, what=lambda options: f"cannot listen on port {options.port}")
    command.add_argument("--port", type=_port, default=0, help="port on 127.0.0.1; 0 for a free one")
    command.add_argument(
        "--contacts", type=_count, default=50, help="customers in all; 0 for the special people only"
    )
    command.add_argument("--seed", type=int, default=7, help="the same seed gives the same salon")
    command.add_argument("--zone", type=_zone, default="America/Chicago", help="IANA zone of the location")
    command.add_argument(
        "--now", type=_instant, default=DEFAULT_NOW, help="the salon's clock, ISO 8601 with a zone"
    )
    command.add_argument(
        "--location-id", type=_count, default=DEFAULT_LOCATION, help="Booker's id of the location"
    )
    command.add_argument(
        "--location",
        type=_location,
        action="append",
        metavar="ID=ZONE",
        help="one of several locations; repeatable",
    )


def _add_advance(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=advance, what=lambda options: f"no sandbox answers on port {options.port}")
    command.add_argument("--port", type=_port, required=True, help="where it is served")
    command.add_argument("--hours", type=float, default=1, help="how much time passes")
    command.add_argument(
        "--news", type=int, metavar="SEED", help="and let an hour's worth of things happen at the end of it"
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        message = f"{text!r} is not a number from 0 on"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _port(text: str) -> int:
    port = _count(text)
    if port > MAX_PORT:
        message = f"there is no port {text}"
        raise argparse.ArgumentTypeError(message)
    return port


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{text!r} is not a zone such as America/Chicago"
        raise argparse.ArgumentTypeError(message) from None


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901 - refused just below
    if instant.tzinfo is None:
        message = f"{text!r} is not an instant with a zone such as 2026-03-02T15:00:00Z"
        raise argparse.ArgumentTypeError(message)
    return instant


def _location(text: str) -> tuple[int, str]:
    key, _, zone = text.partition("=")
    return _count(key), _zone(zone)
