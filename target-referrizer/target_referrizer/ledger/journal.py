"""What was decided for whom, when and why: events, rejections and runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from target_referrizer.clock import told
from target_referrizer.ledger import notes
from target_referrizer.ledger.locks import holder
from target_referrizer.ledger.tables import contact, event, meta, rejection, run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from target_referrizer.ledger.store import Ledger

KEPT = timedelta(days=90)
NAMED = ("source", "contact_id", "remote_id")
TIME_HAS_PASSED = "time has passed since the last visit"  # why a group moved without any news
COMPLETE = (0, 3, 5)  # exit codes of runs that delivered everything that could be, or might be
_COMPLETED = "completed:"  # notes of the sources that have had such a run, and contacts after it
DIED = -1  # exit code of a run that never said how it ended
_NOTE = sa.insert(event)


@dataclass(frozen=True)
class Rejected:
    """A record that cannot be delivered."""

    stream: str
    id: str
    code: str
    reason: str
    record: str


@dataclass(frozen=True)
class Moment:
    """Which run an event belongs to, and when it happened on the run's clock."""

    run: int
    at: datetime


class Rows(Protocol):
    """What gives the rows of a query: a ledger that is open, or one that is only looked at."""

    def rows(self, statement: sa.Executable) -> list[sa.Row[Any]]:
        """All rows of a query."""


def note(tx: sa.Connection, moment: Moment, kind: str, **about: Any) -> None:
    """Write an event down.

    Args:
        tx: The transaction.
        moment: Run and instant.
        kind: created, linked, updated, moved, delivered, merged, held, resend, waiting, rejected, lost,
            or gone.
        about: `source`, `contact_id`, `remote_id`, and anything else as detail (ids, groups, field names).
    """
    note_all(tx, moment, kind, [about])


def note_all(tx: sa.Connection, moment: Moment, kind: str, events: Iterable[dict[str, Any]]) -> None:
    """Write several events of one kind down; each as `note` takes it."""
    rows = []
    for about in events:
        detail = {key: value for key, value in about.items() if key not in NAMED}
        text = json.dumps(detail, ensure_ascii=False, default=str)
        named = {key: about.get(key) for key in NAMED}
        rows.append({"run": moment.run, "at": moment.at, "kind": kind, "detail": text, **named})
    if rows:
        tx.execute(_NOTE, rows)


def reject(tx: sa.Connection, source: str, moment: Moment, row: Rejected) -> bool:
    """Write a rejection down; True when the same one was not known already."""
    key = (rejection.c.source == source) & (rejection.c.stream == row.stream) & (rejection.c.id == row.id)
    found = tx.execute(sa.select(rejection).where(key)).one_or_none()
    values = {
        "code": row.code,
        "reason": row.reason,
        "record": row.record,
        "last_run": moment.run,
        "settled_at": None,
    }
    if found is not None and found.settled_at is None and found.code == row.code:
        tx.execute(sa.update(rejection).where(key).values(**values))
        return False
    values |= {"first_run": moment.run, "at": moment.at}
    if found is None:
        tx.execute(sa.insert(rejection).values(source=source, stream=row.stream, id=row.id, **values))
    else:
        tx.execute(sa.update(rejection).where(key).values(**values))
    note(
        tx,
        moment,
        "rejected",
        source=source,
        contact_id=row.id if row.stream == "contacts" else None,
        code=row.code,
    )
    return True


def settle(tx: sa.Connection, source: str, stream: str, ids: Iterable[str], now: datetime) -> None:
    """A newer good record of the same id clears a rejection by itself."""
    open_ones = (
        (rejection.c.source == source) & (rejection.c.stream == stream) & rejection.c.settled_at.is_(None)
    )
    known = {row.id for row in tx.execute(sa.select(rejection.c.id).where(open_ones))}
    for mended in known.intersection(ids):
        tx.execute(
            sa.update(rejection)
            .where(open_ones, rejection.c.id == mended)
            .values(settled_at=now, record=None)
        )


def new_rejections(tx: sa.Connection, source: str, run_no: int) -> int:
    """How many rejections of this run were not known before it."""
    query = sa.select(sa.func.count()).select_from(rejection)
    return int(tx.scalar(query.where(rejection.c.source == source, rejection.c.first_run == run_no)) or 0)


def start_run(ledger: Ledger, source: str, started_at: datetime, as_of: datetime, command: str) -> int:
    """Begin a run; earlier runs of this source that never ended are marked as dead.

    Args:
        ledger: Where to write it down.
        source: Whose run.
        started_at: By the machine's clock.
        as_of: The instant that counts as now for the run.
        command: `run` for one that delivers, `baseline` or `verify` for one that only reads.
    """
    pid, host = holder()
    with ledger.transaction() as tx:
        dead = (run.c.source == source) & run.c.exit_code.is_(None)
        tx.execute(sa.update(run).where(dead).values(exit_code=DIED))
        values = {"source": source, "command": command, "pid": pid, "host": host, "phase": "reading"}
        values |= {"started_at": started_at, "as_of": as_of}
        created = tx.execute(sa.insert(run).values(**values).returning(run.c.id))
        return int(created.scalar_one())


