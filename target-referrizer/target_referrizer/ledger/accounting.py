"""What became of each record of this run's input, and of older work, counted in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger.desired import differs
from target_referrizer.ledger.journal import TIME_HAS_PASSED
from target_referrizer.ledger.tables import LINKED, contact, event, remote_contact, visit

if TYPE_CHECKING:
    from datetime import datetime

    from target_referrizer.groups import CutOffs

Counts = dict[str, dict[str, int]]


def contacts(  # noqa: PLR0913 - counting needs all that deciding needed
    tx: sa.Connection, source: str, run: int, cut_offs: CutOffs, *, groups: bool, left: str
) -> Counts:
    """Contacts of this input by word and reason.

    Args:
        tx: The transaction.
        source: Source of the run.
        run: Number of the run.
        cut_offs: The policy at this run's instant.
        groups: Whether groups are mapped.
        left: Why what is left undelivered was left: `outage` or `brake`.
    """
    status, remote = contact.c.status, remote_contact
    pending = differs(cut_offs, groups=groups)
    word = sa.case(
        (status.in_(("forgotten", "gone", "unreachable")), sa.literal("skipped")),
        (
            sa.and_(contact.c.reject_code.is_not(None), status.in_(("rejected", "linked"))),
            sa.literal("rejected"),
        ),
        (status.in_(("new", "lost")), sa.literal("waiting")),
        (contact.c.created_run == run, sa.literal("created")),
        (pending, sa.literal("waiting")),
        (sa.and_(remote.c.written_run == run, contact.c.owns_fields), sa.literal("updated")),
        else_=sa.literal("unchanged"),
    )
    reason = sa.case(
        (status.in_(("forgotten", "gone", "unreachable")), status),
        (contact.c.reject_code.is_not(None), contact.c.reject_code),
        (sa.or_(status.in_(("new", "lost")), pending), sa.literal(left)),
        else_=sa.literal(""),
    )
    table = contact.outerjoin(remote, contact.c.remote_id == remote.c.id)
    query = sa.select(word.label("word"), reason.label("why"), sa.func.count().label("n")).select_from(table)
    mine = (contact.c.source == source) & (contact.c.staged_run == run)
    return _counts(tx, query.where(mine).group_by("word", "why"), reasons={"skipped", "waiting", "rejected"})


def check_ins(tx: sa.Connection, source: str, run: int, since: datetime, left: str) -> Counts:
    """Check-ins of this input by word and reason; where two words fit, the first in this order holds."""
    status, whose = visit.c.status, contact.c.status
    out_of_reach = whose.in_(("forgotten", "gone", "unreachable"))
    word = sa.case(
        (out_of_reach, sa.literal("skipped")),
        (~visit.c.is_checked_in, sa.literal("skipped")),
        (visit.c.checked_in_at < since, sa.literal("history")),
        (sa.and_(status == "delivered", visit.c.settled_run == run), sa.literal("delivered")),
        (status == "delivered", sa.literal("already_delivered")),
        (status.in_(("merged", "held", "rejected")), status),
        (status == "sending", sa.literal("held")),
        else_=sa.literal("waiting"),
    )
    reason = sa.case(
        (out_of_reach, whose),
        (sa.and_(~visit.c.is_checked_in, visit.c.undone_at.is_not(None)), sa.literal("undone")),
        (~visit.c.is_checked_in, sa.literal("not_a_visit")),
        (status == "rejected", visit.c.reason),
        (sa.or_(whose.is_(None), whose != "linked"), sa.literal("no_contact_yet")),
        (status == "waiting", visit.c.reason),
        else_=sa.literal(left),
    )
    of_contact = (visit.c.source == contact.c.source) & (visit.c.contact_id == contact.c.id)
    query = sa.select(word.label("word"), reason.label("why"), sa.func.count().label("n"))
    query = query.select_from(visit.outerjoin(contact, of_contact))
    mine = (visit.c.source == source) & (visit.c.staged_run == run)
    return _counts(tx, query.where(mine).group_by("word", "why"), reasons={"skipped", "waiting", "rejected"})


def besides(tx: sa.Connection, source: str, run: int) -> dict[str, int]:
    """Contacts without a record in this input that were written all the same, and why."""
    written = _written_besides(run)
    aged, visited = written & _aged(run), written & ~_aged(run) & _had_visits(source, run)
    return {
        "updated_by_their_check_ins": _count(tx, remote_contact, visited),
        "moved_as_time_passed": _count(tx, remote_contact, aged),
    }


def backlog(tx: sa.Connection, source: str, run: int) -> dict[str, int]:
    """Work from earlier runs that was delivered in this one."""
    left = _written_besides(run) & ~_had_visits(source, run) & ~_aged(run)
    created = (contact.c.created_run == run) & (contact.c.staged_run != run) & (contact.c.source == source)
    older = (visit.c.source == source) & (visit.c.settled_run == run) & (visit.c.staged_run != run)
    return {
        "contacts_created": _count(tx, contact, created),
        "contacts_updated": _count(tx, remote_contact, left),
        **{
            f"visits_{status}": _count(tx, visit, older & (visit.c.status == status))
            for status in ("delivered", "merged", "held")
        },
    }


# Who is meant stands in lists that are made once. As a condition looked up for each contact, a database
# without statistics would go through everybody of the run for everybody of the run.


def _written_besides(run: int) -> sa.ColumnElement[bool]:
    in_this_run = (contact.c.staged_run == run) | (contact.c.created_run == run)
    written = (remote_contact.c.written_run == run) & remote_contact.c.is_linked
    return written & ~_is_one_of(sa.select(contact.c.remote_id).where(in_this_run))


def _had_visits(source: str, run: int) -> sa.ColumnElement[bool]:
    """Whose check-ins stand in this input."""
    mine = (visit.c.source == source) & (visit.c.staged_run == run)
    guests = sa.select(visit.c.contact_id).where(mine)
    return _is_one_of(
        sa.select(contact.c.remote_id).where(contact.c.source == source, contact.c.id.in_(guests))
    )


def _aged(run: int) -> sa.ColumnElement[bool]:
    moved = (event.c.run == run) & (event.c.kind == "moved") & event.c.detail.contains(TIME_HAS_PASSED)
    return _is_one_of(sa.select(event.c.remote_id).where(moved))


def _is_one_of(ids: sa.Select[Any]) -> sa.ColumnElement[bool]:
    return remote_contact.c.id.in_(ids.where(ids.selected_columns[0].is_not(None)))


def _count(tx: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0)


def by_group(tx: sa.Connection) -> dict[str, int]:
    """Linked Referrizer contacts by the group that was confirmed, an empty one as none."""
    group = remote_contact.c.confirmed_group
    query = sa.select(group.label("name"), sa.func.count().label("n")).where(LINKED).group_by(group)
    found: dict[str, int] = {}
    for row in tx.execute(query.order_by(group)):
        name = row.name or "not written yet"
        found[name] = found.get(name, 0) + row.n
    return found


def _counts(tx: sa.Connection, query: sa.Select[Any], reasons: set[str]) -> Counts:
    found: Counts = {}
    for word, reason, number in tx.execute(query):
        inner = found.setdefault(word, {})
        key = reason if word in reasons else ""
        inner[key] = inner.get(key, 0) + number
    return found
