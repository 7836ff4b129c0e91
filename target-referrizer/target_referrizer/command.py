"""The command line of `target-referrizer`: the SDK's, with a manual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.plugin_base import SingerCommand

from target_referrizer.about import FORMATS
from target_referrizer.manual import Manual
from target_referrizer.spelling import Choice

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

HELP = """Load contacts and check-ins from Singer messages on stdin into Referrizer.

Nothing is sent before the end of the input. Then each contact and visit that differs from what
Referrizer has confirmed is sent once, and contacts whose last visit has aged change groups, also
without any input. At the end a table and a JSON line on stderr account for every record; the state
leaves on stdout.
"""
CHANGES = """Writes contacts and visits to the Referrizer account, and the ledger. With dry_run,
--about, --version or --help it writes nothing."""
SETTINGS = """From each --config FILE, later ones over earlier ones, and with --config ENV from
TARGET_REFERRIZER_* of the environment. Only api_token is required; --about describes all."""
EXITS = {
    "0": "done",
    "1": "anything else; the last line says what",
    "2": "a wrong call or setting, a refused token, another account, a missing custom field",
    "3": "done, but a person is needed: `referrizer-ledger status` says for what",
    "4": "another run holds the ledger",
    "5": "the brake withheld what would change too much at once",
    "6": "Referrizer is unavailable; the next run sends the rest",
    "128+n": "stopped by signal n; the next run goes on from there",
}
EXAMPLES = {
    "tap-booker --config tap.json | target-referrizer --config target.json": "Bring Referrizer up to date",
    "target-referrizer --config target.json --input records.jsonl": "Load messages that were kept in a file",
    "target-referrizer --config target.json --config ENV": "Secrets from the environment",
    "target-referrizer --about --format=markdown": "See every setting",
}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "version": {"help": "Show the version and exit."},
    "about": {"help": "Show every setting with its default, and exit."},
    "about_format": {"help": "Form of --about.  [default: text]", "type": Choice(FORMATS)},
    "config": {"help": "Settings as JSON; ENV means the environment. May be repeated.", "metavar": "FILE"},
    "file_input": {"help": "Read the messages from a file instead of stdin.", "metavar": "FILE"},
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
        logger=getattr(command, "logger"),  # noqa: B009 - the SDK's type says only that it is a command
        changes=CHANGES, settings=SETTINGS, exits=EXITS, examples=EXAMPLES,
    )  # fmt: skip
