"""The ledger against the account: taking over what is there, and looking whether it still is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from target_referrizer.cli import common
from target_referrizer.run import Run, real_outside
from target_referrizer.stopping import Stop

if TYPE_CHECKING:
    from datetime import datetime

    from target_referrizer.cli.common import AskSettings


@click.command()
@click.option(
    "--post-visits-since",
    type=click.DateTime(),
    metavar="INSTANT",
    help="Post check-ins since this instant (UTC), which the ledger takes for history.",
)
@common.as_format
@click.pass_obj
def baseline(settings: AskSettings, shape: str, post_visits_since: datetime | None) -> None:
    """Build or complete the ledger from what Referrizer holds.

    Reads all contacts, links the records that the ledger has to them, and marks what agrees already as
    confirmed. Sends nothing, posts no visit, awards nothing. In a new ledger everything before now becomes
    history: the way to switch over from another integration.
    """
    since = common.in_utc(post_visits_since) if post_visits_since else None
    taken = Run(settings(), real_outside(Stop())).adopt(since)
    common.answer(taken.as_json(), shape, lambda _: taken.lines())
