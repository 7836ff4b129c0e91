"""What waits: for a person, who is told what to do, or for the next run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.errors import CATALOGUE
from target_referrizer.ledger import desired
from target_referrizer.ledger.tables import contact, rejection, remote_contact, visit
from target_referrizer.report.people import known, who
from target_referrizer.report.words import clock
from target_referrizer.typed import option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from target_referrizer.settings import Settings

#: So many of each kind are named.
NAMED = 5
AMBIGUOUS = "RFZ-207"
#: How a visit waits, and what ends it.
REASONS = {
    "interval": "Referrizer's minimum interval has not passed since another visit of the same contact",
    "future": "its time has not come yet",
}


@dataclass(frozen=True)
class Waiting:
    """Several records that wait for the same.

    Attributes:
        kind: held, waiting, rejected, ambiguous or gone.
        count: How many.
        what: What they are and why they wait, as the end of `12 …`.
        action: What to do about it.
        named: A few of them, as they may be shown.
        listing: The command that lists all of them.
        steps: For each that is named, the very commands, between backticks.
    """

    kind: str
    count: int
    what: str
    action: str
    named: tuple[str, ...] = ()
    listing: str = ""
    steps: tuple[str, ...] = ()

    @property
    def is_urgent(self) -> bool:
        """Whether it stays wrong until somebody does something; who is gone may be gone on purpose."""
        return self.kind not in {"waiting", "gone"}

    @property
    def needs_person(self) -> bool:
        """Whether nothing happens until somebody does something."""
        return self.kind != "waiting"


@dataclass(frozen=True)
class Look:
    """What is asked for: in which transaction, of what, and how people are shown."""

    tx: sa.Connection
    settings: Settings
    as_of: datetime
    since: datetime | None
    is_running: bool
    unmasked: bool

    def count(self, query: sa.Select[Any]) -> int:
        """How many rows a query has."""
        return int(self.tx.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0)

    def people(self, query: sa.Select[Any], prefix: str = "") -> tuple[str, ...]:
        """The first rows of a query, which have an id and a record."""
        rows = self.tx.execute(query.limit(NAMED))
        return tuple(prefix + who(row.id, row.record, unmasked=self.unmasked) for row in rows)


def waiting(look: Look) -> list[Waiting]:
    """Everything that waits; what needs a person comes first."""
    kinds = (_held(look), *_rejected(look), _gone(look), *_visits(look), _new(look), _unwritten(look))
    return [one for one in kinds if one.count]


def _held(look: Look) -> Waiting:
    # What a run is sending now is not held yet.
    states = ("held",) if look.is_running else ("held", "sending")
    query = sa.select(
        visit.c.id, visit.c.contact_id, visit.c.checked_in_at, visit.c.sent_at, contact.c.record
    )
    query = query.select_from(visit.outerjoin(contact, _OF_CONTACT))
    query = query.where(visit.c.source == look.settings.source, visit.c.status.in_(states))
    rows = list(look.tx.execute(query.order_by(visit.c.sent_at, visit.c.id).limit(NAMED)))
    count = look.count(query)
    what = _one_or_more(
        count,
        "visit whose answer never came, so that nobody knows whether Referrizer counted it",
        "visits whose answer never came, so that nobody knows whether Referrizer counted them",
    )
    action = (
        "Look in Referrizer whether the contact shows the visit; then settle it: `--confirm` where it does, "
        "`--resend` where it does not."
    )
    named = tuple(_visit(look, row) for row in rows)
    steps = tuple(step for row in rows for step in _settle(row))
    return Waiting("held", count, what, action, named, "held", steps)


def _visit(look: Look, row: Any) -> str:
    whose = who(row.contact_id, row.record, unmasked=look.unmasked)
    at = clock((row.sent_at or row.checked_in_at).astimezone(look.settings.policy.zone))
    return f"visit {known(row.id, unmasked=look.unmasked)} of {whose}, {at}"


def _settle(row: Any) -> Iterator[str]:
    """How this one visit is settled; nothing where its id cannot be typed, or could be somebody's name."""
    confirm, resend = (option(name, row.id) for name in ("--confirm", "--resend"))
    if confirm is None or resend is None or known(row.id, unmasked=False) != row.id:
        return
    yield f"Referrizer shows visit {row.id}: `referrizer-ledger held {confirm}`"
    yield f"Referrizer does not show visit {row.id}: `referrizer-ledger held {resend}`"


def _one_or_more(count: int, one: str, more: str) -> str:
    return one if count == 1 else more


_OF_CONTACT = (visit.c.source == contact.c.source) & (visit.c.contact_id == contact.c.id)


