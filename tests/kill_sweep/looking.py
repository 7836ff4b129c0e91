"""What a ledger says about the writes of a process; asked by the doomed process and by the sweep."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from tests.kill_sweep.steps import Kind

from target_referrizer.ledger.tables import contact, remote_contact, run, visit

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_PATIENCE = 30
SETTLED_VISITS = ("delivered", "merged", "held")


def staged(tx: sa.Connection, kind: Kind, pid: int) -> int:
    """Records that this process has staged."""
    table = visit if kind is Kind.VISIT else contact
    return _count(tx, table, table.c.staged_run == _run_of(pid))


def intents(tx: sa.Connection, kind: Kind, pid: int) -> int:
    """Writes that are about to be sent, or were, and of which nothing more is known."""
    del pid  # whoever began them
    if kind is Kind.CREATE:
        return _count(tx, contact, (contact.c.status == "new") & contact.c.create_intent_at.is_not(None))
    if kind is Kind.VISIT:
        return _count(tx, visit, visit.c.status == "sending")
    return _count(tx, remote_contact, remote_contact.c.intent_at.is_not(None))


def outcomes(tx: sa.Connection, kind: Kind, pid: int) -> int:
    """Writes of this process that were acknowledged."""
    mine = _run_of(pid)
    if kind is Kind.CREATE:
        return _count(tx, contact, contact.c.created_run == mine)
    if kind is Kind.VISIT:
        return _count(tx, visit, (visit.c.status == "delivered") & (visit.c.settled_run == mine))
    return _count(tx, remote_contact, remote_contact.c.written_run == mine)


def visit_statuses(tx: sa.Connection) -> dict[str, str]:
    """What became of each check-in."""
    return {row.id: row.status for row in tx.execute(sa.select(visit.c.id, visit.c.status))}


def unconfirmed(tx: sa.Connection, group: str) -> list[str]:
    """What is not known to stand in Referrizer, each contact in this group; state must not leave before."""
    contacts = sa.select(contact.c.id).where((contact.c.status != "linked") | contact.c.dirty)
    visits = sa.select(visit.c.id).where(visit.c.status.not_in(SETTLED_VISITS))
    linked = tx.execute(sa.select(remote_contact).where(remote_contact.c.is_linked))
    return [
        *(f"contact {row.id}" for row in tx.execute(contacts)),
        *(f"visit {row.id}" for row in tx.execute(visits)),
        *(f"Referrizer contact {row.id}" for row in linked if _differs(row, group)),
    ]


def _run_of(pid: int) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.max(run.c.id)).where(run.c.pid == pid).scalar_subquery()


def _differs(row: sa.Row[Any], group: str) -> bool:
    is_confirmed = json.loads(row.desired) == json.loads(row.confirmed) and row.confirmed_group == group
    return row.intent_at is not None or not is_confirmed


def _count(tx: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0)


@contextmanager
def ledger(url: str) -> Iterator[sa.Connection]:
    """A ledger opened beside the product, to look and not to touch; nobody else has it open any more."""
    engine = sa.create_engine(url)
    try:
        with closing(engine.connect()) as connection:
            if engine.name == "postgresql":
                _wait_for_the_end_of_others(connection)
            yield connection
    finally:
        engine.dispose()


def _wait_for_the_end_of_others(connection: sa.Connection) -> None:
    """A server sees a client's death when it next reads from it; until then the dead run's locks are held."""
    here = "datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    others = sa.text(f"SELECT count(*) FROM pg_stat_activity WHERE {here}")
    due = monotonic() + SERVER_PATIENCE
    while connection.scalar(others):
        connection.rollback()  # within one transaction the answer stays the same
        if monotonic() > due:
            message = "the server still has sessions of a process that is gone"
            raise TimeoutError(message)
