"""Make it so: contacts first, one write for each that differs, then visits in time order.

Every write goes intent → send → confirm. What may have happened without our knowing is looked up (contacts) or held
(visits), never guessed.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.errors import TargetError
from target_referrizer.ledger import desired as wanted
from target_referrizer.ledger import index, journal, outbox
from target_referrizer.ledger.staging import canonical
from target_referrizer.ledger.tables import contact, remote_contact
from target_referrizer.payloads import computed, same
from target_referrizer.reconcile import reject_contact, remote_keys
from target_referrizer.referrizer import Refused

if TYPE_CHECKING:
    from target_referrizer.ledger.outbox import Difference
    from target_referrizer.reconcile import Context, Reconciler

logger = logging.getLogger("target-referrizer")

Row = sa.Row[Any]

#: A request that was cut off may still be at work over there: so long one waits before looking a second time.
SETTLE_SECONDS = 5


@dataclass(frozen=True)
class Creation:
    """A contact about to be created: its record, what Referrizer shall show, and the birthday."""

    row: Row
    values: dict[str, Any]
    group: str | None
    birthday: str | None


class Creates:
    """Creates one round of contacts, none of whom can be the same person."""

    def __init__(self, context: Context, number: int) -> None:
        self._context = context
        self._number = number
        self._after = ""
        self._queue: deque[Row] = deque()
        self.duplicates: list[Row] = []

    def take(self, tx: sa.Connection, room: int) -> list[Creation]:
        """See `Work`."""
        if not self._queue:
            self._queue.extend(outbox.creates(tx, self._context.source, self._number, self._after))
            self._after = self._queue[-1].id if self._queue else self._after
        jobs = [self._creation(self._queue.popleft()) for _ in range(min(room, len(self._queue)))]
        outbox.intend_creates(tx, self._context.source, [job.row.id for job in jobs], self._context.as_of)
        return jobs

    def _creation(self, row: Row) -> Creation:
        context, settings = self._context, self._context.settings
        values, _ = settings.field_map.values(
            json.loads(row.record), country=settings.country, sync_opt_outs=settings.sync_opt_outs
        )
        birthday = values.pop("birthday", None)
        group = context.cut_offs.group_for(row.latest_visit_at)
        known = {
            key: value
            for key, value in computed(row.latest_visit_at, group, settings.policy.zone).items()
            if value
        }
        values = settings.field_map.mapped({**values, **known})
        return Creation(row, values, values.pop("group", None), birthday)

    def send(self, job: Creation) -> str | None:
        """See `Work`. Gives the new contact's id, None when the answer did not say it."""
        extra = {"group": job.group, "birthday": job.birthday}
        changes = {**job.values, **{key: value for key, value in extra.items() if value}}
        created = self._context.client.create_contact(self._context.settings.field_map.build(changes))
        return str(created["id"]) if created.get("id") else None

    def settle(self, tx: sa.Connection, job: Creation, outcome: Any) -> None:
        """See `Work`."""
        row, context = job.row, self._context
        if isinstance(outcome, str):
            self._created(tx, job, outcome)
        elif isinstance(outcome, Refused) and outcome.is_duplicate:
            self.duplicates.append(row)
        elif isinstance(outcome, Refused):
            reject_contact(
                tx,
                context,
                row,
                "RFZ-209",
                f"Referrizer refused the contact ({outcome.error_code or outcome.status})",
            )
        elif isinstance(outcome, TargetError):
            outbox.intend_creates(tx, context.source, [row.id], None)
        # Anything else may have created the contact: the intent stays until the index has been read again.

    def _created(self, tx: sa.Connection, job: Creation, remote_id: str) -> None:
        context, row = self._context, job.row
        document = context.settings.field_map.build({**job.values, "group": job.group})
        known = {"id": remote_id, **remote_keys(context.settings, document)}
        index.put(tx, context.index_no, [known])
        values = canonical(job.values)
        confirmed = {
            "desired": values,
            "confirmed": values,
            "confirmed_group": job.group,
            "latest_visit_at": row.latest_visit_at,
        }
        written = {"written_run": context.run, "birthday": None, "is_gone": False}
        tx.execute(
            sa.update(remote_contact).where(remote_contact.c.id == remote_id).values(**confirmed, **written)
        )
        wanted.link(
            tx, row.source, row.id, remote_id,
            linked_by="created", agrees=True, linked_at=context.as_of, birthday_due=False, created_run=context.run,
        )  # fmt: skip
        about = {"source": row.source, "contact_id": row.id, "remote_id": remote_id}
        journal.note(tx, context.moment, "created", **about, group=job.group, fields=sorted(job.values))


