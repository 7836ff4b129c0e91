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
from target_referrizer.mistakes import mistake
from target_referrizer.payloads import computed
from target_referrizer.referrizer import Refused

if TYPE_CHECKING:
    from target_referrizer.context import Context

logger = logging.getLogger("target-referrizer")

Row = sa.Row[Any]


@dataclass(frozen=True)
class Creation:
    """What is sent to create a contact, and what the ledger is to know of it.

    Attributes:
        document: The JSON that is sent.
        fields: Those that the record owns.
        group: The group that is sent, if any.
        remote: What the ledger will know of the contact, but for its id.
    """

    document: dict[str, Any]
    fields: list[str]
    group: str | None
    remote: dict[str, Any]


class Creates:
    """Creates one round of contacts, none of whom can be the same person."""

    def __init__(self, context: Context, number: int) -> None:
        self._context = context
        self._number = number
        self._after = ""
        self._is_all_read = False
        self._rows: deque[Row] = deque()
        self.duplicates: list[Row] = []

    def take(self, tx: sa.Connection, room: int) -> list[Row]:
        """See `Work`."""
        if len(self._rows) < room and not self._is_all_read:
            self._read(tx)
        jobs = [self._rows.popleft() for _ in range(min(room, len(self._rows)))]
        creating.intend_creates(tx, self._context.source, jobs, self._context.as_of)
        return jobs

    def _read(self, tx: sa.Connection) -> None:
        page = creating.creates(tx, self._context.source, self._number, self._after)
        self._is_all_read = len(page) < creating.PAGE
        self._after = page[-1].id if page else self._after
        self._rows.extend(page)

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
        group = values.pop("group", None)
        document = settings.field_map.build({**values, "group": group, "birthday": birthday})
        remote = self._remote(row, document, values) | {"confirmed_group": group}
        return Creation(document, sorted(values), group, remote)

    def send(self, job: Row) -> tuple[str, Creation] | None:
        """See `Work`. Gives the new id and what was sent, None when the answer did not say the id."""
        try:
            creation = self._creation(job)
        except TargetError:
            raise
        except Exception as error:  # noqa: BLE001 - as an error before which nothing left: no intent stays
            raise mistake(error, f"contact {job.id}") from None
        created = self._context.client.create_contact(creation.document)
        return (str(created["id"]), creation) if created.get("id") else None

    def settle(self, tx: sa.Connection, ended: list[tuple[Row, Any]]) -> None:
        """See `Work`."""
        self._created(tx, [(row, *outcome) for row, outcome in ended if isinstance(outcome, tuple)])
        for row, outcome in ended:
            self._not_created(tx, row, outcome)

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

    def _created(self, tx: sa.Connection, created: list[tuple[Row, str, Creation]]) -> None:
        """Write new contacts down together: their number is what a first load takes its time for."""
        if not created:
            return
        context = self._context
        index.put(tx, context.index_no, [{**made.remote, "id": remote_id} for _, remote_id, made in created])
        links = [
            {"key": row.id, "remote_id": remote_id, "linked_at": context.as_of,
             "created_run": context.run, "owns_fields": bool(made.fields)}
            for row, remote_id, made in created
        ]  # fmt: skip
        wanted.link_created(tx, context.source, links)
        notes = [
            {"source": row.source, "contact_id": row.id, "remote_id": remote_id,
             "group": made.group, "fields": made.fields}
            for row, remote_id, made in created
        ]  # fmt: skip
        journal.note_all(tx, context.moment, "created", notes)

    def _remote(self, row: Row, document: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        text = canonical(values)
        return {
            **remote_keys(self._context.settings, document),
            "is_linked": True,
            "is_gone": False,
            "desired": text,
            "confirmed": text,
            "latest_visit_at": row.latest_visit_at,
            "written_run": self._context.run,
        }
