"""The plan: how much this run would change, and what the brake makes of it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger import desired, outbox
from target_referrizer.ledger.tables import contact, remote_contact

if TYPE_CHECKING:
    from collections.abc import Iterator
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
        opted_out: Contacts to be created who opted out in the source, while opt-outs are not carried over.
    """

    linked: int
    creates: int
    updates: int
    visits: int
    moves: dict[str, int] = field(default_factory=dict)
    opted_out: int = 0

    def as_json(self) -> dict[str, Any]:
        """The plan for machines."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        yield from _table(
            "would change", {"contacts to create": self.creates, "contacts to update": self.updates}
        )
        yield from _table("group moves", self.moves)
        yield from _table("visits", {"to be posted": self.visits})
        if self.opted_out:
            yield f"opted out in the source, created without it: {self.opted_out:,} (see sync_opt_outs)"

    def show(self) -> None:
        """Print the plan to standard error, for people and as one JSON line."""
        for line in self.lines():
            print(line, file=sys.stderr)  # noqa: T201 - a dry run is for whoever started it
        line = json.dumps({"plan": self.as_json()}, ensure_ascii=False)
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - for scripts

    def over(self, percent: int) -> set[str]:
        """The kinds of change of more than `percent` of the linked contacts: creates, groups, visits."""
        bound = max(ALWAYS_ALLOWED, self.linked * percent / 100)
        counts = {"creates": self.creates, "groups": sum(self.moves.values()), "visits": self.visits}
        return {kind for kind, number in counts.items() if number > bound}


def _table(title: str, counts: dict[str, int]) -> Iterator[str]:
    yield title
    yield from (f"  - {name:<38}{number:>12,}" for name, number in counts.items())


def make(tx: sa.Connection, context: Context, since: datetime) -> Plan:
    """Count what differs between desired and confirmed."""
    new = (contact.c.source == context.source) & (contact.c.status == "new")
    return Plan(
        linked=_count(tx, contact, contact.c.status == "linked"),
        creates=_count(tx, contact, new),
        updates=_count(tx, remote_contact, desired.differs(context.cut_offs, groups=context.maps_group)),
        moves=_moves(tx, context) if context.maps_group else {},
        visits=outbox.count_visits(tx, context.source, since),
        opted_out=0 if context.settings.sync_opt_outs else _count(tx, contact, new & _opted_out()),
    )


def _opted_out() -> sa.ColumnElement[bool]:
    """Who said no, read off the canonical JSON text of the record."""
    return contact.c.record.contains('"accepts_email":false') | contact.c.record.contains(
        '"accepts_sms":false'
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
