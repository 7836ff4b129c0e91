"""Delivering check-ins as visits: each once, in time order for each contact, never in doubt twice."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from target_referrizer import origin, payloads
from target_referrizer.context import GIVEN_UP
from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger import journal, outbox, posting
from target_referrizer.ledger.outbox import RESENT
from target_referrizer.ledger.rows import canonical
from target_referrizer.referrizer import Refused, Unknown
from target_referrizer.turns import Turns
from target_referrizer.updates import lose

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from target_referrizer.context import Context

logger = logging.getLogger("target-referrizer")

#: Refusals that say themselves what is wrong with the visit (documented names).
_OF_THE_VISIT = frozenset({"CONTACT_ALREADY_CHECKED_IN", "VISIT_DATE_IN_FUTURE"})
_INSTANT = timedelta(0)


@dataclass(frozen=True)
class VisitJob:
    """One visit about to be posted."""

    id: str
    contact_id: str
    remote_id: str
    at: datetime
    points: int | None
    waiting_since: datetime | None
    was_sent: bool = False


class ContactGone(Refused):
    """The visit was refused because Referrizer no longer has its contact."""


@dataclass
class Visits:
    """Posts what is to be posted; no contact has two visits in flight.

    Attributes:
        since: Check-ins before this instant are history and never posted.
        first_run: Visits from before this instant are a backfill and earn `backfill_points`.
        is_second: Whether the lost contacts have been looked for: nobody is taken for gone any more.
    """

    context: Context
    since: datetime
    first_run: datetime
    is_second: bool = False
    _turns: Turns | None = field(default=None, init=False)

    def look_at_origin(self) -> Visits:
        """The same, knowing that the ledger replaces a lost one, should that have come out only now."""
        since = origin.posted_since(self.context.ledger, self.context.settings, self.context.source)
        self.since = max(self.since, since) if since else self.since
        return self

    def again(self) -> Visits:
        """The same work from the beginning, for what can be sent only now."""
        return Visits(self.context, self.since, self.first_run, is_second=True)

    def take(self, tx: sa.Connection, room: int) -> list[VisitJob]:
        """See `Work`. What needs no call (too early, or two check-ins at one instant) is decided here."""
        jobs: list[VisitJob] = []
        while len(jobs) < room and (row := self.turns.take(tx)) is not None:
            job = self._job(tx, row)
            if job is None:
                self.turns.give_back(row.to)
            else:
                jobs.append(job)
        intents = (
            (job.id, {"remote_contact_id": job.remote_id, "sent_at": job.at, "points": job.points})
            for job in jobs
        )
        sending = {"status": "sending", "intent_at": self.context.as_of}
        posting.set_visits(tx, self.context.source, ((key, {**sending, **what}) for key, what in intents))
        return jobs

    @property
    def turns(self) -> Turns:
        """Whose visit is next, from the beginning when it is asked for the first time."""
        self._turns = self._turns or Turns(self.context.source, self.since)
        return self._turns

    def _job(self, tx: sa.Connection, row: Any) -> VisitJob | None:
        """What is to be posted, None when that needs no call."""
        settings = self.context.settings
        points = settings.backfill_points if row.checked_in_at < self.first_run else settings.points
        was_sent = row.reason == RESENT
        job = VisitJob(row.id, row.contact_id, row.to, row.checked_in_at, points, row.waiting_since, was_sent)
        if job.at > self.context.as_of:
            self._wait(tx, job, "future", "RFZ-213")
            return None
        if self._is_too_soon(row) and not self.turns.has_more(row.to):
            return None
        if self._stands_near(tx, job, _INSTANT):
            self._settle(tx, job, "merged")
            return None
        return job

    def _is_too_soon(self, row: Any) -> bool:
        """Whether the interval for which a visit was refused lasts still: a call now would be in vain.

        Where the contact has later visits to send it is tried all the same, as they must not overtake it.
        """
        if row.reason != "interval" or row.intent_at is None:
            return False
        as_of = self.context.as_of
        is_last = as_of - row.waiting_since >= GIVEN_UP
        return not is_last and row.intent_at <= as_of < row.intent_at + self.context.settings.minimum_interval

    def send(self, job: VisitJob) -> str | None:
        """See `Work`. Gives the visit's id where Referrizer says it.

        How a visit of a contact that is gone is refused is not known, so a look at the contact tells.
        """
        try:
            return self.context.client.create_visit(payloads.visit(job.remote_id, job.at, job.points))
        except Refused as refusal:
            is_clear = self.is_second or refusal.error_code in _OF_THE_VISIT
            if not is_clear and self._is_gone(job.remote_id):
                raise ContactGone(refusal.status, refusal.error_code, "POST /visits") from None
            raise

    def _is_gone(self, remote_id: str) -> bool:
        """Whether Referrizer has lost a contact; False also where it cannot be asked."""
        try:
            self.context.client.get_contact(remote_id)
        except Refused as answer:
            return answer.is_gone
        except (SettingsError, Unknown):
            pass
        return False

    def settle(self, tx: sa.Connection, ended: list[tuple[VisitJob, Any]]) -> None:
        """See `Work`. What was delivered is written down together: it is nearly all."""
        delivered = [(job, said) for job, said in ended if said is None or isinstance(said, str)]
        settled = (
            (job.id, {**self._settled(job), "status": "delivered", "remote_id": remote_id})
            for job, remote_id in delivered
        )
        posting.set_visits(tx, self.context.source, settled)
        notes = [self._about(job, points=job.points) for job, _ in delivered]
        journal.note_all(tx, self.context.moment, "delivered", notes)
        for job, outcome in ended:
            if outcome is not None and not isinstance(outcome, str):
                self._not_delivered(tx, job, outcome)
            self.turns.give_back(job.remote_id)

    def _not_delivered(self, tx: sa.Connection, job: VisitJob, outcome: Any) -> None:
        if isinstance(outcome, Refused):
            self._refused(tx, job, outcome)
        elif isinstance(outcome, TargetError):  # it never left
            posting.set_visit(tx, self.context.source, job.id, **outbox.OPEN_AGAIN)
        else:
            self.unknown(tx, job, str(outcome))

    def unknown(self, tx: sa.Connection, job: VisitJob, why: str) -> None:
        """The answer never came: held for a person, or to be sent again where the settings say so."""
        if self.context.settings.resend_uncertain:
            posting.set_visit(tx, self.context.source, job.id, **{**outbox.OPEN_AGAIN, "reason": RESENT})
            self._note(tx, job, "resend")
            return
        self._settle(tx, job, "held", reason=why[:100])
        logger.warning("visit %s: %s", job.id, TargetError("RFZ-301", "its answer never came; it is held"))

    def _refused(self, tx: sa.Connection, job: VisitJob, refusal: Refused) -> None:
        if isinstance(refusal, ContactGone):
            posting.set_visit(tx, self.context.source, job.id, **outbox.OPEN_AGAIN)
            self.turns.drop(job.remote_id)
            lose(tx, self.context, job.remote_id)
        elif refusal.error_code == "CONTACT_ALREADY_CHECKED_IN":
            if job.was_sent or self._stands_near(tx, job, self.context.settings.minimum_interval):
                self._settle(tx, job, "merged")
            else:
                self._wait(tx, job, "interval", "RFZ-212")
        elif refusal.error_code == "VISIT_DATE_IN_FUTURE":
            self._wait(tx, job, "future", "RFZ-213")
        else:
            self._reject(
                tx, job, "RFZ-210", f"Referrizer refused the visit ({refusal.error_code or refusal.status})"
            )

    def _stands_near(self, tx: sa.Connection, job: VisitJob, within: timedelta) -> bool:
        return posting.standing_near(tx, job.remote_id, job.at, within, but=(self.context.source, job.id))

    def _settle(self, tx: sa.Connection, job: VisitJob, status: str, **more: Any) -> None:
        settled = {**self._settled(job), "status": status, **more}
        posting.set_visit(tx, self.context.source, job.id, **settled)
        self._note(tx, job, status)

    def _settled(self, job: VisitJob) -> dict[str, Any]:
        return {
            "remote_contact_id": job.remote_id,
            "sent_at": job.at,
            "reason": None,
            "waiting_since": None,
            "settled_at": self.context.as_of,
            "settled_run": self.context.run,
        }

    def _wait(self, tx: sa.Connection, job: VisitJob, reason: str, code: str) -> None:
        """Try again on later runs, for 48 hours; after a refusal for the interval once in each interval."""
        since = job.waiting_since or self.context.as_of
        if self.context.as_of - since >= GIVEN_UP:
            self._reject(tx, job, code, f"Referrizer refused the visit for 48 hours ({reason})")
            return
        tried = {"intent_at": self.context.as_of} if reason == "interval" else {}
        waits = {"status": "waiting", "reason": reason, "waiting_since": since}
        posting.set_visit(tx, self.context.source, job.id, **{**outbox.OPEN_AGAIN, **waits, **tried})
        if job.waiting_since is None:
            self._note(tx, job, "waiting", reason=reason)

    def _reject(self, tx: sa.Connection, job: VisitJob, code: str, reason: str) -> None:
        posting.set_visit(
            tx, self.context.source, job.id, **{**outbox.OPEN_AGAIN, "status": "rejected", "reason": code}
        )
        record = {"id": job.id, "contact_id": job.contact_id, "checked_in_at": job.at.isoformat()}
        row = journal.Rejected("check_ins", job.id, code, reason, canonical(record))
        journal.reject(tx, self.context.source, self.context.moment, row)
        logger.warning("visit %s rejected: %s", job.id, TargetError(code, reason))

    def _note(self, tx: sa.Connection, job: VisitJob, kind: str, **detail: Any) -> None:
        journal.note(tx, self.context.moment, kind, **self._about(job, **detail))

    def _about(self, job: VisitJob, **detail: Any) -> dict[str, Any]:
        about = {"source": self.context.source, "contact_id": job.contact_id, "remote_id": job.remote_id}
        known = {key: value for key, value in detail.items() if value is not None}
        return {**about, "visit": job.id, **known}


def settle_unfinished(context: Context, work: Visits) -> None:
    """Visits that were under way when a run died: nobody knows whether they arrived."""
    with context.ledger.transaction() as tx:
        for row in posting.unsettled_visits(tx, context.source):
            job = VisitJob(row.id, row.contact_id, row.remote_contact_id, row.sent_at, row.points, None)
            work.unknown(tx, job, "the run died before it had the answer")
