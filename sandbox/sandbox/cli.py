"""The command line: ``sandbox serve``, and ``sandbox advance`` for one that is served."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from datetime import datetime
from http.client import HTTPConnection
from typing import Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from sandbox.box import DEFAULT_LOCATION, DEFAULT_NOW, Sandbox
from sandbox.manual import Manual, ManualGroup
from sandbox.server.threaded import HOST

PORT = click.IntRange(0, 65_535)
COUNT = click.IntRange(0)
EXITS = {"0": "done", "1": "the port is taken, or nobody answers there", "2": "a wrong call"}


class Zone(click.ParamType[str]):
    """An IANA zone."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See click."""
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"{value!r} is not a zone such as America/Chicago", param, ctx)


class Location(click.ParamType[tuple[int, str]]):
    """One of several locations: its id and its zone."""

    name = "id=zone"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, str]:
        """See click."""
        key, _, zone = value.partition("=")
        return COUNT.convert(key, param, ctx), Zone().convert(zone, param, ctx)


class Instant(click.ParamType[datetime]):
    """A date-time with a zone."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """See click."""
        try:
            instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            instant = datetime.min  # noqa: DTZ901 - refused just below
        if instant.tzinfo is None:
            self.fail(f"{value!r} is not an instant with a zone such as 2026-03-02T15:00:00Z", param, ctx)
        return instant


@click.group(
    cls=ManualGroup,
    changes="Nothing outside of its own process; no call leaves 127.0.0.1.",
    exits=EXITS,
    examples={
        "sandbox serve --port 8765": "Serve what the Meltano project's environment `sandbox` asks",
        "sandbox advance --port 8765 --hours 1 --news 1": "Let an hour pass in it, with guests and edits",
    },
)
@click.version_option(package_name="booker-referrizer-sandbox", message="%(prog)s v%(version)s")
def sandbox() -> None:
    """Booker's and Referrizer's APIs as one local server, for trials without an account."""


@sandbox.command(
    cls=Manual,
    changes="Nothing outside of its own process: all is forgotten when it ends.",
    exits=EXITS,
    examples={
        "sandbox serve --port 8765": "The salon of the Meltano project's environment `sandbox`",
        "sandbox serve --port 8765 --contacts 2000": "A larger one",
        "sandbox serve --location 1=Europe/London --location 2=Asia/Kolkata": "Several locations",
    },
)
@click.option("--port", type=PORT, default=0, show_default="a free one", help="Port on 127.0.0.1.")
@click.option(
    "--contacts", type=COUNT, default=50, show_default=True, metavar="N",
    help="Customers in all; 0 for the special people only.",
)  # fmt: skip
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same salon.")
@click.option(
    "--zone", type=Zone(), default="America/Chicago", show_default=True, help="IANA zone of the location."
)
@click.option(
    "--now", type=Instant(), default=DEFAULT_NOW, show_default=True,
    help="The salon's clock, ISO 8601 with a zone.",
)  # fmt: skip
@click.option(
    "--location-id", type=COUNT, default=DEFAULT_LOCATION, show_default=True, metavar="ID",
    help="Booker's id of the location.",
)  # fmt: skip
@click.option("--location", type=Location(), multiple=True, help="One of several locations; may be repeated.")
def serve(  # noqa: PLR0913, PLR0917 - one argument for each option
    port: int,
    contacts: int,
    seed: int,
    zone: str,
    now: datetime,
    location_id: int,
    location: tuple[tuple[int, str], ...],
) -> None:
    """Serve until SIGTERM or Ctrl-C; prints one JSON line when ready.

    The line holds the addresses, the credentials and the token, all made up.
    """
    box = Sandbox(
        contacts=contacts,
        seed=seed,
        zone=zone,
        now=now,
        location_id=location_id,
        locations=dict(location) if location else None,
        port=port,
    )
    # Blocked before the server's thread starts, so that every thread leaves them to sigwait.
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        with box:
            click.echo(json.dumps(ready_line(box)))
            signal.sigwait(signals)
    except OSError as error:
        _fail(f"cannot listen on port {port}", error)


@sandbox.command(
    cls=Manual,
    changes="The clock, and with --news the people, of a sandbox that is served.",
    exits=EXITS,
    examples={
        "sandbox advance --port 8765": "An hour without news",
        "sandbox advance --port 8765 --hours 24 --news 1": "A day, with things that happen at its end",
    },
)
@click.option("--port", type=PORT, required=True, help="Where it is served.")
@click.option("--hours", type=float, default=1, show_default=True, help="How much time passes.")
@click.option(
    "--news", type=int, metavar="SEED", help="Let an hour's worth of things happen at the end of it."
)
def advance(port: int, hours: float, news: int | None) -> None:
    """Let time pass in a sandbox that is served.

    Prints the new time, and with --news what happened, as one JSON line.
    """
    try:
        clock = _tell(port, "clock", {"advance_seconds": round(hours * 3600)})
        said = {} if news is None else {"news": _tell(port, "news", {"seed": news})}
    except OSError as error:
        _fail(f"no sandbox answers on port {port}", error)
    click.echo(json.dumps({**clock, **said}))


def _fail(what: str, error: OSError) -> NoReturn:
    click.echo(f"sandbox: {what} ({os.strerror(error.errno or 0)})", err=True)
    raise SystemExit(1)


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


def main() -> None:
    """The command `sandbox`."""
    sandbox(prog_name="sandbox")
