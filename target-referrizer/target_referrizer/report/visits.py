"""Check-ins by day, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_referrizer.groups import start_of_day
from target_referrizer.ledger.tables import contact, visit

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAYS = 30
#: What can have become of a check-in, and what that means.
FATES = {
    "there": "in Referrizer",
    "history": "from before the first run (or visits_since), not posted",
    "skipped": "of contacts that cannot be reached, are gone or forgotten",
    "due": "not there yet: waiting, held or rejected",
}


@dataclass(frozen=True)
class VisitDays:
    """Check-ins of the last days: how many of each day came to each fate."""

    days: tuple[date, ...]
    counts: dict[str, tuple[int, ...]]

    @property
    def total(self) -> int:
        """All check-ins of these days."""
        return sum(map(sum, self.counts.values()))


def visit_days(
    tx: sa.Connection, source: str, today: date, zone: ZoneInfo, since: datetime | None
) -> VisitDays:
    """Count the check-ins of a source by day of the zone, in the database."""
    days = tuple(today - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    starts = [start_of_day(day, zone) for day in (*days, today + timedelta(days=1))]
    at = visit.c.checked_in_at
    slot = sa.case(*((at < end, sa.literal(no)) for no, end in enumerate(starts[1:])), else_=sa.literal(-1))
    query = sa.select(slot.label("slot"), _fate(since).label("fate"), sa.func.count().label("n"))
    of_contact = (visit.c.source == contact.c.source) & (visit.c.contact_id == contact.c.id)
    query = query.select_from(visit.outerjoin(contact, of_contact)).where(
        visit.c.source == source, visit.c.is_checked_in, at >= starts[0], at < starts[-1]
    )
    counts = {fate: [0] * DAYS for fate in FATES}
    for row in tx.execute(query.group_by("slot", "fate")):
        counts[row.fate][row.slot] = row.n
    return VisitDays(days, {fate: tuple(of_days) for fate, of_days in counts.items()})


def _fate(since: datetime | None) -> sa.ColumnElement[str]:
    """What Referrizer has is there, whatever else is true of it."""
    is_old = visit.c.checked_in_at < since if since else sa.false()
    return sa.case(
        (visit.c.status.in_(("delivered", "merged")), sa.literal("there")),
        (contact.c.status.in_(("forgotten", "gone", "unreachable")), sa.literal("skipped")),
        (is_old, sa.literal("history")),
        else_=sa.literal("due"),
    )
