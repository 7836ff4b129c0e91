"""What waits for a person, and what the person decides about it."""

from __future__ import annotations

import json
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from target_referrizer.cli import common
from target_referrizer.errors import TargetError
from target_referrizer.masking import masked_record
from target_referrizer.terminal import counted

if TYPE_CHECKING:
    from target_referrizer.cli.common import AskSettings
    from target_referrizer.ledger import Ledger
    from target_referrizer.settings import Settings


@common.command(
    changes="Nothing; with --retry the ledger. The Referrizer account: only by the next run.",
    exits=common.BUSY,
    examples={
        "rejects": "See what was not delivered, and why",
        "rejects --retry": "Try again after the cause is mended",
        "rejects --format json --show-personal-data": "Hand them to a script, names included",
    },
)
@common.as_format
@click.option("--retry", is_flag=True, help="Have the next run try them all again.")
@common.unmasked
@click.pass_obj
def rejects(settings: AskSettings, shape: str, *, retry: bool, show_personal_data: bool) -> None:
    """Records that could not be delivered, with code, reason and run.

    A record that comes again in a better version needs no --retry. The codes stand in docs/errors.md.
    """
    from target_referrizer.cli import texts
    from target_referrizer.ledger import reports

    chosen = settings()
    with closing(common.open_ledger(chosen)) as ledger:
        if retry:
            _retry(ledger, chosen)
        found = [_reject(row, unmasked=show_personal_data) for row in reports.rejects(ledger, chosen.source)]
    common.answer(found, shape, texts.rejects)


@common.command(
    changes="Nothing; with --resend or --confirm the ledger. The Referrizer account: only by the next run.",
    exits=common.BUSY,
    examples={
        "held": "See which visits wait for you",
        "held --confirm 500001": "Referrizer shows this visit",
        "held --resend 500002 --resend 500003": "Referrizer shows neither of these",
    },
)
@common.as_format
@click.option(
    "--resend", type=common.Id(), multiple=True, help="Send this visit again: it is not in Referrizer."
)
@click.option(
    "--confirm", type=common.Id(), multiple=True, help="Take this visit as delivered: it is in Referrizer."
)
@click.pass_obj
def held(settings: AskSettings, shape: str, resend: tuple[str, ...], confirm: tuple[str, ...]) -> None:
    """Visits whose answer never came; settle them.

    Nobody can know from here whether Referrizer took such a visit, and a second one would give points twice.
    Look at the contact in Referrizer, then say for each visit whether it is there. ID is that of the visit,
    as listed.
    """
    from target_referrizer.cli import texts
    from target_referrizer.ledger import reports

    chosen = settings()
    with closing(common.open_ledger(chosen)) as ledger:
        if resend or confirm:
            _settle_held(ledger, chosen, resend, confirm)
        is_alone = bool(resend or confirm) or not ledger.locks.is_held(chosen.source)
        found = [_held(row) for row in reports.held(ledger, chosen.source, is_alone=is_alone)]
    common.answer(found, shape, partial(texts.held, zone=chosen.policy.zone))


@common.command(
    changes="The ledger, for good. Nothing in the Referrizer account: that is left to you, and said.",
    exits=common.BUSY,
    examples={
        "forget 900001": "Erase a person by the id of the source or of Referrizer",
        "forget - < email.txt": "Erase by an e-mail that stands in a file",
        "forget 900001 --undo": "Let the person come back",
    },
)
@click.argument("contact", type=common.Id())
@common.as_format
@click.option("--undo", is_flag=True, help="The person has signed up again: take the marks away.")
@click.pass_obj
def forget(settings: AskSettings, contact: str, shape: str, *, undo: bool) -> None:
    """Erase a person from the ledger, for good.

    The person is not created again; nothing stays but salted marks. CONTACT is an id of the source or of
    Referrizer; - reads an e-mail from standard input. Says what a person must still erase in Referrizer by
    hand: no way to delete is known there.
    """
    from target_referrizer import erasure
    from target_referrizer.cli import texts

    chosen = settings()
    email = common.email_from_stdin() if contact == "-" else None
    with closing(common.open_ledger(chosen)) as ledger, common.exclusively(ledger, chosen):
        if undo:
            found = erasure.come_back(ledger, chosen.source, contact, email)
        else:
            found = erasure.forget(ledger, chosen, contact, email)
        ledger.purge()
    if found is None:
        raise common.unknown_contact(contact)
    common.answer(found, shape, texts.come_back if undo else texts.forgotten)


def _settle_held(
    ledger: Ledger, settings: Settings, resend: tuple[str, ...], confirm: tuple[str, ...]
) -> None:
    """Do what a person decided; an id that is not held is an error, and nothing is done."""
    from target_referrizer.ledger import decisions, reports

    with common.exclusively(ledger, settings):
        if both := sorted({*resend} & {*confirm}):
            raise click.UsageError(f"{', '.join(both)} cannot be both resent and confirmed")
        known = {row.id for row in reports.held(ledger, settings.source, is_alone=True)}
        if unknown := sorted({*resend, *confirm} - known):
            raise TargetError(
                "RFZ-404", f"no visit is held by the id {', '.join(unknown)}; nothing was settled"
            )
        again = decisions.resend(ledger, settings.source, resend)
        done = decisions.confirm(ledger, settings.source, confirm, common.moment(settings))
    if again:
        click.echo(f"{counted(again, 'visit is', 'visits are')} sent again by the next run", err=True)
    if done:
        click.echo(f"{counted(done, 'visit is', 'visits are')} taken as delivered", err=True)


def _retry(ledger: Ledger, settings: Settings) -> None:
    """Have the next run try what it can, and say what it cannot."""
    from target_referrizer.ledger import decisions, reports

    with common.exclusively(ledger, settings):
        before = len(reports.rejects(ledger, settings.source))
        again = decisions.retry(ledger, settings.source, common.moment(settings))
    click.echo(f"{again:,} of {counted(before, 'reject')} tried again by the next run", err=True)
    if reports.rejects(ledger, settings.source):
        why = "records that broke the contract are not kept as records; a good version comes from the source"
        click.echo(f"the rest is not: {why}", err=True)


def _reject(row: Any, *, unmasked: bool) -> dict[str, Any]:
    return {
        "stream": row.stream,
        "id": row.id,
        "code": row.code,
        "reason": row.reason,
        "since": row.at.isoformat(),
        "first_run": row.first_run,
        "last_run": row.last_run,
        "record": masked_record(json.loads(row.record or "{}"), unmasked=unmasked),
    }


def _held(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "contact_id": row.contact_id,
        "referrizer_contact": row.remote_contact_id,
        "at": row.sent_at.isoformat() if row.sent_at else None,
        "points": row.points,
        "tried_at": row.intent_at.isoformat() if row.intent_at else None,
        "run": row.settled_run,
        "why": row.reason or "the run died before it had the answer",
        "undone": row.undone_at is not None,
    }
