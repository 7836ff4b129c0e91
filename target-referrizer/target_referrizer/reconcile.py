"""Desired against confirmed: what each Referrizer contact should show, and what has to change.

Reads from Referrizer where it must (see `linking`), writes only to the ledger. `delivery` makes it so.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer import origin
from target_referrizer.ledger import desired as wanted
from target_referrizer.ledger import forgetting, last_visits
from target_referrizer.ledger.rows import canonical
from target_referrizer.linking import Index, link, look_closer
from target_referrizer.payloads import computed, same

if TYPE_CHECKING:
    from datetime import datetime

    from target_referrizer.context import Context

logger = logging.getLogger("target-referrizer")

CHUNK = 500

Row = sa.Row[Any]


class Reconciler:
    """Works out what differs, step by step; each step can be repeated.

    Attributes:
        trusts_shown: Whether the index was read just now, so that what it shows counts as confirmed.
    """

    def __init__(self, context: Context, *, trusts_shown: bool = False) -> None:
        self.context = context
        self.index = Index(context)
        self.trusts_shown = trusts_shown

    def prepare(self) -> None:
        """Last visits, links and desired values of everything that has news.

        What the ledger is, the account's first or one that replaces a lost one, is decided between the links
        and everything that rests on them: nothing can be sent before.
        """
        context = self.context
        context.progress.at("working out last visits")
        with context.ledger.transaction() as tx:
            forgetting.veil_waiting(tx, context.source)
            last_visits.work_out(tx, context.source, context.settings.policy.zone)
            somebody = wanted.unlinked(tx, context.source, "", 1)
        # A new ledger has to know what it is, also where nobody has to be looked up; once is enough for that.
        is_new = not (self.index.was_read or origin.is_known(context.ledger))
        if is_new or (somebody and not self.index.is_young()):
            self.index.refresh_once()
        link(context)
        origin.decide(context)
        self._desire_all()

    def match(self) -> None:
        """Link what can be linked now, and work out what each Referrizer contact should show."""
        link(self.context)
        origin.decide(self.context)
        self._desire_all()

    def _desire_all(self) -> None:
        """Work out what each Referrizer contact with news should show."""
        if origin.is_blind(self.context.ledger):
            look_closer(self.context)
        with self.context.ledger.transaction() as tx:
            total, done, after = wanted.count_news(tx, self.context.source), 0, ""
            while remote_ids := wanted.remotes_with_news(tx, self.context.source, after, CHUNK):
                self.context.stop.check()
                self.context.progress.at("comparing contacts", done, total)
                done, after = done + len(remote_ids), remote_ids[-1]
                records = wanted.linked_records(tx, remote_ids)
                for remote in wanted.remotes(tx, remote_ids):
                    self._desire_one(tx, remote, self._in_order(records[remote.id]))

    def _in_order(self, records: list[Row]) -> list[Row]:
        """The records whose fields count first: by the setting `sources`, then the most recently updated."""
        order = {name: place for place, name in enumerate(self.context.settings.sources)}
        return sorted(records, key=lambda row: order.get(row.source, len(order)))

    def _desire_one(self, tx: sa.Connection, remote: Row, records: list[Row]) -> None:
        owners, values, birthday = self._fields(records)
        latest = last_visits.newest(records, remote.baseline_visit_at)
        confirmed, shown = json.loads(remote.confirmed), json.loads(remote.shown)
        values |= self._last_visit(latest, confirmed, shown)
        values = self.context.settings.field_map.mapped(values)
        for field, value in values.items():
            is_open = self.trusts_shown or field not in confirmed
            if is_open and field in shown and self._same(field, value, shown[field]):
                confirmed[field] = value
        group = self._confirmed_group(remote, shown.get("group"), latest)
        due = birthday if not shown.get("birthday") else None
        seen = {**confirmed, "group": group}
        doubtful = json.loads(remote.sent or "[]")
        is_settled = self.trusts_shown and all(
            name in shown and self._same(name, seen.get(name), shown[name]) for name in doubtful
        )
        wanted.keep(
            tx, remote.id,
            desired=canonical({**confirmed, **values}), confirmed=canonical(confirmed),
            confirmed_group=group, birthday=due, latest_visit_at=latest,
            **(wanted.SETTLED if is_settled else {}),
        )  # fmt: skip
        for row in records:
            owns = (row.source, row.id) in owners
            wanted.settle_news(tx, row, owns_fields=owns, birthday_due=row.birthday_due and due is not None)

    def _confirmed_group(self, remote: Row, shown: str | None, latest: datetime | None) -> str | None:
        """The group that Referrizer is known to show; a fresh look counts where it shows the right one."""
        is_right = self.trusts_shown and shown == self.context.cut_offs.group_for(latest)
        return (
            shown
            if self.context.maps_group and (is_right or not remote.confirmed_group)
            else remote.confirmed_group
        )

    def _fields(self, records: list[Row]) -> tuple[set[tuple[str, str]], dict[str, Any], str | None]:
        """Each field from the first agreeing record that has a value; the birthday only of a new link."""
        owners: set[tuple[str, str]] = set()
        values: dict[str, Any] = {}
        birthday: str | None = None
        for row in (row for row in records if row.agrees):
            own, unreadable = self.context.settings.field_map.values(
                json.loads(row.record), country=self.context.settings.country,
                sync_opt_outs=self.context.settings.sync_opt_outs,
            )  # fmt: skip
            if unreadable and row.dirty:
                logger.warning("contact %s: %s; left out", row.id, ", ".join(unreadable))
            born = own.pop("birthday", None)
            birthday = birthday or (born if row.birthday_due else None)
            new = {field: value for field, value in own.items() if field not in values}
            owners |= {(row.source, row.id)} if new else set()
            values |= new
        return owners, values, birthday

    def _last_visit(
        self, latest: datetime | None, confirmed: dict[str, Any], shown: dict[str, Any]
    ) -> dict[str, Any]:
        """The computed day; an empty one is only news where another stands."""
        day = computed(latest, "", self.context.settings.policy.zone)["last_visit_at"]
        stands = confirmed.get("last_visit_at", shown.get("last_visit_at"))
        return {"last_visit_at": day} if day or stands or "last_visit_at" in confirmed else {}

    def _same(self, field: str, ours: Any, shown: Any) -> bool:
        return same(field, ours, shown, self.context.settings.country)
