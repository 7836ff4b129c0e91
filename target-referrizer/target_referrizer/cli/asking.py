"""Questions to the ledger: how it stands, everything about one contact, who moved."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import click

from target_referrizer.cli import common
from target_referrizer.errors import TargetError
from target_referrizer.typed import as_typed

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from target_referrizer.cli.common import AskSettings

FAILED = 1


@common.command(
    changes=common.LOOKS,
    exits={"1": "anything else; with --max-age: not well", "N": "that of the last run (with --exit-code)"},
    examples={
        "status": "See how the last run went and what waits",
        "status --max-age 2h": "Tell a monitor whether an hourly sync is alive",
        "status --exit-code": "Get the exit code that Meltano hides",
    },
)
@common.as_format
@click.option(
    "--exit-code", is_flag=True, help="End with the last run's exit code, which Meltano turns into 1."
)
@click.option(
    "--max-age", type=common.Age(), metavar="AGE",
    help="Only whether all is well, for a monitor: end with 1 unless a run was done so lately (2h, 90m, 1d).",
)  # fmt: skip
@click.pass_obj
def status(settings: AskSettings, shape: str, max_age: timedelta | None, *, exit_code: bool) -> None:
    """How the last run went, and what the ledger holds.

    Contacts and visits by what became of them, rejects by code, people in each group, and who is listed:
    gone, forgotten, or on somebody else's e-mail.
    """
    from target_referrizer import origin
    from target_referrizer.cli import texts
    from target_referrizer.health import look
    from target_referrizer.ledger import reports

    chosen = settings()
    if max_age is not None:
        health = look(chosen, settings.clock(), max_age)
        common.answer(health.as_json(), shape, lambda _: health.lines())
        sys.exit(0 if health.is_well else FAILED)
    with closing(common.open_ledger(chosen)) as ledger:
        since = origin.posted_since(ledger, chosen, chosen.source)
        found = reports.status(ledger, chosen.source, since)
        code = reports.last_exit_code(ledger, chosen.source)
    common.answer(
        found,
        shape,
        partial(texts.status, zone=chosen.policy.zone, typed=as_typed(os.environ, settings.files)),
    )
    if exit_code:
        sys.exit(FAILED if code is None or code < 0 else code)


@common.command(
    changes=common.LOOKS,
    examples={
        "explain 900001": "Ask by the id of the source or of Referrizer",
        "explain - < email.txt": "Ask by an e-mail that stands in a file",
        "explain 900001 --as-of 2026-06-01": "See the group that the contact will be in",
    },
)
@click.argument("contact", type=common.Id())
@common.as_format
@click.option("--as-of", type=common.Instant(), help="Explain the group as of this instant; default: now.")
@common.unmasked
@click.pass_obj
def explain(
    settings: AskSettings, contact: str, shape: str, as_of: datetime | None, *, show_personal_data: bool
) -> None:
    """All about CONTACT: known, sent, why this group, what next.

    CONTACT is an id of the source or of Referrizer; - reads an e-mail from standard input, so that it stands
    in no list of processes.
    """
    from target_referrizer.cli import explanation

    chosen = settings()
    by_email = common.email_from_stdin() if contact == "-" else None
    instant = as_of or common.moment(chosen)
    with closing(common.open_ledger(chosen)) as ledger:
        found = explanation.explain(
            ledger, chosen, contact, email_key=by_email, as_of=instant, unmasked=show_personal_data
        )
    if found is None:
        raise common.unknown_contact(contact)
    common.answer(found, shape, partial(explanation.lines, zone=chosen.policy.zone))


@common.command(
    changes=common.LOOKS,
    examples={
        "moves": "See who moved in the last run",
        "moves --run 1 --format json": "Hand the moves of one run to a script",
    },
)
@common.as_format
@click.option("--run", "run_no", type=click.IntRange(min=1), help="Number of the run; default: the last one.")
@click.pass_obj
def moves(settings: AskSettings, shape: str, run_no: int | None) -> None:
    """Who moved from one group to another in a run, and why.

    By a visit, by one that was taken back, or because time has passed. The number of a run stands in
    `status`.
    """
    from target_referrizer.cli import texts
    from target_referrizer.ledger import journal, reports

    chosen = settings()
    with closing(common.open_ledger(chosen)) as ledger:
        last = journal.last_sync(ledger, chosen.source)
        number = run_no or (last.id if last else 0)
        if run_no and not reports.has_run(ledger, run_no):
            raise TargetError("RFZ-404", f"the ledger knows no run {run_no}")
        found = [
            {"referrizer_contact": row.remote_id, "records": records, **json.loads(row.detail)}
            for row, records in reports.moves(ledger, number)
        ]
    common.answer(found, shape, texts.moves)
