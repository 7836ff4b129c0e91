"""What a run would change, before it does."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

import click

from target_referrizer.cli import common

if TYPE_CHECKING:
    from datetime import datetime

    from target_referrizer.cli.common import AskSettings


@common.command(
    changes=common.LOOKS,
    exits=common.ASKING,
    examples={
        "plan": "See what the next run would do without news",
        "plan --as-of 2026-06-01": "See who will have aged by then",
        "plan --input records.jsonl": "See what these records would change",
    },
)
@common.as_format
@click.option("--as-of", type=common.Instant(), help="Plan as of this instant; default: now.")
@click.option(
    "--input", "records", type=click.File(), help="Singer messages to plan for, as the target would get them."
)
@common.unmasked
@click.pass_obj
def plan(
    settings: AskSettings,
    shape: str,
    as_of: datetime | None,
    records: IO[str] | None,
    *,
    show_personal_data: bool,
) -> None:
    """What a run would change now, with examples of each.

    Contacts, fields, groups, visits and rejects are counted.

    Without input: groups that age, and work that earlier runs left. Reads from Referrizer where it must, and
    writes nothing, neither there nor to the ledger. The target itself prints the same with `dry_run`.
    """
    from target_referrizer.target import TargetReferrizer

    config = settings.config() | {"dry_run": True}
    config |= {"as_of": as_of.isoformat()} if as_of else {}
    target = TargetReferrizer(config=config)
    target.run.shows_plan, target.run.unmasked = False, show_personal_data
    target.take(records or io.StringIO())
    planned = target.run.preview
    if planned is not None:
        common.answer(planned.as_json(), shape, lambda _: planned.lines())
