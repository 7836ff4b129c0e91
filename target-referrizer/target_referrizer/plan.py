"""The plan: how much this run would change, and what the brake makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_referrizer.errors import Braked
from target_referrizer.ledger import planning

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
        linked: Records that are linked to a Referrizer contact.
        creates: Contacts to be created (at most: some may turn out to be one person).
        updates: Referrizer contacts that need a write, group moves included.
        moves: `from → to`, and how many.
        visits: Visits to be posted.
        opted_out: Contacts to be created who opted out in the source, while opt-outs are not carried over.
    """

    linked: int
    creates: int
    updates: int
    visits: int
    moves: dict[str, int] = field(default_factory=dict)
    opted_out: int = 0

    def over(self, percent: int) -> set[str]:
        """The kinds of change of more than `percent` of the linked contacts: creates, groups, visits."""
        bound = max(ALWAYS_ALLOWED, self.linked * percent / 100)
        counts = {"creates": self.creates, "groups": sum(self.moves.values()), "visits": self.visits}
        return {kind for kind, number in counts.items() if number > bound}


def make(tx: sa.Connection, context: Context, since: datetime) -> Plan:
    """Count what differs between desired and confirmed."""
    counts = planning.planned(tx, context.source, context.cut_offs, since, groups=context.maps_group)
    opted_out = 0 if context.settings.sync_opt_outs else planning.opted_out(tx, context.source)
    return Plan(**counts, opted_out=opted_out)


def braked(withheld: set[str]) -> Braked:
    """What ends a run of which these kinds of change were withheld."""
    kinds = {"creates": "new contacts", "groups": "group moves", "visits": "visits"}
    named = " and ".join(kinds[kind] for kind in sorted(withheld))
    return Braked("RFZ-501", f"this run would change too much at once; withheld: {named}")
