"""One run, from the first record to the exit code: stage, reconcile, deliver, account."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from target_referrizer import account, origin, plan, preview, report
from target_referrizer.context import Context
from target_referrizer.delivery import deliver
from target_referrizer.errors import Braked, LedgerBusy, NeedsPerson, TargetError, Unavailable, exit_code
from target_referrizer.ledger import Ledger, forgetting, journal, staging
from target_referrizer.ledger.failures import LedgerFailure, failure
from target_referrizer.reconcile import Reconciler
from target_referrizer.stopping import Stopped
from target_referrizer.tally import Tally, person_needed
from target_referrizer.terminal import counted
from target_referrizer.visits import Visits, settle_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from target_referrizer.ledger.rows import ContactRow, VisitRow
    from target_referrizer.outside import Outside
    from target_referrizer.referrizer import Referrizer
    from target_referrizer.settings import Settings

logger = logging.getLogger("target-referrizer")

#: State leaves only after everything was delivered that could be.
STATE_ON = (0, 3)

Found = TypeVar("Found")


class Run:
    """A run of one source over one ledger.

    Attributes:
        preview: What a dry run found.
        shows_plan: Whether a dry run prints that itself.
        unmasked: Whether it shows personal data.
        progress: How far it is.
        has_newer_state: Whether the input held a newer state than the tap began with.
    """

    def __init__(self, settings: Settings, outside: Outside, command: str = "run") -> None:
        """Open the ledger, take this source's place in it, and see that it belongs to the account.

        Args:
            settings: What to do.
            outside: Clocks, waiting, and the way to Referrizer.
            command: What this run is: `run`, or `baseline` or `verify`, which only read.

        Raises:
            SettingsError: The ledger belongs elsewhere, or cannot be what the settings say.
            LedgerBusy: Another run of this source is under way.
        """
        self.settings = settings
        self._outside, self._command, self.progress = outside, command, outside.progress
        self._started = outside.now()
        self.as_of = settings.as_of or self._started
        self.ledger = Ledger(settings.ledger_url, lasting=not settings.dry_run)
        try:
            self._take_place()
            self.number = journal.start_run(self.ledger, settings.source, self._started, self.as_of, command)
            self._bind()
        except TargetError:
            self.ledger.close()
            raise
        origin.note_first_run(self.ledger, settings.source, self.as_of)
        self.moment, self._tally = journal.Moment(self.number, self.as_of), Tally()
        self._client: Referrizer | None = None
        self.is_delivering = False
        self.is_over = False
        self.has_newer_state = False
        self.preview: preview.Preview | None = None
        self.shows_plan = True
        self.unmasked = False

    def _take_place(self) -> None:
        if self.ledger.locks.try_source(self.settings.source):
            return
        holder = journal.current_run(self.ledger, self.settings.source)
        zone = self.settings.policy.zone
        who = f" ({journal.who(holder, zone)})" if holder else ""
        raise LedgerBusy("RFZ-401", f"another run of source {self.settings.source!r} holds the ledger{who}")

    def _bind(self) -> None:
        try:
            account.bind(self.ledger, self.settings)
        except TargetError as error:
            journal.finish_run(self.ledger, self.number, self._outside.now(), error.exit_code, None)
            raise

    def stage_contacts(self, rows: Sequence[ContactRow]) -> None:
        """Take contacts in as the desired state."""
        with self.ledger.transaction() as tx:
            lost = staging.stage_contacts(tx, self.settings.source, self.moment, rows, self.settings.country)
            self._count(tx, "contacts", len(rows), lost)

    def stage_visits(self, rows: Sequence[VisitRow]) -> None:
        """Take check-ins in as the desired state."""
        with self.ledger.transaction() as tx:
            lost = staging.stage_visits(tx, self.settings.source, self.moment, rows)
            self._count(tx, "check_ins", len(rows), lost)

    def stage_rejected(self, rows: Sequence[journal.Rejected]) -> None:
        """Keep records that break the contract."""
        with self.ledger.transaction() as tx:
            for given in rows:
                row = forgetting.veil_rejected(tx, self.settings.source, given, self.settings.country)
                journal.reject(tx, self.settings.source, self.moment, row)
                self._tally.invalid[row.stream][row.code] += 1
                self._count(tx, row.stream, 1, superseded=0)

    def _count(self, tx: sa.Connection, stream: str, rows: int, superseded: int) -> None:
        self._tally.read[stream] += rows
        self._tally.superseded[stream] += superseded
        read = self._tally.read.total()
        now = self._outside.now()
        journal.progress(tx, self.number, phase="staging", progress=read, progressed_at=now)

    def finish(self, leave_state: Callable[[], None] = lambda: None) -> int:
        """Reconcile, deliver, account; gives the exit code.

        Args:
            leave_state: Hands the state on; called once, at the end of a run that has earned it.
        """
        error: Exception | None = None
        text = None
        try:
            with self.ledger.transaction() as tx:
                journal.progress(tx, self.number, phase="waiting for its turn", has_news=self._has_news)
            with self._turn():
                error = self._deliver()
                self.progress.at("accounting")
                if not self.settings.dry_run:
                    error, text = self._account(error)
        except TargetError as stopped:
            error = stopped
        except LedgerFailure as broken:
            error = failure(broken)
        self.progress.over()
        if isinstance(error, Stopped):
            self._outside.stop.hear_out()
            error = error.while_at(self.progress.reached)
        if self.settings.dry_run and self.preview and self.shows_plan:
            self.preview.show()
        error = self._keep_end(error, text) or self._leave_state(error, text, leave_state) or error
        if error is not None:
            logger.critical("%s", error)  # at a level that no setting hides
        report.after_run(self.ledger, self.settings, self._outside.now())
        self._close()
        return exit_code(error)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """This run's turn on the ledger, waited for."""
        self.progress.at("waiting for its turn on the ledger")
        with self.ledger.locks.delivery():
            self.is_delivering = True
            yield

    @property
    def _has_news(self) -> bool:
        """Whether the input held a record, or a newer state than the tap began with."""
        return self.has_newer_state or self._tally.read.total() > 0

    def _keep_end(self, error: Exception | None, text: str | None) -> TargetError | None:
        """Write down how the run ended; gives why that cannot be done."""
        try:
            if not self.settings.dry_run:
                journal.finish_run(self.ledger, self.number, self._outside.now(), exit_code(error), text)
        except LedgerFailure as broken:
            return failure(broken)
        return None

    def _leave_state(
        self, error: Exception | None, text: str | None, leave: Callable[[], None]
    ) -> TargetError | None:
        """Hand the state on where the run has earned it; gives why nobody has taken it."""
        if exit_code(error) not in STATE_ON or self.settings.dry_run:
            return None
        try:
            leave()
        except OSError as broken:
            lost = TargetError("RFZ-604", f"the state could not be handed on ({broken.strerror})")
            return self._keep_end(lost, text) or lost
        return None

    def only_read(self, read: Callable[[Context], Found]) -> Found:
        """Do something that writes nothing to Referrizer, alone on the ledger; gives what was found.

        Raises:
            TargetError: Referrizer cannot be read, or the settings are wrong.
        """
        try:
            with self._turn():
                found = read(self._begin())
        except BaseException as ended:
            self.abort(exit_code(ended))
            raise
        broken = self._keep_end(None, None)
        self._close()
        if broken is not None:
            raise broken
        return found

    def abort(self, code: int) -> None:
        """End a run whose input never came to its end: what was staged stays, nothing is delivered."""
        with suppress(*LedgerFailure):  # what ended the run says more than a ledger that cannot take it in
            journal.finish_run(self.ledger, self.number, self._outside.now(), code, None)
            report.after_run(self.ledger, self.settings, self._outside.now(), self._command)
        self._close()

    def _close(self) -> None:
        self.progress.over()
        self.is_over = True
        self.ledger.close()
        if self._client is not None:
            self._client.close()

    def _begin(self) -> Context:
        """Open the way to Referrizer, for reading only where nothing is to be sent."""
        outside, settings = self._outside, self.settings
        self._client = outside.client(settings, outside.stop)
        self.progress.why = self._client.why_waiting
        self._client.is_read_only = settings.dry_run or self._command != "run"
        return Context(
            self.ledger, settings, self._client, self.number, self.as_of, outside.wait, outside.stop,
            self.progress, outside.now,
        )  # fmt: skip

    def _deliver(self) -> TargetError | None:
        """Everything between staging and accounting; gives what kept it from being complete."""
        settings, self._context = self.settings, self._begin()
        first = origin.settle_first_run(self.ledger, settings.source, self.number)
        try:
            withheld = self._prepare_and_send(first)
        except Unavailable as outage:
            return outage
        if withheld:
            return plan.braked(withheld)
        if not settings.dry_run and origin.tell_of_rebuilding(self.ledger):
            return NeedsPerson("RFZ-303", "Referrizer already shows our groups, but this ledger is new")
        return None

    def _posted_since(self) -> datetime:
        """From when on check-ins are posted; asked for once the origin of the ledger is known."""
        return origin.posted_since(self.ledger, self.settings, self.settings.source) or self.as_of

    def _prepare_and_send(self, first: datetime) -> set[str]:
        """Plan, then deliver all but what the brake withholds; gives what it withheld."""
        context, settings = self._context, self.settings
        reconciler = Reconciler(context)
        reconciler.prepare()
        since = self._posted_since()
        visits = Visits(context, since, first)
        settle_unfinished(context, visits)
        context.progress.at("planning")
        with self.ledger.transaction() as tx:
            planned = plan.make(tx, context, since)
            if settings.dry_run:
                self.preview = preview.look(tx, context, planned, since, first, unmasked=self.unmasked)
        if planned.opted_out and not settings.dry_run:  # the plan says it itself
            who = counted(planned.opted_out, "new contact")
            logger.warning("%s said no to e-mails or texts; sync_opt_outs is off", who)
        withheld = plan.to_withhold(context, planned)
        if self.preview is not None:
            self.preview.withheld = sorted(withheld)
            return set()
        deliver(reconciler, visits, planned, withheld)
        return withheld

    def _account(self, error: TargetError | None) -> tuple[TargetError | None, str]:
        """Count, check and print, on exits 0, 3, 5 and 6; and call a person where the counts ask for one."""
        left = "brake" if isinstance(error, Braked) else "outage"
        since = self._posted_since()
        with self.ledger.transaction() as tx:
            summary = self._tally.summarise(tx, self._context, since, left)
            error = error or person_needed(tx, self._context, summary)
        self.progress.over()
        summary.check()
        about = {
            "source": self.settings.source,
            "run": self.number,
            "exit_code": exit_code(error),
            "started_at": self._started.isoformat(),
            "has_news": self._has_news,
            "duration_seconds": round((self._outside.now() - self._started).total_seconds(), 1),
        }
        summary.show(about)
        return error, json.dumps({**about, **summary.as_json()}, ensure_ascii=False)
