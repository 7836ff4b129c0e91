"""What the demo reads from the target's ledger: how the last run ended, and whom it moved why."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Move:
    """A contact that went from one group to another, and what the target noted as the reason."""

    contact: str
    before: str
    after: str
    why: str


def accounting(ledger: Path) -> dict[str, Any]:
    """The last run's accounting, in the words of the table that it printed."""
    rows = _read(ledger, "select accounting from run order by id desc limit 1")
    counts: dict[str, Any] = json.loads(rows[0][0])
    return counts


def moves(ledger: Path) -> list[Move]:
    """Every group move of the last run, in the order in which they were confirmed."""
    query = (
        "select coalesce(event.contact_id, contact.id, event.remote_id), event.detail from event "
        "left join contact on contact.remote_id = event.remote_id "
        "where kind = 'moved' and run = (select max(id) from run) group by event.no order by event.no"
    )
    noted = [(contact, json.loads(detail)) for contact, detail in _read(ledger, query)]
    return [
        Move(contact, detail["from"] or "no group", detail["to"], detail["why"]) for contact, detail in noted
    ]


def _read(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()