@dataclass
class Written:
    """What an update did: the changes that now stand, whether a write was needed, and a refusal of the rest."""

    changes: dict[str, Any]
    wrote: bool
    refused: Refused | None = None
    birthday_settled: bool = True


@dataclass
class Updates:
    """Brings linked contacts to what they should show."""

    context: Context
    groups: bool
    _after: str = ""
    _queue: deque[Difference] = field(default_factory=deque)

    def take(self, tx: sa.Connection, room: int) -> list[Difference]:
        """See `Work`."""
        if not self._queue:
            self._queue.extend(outbox.differences(tx, self.context.cut_offs, self._after, groups=self.groups))
            self._after = self._queue[-1].remote_id if self._queue else self._after
        jobs = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        outbox.intend_updates(tx, [job.remote_id for job in jobs], self.context.as_of)
        return jobs

    def send(self, job: Difference) -> Written:
        """See `Work`. A refused write is tried once more with the computed values alone: a group is never left wrong."""
        document = self._read(job)
        try:
            return Written(job.changes, self._write(job, job.changes, job.birthday, document))
        except Refused as refusal:
            ours = {key: value for key, value in job.changes.items() if key in {"group", "last_visit_at"}}
            if refusal.is_gone or not ours or ours == job.changes:
                raise
            return Written(ours, self._write(job, ours, None, document), refusal, birthday_settled=False)

    def _read(self, job: Difference) -> dict[str, Any]:
        if self.context.settings.update_style == "merge" or job.birthday:
            return self.context.client.get_contact(job.remote_id)
        return {}

    def _write(
        self, job: Difference, changes: dict[str, Any], birthday: str | None, document: dict[str, Any]
    ) -> bool:
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
            return False
        base = document if settings.update_style == "merge" else {}
        self.context.client.update_contact(
            job.remote_id, settings.field_map.apply(base, effective), settings.update_style
        )
        return True

    def _stale_last_visit(self, job: Difference, shown: dict[str, Any]) -> dict[str, Any]:
        """The first write also empties a last visit date that nobody can vouch for."""
        is_first = not job.confirmed and job.group_before is None
        return (
            {"last_visit_at": None}
            if is_first and "last_visit_at" not in job.changes and shown.get("last_visit_at")
            else {}
        )

    def settle(self, tx: sa.Connection, job: Difference, outcome: Any) -> None:
        """See `Work`. An unknown outcome changes nothing: the next run reads the contact and compares."""
        if isinstance(outcome, Written):
            self._confirm(tx, job, outcome)
        elif isinstance(outcome, Refused) and outcome.is_gone:
            lose(tx, self.context, job.remote_id)
        elif isinstance(outcome, Refused):
            outbox.intend_updates(tx, [job.remote_id], None)
            self._refuse(tx, job, outcome)
        elif isinstance(outcome, TargetError):
            outbox.intend_updates(tx, [job.remote_id], None)

    def _confirm(self, tx: sa.Connection, job: Difference, outcome: Written) -> None:
        changes, remote_id = dict(outcome.changes), job.remote_id
        values: dict[str, Any] = {"intent_at": None, "refused": None}
        if "group" in changes:
            values["confirmed_group"] = changes.pop("group")
        values["confirmed"] = canonical({**job.confirmed, **changes})
        if outcome.wrote:
            values["written_run"] = self.context.run
        if outcome.birthday_settled:
            values["birthday"] = None
        tx.execute(sa.update(remote_contact).where(remote_contact.c.id == remote_id).values(**values))
        cleared = (
            {"reject_code": None, "birthday_due": False}
            if outcome.birthday_settled
            else {"reject_code": None}
        )
        linked = contact.c.remote_id == remote_id
        refused = list(
            tx.execute(
                sa.select(contact.c.source, contact.c.id).where(linked, contact.c.reject_code.is_not(None))
            )
        )
        for row in refused:
            journal.settle(tx, row.source, "contacts", [row.id], self.context.as_of)
        tx.execute(sa.update(contact).where(linked).values(**cleared))
        self._note(tx, job, outcome, changes)
        if outcome.refused is not None:
            self._refuse(tx, job, outcome.refused)

    def _note(self, tx: sa.Connection, job: Difference, outcome: Written, changes: dict[str, Any]) -> None:
        moment = self.context.moment
        if outcome.wrote and changes:
            journal.note(tx, moment, "updated", remote_id=job.remote_id, fields=sorted(changes))
        if outcome.changes.get("group"):
            before, after = job.group_before, outcome.changes["group"]
            why = _why(job)
            journal.note(
                tx, moment, "moved", remote_id=job.remote_id, **{"from": before, "to": after, "why": why}
            )

    def _refuse(self, tx: sa.Connection, job: Difference, refusal: Refused) -> None:
        """Set the change aside until it changes again; the records that own the fields are rejected."""
        tx.execute(
            sa.update(remote_contact).where(remote_contact.c.id == job.remote_id).values(refused=job.state)
        )
        code = "RFZ-208" if refusal.is_duplicate else "RFZ-209"
        owns = (contact.c.remote_id == job.remote_id) & contact.c.owns_fields
        for row in list(tx.execute(sa.select(contact).where(owns))):
            key = (contact.c.source == row.source) & (contact.c.id == row.id)
            tx.execute(sa.update(contact).where(key).values(reject_code=code))
            reason = f"Referrizer refused the change ({refusal.error_code or refusal.status})"
            journal.reject(
                tx,
                row.source,
                self.context.moment,
                journal.Rejected("contacts", row.id, code, reason, row.record),
            )
            logger.warning("contact %s: %s %s", row.id, code, reason)


