"""Queries for people: how the ledger stands, and everything about one contact."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger import accounting, desired, journal, outbox, planning
from target_referrizer.ledger.marks import VEILED
from target_referrizer.ledger.tables import LINKED, contact, event, rejection, remote_contact, run, visit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from target_referrizer.groups import CutOffs
    from target_referrizer.ledger.store import Ledger

Row = sa.Row[Any]

LAST_EVENTS = 20
HIGHEST_RUN = 2**31 - 1  # as a database counts them


def status(ledger: Ledger, source: str, since: datetime | None) -> dict[str, Any]:
    """The last run of a source and what the ledger holds of it, as JSON-ready values.

    Args:
        ledger: Where to look.
        source: Whose records.
        since: Check-ins before it are history; None before the first run.
    """
    last = journal.current_run(ledger, source)
    is_running = _is_running(ledger, source, last)
    last = last if is_running else journal.last_sync(ledger, source)
    mine = contact.c.source == source
    rejected = (rejection.c.source == source) & rejection.c.settled_at.is_(None)
    with ledger.transaction() as tx:
        return {
            "source": source,
            "run": _run(last, is_running=is_running) if last else None,
            "contacts": _by(tx, contact.c.status, mine),
            "groups": accounting.by_group(tx),
            "visits": _by(tx, _visit_word(since), visit.c.source == source),
            "rejected": _by(tx, rejection.c.code, rejected),
            "disagreeing": _ids(tx, sa.select(contact.c.id).where(mine, contact.c.agrees == sa.false())),
            "gone": _ids(tx, sa.select(contact.c.id).where(mine, contact.c.status == "gone")),
            "forgotten": _forgotten(tx, mine),
        }


def _visit_word(since: datetime | None) -> sa.ColumnElement[str]:
    """What became of a check-in, in the words of the accounting; `open` is what can be posted."""
    is_old = visit.c.checked_in_at < since if since else sa.false()
    return sa.case(
        (visit.c.status != "open", visit.c.status),
        (~visit.c.is_checked_in, sa.literal("not_a_visit")),
        (is_old, sa.literal("history")),
        else_=sa.literal("waiting"),
    )


def _is_running(ledger: Ledger, source: str, last: Row | None) -> bool:
    """A run that has not ended is alive as long as it holds its lock; the lock of a dead process is free."""
    return last is not None and last.exit_code is None and ledger.locks.is_held(source)


def _run(row: Row, *, is_running: bool) -> dict[str, Any]:
    code = row.exit_code if row.exit_code is not None or is_running else journal.DIED
    return {
        "number": row.id,
        "command": row.command,
        "started_at": row.started_at.isoformat(),
        "as_of": row.as_of.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "state": "running" if is_running else "died" if code == journal.DIED else "ended",
        "phase": row.phase,
        "progress": row.progress,
        "total": row.total,
        "process": f"{row.pid} on {row.host}",
        "exit_code": code,
        "accounting": json.loads(row.accounting) if row.accounting else None,
    }


def _by(tx: sa.Connection, word: Any, where: sa.ColumnElement[bool]) -> dict[str, int]:
    name = word.label("name")
    query = sa.select(name, sa.func.count().label("n")).where(where).group_by("name").order_by("name")
    return {row.name: row.n for row in tx.execute(query)}


def _ids(tx: sa.Connection, query: sa.Select[Any]) -> dict[str, Any]:
    """How many, and the first few ids."""
    count = tx.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
    return {"count": count, "ids": [row.id for row in tx.execute(query.limit(20))]}


def _forgotten(tx: sa.Connection, mine: sa.ColumnElement[bool]) -> dict[str, Any]:
    """Those whom the source itself calls forgotten are named by id, the others are only counted."""
    everybody = sa.select(contact.c.id).where(mine, contact.c.status == "forgotten")
    found = _ids(tx, everybody.where(~contact.c.id.startswith(VEILED)))
    return {**found, "count": _ids(tx, everybody)["count"]}


def find(ledger: Ledger, who: str, *, email_key: str | None = None) -> tuple[list[Row], Row | None]:
    """The records and the Referrizer contact that an id, of either side, or an e-mail names."""
    with ledger.transaction() as tx:
        named = (
            contact.c.email_key == email_key
            if email_key
            else (contact.c.id == who) | (contact.c.remote_id == who)
        )
        records = list(tx.execute(sa.select(contact).where(named)))
        remote_ids = {row.remote_id for row in records if row.remote_id} or {who}
        linked = sa.select(contact).where(contact.c.remote_id.in_(remote_ids))
        mates = [row for row in tx.execute(linked) if row not in records]
        remote = tx.execute(sa.select(remote_contact).where(remote_contact.c.id.in_(remote_ids))).first()
        return records + mates, remote


def visits_of(ledger: Ledger, records: list[Row]) -> list[Row]:
    """Check-ins of these records, newest first."""
    keys = [(row.source, row.id) for row in records]
    query = sa.select(visit).where(sa.tuple_(visit.c.source, visit.c.contact_id).in_(keys))
    return ledger.rows(query.order_by(visit.c.checked_in_at.desc().nulls_last()).limit(LAST_EVENTS))


def events_of(ledger: Ledger, records: list[Row], remote: Row | None) -> list[Row]:
    """What was decided for these records, newest first."""
    keys = [(row.source, row.id) for row in records]
    about = sa.tuple_(event.c.source, event.c.contact_id).in_(keys)
    if remote is not None:
        about = about | (event.c.remote_id == remote.id)
    return ledger.rows(sa.select(event).where(about).order_by(event.c.no.desc()).limit(LAST_EVENTS))


def moves(ledger: Ledger, run_no: int) -> list[tuple[Row, list[str]]]:
    """Who moved from one group to another in a run, with the records of each as `source id`."""
    query = sa.select(event).where(event.c.run == run_no, event.c.kind == "moved").order_by(event.c.no)
    of_whom = sa.select(event.c.remote_id).where(event.c.run == run_no, event.c.kind == "moved")
    linked = sa.select(contact.c.remote_id, contact.c.source, contact.c.id)
    records: dict[str, list[str]] = {}
    for row in ledger.rows(linked.where(contact.c.remote_id.in_(of_whom)).order_by(contact.c.id)):
        records.setdefault(row.remote_id, []).append(f"{row.source} {row.id}")
    return [(row, records.get(row.remote_id, [])) for row in ledger.rows(query)]


def has_run(ledger: Ledger, number: int) -> bool:
    """Whether the ledger knows a run of this number."""
    query = sa.select(run.c.id).where(run.c.id == number)
    return number <= HIGHEST_RUN and ledger.scalar(query) is not None


def last_exit_code(ledger: Ledger, source: str) -> int | None:
    """Exit code of the newest run that is over, -1 when it died; None when none is."""
    last = journal.last_sync(ledger, source)
    if last is not None and last.exit_code is None and not ledger.locks.is_held(source):
        return journal.DIED
    ended = journal.last_ended(ledger, source)
    return None if ended is None else int(ended.exit_code)


def rejects(ledger: Ledger, source: str) -> list[Row]:
    """Records of a source that are rejected now."""
    query = sa.select(rejection).where(rejection.c.source == source, rejection.c.settled_at.is_(None))
    return ledger.rows(query.order_by(rejection.c.stream, rejection.c.id))


def held(ledger: Ledger, source: str, *, is_alone: bool) -> list[Row]:
    """Visits of a source whose answer never came.

    Args:
        ledger: Where to look.
        source: Whose visits.
        is_alone: Whether no run of the source is under way: what is being sent then is of one that died.
    """
    statuses = ("held", "sending") if is_alone else ("held",)
    query = sa.select(visit).where(visit.c.source == source, visit.c.status.in_(statuses))
    return ledger.rows(query.order_by(visit.c.sent_at))


def linked(tx: sa.Connection, source: str) -> int:
    """How many records of a source are linked."""
    return _count(tx, contact, (contact.c.source == source) & (contact.c.status == "linked"))


def adopted(tx: sa.Connection, source: str, cut_offs: CutOffs, *, groups: bool) -> dict[str, int]:
    """How the account and a source fit: `contacts`, `linked`, `unlinked`, `rejected`, and so on."""
    differing = desired.count_differing(tx, cut_offs, groups=groups)
    mine = contact.c.source == source
    return {
        "contacts": _count(tx, remote_contact, ~remote_contact.c.is_gone),
        "linked": linked(tx, source),
        "unlinked": _count(tx, contact, planning.to_create(source)),
        "rejected": _count(tx, contact, mine & (contact.c.status == "rejected")),
        "agreeing": count_linked_remotes(tx) - differing,
        "differing": differing,
    }


def count_linked_remotes(tx: sa.Connection) -> int:
    """How many of Referrizer's contacts records are linked to."""
    return _count(tx, remote_contact, LINKED)


def linked_remotes_at(tx: sa.Connection, places: Collection[int]) -> list[str]:
    """The ids of the linked contacts at these places, from 0, in the order of the ids."""
    query = sa.select(remote_contact.c.id).where(LINKED).order_by(remote_contact.c.id)
    ids = tx.scalars(query.execution_options(yield_per=outbox.PAGE))
    return [str(one) for place, one in enumerate(ids) if place in places]


def records_of(tx: sa.Connection, remote_id: str) -> list[str]:
    """The records that are linked to one of Referrizer's contacts, as `source id`."""
    rows = desired.linked_records(tx, [remote_id])[remote_id]
    return [f"{row.source} {row.id}" for row in rows]


def linked_remotes(tx: sa.Connection) -> Iterator[list[Row]]:
    """All linked contacts, some at a time."""
    after = ""
    while True:
        query = sa.select(remote_contact).where(LINKED, remote_contact.c.id > after)
        page = list(tx.execute(query.order_by(remote_contact.c.id).limit(outbox.PAGE)))
        if not page:
            return
        after = page[-1].id
        yield page


def _count(tx: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0)
