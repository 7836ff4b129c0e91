"""Whether a run can do its work, before there is one."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from target_referrizer.cli import common
from target_referrizer.clock import machine_clock
from target_referrizer.terminal import as_json, plain
from target_referrizer.typed import as_typed

if TYPE_CHECKING:
    from pathlib import Path


@common.command(
    changes=common.LOOKS,
    exits={"0": "a run can do its work, also with warnings", "6": "Referrizer is unavailable"},
    examples={
        "doctor": "Look before the first run, and whenever one fails",
        "doctor --format json": "Hand the findings to a script",
    },
)
@common.as_format
@click.pass_context
def doctor(context: click.Context, shape: str) -> None:
    """Check settings, account, field names and ledger; a line each.

    Each line says `ok`, `warn` or `FAIL`, and what to do. It only reads. The exit code is that of the most
    urgent failure: 2 before 1 before 6.
    """
    from target_referrizer.doctor import examine, verdict, worst
    from target_referrizer.doctor.wishes import Wishes

    files: tuple[Path, ...] = context.parent.params["config"] if context.parent else ()
    typed, found = as_typed(os.environ, files), []
    for one in examine(Wishes(files), machine_clock, time.monotonic):
        finding = replace(one, what_to_do=typed.told(one.what_to_do))
        found.append(finding)
        if shape == "table":
            click.echo(plain(finding.line()))
    if shape == "table":
        click.echo("\n".join(verdict(found)))
    else:
        click.echo(as_json([one.as_json() for one in found], indent=2))
    sys.exit(worst(found))
