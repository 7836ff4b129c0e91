"""What the ledger says about its runs: who runs, how the last one ended, what waits for whom."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.doctor.finding import Finding, ok, warn
from target_referrizer.ledger import journal, planning
from target_referrizer.ledger.locks import AdvisoryLocks, FileLocks
from target_referrizer.ledger.store import file_of, parse_url
from target_referrizer.ledger.tables import rejection, run, visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from target_referrizer.settings import Settings

INTERVAL = "interval"
STATUS = "Run `referrizer-ledger status`, and look for the line with RFZ- in that run's log."
#: Exit codes that leave nothing to a person.
QUIET = (0, 6)


class Work:
    """The runs and records of one source."""

    def __init__(self, tx: sa.Connection, settings: Settings, as_of: datetime) -> None:
        self._tx, self._settings, self._as_of = tx, settings, as_of

    def examine(self) -> Iterator[Finding]:
        """The last run, and what it left."""
        yield from self._runs()
        yield self._held()
        yield self._rejected()
        yield self._interval()
        yield self._opt_outs()

    def _runs(self) -> Iterator[Finding]:
        mine = run.c.source == self._settings.source
        newest = sa.select(run).where(mine).order_by(run.c.id.desc())
        last = self._tx.execute(newest.limit(1)).first()
        if last is None:
            yield ok("last run", f"source {self._settings.source} has had none yet")
            return
        if last.exit_code is None:
            yield self._unfinished(last)
            last = self._tx.execute(newest.where(run.c.exit_code.is_not(None)).limit(1)).first()
        if last is not None:
            yield _ended(last)

    def _unfinished(self, last: Any) -> Finding:
        """A run that has not said how it ended: alive as long as it holds its lock."""
        name = f"run {last.id}"
        if not self._is_locked():
            return warn(
                "lock", f"nobody holds it; {name} died", "Run again: the next run goes on from there."
            )
        how_far = f"{last.progress:,}" + (f" of {last.total:,}" if last.total else "")
        who = f"process {last.pid} on {last.host}, since {last.started_at:%Y-%m-%d %H:%M}Z"
        return ok("lock", f"{name} holds it ({who}), {last.phase} {how_far}")

    def _is_locked(self) -> bool:
        path = file_of(parse_url(self._settings.ledger_url))
        if path is not None:
            return FileLocks(path).is_seen_held(self._settings.source)
        schema = str(self._tx.scalar(sa.text("SELECT current_schema()")))
        return AdvisoryLocks(lambda: nullcontext(self._tx), schema).is_held(self._settings.source)

    def _held(self) -> Finding:
        number = self._count(visit, visit.c.source == self._settings.source, visit.c.status == "held")
        if not number:
            return ok("held", "no visit is held")
        advice = "Run `referrizer-ledger held`, then settle each with `--confirm ID` or `--resend ID`."
        return warn("held", f"{number:,} visits whose answer never came", advice, "RFZ-301")

    def _rejected(self) -> Finding:
        number = self._count(rejection, *self._open_rejections())
        if not number:
            return ok("rejects", "nothing is rejected")
        return warn(
            "rejects", f"{number:,} records are rejected", "Run `referrizer-ledger rejects`.", "RFZ-302"
        )

    def _interval(self) -> Finding:
        """The API does not tell the interval; visits that it refused do."""
        waits = visit.c.source == self._settings.source, visit.c.status == "waiting"
        waiting = self._count(visit, *waits, visit.c.reason == INTERVAL)
        rejected = self._count(rejection, *self._open_rejections(), rejection.c.code == "RFZ-212")
        if waiting or rejected:
            what = f"{waiting:,} visits wait and {rejected:,} are rejected because of Referrizer's interval"
            return warn(INTERVAL, f"{what} ({hint(self._settings)})", INTERVAL_ADVICE, "RFZ-212")
        return ok(INTERVAL, hint(self._settings))

    def _opt_outs(self) -> Finding:
        if self._settings.sync_opt_outs:
            return ok("opt-outs", "a no to e-mails or texts is carried over")
        number = planning.opted_out(self._tx, self._settings.source)
        if not number:
            return ok("opt-outs", "sync_opt_outs is off, and nobody who is to be created has opted out")
        what = f"{number:,} contacts that are to be created opted out, and Referrizer would not know it"
        return warn("opt-outs", what, "Set `sync_opt_outs` to true, or carry them over by hand.")

    def _open_rejections(self) -> tuple[sa.ColumnElement[bool], ...]:
        return rejection.c.source == self._settings.source, rejection.c.settled_at.is_(None)

    def _count(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return int(self._tx.scalar(sa.select(sa.func.count()).select_from(table).where(*where)) or 0)


INTERVAL_ADVICE = (
    "Set the minimum interval to 0 in Referrizer (Loyalty → Settings → Security, minimum interval), "
    "`minimum_interval_minutes` too, then run `referrizer-ledger rejects --retry`."
)


def hint(settings: Settings) -> str:
    """What to compare the setting with."""
    minutes = int(settings.minimum_interval.total_seconds() // 60)
    where = "Referrizer's Loyalty → Settings → Security, minimum interval"
    return f"minimum_interval_minutes is {minutes}; the API cannot tell whether that is what {where} says"


def _ended(last: Any) -> Finding:
    if last.exit_code == journal.DIED:
        return warn("last run", f"run {last.id} died", "Run again: the next run goes on from there.")
    when = f", {last.finished_at:%Y-%m-%d %H:%M}Z" if last.finished_at else ""
    what = f"run {last.id} ended with exit code {last.exit_code}{when}"
    return ok("last run", what) if last.exit_code in QUIET else warn("last run", what, STATUS)
