"""Queries of the plan: how much a run would change, and some examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger import desired, outbox
from target_referrizer.ledger.tables import HAS_NEWS, LINKED, contact, rejection, remote_contact, visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from target_referrizer.groups import CutOffs

Row = sa.Row[Any]


def planned(
    tx: sa.Connection, source: str, cut_offs: CutOffs, since: datetime, *, groups: bool
) -> dict[str, Any]:
    """How much a run would change: `creates`, `updates`, `visits`, and `moves` by `from → to`."""
    return {
        "creates": _count(tx, contact, to_create(source)),
        "updates": desired.count_differing(tx, cut_offs, groups=groups),
        "visits": count_visits(tx, source, since),
        "moves": moves(tx, cut_offs) if groups else {},
    }


def measured(tx: sa.Connection, source: str, since: datetime) -> dict[str, int]:
    """What the brake measures changes by: `linked`, `linked_records`, and `first_visits`."""
    whose = sa.func.count(visit.c.contact_id.distinct())
    first = sa.select(whose).select_from(visit.join(contact, outbox.OF_CONTACT))
    return {
        "linked": _count(tx, remote_contact, LINKED),
        "linked_records": _count(tx, contact, (contact.c.source == source) & (contact.c.status == "linked")),
        "first_visits": int(tx.scalar(first.where(outbox.sendable(source, since, ("new",)))) or 0),
    }


def opted_out(tx: sa.Connection, source: str) -> int:
    """Contacts to be created who said no to e-mails or texts, read off the canonical text of the record."""
    said = (contact.c.record.contains(f'"{name}":false') for name in ("accepts_email", "accepts_sms"))
    return _count(tx, contact, to_create(source) & sa.or_(*said))


def to_create(source: str) -> sa.ColumnElement[bool]:
    """Records that Referrizer has no contact for."""
    return (contact.c.source == source) & (contact.c.status == "new")


def moves(tx: sa.Connection, cut_offs: CutOffs, not_of: str | None = None) -> dict[str, int]:
    """How many contacts go from one group to another, by `from → to`.

    Args:
        tx: The transaction.
        cut_offs: Which group is whose.
        not_of: Leave out contacts that a record of this source is linked to.
    """
    known = sa.exists().where(contact.c.source == not_of, contact.c.remote_id == remote_contact.c.id)
    others = sa.true() if not_of is None else ~known
    before, after = (
        remote_contact.c.confirmed_group.label("before"),
        desired.group_of(cut_offs).label("after"),
    )
    query = sa.select(before, after, sa.func.count().label("n")).group_by("before", "after")
    moved = tx.execute(query.where(LINKED, desired.moves(cut_offs), others))
    return {f"{row.before} → {row.after}": row.n for row in moved if row.before is not None}


def first_groups(tx: sa.Connection, source: str, cut_offs: CutOffs) -> dict[str, int]:
    """Contacts that get a group for the first time, those to be created included."""
    linked = desired.group_of(cut_offs).label("name")
    fresh = LINKED & HAS_NEWS & remote_contact.c.confirmed_group.is_(None)
    created = desired.group_of(cut_offs, contact.c.latest_visit_at).label("name")
    found: dict[str, int] = {}
    for name, where in ((linked, fresh), (created, to_create(source))):
        query = sa.select(name, sa.func.count().label("n")).where(where).group_by("name").order_by("name")
        for row in tx.execute(query):
            found[row.name] = found.get(row.name, 0) + row.n
    return found


def count_visits(tx: sa.Connection, source: str, since: datetime, until: datetime | None = None) -> int:
    """How many visits are to be sent, those of contacts that are yet to be created included.

    Args:
        tx: The transaction.
        source: Whose visits.
        since: Earlier ones are history.
        until: Only those before this instant.
    """
    found = sa.select(sa.func.count()).select_from(visit.join(contact, outbox.OF_CONTACT))
    found = found.where(outbox.sendable(source, since, ("linked", "new")))
    return int(tx.scalar(found if until is None else found.where(visit.c.checked_in_at < until)) or 0)


def some_visits(tx: sa.Connection, source: str, since: datetime, number: int) -> list[Row]:
    """A few of the visits that are to be sent."""
    query = sa.select(visit).join(contact, outbox.OF_CONTACT)
    query = query.where(outbox.sendable(source, since, ("linked", "new")))
    return list(tx.execute(query.order_by(visit.c.checked_in_at, visit.c.id).limit(number)))


def some_creates(tx: sa.Connection, source: str, number: int) -> list[Row]:
    """A few of the contacts that are to be created."""
    return list(tx.execute(sa.select(contact).where(to_create(source)).order_by(contact.c.id).limit(number)))


def differences(tx: sa.Connection, cut_offs: CutOffs, *, groups: bool) -> Iterator[outbox.Difference]:
    """All changes of linked contacts, one after the other."""
    after = ""
    while page := outbox.differences(tx, cut_offs, after, groups=groups):
        yield from page
        after = page[-1].remote_id


def _of_run(source: str, run: int) -> sa.ColumnElement[bool]:
    """Rejects of a run, those that were known before it included."""
    return (rejection.c.source == source) & (rejection.c.last_run == run) & rejection.c.settled_at.is_(None)


def rejected(tx: sa.Connection, source: str, run: int, *, new: bool = False) -> dict[str, int]:
    """Rejects of a run, or only those that were not known before it, by code."""
    which = _of_run(source, run) & (rejection.c.first_run == run if new else sa.true())
    query = sa.select(rejection.c.code, sa.func.count().label("n")).where(which)
    return {row.code: row.n for row in tx.execute(query.group_by("code").order_by("code"))}


def some_rejects(tx: sa.Connection, source: str, run: int, number: int) -> list[Row]:
    """A few of the rejects of a run, those first that are new."""
    known = sa.case((rejection.c.first_run == run, 0), else_=1)
    query = sa.select(rejection).where(_of_run(source, run))
    return list(
        tx.execute(query.order_by(known, rejection.c.code, rejection.c.stream, rejection.c.id).limit(number))
    )


def _count(tx: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0)
