"""Queries of the visits: whose is next, intents before, outcomes after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger import outbox
from target_referrizer.ledger.outbox import OF_CONTACT, PAGE, STANDING
from target_referrizer.ledger.tables import contact, visit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

Row = sa.Row[Any]

_PLACE = (contact.c.remote_id, visit.c.checked_in_at, visit.c.id)
_ROWS = sa.select(visit, contact.c.remote_id.label("to")).join(contact, OF_CONTACT)
_PAGE = _ROWS.order_by(*_PLACE).limit(PAGE)


def first_visits(tx: sa.Connection, source: str, since: datetime) -> list[Row]:
    """The first visits to send, contact by contact and in time order; fewer than a page are all there are."""
    return list(tx.execute(_PAGE.where(outbox.sendable(source, since))))


def visits_after(tx: sa.Connection, source: str, since: datetime, remote_id: str) -> list[Row]:
    """The same, of the contacts that come after this one."""
    return list(tx.execute(_by_contact(source, since).where(contact.c.remote_id > remote_id)))


def rest_of(tx: sa.Connection, source: str, since: datetime, last: Row) -> list[Row]:
    """The visits of one contact that come after its last one that was read."""
    place = tuple(
        sa.literal(value, column.type)
        for value, column in ((last.checked_in_at, visit.c.checked_in_at), (last.id, visit.c.id))
    )
    later = sa.tuple_(visit.c.checked_in_at, visit.c.id) > sa.tuple_(*place)
    return list(tx.execute(_by_contact(source, since).where(contact.c.remote_id == last.to, later)))


def _by_contact(source: str, since: datetime) -> sa.Select[Any]:
    """A page that is read along the contacts, so that all pages together look at each contact once.

    A database that begins with the visits reads and sorts all of them for each page. What is compared as an
    expression leaves it no other index to begin with than the one that the order asks for.
    """
    visits = visit.c.is_checked_in & (visit.c.checked_in_at >= since)
    visits &= visit.c.status.concat("").in_(("open", "waiting"))
    linked = (contact.c.source.concat("") == source) & (contact.c.status.concat("") == "linked")
    return _PAGE.where(visits, linked)


_ONE = sa.update(visit).where(visit.c.source == sa.bindparam("of"), visit.c.id == sa.bindparam("key"))


def set_visits(tx: sa.Connection, source: str, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Change visits, the same columns of each; given are their ids and what is new."""
    if changes := [{"of": source, "key": key, **values} for key, values in rows]:
        tx.execute(_ONE, changes)


def set_visit(tx: sa.Connection, source: str, visit_id: str, **values: Any) -> None:
    """Change one visit."""
    set_visits(tx, source, [(visit_id, values)])


_NEAR = sa.select(visit.c.id).where(
    visit.c.remote_contact_id == sa.bindparam("to"),
    visit.c.sent_at.between(sa.bindparam("first"), sa.bindparam("last")),
    visit.c.status.in_(STANDING),
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
