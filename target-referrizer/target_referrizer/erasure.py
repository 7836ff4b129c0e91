"""Which records, and which of Referrizer's contacts, one person is; and erasing all of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.errors import TargetError
from target_referrizer.ledger import forgetting
from target_referrizer.ledger.tables import contact, rejection, remote_contact
from target_referrizer.people import first_names_disagree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_referrizer.ledger.store import Ledger
    from target_referrizer.settings import Settings

Row = sa.Row[Any]


def forget(ledger: Ledger, settings: Settings, who: str, email_key: str | None) -> dict[str, Any] | None:
    """Erase a person; gives what was erased and what is left to do by hand, None when nobody is known.

    Args:
        ledger: Where to erase.
        settings: Whose ids count, and whose phone numbers those without a country are.
        who: Id of a record of the source, or of a Referrizer contact.
        email_key: Looked for instead of the id when given.

    Raises:
        TargetError: RFZ-405, several people have this e-mail.
    """
    with ledger.transaction() as tx:
        records = _records(tx, settings.source, who, email_key)
        told = _told(tx, settings, who, email_key) if not records else []
        remotes = _unlinked(tx, [*records, *told], who, email_key)
        if not (records or told or remotes):
            return None
        return asdict(forgetting.forget(tx, records, remotes, told, settings.country))


def _records(tx: sa.Connection, source: str, who: str, email_key: str | None) -> list[Row]:
    """All records of the person, those of other sources and duplicates included."""
    by_id = (contact.c.source == source) & (contact.c.id == who)
    named = _select(tx, contact.c.email_key == email_key if email_key else by_id)
    if not named and not email_key:
        linked = _select(tx, contact.c.remote_id == who)
        named = [row for row in linked if row.agrees] or linked
    if not all(_names_agree(row, other) for row in named for other in named):
        ids = ", ".join(sorted(row.id for row in named))
        raise TargetError("RFZ-405", f"several people have this e-mail, the records {ids}")
    same = [row for row in _select(tx, _near(named)) if any(_are_one(row, one) for one in named)]
    return list({(row.source, row.id): row for row in (*named, *same)}.values())


def _told(tx: sa.Connection, settings: Settings, who: str, email_key: str | None) -> list[forgetting.Told]:
    """The person as a rejected record tells it, where there is no other."""
    found = []
    query = sa.select(rejection).where(
        rejection.c.stream == "contacts", rejection.c.source == settings.source
    )
    for row in tx.execute(query):
        person = forgetting.Told.of(json.loads(row.record or "{}"), settings.country, row.source, row.id)
        if person.email_key == email_key if email_key else row.id == who:
            found.append(person)
    return found


def _near(named: Sequence[Row]) -> sa.ColumnElement[bool]:
    """Records that may be the same person: of the same contact, e-mail or phone."""
    near: sa.ColumnElement[bool] = contact.c.remote_id.in_([row.remote_id for row in named if row.remote_id])
    near |= contact.c.email_key.in_([row.email_key for row in named if row.email_key])
    return near | contact.c.phone_key.in_([row.phone_key for row in named if row.phone_key])


def _unlinked(tx: sa.Connection, own: Sequence[Any], who: str, email_key: str | None) -> list[Row]:
    """Contacts of the index that are this person and that no record is linked to."""
    emails = {row.email_key for row in own if row.email_key} | ({email_key} if email_key else set())
    phones = {row.phone_key for row in own if row.phone_key}
    near = (remote_contact.c.id == who) | remote_contact.c.email_key.in_(emails)
    near |= remote_contact.c.phone_key.in_(phones)
    rows = tx.execute(sa.select(remote_contact).where(~remote_contact.c.is_linked, near))
    return [row for row in rows if row.id == who or _is_one_of(row, own, email_key)]


def _is_one_of(row: Row, own: Sequence[Any], email_key: str | None) -> bool:
    return any(_are_one(row, one) for one in own) if own else bool(row.email_key == email_key)


def _are_one(row: Any, one: Any) -> bool:
    """As matching sees it: by contact or e-mail, or by phone and last name where not both have an e-mail.

    Whoever is linked to another contact is somebody else, whatever phone they share.
    """
    if not _names_agree(row, one):
        return False
    remote, other = getattr(row, "remote_id", None), getattr(one, "remote_id", None)
    if (remote and remote == other) or (row.email_key and row.email_key == one.email_key):
        return True
    by_phone = (
        row.phone_key and row.phone_key == one.phone_key and row.last_key and row.last_key == one.last_key
    )
    are_two = (row.email_key and one.email_key) or (remote and other)
    return bool(by_phone and not are_two)


def _names_agree(one: Any, other: Any) -> bool:
    return not first_names_disagree(one.first_key, other.first_key)


def _select(tx: sa.Connection, where: sa.ColumnElement[bool]) -> list[Row]:
    return list(tx.execute(sa.select(contact).where(where)))


def come_back(ledger: Ledger, source: str, who: str, email_key: str | None) -> dict[str, Any] | None:
    """Take the marks of a person away; None when nobody is marked by this id or e-mail."""
    with ledger.transaction() as tx:
        marks = forgetting.come_back(tx, source, who, email_key)
    return {"marks": marks} if marks else None
