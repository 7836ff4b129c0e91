"""The command `referrizer-ledger`: what the ledger knows, for people and for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from target_referrizer.cli import adopting, asking, common, deciding, fitting, planning
from target_referrizer.cli.doctor import doctor
from target_referrizer.cli.report import report
from target_referrizer.clock import machine_clock
from target_referrizer.failing import run_cli
from target_referrizer.manual import ManualGroup

HELP = """Look into the ledger of target-referrizer: what was sent, what waits, and why.

The ledger keeps what every contact and visit should be and what Referrizer has confirmed. Each command's
own --help says what it does, what it changes and how it ends.
"""
CHANGES = """Nothing in the Referrizer account, which only `target-referrizer` writes to. `baseline`,
`forget`, `held` and `rejects` may change the ledger, and so what the next run sends."""
EXAMPLES = {
    "referrizer-ledger --config target.json status": "See how the last run went",
    "referrizer-ledger --config target.json held --help": "Read the manual of a command",
    "meltano invoke target-referrizer:status": "The same in a Meltano project, with its settings",
    "meltano invoke target-referrizer:explain 900001": "Ask there about one contact",
}


@click.group(
    cls=ManualGroup,
    help=HELP,
    changes=CHANGES,
    settings=common.SETTINGS,
    exits=common.EXITS,
    examples=EXAMPLES,
)
@click.version_option(package_name="target-referrizer", message="%(prog)s v%(version)s")
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True,
    help="Settings of target-referrizer as JSON; may be repeated.",
)  # fmt: skip
@click.pass_context
def ledger_command(context: click.Context, config: tuple[Path, ...]) -> None:
    """What every command needs: the settings, read when they are asked for."""
    context.obj = common.AskSettings(config, context.obj or machine_clock)  # a caller's clock


for command in (
    doctor,
    asking.status, asking.explain, asking.moves,
    report,
    fitting.fits,
    planning.plan,
    adopting.baseline,
    adopting.verify,
    deciding.rejects, deciding.held, deciding.forget,
):  # fmt: skip
    ledger_command.add_command(command)


def main() -> NoReturn:
    """The command `referrizer-ledger`."""
    run_cli(ledger_command, "referrizer-ledger")
