"""One run, from the first record to the exit code: stage, reconcile, deliver, account."""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer import account, plan
from target_referrizer.delivery import ContactDelivery
from target_referrizer.errors import Braked, LedgerBusy, NeedsPerson, TargetError, Unavailable
from target_referrizer.ledger import Ledger, accounting, journal, staging
from target_referrizer.ledger.tables import visit
from target_referrizer.reconcile import Context, Reconciler
from target_referrizer.summary import Summary, show
from target_referrizer.visits import Visits, settle_unfinished
from target_referrizer.workers import Stop, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_referrizer.referrizer import Referrizer
    from target_referrizer.settings import Settings

logger = logging.getLogger("target-referrizer")

#: From so many records on, the share of rejects calls a person.
REJECTS_FROM = 20


@dataclass(frozen=True)
class Outside:
    """What a run takes from outside: clocks, waiting, and the way to Referrizer."""

    now: Callable[[], datetime]
    wait: Callable[[float], None]
    client: Callable[[Settings], Referrizer]
    stop: Stop


class Run:
    """A run of one source over one ledger."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        """Open the ledger, take this source's place in it, and see that it belongs to the account.

        Raises:
            SettingsError: The ledger belongs elsewhere, or cannot be what the settings say.
            LedgerBusy: Another run of this source is under way.
        """
        self.settings = settings
        self._outside = outside
        started = outside.now()
        self.as_of = settings.as_of or started
        self.ledger = Ledger(settings.ledger_url, lasting=not settings.dry_run)
        try:
            self._take_place()
            account.bind(self.ledger, settings)
        except TargetError:
            self.ledger.close()
            raise
        account.note_first_run(self.ledger, settings.source, self.as_of)
        self.number = journal.start_run(self.ledger, settings.source, started, self.as_of)
        self.moment = journal.Moment(self.number, self.as_of)
        self._read: Counter[str] = Counter()
        self._superseded: Counter[str] = Counter()
        self._invalid: dict[str, Counter[str]] = {"contacts": Counter(), "check_ins": Counter()}
        self._client: Referrizer | None = None
        self._since = self.as_of
        self.is_delivering = False
        self.is_over = False

    def _take_place(self) -> None:
        if self.ledger.locks.try_source(self.settings.source):
            return
        holder = journal.current_run(self.ledger, self.settings.source)
        who = (
            f" (process {holder.pid} on {holder.host}, since {holder.started_at:%Y-%m-%d %H:%M:%S}Z)"
            if holder
            else ""
        )
        raise LedgerBusy("RFZ-401", f"another run of source {self.settings.source!r} holds the ledger{who}")

    # --- staging

    def stage_contacts(self, rows: Sequence[staging.ContactRow]) -> None:
        """Take contacts in as the desired state."""
        with self.ledger.transaction() as tx:
            self._superseded["contacts"] += staging.stage_contacts(
                tx, self.settings.source, self.moment, rows
            )
        self._read["contacts"] += len(rows)

    def stage_visits(self, rows: Sequence[staging.VisitRow]) -> None:
        """Take check-ins in as the desired state."""
        with self.ledger.transaction() as tx:
            self._superseded["check_ins"] += staging.stage_visits(tx, self.settings.source, self.moment, rows)
        self._read["check_ins"] += len(rows)

    def stage_rejected(self, rows: Sequence[journal.Rejected]) -> None:
        """Keep records that break the contract."""
        with self.ledger.transaction() as tx:
            for row in rows:
                journal.reject(tx, self.settings.source, self.moment, row)
                self._invalid[row.stream][row.code] += 1
                self._read[row.stream] += 1

    # --- end of input

    def finish(self) -> int:
        """Reconcile, deliver, account; gives the exit code."""
        error: Exception | None = None
        text = None
        try:
            with self.ledger.locks.delivery():
                self.is_delivering = True
                error = self._deliver()
                text = self._account(error)
        except (TargetError, Stopped) as stopped:
            error = stopped
        except sa.exc.SQLAlchemyError as failure:
            error = TargetError("RFZ-403", f"the ledger failed ({type(failure).__name__})")
        code = _exit_code(error)
        if error is not None and not isinstance(error, Stopped):
            logger.error("%s", error)
        if not self.settings.dry_run:
            journal.finish_run(self.ledger, self.number, self._outside.now(), code, text)
        self._close()
        return code

    def abort(self, code: int) -> None:
        """End a run whose input never came to its end: what was staged stays, nothing is delivered."""
        journal.finish_run(self.ledger, self.number, self._outside.now(), code, None)
        self._close()

    def _close(self) -> None:
        self.is_over = True
        self.ledger.close()

    def _deliver(self) -> Exception | None:
        """Everything between staging and accounting; gives what kept it from being complete."""
        self._client = self._outside.client(self.settings)
        context = Context(
            self.ledger,
            self.settings,
            self._client,
            self.number,
            self.as_of,
            self._outside.wait,
            self._outside.stop,
        )
        reconciler = Reconciler(context)
        self._context = context
        first = account.settle_first_run(self.ledger, self.settings.source, self.number)
        self._since = self.settings.since or first
        was_new = self.ledger.get("origin") is None
        try:
            reconciler.prepare()
            self._since = max(self._since, account.history_before(self.ledger) or self._since)
            visits = Visits(context, self._since, first)
            settle_unfinished(context, visits)
            with self.ledger.transaction() as tx:
                planned = plan.make(tx, context, self._since)
            if self.settings.dry_run:
                _show_plan(planned)
                return None
            withheld = (
                planned.over(self.settings.brake_percent) if journal.has_completed(self.ledger) else set()
            )
            self._send(reconciler, visits, withheld)
        except Unavailable as outage:
            return outage
        if was_new and account.is_rebuilt(self.ledger):
            return NeedsPerson("RFZ-303", "Referrizer already shows our groups, but this ledger is new")
        return self._verdict(withheld)

    def _send(self, reconciler: Reconciler, visits: Visits, withheld: set[str]) -> None:
        """Contacts, then visits; once more where visits showed that a contact is gone."""
        contacts = ContactDelivery(reconciler)
        how = {
            "creates": "creates" not in withheld,
            "groups": reconciler.context.maps_group and "groups" not in withheld,
        }
        contacts.run(**how)
        if "visits" in withheld:
            return
        reconciler.context.deliver("posting visits", visits)
        if contacts.has_lost():
            contacts.run(**how)
            reconciler.context.deliver("posting visits", visits.again())

    def _verdict(self, withheld: set[str]) -> TargetError | None:
        if withheld:
            kinds = {"creates": "new contacts", "groups": "group moves", "visits": "visits"}
            named = " and ".join(kinds[kind] for kind in sorted(withheld))
            return Braked("RFZ-501", f"this run would change too much at once; withheld: {named}")
        held = self.ledger.scalar(_held(self.settings.source))
        if held:
            return NeedsPerson("RFZ-301", f"{held} visits are held: their answer never came")
        return self._too_many_rejects()

    def _too_many_rejects(self) -> TargetError | None:
        with self.ledger.transaction() as tx:
            rejects = journal.new_rejections(tx, self.settings.source, self.number)
            unreachable = (
                accounting.contacts(
                    tx, self.settings.source, self.number, self._context.cut_offs, groups=False, left=""
                )
                .get("skipped", {})
                .get("unreachable", 0)
            )
        records = self._read.total() - unreachable
        if records >= REJECTS_FROM and rejects * 100 > records * self.settings.max_reject_percent:
            return NeedsPerson("RFZ-302", f"{rejects} of {records} records were rejected")
        return None

    # --- accounting

    def _account(self, error: Exception | None) -> str | None:
        """Count, check and print; on exits 0, 3, 5 and 6."""
        if self.settings.dry_run:
            return None
        summary = self._summarise("outage" if isinstance(error, Unavailable) else "brake")
        summary.check()
        about = {"source": self.settings.source, "run": self.number, "exit_code": _exit_code(error)}
        show(summary, about)
        return json.dumps({**about, **summary.as_json()}, ensure_ascii=False)

    def _summarise(self, left: str) -> Summary:
        context, source = self._context, self.settings.source
        with self.ledger.transaction() as tx:
            contacts = accounting.contacts(
                tx, source, self.number, context.cut_offs, groups=context.maps_group, left=left
            )
            check_ins = accounting.check_ins(tx, source, self.number, self._since, left)
            backlog, groups = accounting.backlog(tx, source, self.number), accounting.by_group(tx)
        counts = {"contacts": contacts, "check_ins": check_ins}
        for stream, found in counts.items():
            rejected = Counter(found.get("rejected", {})) + self._invalid[stream]
            found |= {"rejected": dict(rejected), "superseded": {"": self._superseded[stream]}}
        read = {stream: self._read[stream] for stream in counts}
        calls = dict(self._client.calls) if self._client else {}
        return Summary(read, counts, backlog, groups, calls)


def _held(source: str) -> sa.Select[Any]:
    return (
        sa.select(sa.func.count())
        .select_from(visit)
        .where(visit.c.source == source, visit.c.status == "held")
    )


def _exit_code(error: Exception | None) -> int:
    if error is None:
        return 0
    return error.exit_code if isinstance(error, TargetError | Stopped) else 1


def _show_plan(planned: plan.Plan) -> None:
    print(json.dumps({"plan": planned.as_json()}, ensure_ascii=False), file=sys.stderr, flush=True)  # noqa: T201


def machine_clock() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)
