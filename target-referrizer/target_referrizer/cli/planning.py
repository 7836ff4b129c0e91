"""What a run would change, before it does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from target_referrizer.cli import common
from target_referrizer.outside import real_outside
from target_referrizer.run import Run
from target_referrizer.stopping import Stop

if TYPE_CHECKING:
    from datetime import datetime

    from target_referrizer.cli.common import AskSettings


@click.command()
@common.as_format
@click.option("--as-of", type=click.DateTime(), help="Plan as of this instant (UTC); default: now.")
@click.pass_obj
def plan(settings: AskSettings, shape: str, as_of: datetime | None) -> None:
    """What a run would change now, without any input.

    Groups that age, and work that earlier runs left.

    Reads from Referrizer where it must and writes nothing. For the plan of an input, run the target over
    it with `dry_run`.
    """
    chosen = replace(settings(), dry_run=True)
    chosen = replace(chosen, as_of=common.in_utc(as_of)) if as_of else chosen
    planned = Run(chosen, real_outside(Stop())).preview()
    common.answer(planned.as_json(), shape, lambda _: planned.lines())
