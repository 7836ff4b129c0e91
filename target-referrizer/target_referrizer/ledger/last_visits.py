"""How a last visit is decided.

Of a record: its newest check-in, or what the record itself says if that is later. A check-in that was taken
back does not count, and discards what the record says about that same local day. Of a Referrizer contact: the
newest of its records, or where a rebuilt ledger started from. (Which group follows is for `groups`.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.tables import DIRTY, WAS_UNDONE, contact, visit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime, tzinfo

_OWN_VISIT = (visit.c.source == contact.c.source) & (visit.c.contact_id == contact.c.id)


def work_out(tx: sa.Connection, source: str, zone: tzinfo) -> None:
    """Last visit of each contact that has news: its newest check-in, or what the contact says.

    A check-in that was taken back also discards what the contact says about that same local day.
    """
    dirty = (contact.c.source == source) & DIRTY
    newest = (
        sa.select(sa.func.max(visit.c.checked_in_at))
        .where(_OWN_VISIT, visit.c.is_checked_in)
        .scalar_subquery()
    )
    tx.execute(sa.update(contact).where(dirty).values(latest_visit_at=newest))
    later = contact.c.latest_visit_at.is_(None) | (contact.c.latest_visit_at < contact.c.last_visit_at)
    claims = dirty & contact.c.last_visit_at.is_not(None) & later
    discarded = _discarded(tx, dirty, zone)
    tx.execute(sa.update(contact).where(claims).values(latest_visit_at=contact.c.last_visit_at))
    for contact_id, checked_in in discarded.items():
        key = (contact.c.source == source) & (contact.c.id == contact_id)
        tx.execute(sa.update(contact).where(key).values(latest_visit_at=checked_in))


def _discarded(tx: sa.Connection, dirty: sa.ColumnElement[bool], zone: tzinfo) -> dict[str, datetime | None]:
    """Contacts whose own last visit falls on a day that was taken back, with the check-in that is left."""
    rows = tx.execute(
        sa.select(contact.c.id, contact.c.last_visit_at, contact.c.latest_visit_at, visit.c.undone_at)
        .join(visit, _OWN_VISIT & WAS_UNDONE)
        .where(dirty, contact.c.last_visit_at.is_not(None))
    )
    return {
        row.id: row.latest_visit_at
        for row in rows
        if _day(row.last_visit_at, zone) == _day(row.undone_at, zone)
    }


def _day(instant: datetime, zone: tzinfo) -> date:
    return instant.astimezone(zone).date()


def newest(records: Iterable[sa.Row[Any]], started_from: datetime | None) -> datetime | None:
    """The last visit of a Referrizer contact.

    Args:
        records: The records that are linked to it.
        started_from: What Referrizer showed when a lost ledger was rebuilt.
    """
    known = [row.latest_visit_at for row in records] + [started_from]
    return max((one for one in known if one), default=None)
