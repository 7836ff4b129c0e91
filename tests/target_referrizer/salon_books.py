"""Ledgers as a salon of any size has them after weeks of hourly runs, written without any run."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GROUPS = ("Current customers", "Past customers", "Leads")
PORTION = 5_000


def insert(
    ledger: Ledger, table: sa.Table, rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]
) -> None:
    """Put rows in, some thousands at a time."""
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == PORTION:
            _put(ledger, table, waiting)
            waiting = []
    if waiting:
        _put(ledger, table, waiting)


def _put(ledger: Ledger, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    with ledger.transaction() as tx:
        tx.execute(sa.insert(table), rows)


def run(number: int, at: datetime, code: int | None = 0, **more: Any) -> dict[str, Any]:
    """A run that has ended."""
    base = {"id": number, "source": "booker", "command": "run", "pid": 1, "host": "here", "started_at": at}
    counted = {"groups": {"Leads": number}} if code in {0, 3, 5, 6} else None
    ended = {"finished_at": at, "exit_code": code, "phase": "ended"}
    text = json.dumps(counted) if counted else None
    return {**base, "as_of": at, **ended, "accounting": text, **more}


def record(no: int, **more: Any) -> dict[str, Any]:
    """A linked contact."""
    person = {"first_name": f"Fay{no}", "last_name": f"Weldon{no}", "email": f"fay{no}@example.com"}
    base = {"source": "booker", "id": str(no), "record": json.dumps(person), "status": "linked"}
    return {**base, "remote_id": f"r{no}", "owns_fields": True, "dirty": False, "staged_run": 1, **more}


def remote(no: int, now: datetime, **more: Any) -> dict[str, Any]:
    """A Referrizer contact that is in the group it belongs to."""
    last = (now - timedelta(days=9), now - timedelta(days=300), None)[no % 3]
    shown = {"index_no": 1, "is_linked": True, "confirmed_group": GROUPS[no % 3], "latest_visit_at": last}
    return {"id": f"r{no}", **shown, **more}


def check_in(no: int, contact: int, at: datetime, **more: Any) -> dict[str, Any]:
    """A check-in that is in Referrizer."""
    base = {"source": "booker", "id": str(no), "contact_id": str(contact), "checked_in_at": at}
    return {**base, "is_checked_in": True, "as_of": at, "status": "delivered", "staged_run": 1, **more}


def moved(run_no: int, at: datetime, no: int, before: str | None, after: str) -> dict[str, Any]:
    """Somebody went to another group."""
    why = "time has passed since the last visit" if before else "first time"
    detail = json.dumps({"from": before, "to": after, "why": why})
    return {"run": run_no, "at": at, "kind": "moved", "remote_id": f"r{no}", "detail": detail}


def fill(url: str, contacts: int, runs: int, now: datetime) -> None:
    """A ledger of so many contacts with seven check-ins each, after so many hourly runs, the last one now."""
    with closing(Ledger(url)) as ledger:
        ledger.put("first_run:booker", (now - timedelta(hours=runs)).isoformat())
        insert(ledger, tables.run, (_hour(no, runs, contacts, now) for no in range(1, runs + 1)))
        insert(ledger, tables.contact, map(record, range(contacts)))
        insert(ledger, tables.remote_contact, (remote(no, now) for no in range(contacts)))
        insert(ledger, tables.visit, (_visit(no, contacts, now) for no in range(contacts * 7)))
        insert(ledger, tables.event, (_event(no, runs, contacts, now) for no in range(contacts * 3)))


def _hour(no: int, runs: int, contacts: int, now: datetime) -> dict[str, Any]:
    code = {7: 6, 100: 2, 205: 3, 301: 137}.get((runs - no) % 320, 0)
    groups = dict.fromkeys(GROUPS, contacts // 3)
    calm = {"read": 120, "unchanged": 118, "updated": 2, "reasons": {}}
    text = json.dumps({"groups": groups, "contacts": calm, "check_ins": calm, "besides": {}, "backlog": {}})
    at = now - timedelta(hours=runs - no)
    return run(no, at, code, accounting=text if code in {0, 3, 6} else None)


def _visit(no: int, contacts: int, now: datetime) -> dict[str, Any]:
    status = "held" if no % 50_000 == 3 else "delivered" if no % 7 else "open"
    return check_in(no, no % contacts, now - timedelta(minutes=no * 3 % 500_000), status=status)


def _event(no: int, runs: int, contacts: int, now: datetime) -> dict[str, Any]:
    back = no % runs
    return moved(
        runs - back, now - timedelta(hours=back), no % contacts, GROUPS[no % 3], GROUPS[(no + 1) % 3]
    )
