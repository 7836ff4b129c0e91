"""The command line: ``sandbox serve``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.box import DEFAULT_LOCATION, DEFAULT_NOW, Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    # Blocked before the server's thread starts, so that every thread leaves them to sigwait.
    signals = {signal.SIGINT, signal.SIGTERM}
    options = _parser().parse_args(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with _sandbox(options) as box:
        sys.stdout.write(json.dumps(ready_line(box)) + "\n")
        sys.stdout.flush()
        signal.sigwait(signals)
    return 0


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
    serve = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "serve", help="serve until SIGTERM or Ctrl-C; prints one JSON line when ready"
    )
    serve.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 for a free one")
    serve.add_argument(
        "--contacts", type=int, default=50, help="customers in all; 0 for the special people only"
    )
    serve.add_argument("--seed", type=int, default=7, help="the same seed gives the same salon")
    serve.add_argument("--zone", default="America/Chicago", help="IANA zone of the location")
    serve.add_argument(
        "--now", type=_instant, default=DEFAULT_NOW, help="the salon's clock, ISO 8601 with a zone"
    )
    serve.add_argument(
        "--location-id", type=int, default=DEFAULT_LOCATION, help="Booker's id of the location"
    )
    serve.add_argument(
        "--location",
        type=_location,
        action="append",
        metavar="ID=ZONE",
        help="one of several locations; repeatable",
    )
    return parser


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = "an instant needs a zone, e.g. 2026-03-02T15:00:00Z"
        raise argparse.ArgumentTypeError(message)
    return instant


def _location(text: str) -> tuple[int, str]:
    key, _, zone = text.partition("=")
    return int(key), zone
