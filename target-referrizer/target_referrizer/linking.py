"""Who is whom: Referrizer's contacts read into the ledger, and records linked to them.

No search of Referrizer's is known, so whoever has to be found is looked for in an index of all contacts.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer import matching, origin
from target_referrizer.errors import TargetError
from target_referrizer.ledger import creating, index, journal
from target_referrizer.ledger import desired as wanted
from target_referrizer.ledger.rows import canonical
from target_referrizer.people import email_key, fold, phone_key
from target_referrizer.reading import Reading
from target_referrizer.workers import send_all

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    @property
    def was_read(self) -> bool:
        """Whether the list was ever read to its end, and is not to be read anew."""
        return self._context.ledger.get("index_at") is not None

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
        read = 0
        self._context.progress.at("indexing")
        for page in self._context.client.list_contacts(self._context.settings.concurrent_requests):
            self._context.stop.check()
            read += len(page)
            with ledger.transaction() as tx:
                index.put(tx, number, [self._row(item) for item in page if item.get("id")])
                self._context.reached(tx, "indexing", read, max(read, self._context.client.contacts_in_all))
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


def link(context: Context) -> None:
    """Link what can be linked, and reject what is ambiguous."""
    last, done = "", 0
    while True:
        context.stop.check()
        context.progress.at("matching contacts", done)
        with context.ledger.transaction() as tx:
            rows = wanted.unlinked(tx, context.source, last, CHUNK, gone_too=True)
            _match_some(tx, context, rows)
        if not rows:
            break
        last, done = rows[-1].id, done + len(rows)


def _match_some(tx: sa.Connection, context: Context, rows: list[Row]) -> None:
    own = {row.id: _sent(row) for row in rows if row.create_intent_at}
    people = [*rows, *own.values()]
    near = index.with_keys(tx, (one.email_key for one in people), (one.phone_key for one in people))
    found = [
        matching.Candidate(
            one.email_key, one.phone_key, one.first_key, one.last_key, one.id, is_linked=one.is_linked
        )
        for one in near
    ]
    by_email, by_phone = _by(found, "email"), _by(found, "phone")
    unseen = _without_keys(tx, own)
    for row in rows:
        sent = own.get(row.id)
        asked = [row] if sent is None else [row, sent]
        both = [
            one
            for who in asked
            for one in (*by_email.get(who.email_key, ()), *by_phone.get(who.phone_key, ()))
        ]
        both += unseen.get((sent.first_key, sent.last_key), []) if sent else []
        _match_one(tx, context, row, sent, list({one.id: one for one in both}.values()))


def _without_keys(tx: sa.Connection, own: dict[str, Any]) -> dict[tuple[str, str], list[matching.Candidate]]:
    """Contacts that may be our own creations, by name, where a list shows no phones."""
    names = [(sent.first_key, sent.last_key) for sent in own.values() if not sent.email_key]
    found: dict[tuple[str, str], list[matching.Candidate]] = {}
    for one in index.nameless_but(tx, names) if names else ():
        candidate = matching.Candidate(
            None, None, one.first_key, one.last_key, one.id, is_linked=one.is_linked
        )
        found.setdefault((one.first_key, one.last_key), []).append(candidate)
    return found


def _sent(row: Row) -> Any:
    """What was sent to create this contact, whatever its record says by now."""
    if row.create_sent is None:  # the intent is of an older ledger
        return row
    return SimpleNamespace(**dict(zip(creating.SENT_KEYS, json.loads(row.create_sent), strict=True)))


def _person(keys: Any) -> matching.Person:
    return matching.Person(keys.email_key, keys.phone_key, keys.first_key, keys.last_key)


def _match_one(
    tx: sa.Connection, context: Context, row: Row, sent: Any, candidates: list[matching.Candidate]
) -> None:
    person = _person(row)
    try:
        own = matching.find_own(_person(sent), candidates) if sent else None
        match = own or matching.find(person, candidates)
    except matching.Ambiguous:
        if row.status != "gone":
            reject_contact(tx, context, row, "RFZ-207", "more than one Referrizer contact fits")
        return
    if match is None:
        return
    wanted.link(
        tx, row.source, row.id, match.id,
        linked_by=match.by, agrees=match.agrees, linked_at=context.as_of, birthday_due=own is None,
        created_run=context.run if own else None,
    )  # fmt: skip
    about = {"source": row.source, "contact_id": row.id, "remote_id": match.id}
    journal.note(tx, context.moment, "linked", **about, by=match.by, agrees=match.agrees)
    if not match.agrees:
        logger.warning(
            "contact %s has another first name than Referrizer contact %s: it brings visits, not fields",
            row.id, match.id,
        )  # fmt: skip


def _by(found: Sequence[matching.Candidate], key: str) -> dict[str | None, list[matching.Candidate]]:
    grouped: dict[str | None, list[matching.Candidate]] = {}
    for one in found:
        if getattr(one, key):
            grouped.setdefault(getattr(one, key), []).append(one)
    return grouped


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
