"""Make it so: contacts first, one write for each that differs, then visits in time order.

Every write goes intent → send → confirm (`workers`). What may have happened without our knowing is looked up
(contacts) or held (visits), never guessed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_referrizer.context import GIVEN_UP
from target_referrizer.creates import Creates
from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger import desired as wanted
from target_referrizer.ledger import index, journal, outbox
from target_referrizer.linking import reject_contact
from target_referrizer.updates import Updates, set_aside
from target_referrizer.workers import send_all

if TYPE_CHECKING:
    from target_referrizer.plan import Plan
    from target_referrizer.reconcile import Reconciler
    from target_referrizer.visits import Visits

logger = logging.getLogger("target-referrizer")

#: A request that was cut off may still be at work over there: so long one waits before looking a second time.
SETTLE_SECONDS = 5
_UNANSWERED = "Referrizer has not said for 48 hours what became of the request, while it answered others"


def deliver(reconciler: Reconciler, visits: Visits, plan: Plan, withheld: set[str]) -> None:
    """Contacts, then visits; once more where the visits showed that a contact is gone.

    Args:
        reconciler: Of this run, prepared.
        visits: What to post.
        plan: How much there is of each.
        withheld: Kinds of change that the brake withholds: creates, groups, visits.
    """
    context = reconciler.context
    contacts = ContactDelivery(reconciler, plan)
    groups = context.maps_group and "groups" not in withheld
    with context.ledger.transaction() as tx:
        outbox.begin_creates(tx, context.source)
    contacts.run(creates="creates" not in withheld, groups=groups)
    if "visits" in withheld:
        return
    send_all(context, "posting visits", visits, plan.visits, holds=True)
    if contacts.has_lost():
        contacts.run(creates="creates" not in withheld, groups=groups)
        send_all(context, "posting visits", visits.again(), plan.visits, holds=True)


class ContactDelivery:
    """Creates and updates, until nothing differs or what differs has to wait."""

    def __init__(self, reconciler: Reconciler, plan: Plan) -> None:
        self._reconciler, self._plan = reconciler, plan
        self._context = reconciler.context

    def run(self, *, creates: bool, groups: bool) -> None:
        """Deliver all contacts; `creates` and `groups` are False where the brake withholds them."""
        self._settle_unknown()
        number = 0
        while creates:
            number += 1
            with self._context.ledger.transaction() as tx:
                chosen = outbox.choose_creates(tx, self._context.source, number)
            if not chosen:
                break
            self._create_round(number)
        self._update(groups=groups)

    def _create_round(self, number: int) -> None:
        work = Creates(self._context, number)
        send_all(self._context, "creating contacts", work, self._plan.creates)
        if work.duplicates:
            self._reconciler.index.refresh_once()
        self._reconciler.match()
        with self._context.ledger.transaction() as tx:
            for row in work.duplicates:
                if wanted.is_still_unlinked(tx, row.source, row.id):
                    reject_contact(
                        tx, self._context, row, "RFZ-208", "the e-mail or phone belongs to another contact"
                    )
        self._settle_unknown()

    def _settle_unknown(self) -> None:
        """Creates that may have happened: look them up, twice with a pause, before anything is sent again.

        One that was sent twice in vain keeps its intent and waits: the next run looks it up first.
        """
        context = self._context
        for pause in (0, SETTLE_SECONDS):
            with context.ledger.transaction() as tx:
                pending = outbox.unresolved_creates(tx, context.source)
            if not pending:
                return
            context.wait(pause)
            self._reconciler.index.refresh()
            self._reconciler.match()
        with context.ledger.transaction() as tx:
            for row in outbox.give_up_creates(tx, context.source, context.as_of):
                if context.as_of - row.unsettled_since >= GIVEN_UP:
                    reject_contact(tx, context, row, "RFZ-216", _UNANSWERED)
                    continue
                logger.warning(
                    "contact %s: Referrizer does not say what its creation came to; the next run looks it up",
                    row.id,
                )

    def _update(self, *, groups: bool) -> None:
        """Updates; contacts that turn out to be gone are matched again and updated where they were found."""
        work = Updates(self._context, groups)
        send_all(self._context, "updating contacts", work, self._plan.updates)
        if self.has_lost():
            self.find_lost(work.lost)
            send_all(self._context, "updating contacts", Updates(self._context, groups), self._plan.updates)
            self._bury_lost()

        self._give_up_doubtful(groups=groups)

    def _give_up_doubtful(self, *, groups: bool) -> None:
        """Changes that always go unanswered, while others are answered, are a person's to look at."""
        context = self._context
        with context.ledger.transaction() as tx:
            before = context.as_of - GIVEN_UP
            for job in outbox.doubtful(tx, context.cut_offs, before, groups=groups):
                set_aside(tx, context, job, "RFZ-216", _UNANSWERED)

    def has_lost(self) -> bool:
        """Whether Referrizer no longer has somebody that this source linked to."""
        with self._context.ledger.transaction() as tx:
            return wanted.has_lost(tx, self._context.source)

    def find_lost(self, lost: list[str]) -> None:
        """Match lost contacts again; those without a match are gone until a person says otherwise.

        Args:
            lost: Referrizer contacts that were not found by their ids.

        Raises:
            SettingsError: They are there, and none was found by its id: their address must be wrong.
        """
        context = self._context
        self._reconciler.index.refresh()
        are_many = len(lost) > 1 and not context.client.has_found_by_id
        with context.ledger.transaction() as tx:
            if are_many and all(index.is_shown(tx, one) for one in lost):
                hint = ", or try update_style patch" if context.settings.update_style == "merge" else ""
                what = f"Referrizer lists contacts and finds none of them by its id; check api_url{hint}"
                raise SettingsError("RFZ-101", what)
        self._reconciler.match()
        self._bury_lost()

    def _bury_lost(self) -> None:
        """Whoever was looked for and not found: no more writes."""
        context = self._context
        with context.ledger.transaction() as tx:
            for row in wanted.bury(tx, context.source):
                journal.note(tx, context.moment, "gone", source=row.source, contact_id=row.id)
                gone = TargetError("RFZ-214", "Referrizer no longer has the contact it was linked to")
                logger.warning("contact %s: %s", row.id, gone)
