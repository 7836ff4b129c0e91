"""Queries of the reconciler: last visits, links, and what each linked Referrizer contact should show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.paging import in_pages
from target_referrizer.ledger.rows import canonical
from target_referrizer.ledger.tables import DIRTY, HAS_NEWS, LINKED, UNLINKED, contact, remote_contact

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_referrizer.groups import CutOffs

#: Of a Referrizer contact of which it is known what became of every write.
SETTLED: dict[str, Any] = {"intent_at": None, "sent": None, "unsettled_since": None}

_LINK_CREATED = (
    sa.update(contact)
    .where(contact.c.source == sa.bindparam("of"), contact.c.id == sa.bindparam("key"))
    .values(
        status="linked", linked_by="created", agrees=True, birthday_due=False, dirty=False,
        create_intent_at=None, create_sent=None, unsettled_since=None, reject_code=None,
        create_round=0, create_tries=0,  # else the next run would have to change everybody of a first load
    )
)  # fmt: skip


def unlinked(
    tx: sa.Connection, source: str, after: str, limit: int, *, gone_too: bool = False
) -> list[sa.Row[Any]]:
    """The next contacts that can be delivered and are not linked (any more), in the order of their ids.

    Args:
        tx: The transaction.
        source: Their source.
        after: The id before the first.
        limit: So many at most.
        gone_too: Also those that are gone: whoever an owner made again can be linked again.
    """
    query = sa.select(contact).where(contact.c.source == source, UNLINKED)
    if not gone_too:
        query = query.where(contact.c.status != "gone")
    return list(tx.execute(query.where(contact.c.id > after).order_by(contact.c.id).limit(limit)))


def is_still_unlinked(tx: sa.Connection, source: str, contact_id: str) -> bool:
    """Whether a contact that was to be created has still no link."""
    query = sa.select(contact.c.status).where(contact.c.source == source, contact.c.id == contact_id)
    return bool(tx.scalar(query) == "new")


def has_lost(tx: sa.Connection, source: str) -> bool:
    """Whether records of this source lost their Referrizer contact and have not been matched again."""
    query = sa.select(sa.func.count()).select_from(contact)
    return bool(tx.scalar(query.where(contact.c.source == source, contact.c.status == "lost")))


def bury(tx: sa.Connection, source: str) -> list[sa.Row[Any]]:
    """Records that lost their Referrizer contact and found no other: no more writes. Gives them."""
    lost = (contact.c.source == source) & (contact.c.status == "lost")
    rows = list(tx.execute(sa.select(contact.c.source, contact.c.id).where(lost)))
    tx.execute(sa.update(contact).where(lost).values(status="gone", dirty=False))
    return rows


def link(tx: sa.Connection, source: str, contact_id: str, remote_id: str, **how: Any) -> None:
    """Write down which Referrizer contact a record is.

    Args:
        tx: The transaction.
        source: Source of the record.
        contact_id: Its id there.
        remote_id: The Referrizer contact.
        how: Other columns: `linked_by`, `agrees`, `linked_at`, `birthday_due` and so on.
    """
    key = (contact.c.source == source) & (contact.c.id == contact_id)
    values = {
        "status": "linked",
        "remote_id": remote_id,
        "dirty": True,
        "create_intent_at": None,
        "create_sent": None,
        "unsettled_since": None,
        "reject_code": None,
    }
    tx.execute(sa.update(contact).where(key).values(**{**values, **how}))
    tx.execute(
        sa.update(remote_contact)
        .where(remote_contact.c.id == remote_id)
        .values(is_linked=True, is_gone=False)
    )


def link_created(tx: sa.Connection, source: str, links: Sequence[dict[str, Any]]) -> None:
    """Write down links that our own creates made: such a link always agrees, and its birthday is settled.

    Args:
        tx: The transaction.
        source: Source of the records.
        links: `key` (the record's id), `remote_id`, `linked_at`, `created_run`, `owns_fields`.
    """
    tx.execute(_LINK_CREATED, [{"of": source, **link} for link in links])


def remotes_with_news(tx: sa.Connection, source: str, after: str, limit: int) -> list[str]:
    """The next Referrizer contacts that a record with news is linked to, in the order of their ids."""
    one = contact.c.remote_id
    query = sa.select(one).where(_has_news(source), one > after).distinct()
    return list(tx.scalars(query.order_by(one).limit(limit)))


def count_news(tx: sa.Connection, source: str) -> int:
    """How many linked records have news."""
    query = sa.select(sa.func.count()).select_from(contact).where(_has_news(source))
    return int(tx.scalar(query) or 0)


def _has_news(source: str) -> sa.ColumnElement[bool]:
    return (contact.c.source == source) & DIRTY & (contact.c.status == "linked")


def unconfirm(tx: sa.Connection, fields: Collection[str]) -> None:
    """These fields have another place in Referrizer now: nothing is known of what stands there.

    The birthday, sent once, is due again: at its new place it has never been.
    """
    if not fields:
        return
    query = sa.select(remote_contact.c.id, remote_contact.c.confirmed, remote_contact.c.shown)
    for row in in_pages(tx, query, remote_contact.c.id):
        texts: dict[str, str | None] = {
            name: canonical({key: value for key, value in json.loads(text).items() if key not in fields})
            for name, text in (("confirmed", row.confirmed), ("shown", row.shown))
        }
        if "group" in fields:
            texts["confirmed_group"] = None
        tx.execute(sa.update(remote_contact).where(remote_contact.c.id == row.id).values(**texts))
    if "birthday" in fields:
        linked = contact.c.status == "linked"
        tx.execute(sa.update(contact).where(linked).values(birthday_due=True))


def linked_records(tx: sa.Connection, remote_ids: Sequence[str]) -> dict[str, list[sa.Row[Any]]]:
    """All records, of any source, linked to these Referrizer contacts, the most recently updated first."""
    newest_first = (
        contact.c.updated_at.is_(None),
        contact.c.updated_at.desc(),
        contact.c.source,
        contact.c.id,
    )
    rows = tx.execute(sa.select(contact).where(contact.c.remote_id.in_(remote_ids)).order_by(*newest_first))
    found: dict[str, list[sa.Row[Any]]] = {key: [] for key in remote_ids}
    for row in rows:
        found[row.remote_id].append(row)
    return found


def remotes(tx: sa.Connection, ids: Sequence[str]) -> list[sa.Row[Any]]:
    """These Referrizer contacts."""
    return list(tx.execute(sa.select(remote_contact).where(remote_contact.c.id.in_(ids))))


def keep(tx: sa.Connection, remote_id: str, **columns: Any) -> None:
    """Write down what a Referrizer contact should show, and what is known of what it shows."""
    tx.execute(sa.update(remote_contact).where(remote_contact.c.id == remote_id).values(**columns))


def settle_news(tx: sa.Connection, row: sa.Row[Any], **columns: Any) -> None:
    """A record's news have gone into what its Referrizer contact should show."""
    key = (contact.c.source == row.source) & (contact.c.id == row.id)
    tx.execute(sa.update(contact).where(key).values(dirty=False, **columns))


def reject(tx: sa.Connection, row: sa.Row[Any], code: str) -> None:
    """This record can be neither linked nor created until it changes."""
    key = (contact.c.source == row.source) & (contact.c.id == row.id)
    unsent = {"create_intent_at": None, "create_sent": None, "unsettled_since": None}
    rejected = {"status": "rejected", "reject_code": code, **unsent}
    tx.execute(sa.update(contact).where(key).values(**rejected))


def mark_all(tx: sa.Connection) -> None:
    """All linked records have news: the settings say something else now."""
    tx.execute(sa.update(contact).where(contact.c.status == "linked").values(dirty=True))


def group_of(
    cut_offs: CutOffs, latest: sa.ColumnElement[Any] = remote_contact.c.latest_visit_at
) -> sa.ColumnElement[str]:
    """The group that follows from a last visit, a Referrizer contact's by default, at this run's instant."""
    within = [(latest >= instant, sa.literal(name)) for name, instant in cut_offs.bounds]
    return sa.case(
        (latest.is_(None), sa.literal(cut_offs.no_visit)), *within, else_=sa.literal(cut_offs.rest)
    )


def moves(cut_offs: CutOffs) -> sa.ColumnElement[bool]:
    """Whether the confirmed group of a linked contact is no longer the right one."""
    return remote_contact.c.confirmed_group.is_distinct_from(group_of(cut_offs))


def differs(cut_offs: CutOffs, *, groups: bool) -> sa.ColumnElement[bool]:
    """Whether a linked contact needs a write, or a look since nobody knows what became of the last one.

    `groups` is False where they are not mapped, or withheld.
    """
    fields = (remote_contact.c.desired != remote_contact.c.confirmed) | remote_contact.c.birthday.is_not(None)
    wanted = fields | moves(cut_offs) if groups else fields
    again = remote_contact.c.refused.is_(None) | (remote_contact.c.refused != state_of(cut_offs))
    in_doubt = remote_contact.c.intent_at.is_not(None)
    return LINKED & (in_doubt | (wanted & again))


def differs_in_parts(cut_offs: CutOffs, *, groups: bool) -> list[sa.ColumnElement[bool]]:
    """`differs` as parts that have no contact in common, each with an index that finds it.

    These are contacts with news of any kind, and those whose group is no longer right though they have none.
    """
    whole = differs(cut_offs, groups=groups)
    with_news, aged = LINKED & HAS_NEWS & whole, LINKED & moves(cut_offs) & ~HAS_NEWS & whole
    return [with_news, aged] if groups else [with_news]


def count_differing(tx: sa.Connection, cut_offs: CutOffs, *, groups: bool) -> int:
    """How many linked contacts need a write, or a look."""
    count = sa.select(sa.func.count()).select_from(remote_contact)
    return sum(tx.scalar(count.where(part)) or 0 for part in differs_in_parts(cut_offs, groups=groups))


def state_of(cut_offs: CutOffs) -> sa.ColumnElement[str]:
    """What a contact should show as one text, to recognise again what Referrizer refused."""
    birthday = sa.func.coalesce(remote_contact.c.birthday, "")
    return remote_contact.c.desired + "|" + birthday + "|" + group_of(cut_offs)
