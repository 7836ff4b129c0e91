"""Queries of the creates: who is next, intents before, outcomes after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.tables import contact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Row = sa.Row[Any]
PAGE = 500

#: So often one run sends a create whose answer does not come; then the next run looks it up first.
CREATE_TRIES = 2
#: What a contact that was created is recognised by, whatever its record says later.
SENT_KEYS = ("email_key", "phone_key", "first_key", "last_key")


def begin_creates(tx: sa.Connection, source: str) -> None:
    """Forget how often an earlier run tried."""
    tried = (contact.c.source == source) & (contact.c.create_tries > 0)
    tx.execute(sa.update(contact).where(tried).values(create_tries=0))


def choose_creates(tx: sa.Connection, source: str, number: int) -> int:
    """Mark who is created in this round: the newest of those who share an e-mail, or a phone and last name.

    The others are matched again after the round: they may be the person that was just created. In the first
    round a phone alone counts, so that where Referrizer lets only one have it, it is always the newest.
    """
    marked = (contact.c.source == source) & (contact.c.create_round != 0)
    tx.execute(sa.update(contact).where(marked).values(create_round=0))
    newest_first = (contact.c.updated_at.is_(None), contact.c.updated_at.desc(), contact.c.id)
    alone = sa.literal("id:") + contact.c.id
    household = contact.c.phone_key if number == 1 else contact.c.phone_key + "/" + contact.c.last_key
    rank = [
        sa.func.row_number().over(partition_by=sa.func.coalesce(key, alone), order_by=newest_first)
        for key in (contact.c.email_key, household)
    ]
    ranked = (
        sa.select(contact.c.id, *(one.label(f"rank{no}") for no, one in enumerate(rank)))
        .where(_fresh(source))
        .subquery()
    )
    chosen = sa.select(ranked.c.id).where(ranked.c.rank0 == 1, ranked.c.rank1 == 1)
    mark = sa.update(contact).where(contact.c.source == source, contact.c.id.in_(chosen))
    return int(tx.execute(mark.values(create_round=number)).rowcount)


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
    one = sa.update(contact).where(contact.c.source == source, contact.c.id == sa.bindparam("key"))
    tries = contact.c.create_tries + 1
    sent = [
        {"key": row.id, "create_sent": json.dumps([getattr(row, key) for key in SENT_KEYS])} for row in rows
    ]
    if sent:
        tx.execute(one.values(create_intent_at=now, create_tries=tries), sent)


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


def must_look_up(tx: sa.Connection, source: str, given_up_before: datetime) -> bool:
    """Whether creates without an outcome have to be looked up now, and not by the next run.

    That can wait where all of them were sent as often as a run may, nobody is left to be created who could be
    one of them, and none is about to be given up.
    """
    again = (contact.c.create_tries < CREATE_TRIES) | contact.c.create_acknowledged
    old = contact.c.unsettled_since <= given_up_before
    now = (_unresolved(source) & (again | old)) | _fresh(source)
    return tx.execute(sa.select(contact.c.id).where(now).limit(1)).first() is not None


def _unresolved(source: str) -> sa.ColumnElement[bool]:
    new = (contact.c.source == source) & (contact.c.status == "new")
    return new & contact.c.create_intent_at.is_not(None)


def unresolved_creates(tx: sa.Connection, source: str) -> list[str]:
    """Contacts whose creation was begun and never confirmed."""
    return [row.id for row in tx.execute(sa.select(contact.c.id).where(_unresolved(source)))]
