"""Updating linked contacts: one write for each that differs, and only what differs in it."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger import journal, outbox
from target_referrizer.ledger.rows import canonical
from target_referrizer.payloads import same
from target_referrizer.referrizer import Refused, Unknown

if TYPE_CHECKING:
    import sqlalchemy as sa

    from target_referrizer.context import Context
    from target_referrizer.ledger.outbox import Difference

logger = logging.getLogger("target-referrizer")


@dataclass
class Written:
    """What an update did.

    Attributes:
        changes: What stands now.
        wrote: Whether that took a write.
        replaced: Fields that somebody had changed in Referrizer, and that the source has changed too.
        refused: Why the rest of the changes was refused.
        birthday_settled: Whether nothing more is to be done about the birthday.
    """

    changes: dict[str, Any]
    wrote: bool
    replaced: list[str] = field(default_factory=list)
    refused: Refused | None = None
    birthday_settled: bool = True


@dataclass
class Updates:
    """Brings linked contacts to what they should show."""

    context: Context
    groups: bool
    lost: list[str] = field(default_factory=list)  # whom Referrizer did not find
    _after: str = ""
    _queue: deque[Difference] = field(default_factory=deque)
    _is_all_read: bool = False

    def take(self, tx: sa.Connection, room: int) -> list[Difference]:
        """See `Work`."""
        self._fill(tx)
        jobs = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        outbox.intend_updates(tx, jobs, self.context.as_of)
        return jobs

    def _fill(self, tx: sa.Connection) -> None:
        if self._queue or self._is_all_read:
            return
        page = outbox.differences(tx, self.context.cut_offs, self._after, groups=self.groups)
        self._is_all_read = len(page) < outbox.PAGE
        self._after = page[-1].remote_id if page else self._after
        self._queue.extend(page)

    def send(self, job: Difference) -> Written:
        """See `Work`. A refused write is tried again with the computed values alone."""
        read, birthday = self._read(job), job.birthday
        if read is None:  # a birthday that may stand there must not be overwritten
            birthday = None
        document = read or {}
        try:
            return replace(
                self._write(job, job.changes, birthday, document), birthday_settled=read is not None
            )
        except Refused as refusal:
            ours = {key: value for key, value in job.changes.items() if key in {"group", "last_visit_at"}}
            if refusal.is_gone or not ours or ours == job.changes:
                raise
            return replace(self._write(job, ours, None, document), refused=refusal, birthday_settled=False)

    def _read(self, job: Difference) -> dict[str, Any] | None:
        """The contact as Referrizer shows it; None where a patch must do without."""
        if self.context.settings.update_style == "merge":
            return self.context.client.get_contact(job.remote_id)
        if not (job.birthday or self._may_be_stale(job)):
            return {}
        try:
            return self.context.client.get_contact(job.remote_id)
        except (Refused, SettingsError, Unknown):
            return None

    def _write(
        self, job: Difference, changes: dict[str, Any], birthday: str | None, document: dict[str, Any]
    ) -> Written:
        settings = self.context.settings
        shown = settings.field_map.shown(document)
        effective = dict(changes)
        if settings.update_style == "merge":
            effective = {
                key: value
                for key, value in changes.items()
                if not same(key, value, shown.get(key), settings.country)
            }
        effective |= self._stale_last_visit(job, shown)
        if birthday and not shown.get("birthday"):
            effective["birthday"] = birthday
        if not effective:
            return Written(changes, wrote=False)
        base = document if settings.update_style == "merge" else {}
        self.context.client.update_contact(
            job.remote_id, settings.field_map.apply(base, effective), settings.update_style
        )
        return Written(changes, wrote=True, replaced=self._replaced(job, effective, base))

    def _replaced(self, job: Difference, effective: dict[str, Any], document: dict[str, Any]) -> list[str]:
        """What a person had changed there since it was confirmed; a patch, which does not read, cannot."""
        settings = self.context.settings
        if not document:
            return []
        shown, known = settings.field_map.shown(document), {**job.confirmed, "group": job.group_before}
        return sorted(
            name
            for name in effective
            if known.get(name) and not same(name, known[name], shown.get(name), settings.country)
        )

    def _stale_last_visit(self, job: Difference, shown: dict[str, Any]) -> dict[str, Any]:
        """The first write also empties a last visit date that nobody can vouch for."""
        is_stale = self._may_be_stale(job) and shown.get("last_visit_at")
        return {"last_visit_at": None} if is_stale else {}

    @staticmethod
    def _may_be_stale(job: Difference) -> bool:
        """Whether a last visit date may stand there that this write would leave."""
        return job.is_first and "last_visit_at" not in job.changes

    def settle(self, tx: sa.Connection, ended: list[tuple[Difference, Any]]) -> None:
        """See `Work`. An unknown outcome changes nothing: the next run reads the contact and compares."""
        for job, outcome in ended:
            self._settle_one(tx, job, outcome)

    def _settle_one(self, tx: sa.Connection, job: Difference, outcome: Any) -> None:
        if isinstance(outcome, Written):
            self._confirm(tx, job, outcome)
        elif isinstance(outcome, Refused) and outcome.is_gone:
            self.lost.append(job.remote_id)
            lose(tx, self.context, job.remote_id)
        elif isinstance(outcome, Refused):
            self._refuse(tx, job, outcome)
        elif not isinstance(
            outcome, TargetError
        ):  # that never left; one before it may have: the intent stays
            outbox.doubt_update(tx, job.remote_id, self.context.as_of)
            logger.warning(
                "Referrizer contact %s: no answer to its update; the next run reads and compares it",
                job.remote_id,
            )

    def _confirm(self, tx: sa.Connection, job: Difference, outcome: Written) -> None:
        changes = dict(outcome.changes)
        values: dict[str, Any] = {"confirmed_group": changes.pop("group")} if "group" in changes else {}
        values["confirmed"] = canonical({**job.confirmed, **changes})
        if outcome.wrote:
            values["written_run"] = self.context.run
        outbox.confirm_update(tx, job.remote_id, values, birthday_settled=outcome.birthday_settled)
        self._note(tx, job, outcome, changes)
        if outcome.refused is not None:
            self._refuse(tx, job, outcome.refused)
            return
        for row in outbox.accept(tx, job.remote_id):  # what was refused before has been taken now
            journal.settle(tx, row.source, "contacts", [row.id], self.context.as_of)

    def _note(self, tx: sa.Connection, job: Difference, outcome: Written, changes: dict[str, Any]) -> None:
        moment = self.context.moment
        if outcome.replaced:
            journal.note(tx, moment, "replaced", remote_id=job.remote_id, fields=outcome.replaced)
            logger.warning(
                "Referrizer contact %s: %s had been changed there, and what the source says now replaced it",
                job.remote_id, ", ".join(outcome.replaced),
            )  # fmt: skip
        if outcome.wrote and changes:
            journal.note(tx, moment, "updated", remote_id=job.remote_id, fields=sorted(changes))
        if outcome.changes.get("group"):
            before, after = job.group_before, outcome.changes["group"]
            why = _why(job)
            journal.note(
                tx, moment, "moved", remote_id=job.remote_id, **{"from": before, "to": after, "why": why}
            )

    def _refuse(self, tx: sa.Connection, job: Difference, refusal: Refused) -> None:
        code = "RFZ-208" if refusal.is_duplicate else "RFZ-209"
        reason = f"Referrizer refused the change ({refusal.error_code or refusal.status})"
        set_aside(tx, self.context, job, code, reason)


def set_aside(tx: sa.Connection, context: Context, job: Difference, code: str, reason: str) -> None:
    """Leave a change alone until it changes again; the records that own the fields are rejected."""
    for row in outbox.refuse_update(tx, job.remote_id, job.state, code):
        rejected = journal.Rejected("contacts", row.id, code, reason, row.record)
        journal.reject(tx, row.source, context.moment, rejected)
        logger.warning("contact %s: %s", row.id, TargetError(code, reason))


def _why(job: Difference) -> str:
    if job.group_before is None:
        return "first time"
    if "last_visit_at" not in job.changes:
        return journal.TIME_HAS_PASSED
    before, after = job.confirmed.get("last_visit_at"), job.changes["last_visit_at"]
    return "a visit" if after and (not before or after > before) else "a check-in was taken back"


def lose(tx: sa.Connection, context: Context, remote_id: str) -> None:
    """A linked contact that Referrizer no longer has: its records will be matched again."""
    for row in outbox.lose(tx, remote_id):
        journal.note(tx, context.moment, "lost", source=row.source, contact_id=row.id, remote_id=remote_id)
