"""The plan: how much this run would change, and what the brake makes of it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from target_referrizer.ledger import reports

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    counts = reports.planned(tx, context.source, context.cut_offs, since, groups=context.maps_group)
    opted_out = 0 if context.settings.sync_opt_outs else reports.opted_out(tx, context.source)
    return Plan(**counts, opted_out=opted_out)
