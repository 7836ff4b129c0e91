"""What may have happened without our knowing, and who is no longer there: looked up, never guessed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_referrizer.context import GIVEN_UP
from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger import creating, index, journal, outbox
from target_referrizer.ledger import desired as wanted
from target_referrizer.linking import reject_contact
from target_referrizer.updates import set_aside

if TYPE_CHECKING:
    from target_referrizer.context import Context
    from target_referrizer.reconcile import Reconciler

logger = logging.getLogger("target-referrizer")

#: A request that was cut off may still be at work over there: so long one waits before looking.
SETTLE_SECONDS = 5
_UNANSWERED = "Referrizer has not said for 48 hours what became of the request, while it answered others"


def settle_creates(reconciler: Reconciler, *, others: bool = False) -> None:
    """Creates that may have happened: look them up after a pause, before anything is sent again.

    A look reads the whole list, so there is one: before the pause it could find nobody whom it does not find
    after it. One that was sent twice in vain keeps its intent and waits: the next run looks it up first.

    Args:
        reconciler: Of this run.
        others: Whether those of other sources are looked up too; while this run delivers they do not change.
    """
    context = reconciler.context
    with context.ledger.transaction() as tx:
        must_look = creating.must_look_up(tx, context.source, context.as_of - GIVEN_UP, others=others)
    if must_look:
        context.wait(SETTLE_SECONDS)
        reconciler.index.refresh()
        reconciler.match()
    with context.ledger.transaction() as tx:
        for row in creating.give_up_creates(tx, context.source, context.as_of):
            if context.as_of - row.unsettled_since >= GIVEN_UP:
                reject_contact(tx, context, row, "RFZ-216", _UNANSWERED)
                continue
            logger.warning(
                "contact %s: Referrizer does not say what its creation came to; the next run looks it up",
                row.id,
            )


def wait_for_dead(context: Context) -> None:
    """The last requests of a process that died may still be under way, and must not overtake ours."""
    with context.ledger.transaction() as tx:
        is_in_doubt = outbox.has_doubtful(tx, context.as_of)
    if is_in_doubt:
        context.wait(SETTLE_SECONDS)


def give_up_updates(context: Context, *, groups: bool) -> None:
    """Changes that always go unanswered, while others are answered, are a person's to look at."""
    with context.ledger.transaction() as tx:
        before = context.as_of - GIVEN_UP
        for job in outbox.doubtful(tx, context.cut_offs, before, groups=groups):
            set_aside(tx, context, job, "RFZ-216", _UNANSWERED)


def has_lost(context: Context) -> bool:
    """Whether Referrizer no longer has somebody that this source linked to."""
    with context.ledger.transaction() as tx:
        return wanted.has_lost(tx, context.source)


def find_lost(reconciler: Reconciler, lost: list[str]) -> None:
    """Match lost contacts again; those without a match are gone until a person says otherwise.

    Args:
        reconciler: Of this run.
        lost: Referrizer contacts that were not found by their ids.

    Raises:
        SettingsError: They are there, and none was found by its id: their address must be wrong.
    """
    reconciler.index.refresh()
    _check_address(reconciler.context, lost)
    reconciler.match()
    bury_lost(reconciler.context)


def bury_lost(context: Context) -> None:
    """Whoever was looked for and not found: no more writes."""
    with context.ledger.transaction() as tx:
        for row in wanted.bury(tx, context.source):
            journal.note(tx, context.moment, "gone", source=row.source, contact_id=row.id)
            gone = TargetError("RFZ-214", "Referrizer no longer has the contact it was linked to")
            logger.warning("contact %s: %s", row.id, gone)


def _check_address(context: Context, lost: list[str]) -> None:
    are_many = len(lost) > 1 and not context.client.has_found_by_id
    with context.ledger.transaction() as tx:
        if are_many and all(index.is_shown(tx, one) for one in lost):
            hint = ", or try update_style patch" if context.settings.update_style == "merge" else ""
            what = f"Referrizer lists contacts and finds none of them by its id; check api_url{hint}"
            raise SettingsError("RFZ-101", what)
