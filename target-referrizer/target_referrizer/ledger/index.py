"""The index: Referrizer's contacts, to look people up in.

No search of Referrizer's is known (unknown in public material), so the index is read by paging through all
contacts and trusted for a day. A contact that we create is added at once.
"""

from __future__ import annotations

import json
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.marks import Marks
from target_referrizer.ledger.paging import PAGE, in_pages
from target_referrizer.ledger.rows import canonical
from target_referrizer.ledger.tables import contact, remote_contact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

KEYS = ("email_key", "phone_key", "first_key", "last_key")


def put(tx: sa.Connection, index_no: int, rows: Iterable[dict[str, Any]]) -> None:
    """Add or renew contacts of one page, people who are forgotten left out.

    Args:
        tx: The transaction.
        index_no: Number of this index read.
        rows: `id`, the four keys, `shown` (our fields as Referrizer shows them), and any other column.
    """
    marks = Marks.load(tx)
    page = {
        row["id"]: {**row, "shown": canonical(row["shown"]), "index_no": index_no}
        for row in rows
        if not marks.is_remote_forgotten(row["id"], SimpleNamespace(**row))
    }
    if page:
        columns = tuple(next(iter(page.values())))
        tx.execute(_put(columns), list(page.values()))


@cache
def _put(columns: tuple[str, ...]) -> sa.TextClause:
    """Adds a contact, or renews these columns of one that is there.

    As text, which both databases understand: SQLAlchemy would compile its own form of it each time anew.
    """
    given = ", ".join(f":{name}" for name in columns)
    renewed = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    put = f"INSERT INTO {remote_contact.name} ({', '.join(columns)}) VALUES ({given})"  # noqa: S608 - our names
    return sa.text(f"{put} ON CONFLICT (id) DO UPDATE SET {renewed}").bindparams(
        *(sa.bindparam(name, type_=remote_contact.c[name].type) for name in columns)
    )


def finish(tx: sa.Connection, index_no: int) -> None:
    """Drop contacts that a complete read did not show, unless we are linked to them."""
    unseen = (remote_contact.c.index_no != index_no) & ~remote_contact.c.is_linked
    tx.execute(sa.delete(remote_contact).where(unseen, ~remote_contact.c.is_gone))


def nameless_but(tx: sa.Connection, names: Iterable[tuple[str, str]]) -> list[sa.Row[Any]]:
    """Contacts of which the list shows these names, and neither an e-mail nor a phone."""
    named = sa.tuple_(remote_contact.c.first_key, remote_contact.c.last_key).in_(sorted(set(names)))
    no_keys = remote_contact.c.email_key.is_(None) & remote_contact.c.phone_key.is_(None)
    return list(tx.execute(sa.select(remote_contact).where(named, no_keys, ~remote_contact.c.is_gone)))


def with_keys(
    tx: sa.Connection, emails: Iterable[str | None], phones: Iterable[str | None]
) -> list[sa.Row[Any]]:
    """Contacts that have one of these e-mails or phones."""
    some_mails, some_phones = {one for one in emails if one}, {one for one in phones if one}
    near = remote_contact.c.email_key.in_(some_mails) | remote_contact.c.phone_key.in_(some_phones)
    return list(tx.execute(sa.select(remote_contact).where(near, ~remote_contact.c.is_gone)))


def is_shown(tx: sa.Connection, remote_id: str) -> bool:
    """Whether the list shows a contact, as far as is known."""
    there = (remote_contact.c.id == remote_id) & ~remote_contact.c.is_gone
    return bool(tx.scalar(sa.select(sa.func.count()).select_from(remote_contact).where(there)))


_OURS = sa.exists().where(contact.c.remote_id == remote_contact.c.id, contact.c.linked_by == "created")
#: Contacts that this ledger has neither made nor written to: what they show is not from here.
_FOREIGN = remote_contact.c.confirmed_group.is_(None) & remote_contact.c.written_run.is_(None) & ~_OURS


def shows(tx: sa.Connection, field: str, *, foreign: bool = False) -> bool:
    """Whether the list showed this field, empty or not, of any contact, or of any that is not from here."""
    some = sa.select(remote_contact.c.id).where(remote_contact.c.shown.contains(f'"{field}":'))
    return tx.execute((some.where(_FOREIGN) if foreign else some).limit(1)).first() is not None


def has_foreign(tx: sa.Connection) -> bool:
    """Whether there is any contact that this ledger has written nothing to."""
    return tx.execute(sa.select(remote_contact.c.id).where(_FOREIGN).limit(1)).first() is not None


def some_foreign(tx: sa.Connection, number: int, *, linked: bool) -> list[str]:
    """A few contacts that this ledger has written nothing to, with or without a record."""
    with_record = remote_contact.c.is_linked if linked else ~remote_contact.c.is_linked
    some = sa.select(remote_contact.c.id).where(_FOREIGN, with_record, ~remote_contact.c.is_gone)
    return list(tx.scalars(some.limit(number)))


def unseen_linked(tx: sa.Connection, after: str, limit: int) -> list[str]:
    """The next linked contacts of whose group nothing is known: neither confirmed by us nor shown."""
    unknown = remote_contact.c.is_linked & remote_contact.c.confirmed_group.is_(None)
    unknown &= ~remote_contact.c.shown.contains('"group":') & (remote_contact.c.id > after)
    query = sa.select(remote_contact.c.id).where(unknown)
    return list(tx.scalars(query.order_by(remote_contact.c.id).limit(limit)))


def start_from_shown(tx: sa.Connection, first_instant: Callable[[str], datetime | None]) -> None:
    """Take the last visit dates that Referrizer shows as where a rebuilt ledger starts from.

    Args:
        tx: The transaction.
        first_instant: Turns a shown date into an instant, None where it is none.
    """
    query = sa.select(remote_contact.c.id, remote_contact.c.shown)
    for row in in_pages(tx, query, remote_contact.c.id):
        shown = json.loads(row.shown).get("last_visit_at")
        start = first_instant(shown) if shown else None
        if start is not None:
            one = remote_contact.c.id == row.id
            tx.execute(sa.update(remote_contact).where(one).values(baseline_visit_at=start))


def has_group(tx: sa.Connection, names: Iterable[str]) -> bool:
    """Whether Referrizer already shows one of these groups on any contact: our own trace in the account."""
    wanted = set(names)
    with_group = remote_contact.c.shown.contains('"group"')
    query = sa.select(remote_contact.c.shown).where(_FOREIGN, with_group)
    with tx.execute(query.execution_options(yield_per=PAGE)) as shown:
        return any(json.loads(row.shown).get("group") in wanted for row in shown)
