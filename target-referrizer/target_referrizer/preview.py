"""What a dry run prints: the plan in full, with examples, and no personal data unless asked for."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import CATALOGUE
from target_referrizer.ledger import planning, reports
from target_referrizer.masking import group_names, masked, masked_record
from target_referrizer.terminal import as_json, plain, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import sqlalchemy as sa

    from target_referrizer.context import Context
    from target_referrizer.ledger.outbox import Difference
    from target_referrizer.plan import Plan

#: So many examples of each kind.
SAMPLE = 5
SAMPLES = {"moves": "group moves", "rejected": "rejects"}  # how they are called, where not by their keys


@dataclass
class Preview:
    """What a run would do.

    Attributes:
        plan: How much it would change.
        leave: Linked contacts that need no write.
        fields: In how many of the updates each field changes, the group included.
        first_groups: Contacts that get a group for the first time, by that group.
        points: `given`, the sum of what the settings give, and `by_account`: visits whose points the
            account's own rule decides.
        rejected: Records of this input that cannot be delivered, by code.
        newly_rejected: Those of them that were not known to be so before.
        withheld: Kinds of change that the brake would keep back: `creates`, `groups`, `visits`.
        samples: A few of each: `creates`, `updates`, `moves`, `visits`, `rejected`.
    """

    plan: Plan
    leave: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    first_groups: dict[str, int] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    newly_rejected: dict[str, int] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The preview for scripts: the plan's counts, and the rest beside them."""
        return {**asdict(self.plan), **{key: value for key, value in asdict(self).items() if key != "plan"}}

    def lines(self) -> Iterator[str]:
        """The preview for people."""
        plan = self.plan
        contacts = {
            "to create, at most": plan.creates,
            "to update": plan.updates,
            "to leave as they are": self.leave,
        }
        yield from _table("contacts", contacts)
        yield from _table("fields that change, in so many updates", self.fields)
        yield from _table("group moves", plan.moves)
        yield from _table("first groups", self.first_groups)
        yield from _table("visits", {"to post, at most": plan.visits, **self._points()})
        titled = {f"{code} {CATALOGUE[code].title}": number for code, number in self.rejected.items()}
        fresh = f"would be rejected, {sum(self.newly_rejected.values()):,} of them new"
        yield from _table(fresh, titled)
        if self.withheld:
            yield f"the brake would withhold: {', '.join(self.withheld)} (see brake_percent)"
        if plan.opted_out:
            yield f"opted out in the source, created without it: {plan.opted_out:,} (see sync_opt_outs)"
        for kind, some in self.samples.items():
            if some:
                yield f"examples of {SAMPLES.get(kind, kind)}"
                yield from (f"  - {_said(one)}" for one in some)

    def _points(self) -> dict[str, int]:
        given = {"points that the settings give": self.points["given"]} if self.points["given"] else {}
        by_account = {"with points by the account's rule": self.points["by_account"]}
        return given | (by_account if self.points["by_account"] else {})

    def show(self) -> None:
        """Print to standard error, for people and as one JSON line."""
        for line in self.lines():
            print(plain(line), file=sys.stderr)  # noqa: T201 - a dry run is for whoever started it
        line = as_json({"plan": self.as_json()})
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - for scripts


def _table(title: str, counts: dict[str, int]) -> Iterator[str]:
    if counts:
        yield title
        yield from (row(name, number, 38) for name, number in counts.items())


def _said(one: dict[str, Any]) -> str:
    parts = (
        f"{key.replace('_', ' ')} {_value(value)}"
        for key, value in one.items()
        if value not in (None, [], {})
    )
    return "; ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(inner)}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def look(  # noqa: PLR0913 - what a run goes by
    tx: sa.Connection, context: Context, plan: Plan, since: datetime, first_run: datetime, *, unmasked: bool
) -> Preview:
    """Everything about a plan but what the brake would make of it.

    Args:
        tx: The transaction.
        context: The run, reconciled.
        plan: How much it would change.
        since: Check-ins before it are history.
        first_run: Visits from before it are a backfill.
        unmasked: Show personal data instead of its first letters.
    """
    source, groups = context.source, context.maps_group
    examples = _Examples(context, unmasked=unmasked)
    fields: Counter[str] = Counter()
    for one in planning.differences(tx, context.cut_offs, groups=groups):
        fields.update(one.changes.keys())
        examples.difference(tx, one)
    return Preview(
        plan,
        leave=reports.count_linked_remotes(tx) - plan.updates,
        fields=dict(sorted(fields.items())),
        first_groups=planning.first_groups(tx, source, context.cut_offs) if groups else {},
        points=_points(tx, context, since, first_run),
        rejected=planning.rejected(tx, source, context.run),
        newly_rejected=planning.rejected(tx, source, context.run, new=True),
        samples=examples.all(tx, since),
    )


def _points(tx: sa.Connection, context: Context, since: datetime, first_run: datetime) -> dict[str, int]:
    settings = context.settings
    backfill = planning.count_visits(tx, context.source, since, first_run)
    others = planning.count_visits(tx, context.source, since) - backfill
    given = backfill * settings.backfill_points + others * (settings.points or 0)
    return {"given": given, "by_account": others if settings.points is None else 0}


class _Examples:
    """A few of each kind."""

    def __init__(self, context: Context, *, unmasked: bool) -> None:
        self._context, self._unmasked = context, unmasked
        self._groups = group_names(context.settings.policy)
        self._updates: list[dict[str, Any]] = []
        self._moves: list[dict[str, Any]] = []

    def difference(self, tx: sa.Connection, one: Difference) -> None:
        """See whether a change makes an example."""
        moves = "group" in one.changes and one.group_before is not None
        if moves and len(self._moves) < SAMPLE:
            whose = reports.records_of(tx, one.remote_id)
            move = {"from": one.group_before, "to": one.changes["group"]}
            self._moves.append({"referrizer_contact": one.remote_id, "records": whose, **move})
        if len(self._updates) < SAMPLE:
            whose = reports.records_of(tx, one.remote_id)
            before = {**one.confirmed, "group": one.group_before}
            changes = {
                name: f"{self._masked(name, before.get(name))} → {self._masked(name, value)}"
                for name, value in sorted(one.changes.items())
            }
            self._updates.append({"referrizer_contact": one.remote_id, "records": whose, "changes": changes})

    def _masked(self, name: str, value: Any) -> Any:
        if value in (None, ""):
            return "nothing"
        return masked(name, value, unmasked=self._unmasked, groups=self._groups)

    def all(self, tx: sa.Connection, since: datetime) -> dict[str, list[dict[str, Any]]]:
        """All examples, by kind."""
        context = self._context
        creates = planning.some_creates(tx, context.source, SAMPLE)
        visits = planning.some_visits(tx, context.source, since, SAMPLE)
        rejected = planning.some_rejects(tx, context.source, context.run, SAMPLE)
        return {
            "creates": [self._create(row) for row in creates],
            "updates": self._updates,
            "moves": self._moves,
            "visits": [
                {"id": row.id, "contact_id": row.contact_id, "at": row.checked_in_at.isoformat()}
                for row in visits
            ],
            "rejected": [
                {"stream": row.stream, "id": row.id, "code": row.code, "reason": row.reason}
                for row in rejected
            ],
        }

    def _create(self, row: sa.Row[Any]) -> dict[str, Any]:
        group = self._context.cut_offs.group_for(row.latest_visit_at)
        record = masked_record(json.loads(row.record), unmasked=self._unmasked)
        record.pop("id", None)
        return {"id": row.id, "group": group if self._context.maps_group else None, "record": record}
