"""The plan: how much this run would change, and what the brake makes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger import desired, outbox
from target_referrizer.ledger.tables import contact, remote_contact

if TYPE_CHECKING:
    from datetime import datetime

    from target_referrizer.reconcile import Context

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
    """

    linked: int
    creates: int
    updates: int
    visits: int
    moves: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The plan for machines."""
        return asdict(self)

    def over(self, percent: int) -> set[str]:
        """The kinds of change of more than `percent` of the linked contacts: creates, groups, visits."""
        bound = max(ALWAYS_ALLOWED, self.linked * percent / 100)
        counts = {"creates": self.creates, "groups": sum(self.moves.values()), "visits": self.visits}
        return {kind for kind, number in counts.items() if number > bound}


def make(tx: sa.Connection, context: Context, since: datetime) -> Plan:
    """Count what differs between desired and confirmed."""
    return Plan(
        linked=_count(tx, contact, contact.c.status == "linked"),
        creates=_count(tx, contact, (contact.c.source == context.source) & (contact.c.status == "new")),
        updates=_count(tx, remote_contact, desired.differs(context.cut_offs, groups=context.maps_group)),
        moves=_moves(tx, context) if context.maps_group else {},
        visits=outbox.count_visits(tx, context.source, since),
    )


def _moves(tx: sa.Connection, context: Context) -> dict[str, int]:
    before, after = remote_contact.c.confirmed_group, desired.group_of(context.cut_offs).label("after")
    moved = (
        remote_contact.c.is_linked
        & ~remote_contact.c.is_gone
        & before.is_not(None)
        & desired.moves(context.cut_offs)
    )
    query = (
        sa.select(before.label("before"), after, sa.func.count().label("n"))
        .where(moved)
        .group_by("before", "after")
    )
    return {f"{row.before} → {row.after}": row.n for row in tx.execute(query)}


def _count(tx: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0)
