"""Creating contacts, round by round: no two of a round can be the same person."""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.errors import TargetError
from target_referrizer.ledger import desired as wanted
from target_referrizer.ledger import index, journal, outbox
from target_referrizer.ledger.staging import canonical
from target_referrizer.payloads import computed
from target_referrizer.reconcile import reject_contact, remote_keys
from target_referrizer.referrizer import Refused

if TYPE_CHECKING:
    from target_referrizer.reconcile import Context

logger = logging.getLogger("target-referrizer")

Row = sa.Row[Any]


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
        values, unreadable = settings.field_map.values(
            json.loads(row.record), country=settings.country, sync_opt_outs=settings.sync_opt_outs
        )
        if unreadable:
            logger.warning("contact %s: %s; left out", row.id, ", ".join(unreadable))
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
        values = canonical(job.values)
        known = {
            "id": remote_id,
            **remote_keys(context.settings, document),
            "desired": values,
            "confirmed": values,
            "confirmed_group": job.group,
            "latest_visit_at": row.latest_visit_at,
            "written_run": context.run,
        }
        index.put(tx, context.index_no, [known])
        wanted.link(
            tx, row.source, row.id, remote_id,
            linked_by="created", agrees=True, linked_at=context.as_of, created_run=context.run,
            birthday_due=False, owns_fields=bool(job.values), dirty=False,
        )  # fmt: skip
        about = {"source": row.source, "contact_id": row.id, "remote_id": remote_id}
        journal.note(tx, context.moment, "created", **about, group=job.group, fields=sorted(job.values))
