"""Queries of the delivery: what is to be sent next, intents before, outcomes after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.desired import SETTLED, differs, differs_in_parts, group_of
from target_referrizer.ledger.tables import HAS_NEWS, LINKED, UNPOSTED, contact, remote_contact, visit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_referrizer.groups import CutOffs

Row = sa.Row[Any]
PAGE = 500

#: Statuses of a visit that stands (or may stand) in Referrizer.
STANDING = ("delivered", "merged", "held", "sending")


# --- updates


@dataclass(frozen=True)
class Difference:
    """What one Referrizer contact should show and does not.

    Attributes:
        remote_id: The Referrizer contact.
        changes: Our field to its wire value; the group under `group`.
        birthday: To be written once, and only where Referrizer shows none.
        confirmed: What was confirmed before.
        group_before: The confirmed group, None for a contact that we have not written yet.
        state: The whole desired state as text.
    """

    remote_id: str
    changes: dict[str, Any]
    birthday: str | None
    confirmed: dict[str, Any]
    group_before: str | None
    state: str

    @property
    def is_first(self) -> bool:
        """Whether nothing computed was ever written to this contact."""
        return self.group_before is None and "last_visit_at" not in self.confirmed


def differences(tx: sa.Connection, cut_offs: CutOffs, after: str, *, groups: bool) -> list[Difference]:
    """The next linked contacts that need a write, in the order of their ids."""
    one = remote_contact.c.id
    parts = differs_in_parts(cut_offs, groups=groups)
    firsts = [sa.select(one).where(part, one > after).order_by(one).limit(PAGE) for part in parts]
    ids = sa.union_all(*(sa.select(first.subquery().c.id) for first in firsts))
    query = sa.select(remote_contact, group_of(cut_offs).label("group")).where(one.in_(ids))
    query = query.order_by(one).limit(PAGE)
    return [_difference(row, groups=groups) for row in tx.execute(query)]


def _difference(row: Row, *, groups: bool) -> Difference:
    desired, confirmed = json.loads(row.desired), json.loads(row.confirmed)
    doubtful = set(json.loads(row.sent or "[]"))
    changes = {
        key: value
        for key, value in desired.items()
        if key not in confirmed or confirmed[key] != value or key in doubtful
    }
    if (groups and row.group != row.confirmed_group) or "group" in doubtful:
        changes["group"] = row.group
    state = f"{row.desired}|{row.birthday or ''}|{row.group}"
    return Difference(row.id, changes, row.birthday, confirmed, row.confirmed_group, state)


_ONE = sa.update(remote_contact).where(remote_contact.c.id == sa.bindparam("key"))
_BIRTHDAY_DUE = (contact.c.remote_id == sa.bindparam("to")) & contact.c.birthday_due
_BIRTHDAY_DONE = sa.update(contact).where(_BIRTHDAY_DUE).values(birthday_due=False)
_REFUSED = sa.select(contact.c.source, contact.c.id).where(
    contact.c.remote_id == sa.bindparam("to"), contact.c.reject_code.is_not(None)
)


def intend_updates(tx: sa.Connection, jobs: Sequence[Difference], now: datetime) -> None:
    """Write down that these contacts are about to be written, and in which fields.

    Until the outcome is known these fields may show either value, so that they are looked at again even where
    the source meanwhile says what was confirmed before.
    """
    sent = [{"key": job.remote_id, "intent_at": now, "sent": json.dumps(sorted(job.changes))} for job in jobs]
    if sent:
        tx.execute(_ONE, sent)


def doubt_update(tx: sa.Connection, remote_id: str, now: datetime) -> None:
    """Nobody knows what became of a write to this contact."""
    since = sa.func.coalesce(remote_contact.c.unsettled_since, now)
    one = remote_contact.c.id == remote_id
    tx.execute(sa.update(remote_contact).where(one).values(unsettled_since=since))


def has_doubtful(tx: sa.Connection, before: datetime) -> bool:
    """Whether an earlier run left a write to some contact without an outcome."""
    left = LINKED & HAS_NEWS & (remote_contact.c.intent_at < before)
    return tx.execute(sa.select(remote_contact.c.id).where(left).limit(1)).first() is not None


def doubtful(tx: sa.Connection, cut_offs: CutOffs, before: datetime, *, groups: bool) -> list[Difference]:
    """Changes that have gone unanswered since this instant or longer."""
    old = LINKED & HAS_NEWS & (remote_contact.c.unsettled_since <= before)
    query = sa.select(remote_contact, group_of(cut_offs).label("group"))
    query = query.where(old, differs(cut_offs, groups=groups))
    return [_difference(row, groups=groups) for row in tx.execute(query)]


def confirm_update(
    tx: sa.Connection, remote_id: str, values: dict[str, Any], *, birthday_settled: bool
) -> None:
    """Referrizer shows now what is in `values`; a birthday that is settled is not due any more."""
    done: dict[str, Any] = {**SETTLED, "refused": None}
    done |= {"birthday": None} if birthday_settled else {}
    tx.execute(_ONE, {"key": remote_id, **values, **done})
    if birthday_settled:
        tx.execute(_BIRTHDAY_DONE, {"to": remote_id})


def accept(tx: sa.Connection, remote_id: str) -> list[Row]:
    """Nothing of this contact is refused any more; gives the records of which something was."""
    rows = list(tx.execute(_REFUSED, {"to": remote_id}))
    if rows:
        refused = (contact.c.remote_id == remote_id) & contact.c.reject_code.is_not(None)
        tx.execute(sa.update(contact).where(refused).values(reject_code=None))
    return rows


def refuse_update(tx: sa.Connection, remote_id: str, state: str, code: str) -> list[Row]:
    """This state is not sent again; gives the records that own the fields, which are rejected with a code."""
    one = remote_contact.c.id == remote_id
    tx.execute(sa.update(remote_contact).where(one).values(refused=state, **SETTLED))
    owns = (contact.c.remote_id == remote_id) & contact.c.owns_fields
    rows = list(tx.execute(sa.select(contact).where(owns)))
    tx.execute(sa.update(contact).where(owns).values(reject_code=code))
    return rows


def lose(tx: sa.Connection, remote_id: str) -> list[Row]:
    """Referrizer has this contact no more: its records are to be matched again. Gives those records."""
    linked = contact.c.remote_id == remote_id
    records = list(tx.execute(sa.select(contact.c.source, contact.c.id).where(linked)))
    tx.execute(sa.update(contact).where(linked).values(status="lost", remote_id=None, dirty=True))
    gone = {
        "is_gone": True,
        "is_linked": False,
        **SETTLED,
        "confirmed": "{}",
        "desired": "{}",
        "confirmed_group": None,
    }
    tx.execute(sa.update(remote_contact).where(remote_contact.c.id == remote_id).values(**gone))
    return records


# --- visits

#: Reason of a visit that may be sent again although it may have arrived: a refusal then says that it had.
RESENT = "resent"
#: A visit that may be sent, as though it never had been.
OPEN_AGAIN: dict[str, Any] = {
    "status": "open",
    "reason": None,
    "waiting_since": None,
    "remote_contact_id": None,
    "sent_at": None,
    "points": None,
    "intent_at": None,
    "settled_at": None,
    "settled_run": None,
}


def sendable(
    source: str, since: datetime, of_contacts: Sequence[str] = ("linked",)
) -> sa.ColumnElement[bool]:
    """Check-ins, of contacts in one of these states, that should be visits in Referrizer and are not."""
    ready = UNPOSTED & (visit.c.checked_in_at >= since)
    return (visit.c.source == source) & ready & contact.c.status.in_(of_contacts)


OF_CONTACT = (visit.c.source == contact.c.source) & (visit.c.contact_id == contact.c.id)


def count_held(tx: sa.Connection, source: str) -> int:
    """How many visits wait for a person."""
    held = (visit.c.source == source) & (visit.c.status == "held")
    return int(tx.scalar(sa.select(sa.func.count()).select_from(visit).where(held)) or 0)
