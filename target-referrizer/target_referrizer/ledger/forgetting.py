"""Erasing a person: nothing stays but ids that say nothing, and marks by which the person is recognised."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.marks import VEILED, Marks
from target_referrizer.ledger.paging import in_pages
from target_referrizer.ledger.rows import ContactRow, canonical, id_text
from target_referrizer.ledger.tables import contact, event, rejection, remote_contact, visit
from target_referrizer.people import email_key, fold, phone_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_referrizer.ledger.journal import Rejected
    from target_referrizer.ledger.rows import VisitRow

Row = sa.Row[Any]

_NOBODY: dict[str, Any] = {
    "record": "{}",
    "updated_at": None,
    "last_visit_at": None,
    "latest_visit_at": None,
    "email_key": None,
    "phone_key": None,
    "first_key": "",
    "last_key": "",
    "status": "forgotten",
    "reject_code": None,
    "remote_id": None,
    "create_intent_at": None,
    "create_sent": None,
    "dirty": False,
}
_NO_VISIT: dict[str, Any] = {"checked_in_at": None, "is_checked_in": False, "is_time_inferred": False}
_NO_TRACE: dict[str, Any] = {
    **_NO_VISIT,
    "undone_at": None,
    "reason": None,
    "waiting_since": None,
    "remote_contact_id": None,
    "remote_id": None,
    "sent_at": None,
    "points": None,
    "intent_at": None,
}
#: Statuses of records of whom Referrizer knows nothing by us.
_NOT_LINKED_YET = ("new", "unreachable", "rejected")
#: What a contact that others share keeps: it says nothing about who anybody is.
_IMPERSONAL = ("last_visit_at", "group")


@dataclass(frozen=True)
class Told:
    """A person of whom there is only a record that was rejected."""

    source: str
    id: str
    email_key: str | None
    phone_key: str | None
    first_key: str
    last_key: str
    remote_id: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any], country: str, source: str = "", key: str = "") -> Told:
        """The person of a record that may hold anything."""
        text = {name: value for name, value in record.items() if isinstance(value, str)}
        first, last = fold(text.get("first_name")), fold(text.get("last_name"))
        phone = phone_key(text.get("phone"), country)
        return cls(source, key, email_key(text.get("email")), phone, first, last)


@dataclass
class Erased:
    """What was erased, and which contacts a person has to see to in Referrizer.

    Attributes:
        delete: Referrizer contacts that are nobody else's.
        shared: Referrizer contacts that other records are linked to.
        in_doubt: How many creations were under way, so that Referrizer may have a contact that is not known.
    """

    records: int = 0
    visits: int = 0
    events: int = 0
    rejects: int = 0
    delete: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    in_doubt: int = 0


def forget_wish(tx: sa.Connection, source: str, contact_id: str, country: str) -> Erased:
    """Erase whom a source says to forget; the id stays, since the source itself keeps it."""
    marks, erased = Marks.begin(tx), Erased()
    rows = tx.execute(sa.select(contact).where(contact.c.source == source, contact.c.id == contact_id)).all()
    for row in rows:
        _erase_record(tx, marks, row, contact_id, erased)
        erased.rejects += _erase_rejects(tx, row, country)
    return erased


def forget(
    tx: sa.Connection, records: Sequence[Row], remotes: Sequence[Row], told: Sequence[Told], country: str
) -> Erased:
    """Erase a person who is known by these records and Referrizer contacts.

    Args:
        tx: The transaction.
        records: All records of this one person, of any source.
        remotes: Contacts of the index that are this person and linked to no record.
        told: The person as rejected records tell it.
        country: Two letters; whose phone numbers those without `+` are.
    """
    marks, erased = Marks.begin(tx), Erased()
    own: list[Any] = [*records, *told]
    whom = marks.of_record(own[0].source, own[0].id) if own else marks.of_remote(remotes[0].id)
    for one in (*own, *remotes):
        marks.add(tx, marks.of_person(one), whom)
    for one in own:
        marks.add(tx, [marks.of_record(one.source, one.id)], whom)
        erased.rejects += _erase_rejects(tx, one, country)
        erased.events += _erase_events(tx, one)
    for row in records:
        _erase_record(tx, marks, row, marks.veiled_id(row.source, row.id), erased)
    for row in remotes:
        _erase_remote(tx, marks, row.id, whom, erased)
    return erased


def come_back(tx: sa.Connection, source: str, contact_id: str, email_key: str | None) -> int:
    """Take the marks of a person away: the person has signed up again. Gives how many marks there were."""
    marks = Marks.load(tx)
    wished = (contact.c.source == source) & (contact.c.id == contact_id) & (contact.c.status == "forgotten")
    back = 0 if email_key else tx.execute(sa.delete(contact).where(wished)).rowcount
    whom = marks.find_email(email_key) if email_key else marks.whom.get(marks.of_record(source, contact_id))
    if whom is None:
        return int(back)
    digests = [one for one, other in marks.whom.items() if other == whom]
    tx.execute(sa.delete(contact).where(contact.c.id.in_([VEILED + one for one in digests])))
    return marks.take_away(tx, whom)


def veil_contacts(tx: sa.Connection, source: str, rows: Iterable[ContactRow]) -> Iterable[ContactRow]:
    """The rows, and in place of those of people who are forgotten what may be kept of them."""
    marks = Marks.load(tx)
    return [_veiled(tx, marks, source, row) for row in rows] if marks.whom else rows


def veil_visits(tx: sa.Connection, source: str, rows: Iterable[VisitRow]) -> Iterable[VisitRow]:
    """The rows, and of check-ins of people who are forgotten no more than their ids."""
    marks = Marks.load(tx)
    return [_veiled_visit(marks, source, row) for row in rows] if marks.whom else rows


def veil_waiting(tx: sa.Connection, source: str) -> None:
    """Erase who was forgotten while a record of the same person was just being staged."""
    marks = Marks.load(tx)
    if not marks.whom:
        return
    waiting = (contact.c.source == source) & contact.c.status.in_(_NOT_LINKED_YET)
    for row in in_pages(tx, sa.select(contact).where(waiting), contact.c.id):
        _comes_again(tx, marks, source, row)


def veil_rejected(tx: sa.Connection, source: str, row: Rejected, country: str) -> Rejected:
    """A record that breaks the contract, without its text where its person is forgotten."""
    marks = Marks.load(tx)
    if not marks.whom:
        return row
    record = json.loads(row.record)
    whose = row.id if row.stream == "contacts" else id_text(record.get("contact_id"))
    whom = marks.find_person(Told.of(record, country)) if row.stream == "contacts" else None
    if whom is not None:
        marks.add(tx, [marks.of_record(source, row.id)], whom)
    if not marks.is_forgotten(source, whose):
        return row
    new_id = marks.veiled_id(source, row.id) if row.stream == "contacts" else row.id
    return replace(row, id=new_id, record="{}")


def _veiled(tx: sa.Connection, marks: Marks, source: str, row: ContactRow) -> ContactRow:
    if marks.is_forgotten(source, row.id) or _comes_again(tx, marks, source, row):
        return ContactRow.forgotten(marks.veiled_id(source, row.id))
    return row


def _veiled_visit(marks: Marks, source: str, row: VisitRow) -> VisitRow:
    if not marks.is_forgotten(source, row.contact_id):
        return row
    return replace(row, contact_id=marks.veiled_id(source, row.contact_id), **_NO_VISIT)


def _comes_again(tx: sa.Connection, marks: Marks, source: str, row: ContactRow | Row) -> bool:
    """Whether somebody who is forgotten comes under an id that stands for nobody in Referrizer yet.

    That id is marked too. Whoever is linked already is somebody else, whatever e-mail they have now.
    """
    whom = marks.find_person(row)
    key = (contact.c.source == source) & (contact.c.id == row.id)
    known = tx.execute(sa.select(contact).where(key)).one_or_none() if whom else None
    if whom is None or (known is not None and known.status not in _NOT_LINKED_YET):
        return False
    marks.add(tx, [marks.of_record(source, row.id)], whom)
    new_id = marks.veiled_id(source, row.id)
    if known is not None:
        _erase_record(tx, marks, known, new_id, Erased())
    else:
        _erase_visits(tx, source, row.id, new_id)
    return True


def _erase_record(tx: sa.Connection, marks: Marks, row: Row, new_id: str, erased: Erased) -> None:
    own = (contact.c.source == row.source) & (contact.c.id == row.id)
    tx.execute(sa.update(contact).where(own).values(id=new_id, **_NOBODY))
    erased.records += 1
    erased.in_doubt += row.create_intent_at is not None
    erased.visits += _erase_visits(tx, row.source, row.id, new_id)
    erased.events += _erase_events(tx, row)
    if row.remote_id is not None:
        _let_go(tx, marks, row, erased)


def _erase_events(tx: sa.Connection, row: Row | Told) -> int:
    of_record = (event.c.source == row.source) & (event.c.contact_id == row.id)
    return int(tx.execute(sa.delete(event).where(of_record)).rowcount)


def _let_go(tx: sa.Connection, marks: Marks, row: Row, erased: Erased) -> None:
    """The Referrizer contact of an erased record goes with it, unless it is somebody else's too."""
    others = contact.c.remote_id == row.remote_id
    if not tx.scalar(sa.select(sa.func.count()).select_from(contact).where(others)):
        _erase_remote(tx, marks, row.remote_id, marks.of_record(row.source, row.id), erased)
        return
    tx.execute(sa.update(contact).where(others).values(dirty=True))
    one = remote_contact.c.id == row.remote_id
    found = tx.execute(sa.select(remote_contact).where(one)).one()
    kept = {
        name: canonical({key: value for key, value in json.loads(text).items() if key in _IMPERSONAL})
        for name, text in (("confirmed", found.confirmed), ("desired", found.desired), ("shown", found.shown))
    }
    nameless = {"email_key": None, "phone_key": None, "first_key": "", "last_key": "", "birthday": None}
    tx.execute(sa.update(remote_contact).where(one).values(**kept, **nameless, refused=None))
    if row.remote_id not in erased.shared:
        erased.shared.append(row.remote_id)


