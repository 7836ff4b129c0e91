"""The command `booker-connect`: everything about the way to Booker that is not reading."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

import click

from tap_booker.doctor import Doctor
from tap_booker.failing import run_command
from tap_booker.finding import verdict, worst


@click.group(context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100})
@click.option(
    "--config", multiple=True, metavar="FILE",
    help="Settings of tap-booker as JSON, also several times; without it, TAP_BOOKER_* of the environment.",
)  # fmt: skip
@click.pass_context
def connect(context: click.Context, config: tuple[str, ...]) -> None:
    """Look after the way to Booker."""
    context.obj = config


@connect.command()
@click.option(
    "--format", "shape", type=click.Choice(["table", "json"]), default="table", show_default=True,
    help="For people or scripts.",
)  # fmt: skip
@click.pass_obj
def doctor(config: tuple[str, ...], shape: str) -> None:
    """Check settings, credentials, locations and clock; a line each.

    It reads a few pages and writes nothing but the credential file, when Booker replaces the refresh token.
    The exit code is 0 also with warnings, 2 when a person must mend a setting, else 1.
    """
    asked, found = Doctor(config), []
    for finding in asked.examine():
        found.append(finding)
        if shape == "table":
            click.echo(finding.line())
    if shape == "table":
        click.echo(f"{verdict(found)}; calls made: {asked.calls}")
    else:
        click.echo(json.dumps([one.as_dict() for one in found], ensure_ascii=False, indent=2))
    sys.exit(worst(found))


def main() -> NoReturn:
    """The `booker-connect` command."""
    run_command(connect)