def _rejected(look: Look) -> Iterator[Waiting]:
    """By code, those that are ambiguous first."""
    mine = (rejection.c.source == look.settings.source) & rejection.c.settled_at.is_(None)
    query = sa.select(rejection.c.code, rejection.c.stream, sa.func.count().label("n")).where(mine)
    rows = list(look.tx.execute(query.group_by(rejection.c.code, rejection.c.stream)))
    for row in sorted(rows, key=lambda one: (one.code != AMBIGUOUS, -one.n, one.code, one.stream)):
        of_code = mine & (rejection.c.code == row.code) & (rejection.c.stream == row.stream)
        some = sa.select(rejection.c.id, rejection.c.record).where(of_code).order_by(rejection.c.id)
        entry = CATALOGUE.get(row.code)
        kind = "ambiguous" if row.code == AMBIGUOUS else "rejected"
        stream = row.stream.replace("_", "-")
        what = f"{_one_or_more(row.n, stream[:-1], stream)} with {row.code}" + (
            f", {_small(entry.title)}: {entry.meaning}" if entry else ""
        )
        named = look.people(some, f"{stream[:-1]} ")
        action = entry.action if entry else "Look at its reason in `referrizer-ledger rejects`."
        yield Waiting(kind, row.n, what, action, named, "rejects")


def _gone(look: Look) -> Waiting:
    entry = CATALOGUE["RFZ-214"]
    some = _contacts(look, "gone")
    count = look.count(some)
    what = _one_or_more(
        count,
        "contact that was linked and that Referrizer no longer has: not written any more",
        "contacts that were linked and that Referrizer no longer has: not written any more",
    )
    return Waiting("gone", count, what, entry.action, look.people(some, "contact "), "status")


def _contacts(look: Look, *states: str) -> sa.Select[Any]:
    mine = (contact.c.source == look.settings.source) & contact.c.status.in_(states)
    return sa.select(contact.c.id, contact.c.record).where(mine).order_by(contact.c.id)


def _visits(look: Look) -> Iterator[Waiting]:
    """Check-ins that should be visits and are not, by what they wait for."""
    query = sa.select(sa.func.coalesce(visit.c.reason, "").label("why"), sa.func.count().label("n"))
    mine = (visit.c.source == look.settings.source) & (visit.c.status == "waiting")
    for row in look.tx.execute(query.where(mine).group_by("why").order_by("why")):
        reason = REASONS.get(row.why, row.why or "no reason was written down")
        action = "Nothing: every run tries again, for 48 hours; then it is rejected."
        yield Waiting("waiting", row.n, f"{_one_or_more(row.n, 'visit', 'visits')}: {reason}", action)
    ready = visit.c.is_checked_in & (visit.c.status == "open")
    ready &= visit.c.source == look.settings.source
    if look.since is not None:
        ready &= visit.c.checked_in_at >= look.since
    ids = sa.select(visit.c.id).select_from(visit.outerjoin(contact, _OF_CONTACT)).where(ready)
    linked = look.count(ids.where(contact.c.status == "linked"))
    what = _one_or_more(linked, "check-in that is not posted yet", "check-ins that are not posted yet")
    yield Waiting("waiting", linked, what, "Nothing: the next run sees to it.")
    early = contact.c.status.is_(None) | contact.c.status.in_(("new", "lost", "rejected"))
    count = look.count(ids.where(early))
    what = f"{_one_or_more(count, 'check-in', 'check-ins')} of somebody who is not in Referrizer yet"
    action = (
        "Nothing: it follows with its contact. If it stays so, look for that with "
        "`referrizer-ledger rejects`."
    )
    yield Waiting("waiting", count, what, action)


def _new(look: Look) -> Waiting:
    count = look.count(_contacts(look, "new", "lost"))
    what = _one_or_more(count, "contact that is not", "contacts that are not")
    action = "Nothing: the next run sees to it."
    return Waiting("waiting", count, f"{what} created or found in Referrizer yet", action)


def _unwritten(look: Look) -> Waiting:
    groups = look.settings.field_map.path("group") is not None
    left = desired.differs(look.settings.policy.cut_offs(look.as_of), groups=groups)
    count = look.count(sa.select(remote_contact.c.id).where(left))
    what = _one_or_more(
        count,
        "contact that Referrizer does not show as it should be",
        "contacts that Referrizer does not show as they should be",
    )
    return Waiting("waiting", count, what, "Nothing: the next run sees to it.")


def _small(title: str) -> str:
    return title[:1].lower() + title[1:]
