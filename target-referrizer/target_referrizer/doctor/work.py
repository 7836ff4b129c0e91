"""What the ledger says about its runs: who runs, how the last one ended, what waits for whom."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.clock import told
from target_referrizer.doctor.finding import Finding, ok, warn
from target_referrizer.ledger import journal, planning
from target_referrizer.ledger.locks import AdvisoryLocks, FileLocks
from target_referrizer.ledger.store import file_of, parse_url
from target_referrizer.ledger.tables import rejection, run, visit
from target_referrizer.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

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
        newest = sa.select(run).where(run.c.source == self._settings.source).order_by(run.c.id.desc())
        delivering = newest.where(run.c.command == "run")
        current = self._tx.execute(newest.limit(1)).first()
        if (
            current is not None
            and current.exit_code is None
            and (self._is_locked or current.command == "run")
        ):
            yield self._unfinished(current)
        last = self._tx.execute(delivering.where(run.c.exit_code.is_not(None)).limit(1)).first()
        if last is not None:
            yield _ended(last, self._settings.policy.zone)
        elif self._tx.execute(delivering.limit(1)).first() is None:
            yield ok("last run", f"source {self._settings.source} has had none yet")

    def _unfinished(self, last: Any) -> Finding:
        """A run that has not said how it ended: alive as long as it holds its lock."""
        name = f"{last.command} {last.id}"
        if not self._is_locked:
            return warn(
                "lock", f"nobody holds it; {name} died", "Run again: the next run goes on from there."
            )
        return ok("lock", f"{name} holds it ({journal.who(last, self._settings.policy.zone)})")

    @cached_property
    def _is_locked(self) -> bool:
        path = file_of(parse_url(self._settings.ledger_url))
        if path is not None:
            return FileLocks(path).is_seen_held(self._settings.source)
        schema = str(self._tx.scalar(sa.text("SELECT current_schema()")))
        return AdvisoryLocks(lambda: nullcontext(self._tx), schema).is_held(self._settings.source)

    def _held(self) -> Finding:
        # as `held` lists them: what a run that died was sending waits for the next run, or for a person
        unsettled = ("held",) if self._is_locked else ("held", "sending")
        number = self._count(visit, visit.c.source == self._settings.source, visit.c.status.in_(unsettled))
        if not number:
            return ok("held", "no visit is held")
        advice = "Run `referrizer-ledger held`, then settle each with `--confirm ID` or `--resend ID`."
        return warn("held", f"{counted(number, 'visit')} whose answer never came", advice, "RFZ-301")

    def _rejected(self) -> Finding:
        number = self._count(rejection, *self._open_rejections())
        if not number:
            return ok("rejects", "nothing is rejected")
        what = f"{counted(number, 'record is', 'records are')} rejected"
        return warn("rejects", what, "Run `referrizer-ledger rejects`.")

    def _interval(self) -> Finding:
        """The API does not tell the interval; visits that it refused do."""
        mine = visit.c.source == self._settings.source, visit.c.status == "waiting"
        waiting = self._count(visit, *mine, visit.c.reason == INTERVAL)
        rejected = self._count(rejection, *self._open_rejections(), rejection.c.code == "RFZ-212")
        if waiting or rejected:
            waits = counted(waiting, "visit waits", "visits wait")
            what = f"{waits} and {counted(rejected, 'is', 'are')} rejected because of Referrizer's interval"
            return warn(INTERVAL, f"{what} ({hint(self._settings)})", INTERVAL_ADVICE, "RFZ-212")
        return ok(INTERVAL, hint(self._settings))

    def _opt_outs(self) -> Finding:
        if self._settings.sync_opt_outs:
            return ok("opt-outs", "a no to e-mails or texts is carried over")
        number = planning.opted_out(self._tx, self._settings.source)
        if not number:
            return ok("opt-outs", "sync_opt_outs is off, and nobody who is to be created has opted out")
        who = counted(number, "contact that is", "contacts that are")
        what = f"{who} to be created opted out, and Referrizer would not know it"
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


def _ended(last: Any, zone: ZoneInfo) -> Finding:
    if last.exit_code == journal.DIED:
        return warn("last run", f"run {last.id} died", "Run again: the next run goes on from there.")
    when = f", {told(last.finished_at, zone)}" if last.finished_at else ""
    what = f"run {last.id} ended with exit code {last.exit_code}{when}"
    return ok("last run", what) if last.exit_code in QUIET else warn("last run", what, STATUS)
