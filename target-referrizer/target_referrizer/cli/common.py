"""What the commands share: settings, an open ledger, the two shapes of an answer.

Each command loads what it works with when it is called, so that no --help waits for that.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from target_referrizer.clock import machine_clock
from target_referrizer.errors import LedgerBusy, SettingsError, TargetError
from target_referrizer.manual import Manual
from target_referrizer.spelling import Choice
from target_referrizer.terminal import as_json, plain
from target_referrizer.typed import Commands, as_typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from target_referrizer.ledger import Ledger
    from target_referrizer.settings import Settings

as_format = click.option(
    "--format",
    "shape",
    type=Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people or scripts.",
)
SETTINGS = (
    "From each --config FILE, which stands before the command; without one, from TARGET_REFERRIZER_* of the "
    "environment. `target-referrizer --about` describes all."
)
EXITS = {
    "0": "done",
    "1": "anything else; the last line says what",
    "2": "a wrong call or setting",
    "128+n": "stopped by signal n",
}
#: Of commands that ask Referrizer, or that decide.
BUSY = {"4": "a run holds the ledger; try again after it"}
ASKING = {**BUSY, "6": "Referrizer is unavailable; try again later"}
LOOKS = "Nothing: neither the Referrizer account nor the ledger."
#: Years that a day of a business can lie in.
YEARS = range(1970, 9000)


class Instant(click.ParamType[datetime]):
    """A date-time of ISO 8601 on the command line; without a zone it means UTC."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """See click."""
        try:
            given = datetime.fromisoformat(str(value).strip())
            instant = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
        except (ValueError, OverflowError):
            like = "2026-03-01, 2026-03-01T08:00Z or 2026-03-01T08:00+01:00"
            self.fail(f"{str(value)[:60]!r} is no instant such as {like}", param, ctx)
        if instant.year not in YEARS:
            self.fail(f"the year {instant.year} is none from {YEARS[0]} to {YEARS[-1]}", param, ctx)
        return instant


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Age(click.ParamType[timedelta]):
    """A length of time on the command line: `90m`, `2h`, `1d`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """See click."""
        found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no age such as 90m, 2h or 1d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


class Id(click.ParamType[str]):
    """An id on the command line."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See click; what is not UTF-8 comes as halves of characters, which no ledger holds."""
        try:
            str(value).encode()
        except UnicodeError:
            self.fail(f"{value!r} is not UTF-8", param, ctx)
        return str(value)


def command(
    *, changes: str, examples: Mapping[str, str], exits: Mapping[str, str] | None = None
) -> Callable[[Callable[..., object]], Manual]:
    """A command of `referrizer-ledger` with its manual; exit codes are added to those of every command.

    Args:
        changes: What it changes, and where.
        examples: What follows after the command as it is typed here, each with what it is good for.
        exits: Exit codes of its own.
    """
    codes = sorted({**EXITS, **(exits or {})}.items(), key=lambda item: (len(item[0]), item[0]))
    typed = as_typed(os.environ)  # by Meltano the settings come from its project
    start = "referrizer-ledger --config target.json " if typed == Commands() else typed.start
    lines = {f"{start}{line}": what for line, what in examples.items()}
    return click.command(cls=Manual, changes=changes, settings=SETTINGS, exits=dict(codes), examples=lines)


unmasked = click.option(
    "--show-personal-data", is_flag=True, help="Show names, addresses and numbers instead of first letters."
)


@dataclass(frozen=True)
class AskSettings:
    """The settings of the target, from files, else the environment; read once a command asks for them."""

    files: tuple[Path, ...]
    clock: Callable[[], datetime] = machine_clock

    def __call__(self) -> Settings:
        """The settings, checked."""
        return self.checked(self.config())

    def checked(self, config: dict[str, Any]) -> Settings:
        """A configuration of a caller's, checked."""
        from target_referrizer.settings import checked

        return checked(config, self._schema())

    def config(self) -> dict[str, Any]:
        """The settings as they are given."""
        from target_referrizer.variables import from_environment

        config: dict[str, Any] = {} if self.files else from_environment(self._schema())
        for file in self.files:
            try:
                config |= json.loads(file.read_text())
            except (TypeError, ValueError):
                raise SettingsError("RFZ-101", f"{file.name} holds no JSON object") from None
        return config

    def _schema(self) -> dict[str, Any]:
        from target_referrizer.properties import PROPERTIES
        from target_referrizer.target import TargetReferrizer

        schema = PROPERTIES.to_dict()
        TargetReferrizer.append_builtin_config(schema)
        return schema


def open_ledger(settings: Settings) -> Ledger:
    """The ledger that the settings name, which must be there."""
    from target_referrizer.ledger import Ledger
    from target_referrizer.ledger.store import file_of, parse_url

    path = file_of(parse_url(settings.ledger_url))
    if path is not None and not path.exists():
        what = f"there is no ledger yet at {path.absolute()}; there was no run yet, or correct `ledger_url`"
        raise TargetError("RFZ-403", what)
    return Ledger(settings.ledger_url, must_exist=True)


def answer(found: Any, shape: str, lines: Callable[[Any], Iterator[str]]) -> None:
    """Print what was found, as JSON or line by line."""
    if shape == "json":
        click.echo(as_json(found, indent=2))
    else:
        for line in lines(found):
            click.echo(plain(line))


def email_from_stdin() -> str:
    """The e-mail that stands on standard input, so that it stands in no list of processes."""
    from target_referrizer.people import email_key

    key = email_key(sys.stdin.readline())
    if key is None:
        raise click.UsageError("standard input holds no e-mail")
    return key


def unknown_contact(named: str) -> TargetError:
    """Nobody goes by this id, or by the e-mail that was read for `-`."""
    whom = "contact with this e-mail" if named == "-" else f"contact {named!r}"
    return TargetError("RFZ-404", f"the ledger knows no {whom}")


def moment(settings: Settings) -> datetime:
    """The instant that counts as now."""
    return settings.as_of or datetime.now(UTC)


@contextmanager
def exclusively(ledger: Ledger, settings: Settings) -> Iterator[None]:
    """Decide only while no run of this source is under way, and none delivers."""
    if not ledger.locks.try_source(settings.source):
        raise LedgerBusy("RFZ-401", f"a run of source {settings.source!r} holds the ledger")
    with ledger.locks.delivery():
        yield
