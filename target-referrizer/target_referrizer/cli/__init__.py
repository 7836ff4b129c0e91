"""The command `referrizer-ledger`: what the ledger knows, for people and for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from target_referrizer.cli import adopting, asking, common, deciding, planning
from target_referrizer.cli.doctor import doctor
from target_referrizer.cli.report import report
from target_referrizer.failing import run_cli

# \b keeps click from filling the lines of the examples.
HELP = """Look into the ledger of target-referrizer: what was sent, what waits, and why.

\b
Examples:
  referrizer-ledger --config target.json status
  referrizer-ledger --config target.json explain 900001
  echo guest@example.com | referrizer-ledger --config target.json explain -
"""


@click.group(help=HELP, context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100})
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True,
    help="Settings of target-referrizer as JSON; without it, TARGET_REFERRIZER_* of the environment.",
)  # fmt: skip
@click.pass_context
def ledger_command(context: click.Context, config: tuple[Path, ...]) -> None:
    """What every command needs: the settings, read when they are asked for."""
    context.obj = common.AskSettings(config)


for command in (
    doctor,
    asking.status, asking.explain, asking.moves,
    report,
    planning.plan,
    adopting.baseline,
    adopting.verify,
    deciding.rejects, deciding.held, deciding.forget,
):  # fmt: skip
    ledger_command.add_command(command)


def main() -> NoReturn:
    """The command `referrizer-ledger`."""
    run_cli(ledger_command, "referrizer-ledger")
