"""The ledger against the account: taking over what is there, and looking whether it still is."""

from __future__ import annotations

import sys
from random import Random
from typing import TYPE_CHECKING

import click

from target_referrizer.cli import common
from target_referrizer.errors import NeedsPerson

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from target_referrizer.baseline import Taken
    from target_referrizer.cli.common import AskSettings
    from target_referrizer.run import Run
    from target_referrizer.settings import Settings

SAMPLE = 100


@common.command(
    changes="The ledger: links, what is confirmed, what is history. Nothing in the Referrizer account.",
    exits=common.ASKING,
    examples={
        "baseline": "Take over an account that another integration has filled",
        "baseline --post-visits-since 2026-03-01T08:00Z": "Post what came since, after a ledger was lost",
    },
)
@click.option(
    "--post-visits-since",
    type=common.Instant(),
    help="Post check-ins since this instant, which the ledger takes for history.",
)
@common.as_format
@click.pass_obj
def baseline(settings: AskSettings, shape: str, post_visits_since: datetime | None) -> None:
    """Build or complete the ledger from what Referrizer holds.

    Reads all contacts, links the records that the ledger has to them, and marks what agrees already as
    confirmed. Sends nothing, posts no visit, awards nothing. In a new ledger everything before now becomes
    history: the way to switch over from another integration.
    """
    from target_referrizer.baseline import take

    chosen = settings()
    run = _run(chosen, "baseline")
    taken = run.only_read(lambda context: take(context, post_visits_since))
    common.answer(taken.as_json(), shape, lambda _: _lines(taken, chosen.policy.zone))


def _run(settings: Settings, command: str) -> Run:
    """A run that only reads."""
    from target_referrizer.outside import real_outside
    from target_referrizer.run import Run
    from target_referrizer.stopping import Stop

    return Run(settings, real_outside(Stop()), command)


def _lines(taken: Taken, zone: ZoneInfo) -> Iterator[str]:
    """What was found, and what it is worth where there was nothing to link."""
    yield from taken.lines(zone)
    if not taken.linked + taken.unlinked + taken.rejected:
        yield "the ledger holds no record yet, so nothing could be linked; the first run does that"


@common.command(
    changes="Nothing in the Referrizer account; the ledger keeps only that it was asked.",
    exits={**common.ASKING, "3": "something differs (with --exit-code)"},
    examples={
        "verify": "Look at a hundred contacts",
        "verify --all --exit-code": "Look at all of them, in a nightly job",
    },
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    show_default="100",
    help="So many contacts, read one by one by id.",
)
@click.option("--all", "is_all", is_flag=True, help="All contacts, as the list shows them.")
@click.option("--exit-code", is_flag=True, help="End with 3 when something differs.")
@common.unmasked
@common.as_format
@click.pass_obj
def verify(  # noqa: PLR0913 - one argument for each option
    settings: AskSettings,
    sample: int | None,
    shape: str,
    *,
    is_all: bool,
    exit_code: bool,
    show_personal_data: bool,
) -> None:
    """Read contacts back, and say what is not as confirmed.

    Changes nothing. What a person changed in Referrizer stays, until the source changes the same field.
    """
    from target_referrizer.verification import look

    if is_all and sample is not None:
        raise click.UsageError("--sample and --all exclude each other")
    chosen = settings()
    common.open_ledger(chosen).close()
    run = _run(chosen, "verify")
    number = None if is_all else sample or SAMPLE
    found = run.only_read(lambda context: look(context, number, Random(), unmasked=show_personal_data))  # noqa: S311
    common.answer(found.as_json(), shape, lambda _: found.lines())
    if exit_code and found.differs:
        sys.exit(NeedsPerson.exit_code)
