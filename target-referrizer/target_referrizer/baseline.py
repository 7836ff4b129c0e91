"""Adopting an account: what Referrizer holds already goes into the ledger, and nothing is sent.

For switching over from another integration, and for a ledger that was lost.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from target_referrizer import origin, verification
from target_referrizer.clock import told
from target_referrizer.errors import SettingsError
from target_referrizer.ledger import desired, reports
from target_referrizer.reconcile import Reconciler
from target_referrizer.terminal import row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from target_referrizer.context import Context


@dataclass(frozen=True)
class Taken:
    """What a baseline found.

    Attributes:
        ledger: What the ledger was before: new, lost (our groups stood in Referrizer) or in use.
        contacts: Contacts of the account.
        linked: Records of the source that are linked now, and how many of them are since just now.
        unlinked: Records of the source that the account does not have; the next run creates them.
        rejected: Records of the source that cannot be linked or created.
        agreeing: Linked contacts that show what they should already.
        changed: Linked contacts that a person has changed in Referrizer since they were confirmed.
        missing: Linked contacts that Referrizer no longer has.
        differing: Linked contacts that the next run will write.
        posted_since: Check-ins before this instant are history.
    """

    ledger: str
    contacts: int
    linked: int
    newly_linked: int
    unlinked: int
    rejected: int
    agreeing: int
    changed: int
    missing: int
    differing: int
    posted_since: str

    def as_json(self) -> dict[str, Any]:
        """The baseline for scripts."""
        return asdict(self)

    def lines(self, zone: ZoneInfo) -> Iterator[str]:
        """The baseline for people, by the clocks of the business."""
        yield f"{self.contacts:,} contacts read from Referrizer into a ledger that was {self.ledger}"
        yield row("records linked", self.linked, 38, remark=f"{self.newly_linked:,} of them now")
        yield row("records to be created by the next run", self.unlinked, 38)
        yield row("records rejected", self.rejected, 38)
        yield row("contacts that agree already", self.agreeing, 38)
        yield row("contacts to be written by the next run", self.differing, 38)
        if drift := self.changed + self.missing:
            yield row("contacts changed or deleted there", drift, 38, remark="see verify")
        if self.ledger == "lost":
            yield "this ledger replaces a lost one: run once with a full refresh of contacts"
        since = told(self.posted_since, zone)
        yield f"check-ins before {since} are history: they move last visits and earn nothing"


def take(context: Context, post_since: datetime | None) -> Taken:
    """Read the account, link, and mark what agrees as confirmed.

    In a new ledger everything before now is history from here on, and last visits start from what Referrizer
    shows. In one that is in use nothing of that kind changes.

    Args:
        context: The run.
        post_since: Check-ins of the source since this instant are visits like any other; None leaves it.

    Raises:
        SettingsError: RFZ-101, that instant has not come yet.
    """
    ledger, source = context.ledger, context.source
    if post_since is not None and post_since > context.as_of:
        raise SettingsError("RFZ-101", "--post-visits-since is an instant that has not come yet")
    was_new = not origin.is_known(ledger)
    with ledger.transaction() as tx:
        before = reports.linked(tx, source)
    reconciler = Reconciler(context, trusts_shown=True)
    reconciler.index.refresh()
    if was_new:
        origin.begin_history(ledger, context.settings, context.as_of)
    with ledger.transaction() as tx:
        desired.mark_all(tx)
    reconciler.prepare()
    was_lost = origin.tell_of_rebuilding(ledger)
    if post_since is not None:
        origin.post_since(ledger, source, post_since)
    since = origin.posted_since(ledger, context.settings, source) or context.as_of
    drift = verification.of_the_list(context)
    with ledger.transaction() as tx:
        counts = reports.adopted(tx, context.source, context.cut_offs, groups=context.maps_group)
    counts["agreeing"] -= drift.drifted + drift.missing
    return Taken(
        ledger="lost" if was_lost else "new" if was_new else "in use",
        newly_linked=counts["linked"] - before,
        changed=drift.drifted,
        missing=drift.missing,
        posted_since=since.isoformat(),
        **counts,
    )
