"""Queries of the visits: whose is next, intents before, outcomes after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.outbox import OF_CONTACT, STANDING, sendable
from target_referrizer.ledger.tables import contact, visit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

Row = sa.Row[Any]

#: Each page sorts the keys of all visits that are due: so there are few pages. Of a million that are due, all
#: this sorting costs less than a tenth of what their delivery costs.
PAGE = 10_000


def visits_to_send(tx: sa.Connection, source: str, since: datetime, after: str = "") -> list[Row]:
    """The next visits to send, of contacts after this one; contact by contact and in time order.

    Fewer than a page are all there are.
    """
    due = sa.select(contact.c.remote_id.label("to"), visit.c.checked_in_at, visit.c.id).select_from(contact)
    due = due.join(visit, OF_CONTACT).where(sendable(source, since), contact.c.remote_id > after)
    # PostgreSQL expects far more of them than there are, and would go through everybody in this order.
    one = due.cte("due").prefix_with("MATERIALIZED", dialect="postgresql")
    page = sa.select(one).order_by(one.c.to, one.c.checked_in_at, one.c.id).limit(PAGE).subquery()
    query = sa.select(visit, page.c.to).join(page, (visit.c.source == source) & (visit.c.id == page.c.id))
    return list(tx.execute(query.order_by(page.c.to, page.c.checked_in_at, page.c.id)))


def rest_of(tx: sa.Connection, source: str, since: datetime, last: Row) -> list[Row]:
    """The next visits of one contact, after its last one that was read."""
    place = (visit.c.checked_in_at, visit.c.id)
    later = sa.tuple_(*place) > sa.tuple_(
        *(
            sa.literal(value, column.type)
            for value, column in zip((last.checked_in_at, last.id), place, strict=True)
        )
    )
    query = sa.select(visit, contact.c.remote_id.label("to")).join(contact, OF_CONTACT)
    query = query.where(sendable(source, since), contact.c.remote_id == last.to, later)
    return list(tx.execute(query.order_by(*place).limit(PAGE)))


_ONE = sa.update(visit).where(visit.c.source == sa.bindparam("of"), visit.c.id == sa.bindparam("key"))


def set_visits(tx: sa.Connection, source: str, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Change visits, the same columns of each; given are their ids and what is new."""
    if changes := [{"of": source, "key": key, **values} for key, values in rows]:
        tx.execute(_ONE, changes)


def set_visit(tx: sa.Connection, source: str, visit_id: str, **values: Any) -> None:
    """Change one visit."""
    set_visits(tx, source, [(visit_id, values)])


# One comparison for each word: a list would be put into the text anew for each visit.
_NEAR = sa.select(visit.c.id).where(
    visit.c.remote_contact_id == sa.bindparam("to"),
    visit.c.sent_at.between(sa.bindparam("first"), sa.bindparam("last")),
    sa.or_(*(visit.c.status == word for word in STANDING)),
    ~((visit.c.source == sa.bindparam("of")) & (visit.c.id == sa.bindparam("key"))),
)


def standing_near(
    tx: sa.Connection, remote_id: str, at: datetime, within: timedelta, but: tuple[str, str]
) -> bool:
    """Whether another visit of this Referrizer contact is known within `within` of an instant."""
    near = {"to": remote_id, "first": at - within, "last": at + within, "of": but[0], "key": but[1]}
    return tx.execute(_NEAR, near).first() is not None


def unsettled_visits(tx: sa.Connection, source: str) -> list[Row]:
    """Visits that were being sent when a run died."""
    return list(tx.execute(sa.select(visit).where(visit.c.source == source, visit.c.status == "sending")))
