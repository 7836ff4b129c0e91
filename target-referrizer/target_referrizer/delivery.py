"""Make it so: contacts first, one write for each that differs, then visits in time order.

Every write of every kind goes the same way (`workers`): its intent is committed, it is sent, its outcome is
committed. A run that dies in between, or an answer that never comes, leaves the intent behind, and nothing is
sent again before it is settled:

- A create (`contact.create_intent_at`): by reading the index. It is found and linked, or not there
  (`settling`).
- An update or a group move (`remote_contact.intent_at`): by reading the contact. Only what still differs is
  written (`updates`).
- A visit (`visit.status` sending): by a person, since visits cannot be read. It is held (`visits`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_referrizer.creates import Creates
from target_referrizer.ledger import creating
from target_referrizer.ledger import desired as wanted
from target_referrizer.linking import reject_contact
from target_referrizer.settling import (
    bury_lost,
    find_lost,
    give_up_updates,
    has_lost,
    settle_creates,
    wait_for_dead,
)
from target_referrizer.updates import Updates
from target_referrizer.workers import send_all

if TYPE_CHECKING:
    from target_referrizer.plan import Plan
    from target_referrizer.reconcile import Reconciler
    from target_referrizer.visits import Visits


def deliver(reconciler: Reconciler, visits: Visits, plan: Plan, withheld: set[str]) -> None:
    """Contacts, then visits; once more where the visits showed that a contact is gone.

    Args:
        reconciler: Of this run, prepared.
        visits: What to post.
        plan: How much there is of each.
        withheld: Kinds of change that the brake withholds: creates, groups, visits.
    """
    context = reconciler.context
    with context.ledger.transaction() as tx:
        creating.begin_creates(tx, context.source)
    _deliver_contacts(reconciler, plan, withheld)
    if "visits" in withheld:
        return
    send_all(context, "posting visits", visits.look_at_origin(), plan.visits, holds=True)
    if has_lost(context):
        _deliver_contacts(reconciler, plan, withheld)
        send_all(context, "posting visits", visits.again().look_at_origin(), plan.visits, holds=True)


def _deliver_contacts(reconciler: Reconciler, plan: Plan, withheld: set[str]) -> None:
    """Creates and updates, until nothing differs or what differs has to wait."""
    settle_creates(reconciler, others=True)
    number = 0
    while "creates" not in withheld and _create_some(reconciler, plan, number := number + 1):
        settle_creates(reconciler)
    _update(reconciler, plan, groups=reconciler.context.maps_group and "groups" not in withheld)


def _create_some(reconciler: Reconciler, plan: Plan, number: int) -> bool:
    """One round, in which no two can be one person; False when there is nobody left to create."""
    context = reconciler.context
    with context.ledger.transaction() as tx:
        if not creating.choose_creates(tx, context.source, number):
            return False
    work = Creates(context, number)
    send_all(context, "creating contacts", work, plan.creates)
    if work.duplicates:
        reconciler.index.refresh_once()
    reconciler.match()
    with context.ledger.transaction() as tx:
        for row in work.duplicates:
            if wanted.is_still_unlinked(tx, row.source, row.id):
                why = "the e-mail or phone belongs to another contact"
                reject_contact(tx, context, row, "RFZ-208", why)
    return True


def _update(reconciler: Reconciler, plan: Plan, *, groups: bool) -> None:
    """Updates; contacts that turn out to be gone are matched again and updated where they were found."""
    context = reconciler.context
    wait_for_dead(context)
    work = Updates(context, groups)
    send_all(context, "updating contacts", work, plan.updates)
    if has_lost(context):
        find_lost(reconciler, work.lost)
        send_all(context, "updating contacts", Updates(context, groups), plan.updates)
        bury_lost(context)
    give_up_updates(context, groups=groups)