def _why(job: Difference) -> str:
    if job.group_before is None:
        return "first time"
    if "last_visit_at" not in job.changes:
        return "time has passed since the last visit"
    before, after = job.confirmed.get("last_visit_at"), job.changes["last_visit_at"]
    return "a visit" if after and (not before or after > before) else "a check-in was taken back"


def lose(tx: sa.Connection, context: Context, remote_id: str) -> None:
    """A linked contact that Referrizer no longer has: its records will be matched again."""
    for row in outbox.lose(tx, remote_id):
        journal.note(tx, context.moment, "lost", source=row.source, contact_id=row.id, remote_id=remote_id)


class ContactDelivery:
    """Creates and updates, until nothing differs or what differs has to wait."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler
        self._context = reconciler.context

    def run(self, *, creates: bool, groups: bool) -> None:
        """Deliver all contacts; `creates` and `groups` are False where the brake withholds them."""
        self._settle_unknown()
        number = 0
        while creates:
            number += 1
            with self._context.ledger.transaction() as tx:
                chosen = outbox.choose_creates(tx, self._context.source, number)
            if not chosen:
                break
            self._create_round(number)
        self._update(groups=groups)

    def _create_round(self, number: int) -> None:
        work = Creates(self._context, number)
        self._context.deliver("creating contacts", work)
        if work.duplicates:
            self._reconciler.index.refresh_once()
        self._reconciler.match()
        with self._context.ledger.transaction() as tx:
            for row in work.duplicates:
                if wanted.is_still_unlinked(tx, row.source, row.id):
                    reject_contact(
                        tx, self._context, row, "RFZ-208", "the e-mail or phone belongs to another contact"
                    )
        self._settle_unknown()

    def _settle_unknown(self) -> None:
        """Creates that may or may not have happened: look them up, twice with a pause, before anything is sent again."""
        context = self._context
        for pause in (0, SETTLE_SECONDS):
            with context.ledger.transaction() as tx:
                pending = outbox.unresolved_creates(tx, context.source)
            if not pending:
                return
            context.wait(pause)
            self._reconciler.index.refresh()
            self._reconciler.match()
        with context.ledger.transaction() as tx:
            outbox.intend_creates(tx, context.source, outbox.unresolved_creates(tx, context.source), None)

    def _update(self, *, groups: bool) -> None:
        """Updates; contacts that turn out to be gone are matched again, once, and updated where they were found."""
        work = Updates(self._context, groups)
        self._context.deliver("updating contacts", work)
        if self.has_lost():
            self.find_lost()
            self._context.deliver("updating contacts", Updates(self._context, groups))

    def has_lost(self) -> bool:
        """Whether Referrizer no longer has somebody that this source linked to."""
        with self._context.ledger.transaction() as tx:
            return wanted.has_lost(tx, self._context.source)

    def find_lost(self) -> None:
        """Match lost contacts again; those without a match are gone until a person says otherwise."""
        context = self._context
        self._reconciler.index.refresh_once()
        self._reconciler.match()
        with context.ledger.transaction() as tx:
            for row in wanted.bury(tx, context.source):
                journal.note(tx, context.moment, "gone", source=row.source, contact_id=row.id)
                logger.warning(
                    "contact %s: RFZ-214 Referrizer no longer has the contact it was linked to", row.id
                )