def progress(tx: sa.Connection, run_no: int, **how_far: Any) -> None:
    """Say how far a run is: `phase`, `progress`, `total`, `progressed_at` (when that was), `has_news`."""
    tx.execute(sa.update(run).where(run.c.id == run_no).values(**how_far))


def finish_run(
    ledger: Ledger, run_no: int, finished_at: datetime, exit_code: int, accounting: str | None
) -> None:
    """End a run, and drop what is older than 90 days (never ids of links and visits)."""
    with ledger.transaction() as tx:
        ended = {
            "finished_at": finished_at,
            "exit_code": exit_code,
            "accounting": accounting,
            "phase": "ended",
        }
        tx.execute(sa.update(run).where(run.c.id == run_no).values(**ended))
        this = tx.execute(sa.select(run.c.as_of, run.c.source, run.c.command).where(run.c.id == run_no)).one()
        if this.command == "run" and exit_code in COMPLETE and tx.scalar(sa.select(_has_linked(this.source))):
            notes.put(tx, _COMPLETED + this.source, finished_at.isoformat())
        horizon = this.as_of - KEPT
        tx.execute(sa.delete(event).where(event.c.at < horizon))
        tx.execute(sa.delete(run).where(run.c.as_of < horizon, run.c.exit_code.is_not(None)))
        tx.execute(sa.delete(rejection).where(rejection.c.settled_at < horizon))


def current_run(ledger: Ledger, source: str) -> sa.Row[Any] | None:
    """The newest run of a source, whatever it does."""
    return _newest(ledger, run.c.source == source)


def how_far(phase: str, progress: int, total: int) -> str:
    """What a run is doing, as its progress says it: `posting visits: 31,200 of 50,000`."""
    return f"{phase}: {progress:,}" + (f" of {total:,}" if total else "")


def who(row: sa.Row[Any], zone: ZoneInfo) -> str:
    """Which process a run is, since when, and how far."""
    at = how_far(row.phase, row.progress, row.total)
    return f"process {row.pid} on {row.host}, since {told(row.started_at, zone)}, {at}"


def last_sync(ledger: Rows, source: str) -> sa.Row[Any] | None:
    """The newest run of a source that was to deliver."""
    return _newest(ledger, (run.c.source == source) & (run.c.command == "run"))


def last_done(ledger: Rows, source: str) -> sa.Row[Any] | None:
    """The newest run of a source that delivered everything that could be."""
    return _newest(ledger, (run.c.source == source) & (run.c.command == "run") & run.c.exit_code.in_((0, 3)))


def last_with_news(ledger: Rows, source: str) -> sa.Row[Any] | None:
    """The newest of these whose input held a record, or a newer state than the tap began with."""
    done = (run.c.source == source) & (run.c.command == "run") & run.c.exit_code.in_((0, 3))
    return _newest(ledger, done & run.c.has_news)


def last_ended(ledger: Rows, source: str) -> sa.Row[Any] | None:
    """The newest run of a source that was to deliver and has ended, however."""
    ended = (run.c.source == source) & (run.c.command == "run") & run.c.exit_code.is_not(None)
    return _newest(ledger, ended)


def _newest(ledger: Rows, where: sa.ColumnElement[bool]) -> sa.Row[Any] | None:
    rows = ledger.rows(sa.select(run).where(where).order_by(run.c.id.desc()).limit(1))
    return rows[0] if rows else None


def has_completed(ledger: Ledger, source: str | None = None) -> bool:
    """Whether a run has come to its end with everything delivered that could be, ever.

    One after which the source had no contact in Referrizer, as where its tap was refused, does not count: the
    first load is yet to come.

    Args:
        ledger: Whose runs.
        source: Only this source's; None: any source's.
    """
    done = run.c.exit_code.in_(COMPLETE) & (run.c.command == "run") & _has_linked(run.c.source)
    noted = meta.c.key.startswith(_COMPLETED, autoescape=True)
    if source is not None:
        done, noted = done & (run.c.source == source), meta.c.key == _COMPLETED + source
    # Runs are dropped after 90 days, a source may rest for longer; older ledgers hold no such note.
    return bool(ledger.scalar(sa.select(sa.exists().where(noted) | sa.exists().where(done))))


def _has_linked(source: str | sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(contact.c.source == source, contact.c.status == "linked")
