"""Queries of the creates: who is next, intents before, outcomes after."""

from __future__ import annotations

import json
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.tables import IN_A_ROUND, WAS_TRIED, contact
from target_referrizer.matching import told_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

Row = sa.Row[Any]
PAGE = 500

#: So often one run sends a create whose answer does not come; then the next run looks it up first.
CREATE_TRIES = 2
#: What a contact that was created is recognised by, whatever its record says later.
SENT_KEYS = ("email_key", "phone_key", "first_key", "last_key")

_ONE = sa.update(contact).where(contact.c.source == sa.bindparam("of"), contact.c.id == sa.bindparam("key"))
_INTEND = _ONE.values(create_tries=contact.c.create_tries + 1)


def begin_creates(tx: sa.Connection, source: str) -> None:
    """Forget how often an earlier run tried."""
    tried = (contact.c.source == source) & WAS_TRIED
    tx.execute(sa.update(contact).where(tried).values(create_tries=0))


def choose_creates(tx: sa.Connection, source: str, number: int) -> int:
    """Mark who is created in this round: no two of them can be one person, and the newest come first.

    The others are matched again after the round: they may be a person that was just created. In the first
    round a phone alone counts, so that where Referrizer lets only one have it, it is always the newest.
    """
    marked = (contact.c.source == source) & IN_A_ROUND
    tx.execute(sa.update(contact).where(marked).values(create_round=0))
    alone = sa.literal("id:") + contact.c.id
    household = contact.c.phone_key if number == 1 else contact.c.phone_key + "/" + contact.c.last_key
    of_email, of_household = (sa.func.coalesce(key, alone) for key in (contact.c.email_key, household))
    ranked = (
        sa.select(
            contact.c.id,
            _newest_first(of_email).label("of_email"),
            _newest_first(of_household).label("of_household"),
            sa.func.count().over(partition_by=of_household).label("size"),
        )
        .where(_fresh(source))
        .subquery()
    )
    first = (ranked.c.of_household == 1) if number == 1 else (ranked.c.size == 1)
    chosen = sa.select(ranked.c.id).where(ranked.c.of_email == 1, first)
    mark = sa.update(contact).where(contact.c.source == source, contact.c.id.in_(chosen))
    found = int(tx.execute(mark.values(create_round=number)).rowcount)
    return found if number == 1 else found + _choose_in_households(tx, source, number, ranked)


def _newest_first(group: sa.ColumnElement[str]) -> sa.Over[int]:
    order = (contact.c.updated_at.is_(None), contact.c.updated_at.desc(), contact.c.id)
    return sa.func.row_number().over(partition_by=group, order_by=order)


def _choose_in_households(tx: sa.Connection, source: str, number: int, ranked: sa.Subquery) -> int:
    """Mark those of a phone and last name who are surely told apart from the others there.

    Thousands may share what a business writes down where it knows nothing: one a round would take for ever.
    Only one household at a time is held in memory.
    """
    there = (contact.c.source == source) & (contact.c.id == ranked.c.id) & (ranked.c.size > 1)
    person = (contact.c.id, contact.c.phone_key, contact.c.last_key, contact.c.email_key, contact.c.first_key)
    query = sa.select(*person, ranked.c.of_email).join(ranked, there).where(contact.c.source == source)
    query = query.order_by(contact.c.phone_key, contact.c.last_key, ranked.c.of_household)
    found = 0
    with tx.execute(query, execution_options={"yield_per": PAGE}) as rows:
        keys = _told_apart(rows)
        while chosen := list(islice(keys, PAGE)):
            tx.execute(_ONE, [{"of": source, "key": key, "create_round": number} for key in chosen])
            found += len(chosen)
    return found


def _told_apart(rows: Iterable[Row]) -> Iterator[str]:
    for (_, last), members in groupby(rows, key=lambda row: (row.phone_key, row.last_key)):
        household = list(members)
        people = [(row.first_key, bool(row.email_key)) for row in household]
        for place in told_apart(last, people, [row.of_email == 1 for row in household]):
            yield household[place].id


def _fresh(source: str) -> sa.ColumnElement[bool]:
    """Contacts that this run can create now."""
    new = (contact.c.source == source) & (contact.c.status == "new") & contact.c.create_intent_at.is_(None)
    return new & (contact.c.create_tries < CREATE_TRIES)


def creates(tx: sa.Connection, source: str, number: int, after: str) -> list[Row]:
    """The next contacts of a round."""
    query = sa.select(contact).where(contact.c.source == source, contact.c.create_round == number)
    query = query.where(contact.c.status == "new", contact.c.id > after)
    return list(tx.execute(query.order_by(contact.c.id).limit(PAGE)))


def intend_creates(tx: sa.Connection, source: str, rows: Sequence[Row], now: datetime) -> None:
    """Write down that these contacts are about to be created, and by what they will be recognised."""
    sent = [
        {
            "of": source,
            "key": row.id,
            "create_intent_at": now,
            "create_sent": json.dumps([getattr(row, key) for key in SENT_KEYS]),
        }
        for row in rows
    ]
    if sent:
        tx.execute(_INTEND, sent)


def drop_intents(tx: sa.Connection, source: str, ids: Sequence[str]) -> None:
    """These contacts have surely not been created, and may be."""
    where = (contact.c.source == source) & contact.c.id.in_(list(ids))
    tx.execute(
        sa.update(contact).where(where).values(create_intent_at=None, create_sent=None, unsettled_since=None)
    )


def acknowledge_create(tx: sa.Connection, source: str, contact_id: str) -> None:
    """This contact has surely been created; which one it is, the list will show."""
    key = (contact.c.source == source) & (contact.c.id == contact_id)
    tx.execute(sa.update(contact).where(key).values(create_acknowledged=True))


def give_up_creates(tx: sa.Connection, source: str, now: datetime) -> list[Row]:
    """Take back the intents that were looked up in vain; gives those that this run does not try again."""
    again = _unresolved(source) & (contact.c.create_tries < CREATE_TRIES) & ~contact.c.create_acknowledged
    tx.execute(sa.update(contact).where(again).values(create_intent_at=None))
    since = sa.func.coalesce(contact.c.unsettled_since, now)
    tx.execute(sa.update(contact).where(_unresolved(source)).values(unsettled_since=since))
    return list(tx.execute(sa.select(contact).where(_unresolved(source))))


_UNRESOLVED = (contact.c.status == "new") & contact.c.create_intent_at.is_not(None)


def _unresolved(source: str) -> sa.ColumnElement[bool]:
    return (contact.c.source == source) & _UNRESOLVED


def must_look_up(tx: sa.Connection, source: str, given_up_before: datetime, *, others: bool) -> bool:
    """Whether creates without an outcome have to be looked up now, and not by the next run.

    That can wait where all of them were sent as often as a run may, nobody is left to be created who could be
    one of them, and none is about to be given up.

    Args:
        tx: The transaction.
        source: Whose run this is.
        given_up_before: When a creation must have been begun to be given up.
        others: Whether somebody here could also be one whom another source has begun to create.
    """
    again = (contact.c.create_tries < CREATE_TRIES) | contact.c.create_acknowledged
    old = contact.c.unsettled_since <= given_up_before
    if _is_any(tx, _unresolved(source) & (again | old)):
        return True
    in_doubt = _UNRESOLVED if others else _unresolved(source)
    return _is_any(tx, in_doubt) and _is_any(tx, _fresh(source))


def _is_any(tx: sa.Connection, where: sa.ColumnElement[bool]) -> bool:
    return tx.execute(sa.select(contact.c.id).where(where).limit(1)).first() is not None
