"""Creating contacts, round by round: no two of a round can be the same person."""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.errors import TargetError
from target_referrizer.ledger import creating, index, journal
from target_referrizer.ledger import desired as wanted
from target_referrizer.ledger.rows import canonical
from target_referrizer.linking import reject_contact, remote_keys
from target_referrizer.payloads import computed
from target_referrizer.referrizer import Refused

if TYPE_CHECKING:
    from target_referrizer.context import Context

logger = logging.getLogger("target-referrizer")

Row = sa.Row[Any]


@dataclass(frozen=True)
class Creation:
    """A contact about to be created.

    Attributes:
        row: Its record.
        values: What Referrizer shall show.
        extra: Sent besides: its group, and the birthday, which is sent once.
        remote: What the ledger will know of it, but for its id.
    """

    row: Row
    values: dict[str, Any]
    extra: dict[str, str | None]
    remote: dict[str, Any]


class Creates:
    """Creates one round of contacts, none of whom can be the same person."""

    def __init__(self, context: Context, number: int) -> None:
        self._context = context
        self._number = number
        self._after = ""
        self._is_all_read = False
        self._rows: deque[Row] = deque()
        self._ready: deque[Creation] = deque()
        self.duplicates: list[Row] = []

    def take(self, tx: sa.Connection, room: int) -> list[Creation]:
        """See `Work`."""
        if len(self._ready) < room:
            self._read(tx)
            self._make_ready(room)
        jobs = [self._ready.popleft() for _ in range(min(room, len(self._ready)))]
        creating.intend_creates(tx, self._context.source, [job.row for job in jobs], self._context.as_of)
        return jobs

    def _read(self, tx: sa.Connection) -> None:
        if self._rows or self._is_all_read:
            return
        page = creating.creates(tx, self._context.source, self._number, self._after)
        self._is_all_read = len(page) < creating.PAGE
        self._after = page[-1].id if page else self._after
        self._rows.extend(page)

    def _make_ready(self, room: int) -> None:
        while self._rows and len(self._ready) < room:
            self._ready.append(self._creation(self._rows.popleft()))

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
        extra = {"group": values.pop("group", None), "birthday": birthday}
        return Creation(row, values, extra, self._remote(row, values, extra))

    def send(self, job: Creation) -> str | None:
        """See `Work`. Gives the new contact's id, None when the answer did not say it."""
        changes = {**job.values, **{key: value for key, value in job.extra.items() if value}}
        created = self._context.client.create_contact(self._context.settings.field_map.build(changes))
        return str(created["id"]) if created.get("id") else None

    def settle(self, tx: sa.Connection, ended: list[tuple[Creation, Any]]) -> None:
        """See `Work`."""
        self._created(tx, [(job, outcome) for job, outcome in ended if isinstance(outcome, str)])
        for job, outcome in ended:
            self._not_created(tx, job.row, outcome)

    def _not_created(self, tx: sa.Connection, row: Row, outcome: Any) -> None:
        """Refusals and the like. What may have happened keeps its intent until the index is read again."""
        if isinstance(outcome, Refused) and outcome.is_duplicate:
            self.duplicates.append(row)
            if not row.create_tries:  # else a try before this one may have made it
                creating.drop_intents(tx, self._context.source, [row.id])
        elif isinstance(outcome, Refused):
            why = f"Referrizer refused the contact ({outcome.error_code or outcome.status})"
            reject_contact(tx, self._context, row, "RFZ-209", why)
        elif isinstance(outcome, TargetError):
            creating.drop_intents(tx, self._context.source, [row.id])
        elif outcome is None:
            creating.acknowledge_create(tx, self._context.source, row.id)

    def _created(self, tx: sa.Connection, created: list[tuple[Creation, str]]) -> None:
        """Write new contacts down together: their number is what a first load takes its time for."""
        if not created:
            return
        context = self._context
        index.put(tx, context.index_no, [{**job.remote, "id": remote_id} for job, remote_id in created])
        wanted.link_created(
            tx, context.source, [_link(context, job, remote_id) for job, remote_id in created]
        )
        notes = [
            {"source": job.row.source, "contact_id": job.row.id, "remote_id": remote_id,
             "group": job.extra["group"], "fields": sorted(job.values)}
            for job, remote_id in created
        ]  # fmt: skip
        journal.note_all(tx, context.moment, "created", notes)

    def _remote(self, row: Row, values: dict[str, Any], extra: dict[str, str | None]) -> dict[str, Any]:
        settings = self._context.settings
        text = canonical(values)
        return {
            **remote_keys(settings, settings.field_map.build({**values, **extra})),
            "is_linked": True,
            "is_gone": False,
            "desired": text,
            "confirmed": text,
            "confirmed_group": extra["group"],
            "latest_visit_at": row.latest_visit_at,
            "written_run": self._context.run,
        }


def _link(context: Context, job: Creation, remote_id: str) -> dict[str, Any]:
    return {
        "key": job.row.id,
        "remote_id": remote_id,
        "linked_at": context.as_of,
        "created_run": context.run,
        "owns_fields": bool(job.values),
    }
