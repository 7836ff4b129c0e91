"""Taking records into the ledger as the desired state. Nothing is matched or sent here.

A record counts when it is not older than what the ledger has: by `updated_at` for contacts, by `as_of` for
check-ins, and by the order of the lines where neither says.
"""

from __future__ import annotations

import logging
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.errors import TargetError
from target_referrizer.ledger import forgetting
from target_referrizer.ledger.journal import Rejected, reject, settle
from target_referrizer.ledger.rows import ContactRow, VisitRow
from target_referrizer.ledger.tables import contact, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from target_referrizer.ledger.journal import Moment
    from target_referrizer.ledger.store import Ledger

logger = logging.getLogger("target-referrizer")

CHUNK = 500


def stage_contacts(
    tx: sa.Connection, source: str, moment: Moment, rows: Iterable[ContactRow], country: str
) -> int:
    """Stage contacts; gives how many lines were superseded by a newer one."""
    newest, superseded = _newest(forgetting.veil_contacts(tx, source, rows), _loses_contact)
    inserts: list[dict[str, Any]] = []
    updates: list[dict[str, Any]] = []
    known = _known(tx, [*contact.c], source, list(newest))
    for key, row in newest.items():
        found = known.get(key)
        if found is None:
            inserts.append({**_columns(row), "source": source, "staged_run": moment.run})
            continue
        superseded += found.staged_run == moment.run
        if _is_older_contact(row, found):
            superseded += found.staged_run != moment.run
            continue
        updates.append(_contact_update(found, row, moment.run))
    if inserts:
        tx.execute(sa.insert(contact), inserts)
    if updates:
        tx.execute(_update_by_key(contact, source), updates)
    staged = {str(one.get("id", one.get("key"))): one for one in (*inserts, *updates)}
    _after_contacts(tx, source, moment, newest, staged)
    wishes = [key for key, row in newest.items() if row.status == "forgotten"]
    fresh = [key for key in wishes if key not in known or known[key].status != "forgotten"]
    _forget(tx, source, fresh, country)
    return superseded


def _forget(tx: sa.Connection, source: str, wishes: Sequence[str], country: str) -> None:
    """Erase who asked for it, and say once which contact is left in Referrizer."""
    for key in wishes:
        erased = forgetting.forget_wish(tx, source, key, country)
        by_hand = [f"Referrizer contact {one} is still to be deleted by hand" for one in erased.delete]
        by_hand += [
            f"Referrizer contact {one} is that of other records too: empty by hand what is this person's"
            for one in erased.shared
        ]
        by_hand += ["Referrizer may have just created a contact of this person"] if erased.in_doubt else []
        lasts = tx.get_execution_options().get("is_lasting", True)
        said = "; ".join(["erased from the ledger" if lasts else "a run erases it from the ledger", *by_hand])
        logger.warning("contact %s asked to be forgotten: %s", key, said)


def _after_contacts(
    tx: sa.Connection,
    source: str,
    moment: Moment,
    rows: dict[str, ContactRow],
    staged: dict[str, dict[str, Any]],
) -> None:
    """Write down what cannot be reached by us, clear what has been mended."""
    for key, values in staged.items():
        row = rows[key]
        if row.reject_code and values["status"] == "rejected":
            why = TargetError(row.reject_code, row.reject_reason)
            logger.warning("contact %s rejected: %s", key, why)
            reject(
                tx, source, moment, Rejected("contacts", key, row.reject_code, row.reject_reason, row.record)
            )
    settle(
        tx,
        source,
        "contacts",
        [key for key, values in staged.items() if not values["reject_code"]],
        moment.at,
    )


def _columns(row: ContactRow) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "reject_reason"}


def _contact_update(found: sa.Row[Any], row: ContactRow, run: int) -> dict[str, Any]:
    changed = found.record != row.record or found.last_visit_at != row.last_visit_at
    settled = {"linked", "lost", "gone", "forgotten"}
    keeps = found.status in settled or (found.status == "rejected" and not changed)
    values = {
        **_columns(row),
        "staged_run": run,
        "dirty": found.dirty or changed or found.updated_at != row.updated_at,
        "status": found.status if keeps else row.status,
        "reject_code": found.reject_code if keeps else row.reject_code,
    }
    if found.status == "forgotten":
        values |= {**_columns(ContactRow.forgotten(row.id)), "dirty": False}
    values["key"] = values.pop("id")
    return values


#: What each line of a check-in renews. Tap-booker sends those of the last days each hour, and whatever else
#: were set SQLite would write anew to all its indexes, the same or not.
_OF_A_LINE = ("key", "as_of", "staged_run")
_LEDGERS_OWN = ("staged_run", "undone_at", "status", "reason", "waiting_since")
#: What is looked at of a check-in that comes again.
_OF_A_VISIT = [visit.c[name] for name in (*(one.name for one in fields(VisitRow)), *_LEDGERS_OWN)]


