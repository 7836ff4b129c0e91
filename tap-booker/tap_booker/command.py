"""The command line of `tap-booker`: the SDK's, with a manual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.plugin_base import SingerCommand

from tap_booker.about import FORMATS
from tap_booker.manual import Manual
from tap_booker.spelling import Choice

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

HELP = """Read contacts and check-ins from Booker as Singer messages on stdout.

The first run reads everything; with the --state of the run before, what has changed since. At the end a
table and a JSON line on stderr say what was read from which location and how many calls were made:
Booker may bill them.
"""
CHANGES = (
    """Nothing at Booker, which it only reads. The credential file, when Booker replaces the refresh token."""
)
SETTINGS = """From each --config FILE, later ones over earlier ones, and with --config ENV from
TAP_BOOKER_* of the environment. location_ids, subscription_key, client_id and client_secret are
required; --about describes all."""
EXITS = {
    "0": "done",
    "1": "a location could not be read to its end; the others were, and their state has left",
    "2": "a wrong call or setting, refused credentials",
    "128+n": "stopped by signal n",
}
EXAMPLES = {
    "tap-booker --config tap.json --test": "See whether the settings lead to data",
    "tap-booker --config tap.json | target-referrizer --config target.json": "Read everything and load it",
    "tap-booker --config tap.json --catalog catalog.json --state state.json": "Read what has changed since",
    "tap-booker --config tap.json --config ENV": "Secrets from the environment",
    "tap-booker --about --format=markdown": "See every setting",
}
TEST = (
    "Check settings, credentials and locations with a few calls and say what was found (`--test`, or "
    "`--test=connection`). `--test=schema` prints the SCHEMA messages and makes no call."
)
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "version": {"help": "Show the version and exit."},
    "about": {"help": "Show every setting with its default, and exit."},
    "about_format": {"help": "Form of --about.  [default: text]", "type": Choice(FORMATS)},
    "config": {"help": "Settings as JSON; ENV means the environment. May be repeated.", "metavar": "FILE"},
    "discover": {"help": "Print the catalog of both streams; no call is made."},
    "test": {"help": TEST, "metavar": "[connection|schema]"},
    "catalog": {"help": "Which streams and fields to read. Without it, all.", "metavar": "FILE"},
    "state": {"help": "State of the run before. Without it, everything is read.", "metavar": "FILE"},
}


class SingerManual(Manual, SingerCommand):
    """The SDK's command as one with a manual."""


def with_manual(command: click.Command) -> click.Command:
    """The SDK's command with our words for what it does and for its options."""
    for option in command.params:
        for name, said in OPTIONS.get(str(option.name), {}).items():
            setattr(option, name, said)
    return SingerManual(
        name=command.name, callback=command.callback, params=command.params, help=HELP,
        logger=getattr(command, "logger"),  # noqa: B009  the SDK's type says only that it is a command
        changes=CHANGES, settings=SETTINGS, exits=EXITS, examples=EXAMPLES,
    )  # fmt: skip
