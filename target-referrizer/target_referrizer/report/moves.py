"""Who went to another group in the last week."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.tables import contact, event, run
from target_referrizer.report.people import who

if TYPE_CHECKING:
    from datetime import datetime

#: So many are named; all are counted.
NAMED = 50
#: How the ledger writes down a contact that had no group of ours before.
_FIRST = '{"from": null'


@dataclass(frozen=True)
class Mover:
    """Somebody who moved: who it is as it may be shown, when, from where to where, and why."""

    who: str
    at: datetime
    before: str
    after: str
    why: str


@dataclass(frozen=True)
class Moves:
    """The moves of a week.

    Attributes:
        flows: How many went from a group (None: from outside) to another, most first.
        moves: How many moves there were between groups.
        contacts: How many contacts made them.
        named: The newest of them.
    """

    flows: list[tuple[str | None, str, int]]
    moves: int
    contacts: int
    named: list[Mover]


def moves(tx: sa.Connection, since: datetime, *, unmasked: bool) -> Moves:
    """All moves at or after an instant, counted in the database; the newest of them with who it was."""
    here = _since(tx, since)
    between = here & (event.c.kind == "moved") & ~event.c.detail.startswith(_FIRST)
    flows = _flows(tx, here)
    people = tx.scalar(sa.select(sa.func.count(event.c.remote_id.distinct())).where(between))
    inside = sum(count for before, _, count in flows if before is not None)
    return Moves(flows, inside, int(people or 0), _named(tx, between, unmasked=unmasked))


def _since(tx: sa.Connection, since: datetime) -> sa.ColumnElement[bool]:
    """Events at or after an instant; their runs are indexed, their instants are not."""
    first = tx.scalar(sa.select(sa.func.min(run.c.id)).where(run.c.as_of >= since))
    return (event.c.run >= (first or 0)) & (event.c.at >= since)


def _flows(tx: sa.Connection, here: sa.ColumnElement[bool]) -> list[tuple[str | None, str, int]]:
    """Equal details are counted in the database: there are few, however many contacts have moved."""
    counted: Counter[tuple[str | None, str]] = Counter()
    query = sa.select(event.c.kind, event.c.detail, sa.func.count().label("n"))
    query = query.where(here, event.c.kind.in_(("moved", "created")))
    for row in tx.execute(query.group_by(event.c.kind, event.c.detail)):
        detail = json.loads(row.detail)
        after = detail.get("to") if row.kind == "moved" else detail.get("group")
        if after:
            counted[detail.get("from"), after] += row.n
    return [(*pair, count) for pair, count in sorted(counted.items(), key=_most_first)]


def _most_first(counted: tuple[tuple[str | None, str], int]) -> tuple[bool, int, str, str]:
    (before, after), count = counted
    return before is None, -count, before or "", after


def _named(tx: sa.Connection, between: sa.ColumnElement[bool], *, unmasked: bool) -> list[Mover]:
    rows = list(tx.execute(sa.select(event).where(between).order_by(event.c.no.desc()).limit(NAMED)))
    records: dict[str, list[Any]] = {}
    linked = sa.select(contact.c.remote_id, contact.c.source, contact.c.id, contact.c.record)
    linked = linked.where(contact.c.remote_id.in_([row.remote_id for row in rows]))
    for one in tx.execute(linked.order_by(contact.c.source, contact.c.id)):
        records.setdefault(one.remote_id, []).append(one)
    return [_mover(row, records.get(row.remote_id, []), unmasked=unmasked) for row in rows]


def _mover(row: Any, records: list[Any], *, unmasked: bool) -> Mover:
    named = [f"{one.source} {who(one.id, one.record, unmasked=unmasked)}" for one in records[:3]]
    detail = json.loads(row.detail)
    return Mover(
        ", ".join(named) or f"Referrizer {row.remote_id}", row.at, detail["from"], detail["to"], detail["why"]
    )
