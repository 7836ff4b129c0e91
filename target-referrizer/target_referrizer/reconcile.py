"""Desired against confirmed: who is whom, what each Referrizer contact should show, what has to change.

Reads from Referrizer where it must (the index), writes only to the ledger. `delivery` makes it so.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer import matching, origin
from target_referrizer.errors import TargetError
from target_referrizer.ledger import desired as wanted
from target_referrizer.ledger import index, journal, last_visits
from target_referrizer.ledger.rows import canonical
from target_referrizer.payloads import computed, same
from target_referrizer.people import email_key, fold, phone_key
from target_referrizer.reading import Reading
from target_referrizer.workers import send_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_referrizer.context import Context
    from target_referrizer.settings import Settings

logger = logging.getLogger("target-referrizer")

INDEX_TRUSTED = timedelta(hours=24)
CHUNK = 500

Row = sa.Row[Any]


class Index:
    """Reads Referrizer's contacts into the ledger when somebody has to be looked up."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._refreshed = False

    def is_young(self) -> bool:
        """Whether the last complete read is recent enough to be trusted."""
        at = self._context.ledger.get("index_at")
        return at is not None and self._context.as_of - datetime.fromisoformat(at) < INDEX_TRUSTED

    def refresh_once(self) -> None:
        """Read the index, unless this run already did."""
        if not self._refreshed:
            self.refresh()

    def refresh(self) -> None:
        """Read all of Referrizer's contacts."""
        ledger = self._context.ledger
        number = self._context.index_no = self._context.index_no + 1
        ledger.put("index_no", str(number))
        for page in self._context.client.list_contacts():
            self._context.stop.check()
            with ledger.transaction() as tx:
                index.put(tx, number, [self._row(item) for item in page if item.get("id")])
        with ledger.transaction() as tx:
            index.finish(tx, number)
        ledger.put("index_at", self._context.as_of.isoformat())
        self._refreshed = True

    def _row(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"id": str(item["id"]), "is_gone": False, **remote_keys(self._context.settings, item)}


def remote_keys(settings: Settings, item: dict[str, Any]) -> dict[str, Any]:
    """Keys for matching, and our fields as shown, of one of Referrizer's contacts."""
    shown = settings.field_map.shown(item)
    return {
        "email_key": email_key(shown.get("email")),
        "phone_key": phone_key(shown.get("phone"), settings.country),
        "first_key": fold(shown.get("first_name")),
        "last_key": fold(shown.get("last_name")),
        "shown": shown,
    }


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
        with context.ledger.transaction() as tx:
            last_visits.work_out(tx, context.source, context.settings.policy.zone)
            somebody = wanted.unlinked(tx, context.source, "", 1)
        if somebody and not self.index.is_young():
            self.index.refresh_once()
        self.link()
        origin.decide(context)
        self.match()

    def match(self) -> None:
        """Link what can be linked, and work out what each Referrizer contact should show."""
        self.link()
        if origin.is_blind(self.context.ledger):
            look_closer(self.context)
        self.desire()

    def link(self) -> None:
        """Link what can be linked, and reject what is ambiguous."""
        context = self.context
        last = ""
        while True:
            with context.ledger.transaction() as tx:
                rows = wanted.unlinked(tx, context.source, last, CHUNK, gone_too=True)
                self._match_some(tx, rows)
            if not rows:
                break
            last = rows[-1].id

    def _match_some(self, tx: sa.Connection, rows: list[Row]) -> None:
        near = index.with_keys(tx, (row.email_key for row in rows), (row.phone_key for row in rows))
        found = [
            matching.Candidate(
                one.email_key, one.phone_key, one.first_key, one.last_key, one.id, is_linked=one.is_linked
            )
            for one in near
        ]
        by_email, by_phone = _by(found, "email"), _by(found, "phone")
        for row in rows:
            both = (*by_email.get(row.email_key, ()), *by_phone.get(row.phone_key, ()))
            self._match_one(tx, row, list({one.id: one for one in both}.values()))

    def _match_one(self, tx: sa.Connection, row: Row, candidates: list[matching.Candidate]) -> None:
        person = matching.Person(row.email_key, row.phone_key, row.first_key, row.last_key)
        try:
            own = matching.find_own(person, candidates) if row.create_intent_at else None
            match = own or matching.find(person, candidates)
        except matching.Ambiguous:
            if row.status != "gone":
                reject_contact(tx, self.context, row, "RFZ-207", "more than one Referrizer contact fits")
            return
        if match is None:
            return
        wanted.link(
            tx, row.source, row.id, match.id,
            linked_by=match.by, agrees=match.agrees, linked_at=self.context.as_of, birthday_due=own is None,
            created_run=self.context.run if own else None,
        )  # fmt: skip
        about = {"source": row.source, "contact_id": row.id, "remote_id": match.id}
        journal.note(tx, self.context.moment, "linked", **about, by=match.by, agrees=match.agrees)
        if not match.agrees:
            logger.warning(
                "contact %s has another first name than Referrizer contact %s: it brings visits, not fields",
                row.id, match.id,
            )  # fmt: skip

    def desire(self) -> None:
        """Work out what each Referrizer contact with news should show."""
        with self.context.ledger.transaction() as tx:
            for remote_ids in _chunks(wanted.remotes_with_news(tx, self.context.source)):
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
        wanted.keep(
            tx, remote.id,
            desired=canonical({**confirmed, **values}), confirmed=canonical(confirmed),
            confirmed_group=group, birthday=due, latest_visit_at=latest,
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


def look_closer(context: Context) -> None:
    """Read by its id who was linked and of whom the list showed too little to go on from."""
    settings, after = context.settings, [""]

    def take(tx: sa.Connection, room: int) -> list[str]:
        ids = index.unseen_linked(tx, after[0], room)
        after[0] = ids[-1] if ids else after[0]
        return ids

    def keep(tx: sa.Connection, remote_id: str, document: dict[str, Any] | None) -> None:
        shown = {"group": None, "last_visit_at": None} | settings.field_map.shown(document or {})
        start = origin.start_of(shown["last_visit_at"] or "", settings)
        wanted.keep(tx, remote_id, shown=canonical(shown), baseline_visit_at=start)

    send_all(context, "reading contacts", Reading(context.client, take, keep), 0)


def reject_contact(tx: sa.Connection, context: Context, row: Row, code: str, reason: str) -> None:
    """Set a contact aside that cannot be linked or created; a changed record tries again by itself."""
    wanted.reject(tx, row, code)
    journal.reject(
        tx, row.source, context.moment, journal.Rejected("contacts", row.id, code, reason, row.record)
    )
    logger.warning("contact %s rejected: %s", row.id, TargetError(code, reason))


def _by(found: Sequence[matching.Candidate], key: str) -> dict[str | None, list[matching.Candidate]]:
    grouped: dict[str | None, list[matching.Candidate]] = {}
    for one in found:
        if getattr(one, key):
            grouped.setdefault(getattr(one, key), []).append(one)
    return grouped


def _chunks(items: Sequence[Any]) -> Iterator[Any]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
