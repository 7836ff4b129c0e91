"""The plan: how much this run would change, and what the brake makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_referrizer.errors import Braked
from target_referrizer.ledger import journal, planning

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from target_referrizer.context import Context

#: Up to so many changes of a kind are never withheld: a small salon's busy day is no accident.
ALWAYS_ALLOWED = 20


@dataclass(frozen=True)
class Plan:
    """What reconciling found, counted.

    Attributes:
        creates: Contacts to be created (at most: some may turn out to be one person).
        updates: Referrizer contacts that need a write, group moves included.
        visits: Visits to be posted.
        moves: `from → to`, and how many.
        opted_out: Contacts to be created who opted out in the source, while opt-outs are not carried over.
        linked: Referrizer contacts that records are linked to, of all sources. This and the next two are
            counted where the brake needs them, and in dry runs.
        linked_records: Records of this source that are linked to one.
        first_visits: Contacts to be created that have a visit to be posted.
    """

    creates: int
    updates: int
    visits: int
    moves: dict[str, int] = field(default_factory=dict)
    opted_out: int = 0
    linked: int = 0
    linked_records: int = 0
    first_visits: int = 0

    def over(self, percent: int) -> set[str]:
        """The kinds of change that are too many: creates, groups, visits.

        New contacts and visits come from this source and are measured by its own linked records; groups age
        for all sources at once and are measured by all contacts. One visit of each contact that is to be
        created goes with that: it is what made the person known.
        """
        changes = {
            "creates": (self.creates, self.linked_records),
            "visits": (self.visits - self.first_visits, self.linked_records),
            "groups": (sum(self.moves.values()), self.linked),
        }
        return {kind for kind, (number, of) in changes.items() if too_many(number, of, percent)}


def too_many(number: int, of: int, percent: int) -> bool:
    """Whether so many changes are more than `percent` of something, and more than are always allowed."""
    return number > max(ALWAYS_ALLOWED, of * percent / 100)


def to_withhold(context: Context, planned: Plan) -> set[str]:
    """The kinds of change that the brake keeps back; on a ledger's first run it keeps back nothing.

    A source that joins loads all it has, as the first one did: its new contacts, its visits, and the groups
    of those whom it knows are as they should be. Only groups of others can show that something is wrong then.
    """
    percent, ledger = context.settings.brake_percent, context.ledger
    if journal.has_completed(ledger, context.source):
        return planned.over(percent)
    if not (context.maps_group and journal.has_completed(ledger)):
        return set()
    with ledger.transaction() as tx:
        others = sum(planning.moves(tx, context.cut_offs, not_of=context.source).values())
    return {"groups"} if too_many(others, planned.linked, percent) else set()


def make(tx: sa.Connection, context: Context, since: datetime) -> Plan:
    """Count what differs between desired and confirmed."""
    counts = planning.planned(tx, context.source, context.cut_offs, since, groups=context.maps_group)
    most = max(counts["creates"], counts["visits"], sum(counts["moves"].values()))
    if context.settings.dry_run or most > ALWAYS_ALLOWED:
        counts |= planning.measured(tx, context.source, since)
    opted_out = 0 if context.settings.sync_opt_outs else planning.opted_out(tx, context.source)
    return Plan(**counts, opted_out=opted_out)


def braked(withheld: set[str]) -> Braked:
    """What ends a run of which these kinds of change were withheld."""
    kinds = {"creates": "new contacts", "groups": "group moves", "visits": "visits"}
    named = " and ".join(kinds[kind] for kind in sorted(withheld))
    return Braked("RFZ-501", f"this run would change too much at once; withheld: {named}")