def stage_visits(tx: sa.Connection, source: str, moment: Moment, rows: Iterable[VisitRow]) -> int:
    """Stage check-ins; gives how many lines were superseded by a newer one."""
    newest, superseded = _newest(forgetting.veil_visits(tx, source, rows), _is_older_visit)
    inserts: list[dict[str, Any]] = []
    updates: list[dict[str, Any]] = []
    confirmations: list[dict[str, Any]] = []
    touched: set[str] = set()
    known = _known(tx, _OF_A_VISIT, source, list(newest))
    for key, row in newest.items():
        found = known.get(key)
        if found is None:
            undone = row.checked_in_at if not row.is_checked_in else None
            inserts.append(
                {
                    **vars(row),
                    "source": source,
                    "staged_run": moment.run,
                    "status": "open",
                    "undone_at": undone,
                }
            )
            touched.add(row.contact_id)
            continue
        superseded += found.staged_run == moment.run
        if _is_older_visit(row, found):
            superseded += found.staged_run != moment.run
            continue
        update = _visit_update(found, row, moment.run)
        if all(getattr(found, name) == value for name, value in update.items() if name not in _OF_A_LINE):
            confirmations.append({name: update[name] for name in _OF_A_LINE})
        else:
            updates.append(update)
        if _moved(found, row):
            touched |= {row.contact_id, found.contact_id}
    if inserts:
        tx.execute(sa.insert(visit), inserts)
    for changes in (updates, confirmations):
        if changes:
            tx.execute(_update_by_key(visit, source), changes)
    mark_dirty(tx, source, touched)
    still = {one["key"] for one in updates if one["status"] == "rejected"}
    still |= {one["key"] for one in confirmations if known[one["key"]].status == "rejected"}
    settle(tx, source, "check_ins", [key for key in newest if key not in still], moment.at)
    return superseded


def _moved(found: sa.Row[Any], row: VisitRow) -> bool:
    before = (found.contact_id, found.checked_in_at, found.is_checked_in)
    return before != (row.contact_id, row.checked_in_at, row.is_checked_in)


def _visit_update(found: sa.Row[Any], row: VisitRow, run: int) -> dict[str, Any]:
    """An undone check-in keeps the time that was taken back; a refused row that was mended begins anew."""
    undone = None
    if not row.is_checked_in:
        undone = found.checked_in_at if found.is_checked_in else (row.checked_in_at or found.undone_at)
    mended = found.status in {"rejected", "waiting"} and _moved(found, row)
    return {
        **{name: value for name, value in vars(row).items() if name != "id"},
        "key": row.id,
        "staged_run": run,
        "undone_at": undone,
        "status": "open" if mended else found.status,
        "reason": None if mended else found.reason,
        "waiting_since": None if mended else found.waiting_since,
    }


def earliest_as_of(ledger: Ledger, source: str, run: int) -> datetime | None:
    """The smallest `as_of` among the check-ins that a run staged."""
    mine = (visit.c.source == source) & (visit.c.staged_run == run)
    found: datetime | None = ledger.scalar(sa.select(sa.func.min(visit.c.as_of)).where(mine))
    return found


def mark_dirty(tx: sa.Connection, source: str, ids: Iterable[str]) -> None:
    """Have the last visit of these contacts worked out anew."""
    for chunk in _chunks(sorted(ids)):
        tx.execute(
            sa.update(contact).where(contact.c.source == source, contact.c.id.in_(chunk)).values(dirty=True)
        )


def _newest(rows: Iterable[Any], is_older: Callable[[Any, Any], bool]) -> tuple[dict[str, Any], int]:
    """Of several lines of one id the newer, else the later; and how many lost."""
    newest: dict[str, Any] = {}
    lost = 0
    for row in rows:
        before = newest.get(row.id)
        lost += before is not None
        if before is None or not is_older(row, before):
            newest[row.id] = row
    return newest, lost


def _loses_contact(row: ContactRow, before: ContactRow) -> bool:
    """Of two lines of one input; nothing outdates the wish to be forgotten."""
    return _is_older_contact(row, before) or (before.status == "forgotten" != row.status)


def _is_older_contact(row: ContactRow, before: Any) -> bool:
    """By `updated_at`, where both say it; the wish to be forgotten is never too old."""
    stamps = row.updated_at, before.updated_at
    return row.status != "forgotten" and all(stamps) and bool(stamps[0] < stamps[1])


def _is_older_visit(row: Any, before: Any) -> bool:
    return bool(row.as_of < before.as_of)


def _known(
    tx: sa.Connection, columns: Sequence[sa.Column[Any]], source: str, ids: Sequence[str]
) -> dict[str, sa.Row[Any]]:
    table, query = columns[0].table.c, sa.select(*columns)
    found: dict[str, sa.Row[Any]] = {}
    for chunk in _chunks(ids):
        rows = tx.execute(query.where(table.source == source, table.id.in_(chunk)))
        found |= {row.id: row for row in rows}
    return found


def _update_by_key(table: sa.Table, source: str) -> sa.Update:
    return sa.update(table).where(table.c.source == source, table.c.id == sa.bindparam("key"))


def _chunks(ids: Sequence[str] | Iterable[str]) -> Iterable[list[str]]:
    listed = list(ids)
    return (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))