def _erase_remote(tx: sa.Connection, marks: Marks, remote_id: str, whom: str, erased: Erased) -> None:
    marks.add(tx, [marks.of_remote(remote_id)], whom)
    erased.events += tx.execute(sa.delete(event).where(event.c.remote_id == remote_id)).rowcount
    tx.execute(sa.delete(remote_contact).where(remote_contact.c.id == remote_id))
    erased.shared = [one for one in erased.shared if one != remote_id]
    erased.delete.append(remote_id)


def _erase_visits(tx: sa.Connection, source: str, contact_id: str, new_id: str) -> int:
    """What was posted, or may have been, stays unrepeatable by its id."""
    own = (visit.c.source == source) & (visit.c.contact_id == contact_id)
    stands = visit.c.status.in_(("delivered", "merged", "held", "sending"))
    status = sa.case((stands, sa.literal("delivered")), else_=sa.literal("open"))
    values = {**_NO_TRACE, "contact_id": new_id, "status": status}
    return int(tx.execute(sa.update(visit).where(own).values(**values)).rowcount)


def _erase_rejects(tx: sa.Connection, row: Row | Told, country: str) -> int:
    """Rejects of this person, of whatever source: those of the record, and whatever tells who it is."""
    mine = [one for one in tx.execute(sa.select(rejection)) if _is_about(one, row, country)]
    for one in mine:
        key = (rejection.c.source == one.source) & (rejection.c.stream == one.stream)
        tx.execute(sa.delete(rejection).where(key, rejection.c.id == one.id))
    return len(mine)


def _is_about(reject: Row, row: Row | Told, country: str) -> bool:
    record = json.loads(reject.record or "{}")
    ids = {reject.id} if reject.stream == "contacts" else set()
    ids |= {id_text(one) for name in ("id", "contact_id") for one in _scalars(record.get(name))}
    if reject.source == row.source and row.id in (ids if reject.stream == "contacts" else ids - {reject.id}):
        return True
    told = list(_scalars(record))
    emails = {email_key(one) for one in told if isinstance(one, str)}
    phones = {phone_key(str(one), country) for one in told if isinstance(one, str | int)}
    return (row.email_key or "-") in emails or (row.phone_key or "-") in phones


def _scalars(value: Any) -> Iterator[Any]:
    """All values in a record, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _scalars(one)
    elif value is not None:
        yield value
