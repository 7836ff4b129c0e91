"""What a ledger belongs to: one Referrizer account, one policy of groups for all its sources."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_referrizer.errors import SettingsError
from target_referrizer.groups import start_of_day
from target_referrizer.ledger import desired, index
from target_referrizer.ledger.tables import contact, visit

if TYPE_CHECKING:
    from target_referrizer.ledger.store import Ledger
    from target_referrizer.settings import Settings


def bind(ledger: Ledger, settings: Settings) -> None:
    """Tie a new ledger to its account, and refuse one that belongs to another.

    Raises:
        SettingsError: RFZ-105 another account, RFZ-106 another policy than another source of this ledger has.
    """
    owner = f"{settings.api_url} {_owner(ledger, settings.api_token)}"
    known = ledger.get("account")
    # Until the account has let itself be read, nothing of it is known: a mistyped token must not bind.
    if known not in (None, owner) and ledger.get("origin") is not None:
        raise SettingsError("RFZ-105", "the ledger belongs to another Referrizer account")
    if known != owner:
        ledger.put("account", owner)
    _keep_policy(ledger, settings)
    _notice_changes(ledger, settings)


def _owner(ledger: Ledger, token: str) -> str:
    """The token's account id where it says one (seen: a JWT with `sub`), else a keyed hash of the token."""
    try:
        claims = token.split(".")[1]
        subject = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
    except (IndexError, KeyError, TypeError, ValueError):
        key = ledger.get("account_key") or secrets.token_hex(16)
        ledger.put("account_key", key)
        return "token:" + hmac.new(key.encode(), token.encode(), hashlib.sha256).hexdigest()
    return f"sub:{subject}"


def _keep_policy(ledger: Ledger, settings: Settings) -> None:
    """One policy for all sources: whoever has agreed to it may change it, and the others follow.

    A source that brings another one without having agreed to the ledger's, or that still brings the old one,
    is refused: two policies would move the same contacts to and fro.
    """
    mine = settings.policy.fingerprint()
    kept = json.loads(ledger.get("policy") or "null") or {"policy": mine, "sources": []}
    agreed = settings.source in kept["sources"]
    if kept["policy"] != mine and not agreed:
        raise SettingsError("RFZ-106", "another source of this ledger uses other groups or another time zone")
    sources = kept["sources"] if kept["policy"] == mine else []
    sources = sorted({*sources, settings.source})
    ledger.put("policy", json.dumps({"policy": mine, "sources": sources}))


def _notice_changes(ledger: Ledger, settings: Settings) -> None:
    """Changed settings change what each contact should show: all of them have news then.

    What was confirmed at one place in Referrizer says nothing about another, so a field whose place has
    changed counts as never written.
    """
    key = f"shape:{settings.source}"
    paths = {name: list(path) for name, path in sorted(settings.field_map.paths.items())}
    shape = {
        "zone": settings.policy.zone.key,
        "places": paths,
        "country": settings.country,
        "opt_outs": settings.sync_opt_outs,
        "sources": list(settings.sources),
    }
    before = json.loads(ledger.get(key) or "null")
    if before not in (None, shape):
        moved = {name for name, path in paths.items() if before["places"].get(name) != path}
        with ledger.transaction() as tx:
            tx.execute(sa.update(contact).where(contact.c.status == "linked").values(dirty=True))
            desired.unconfirm(tx, moved)
    ledger.put(key, json.dumps(shape))


def note_first_run(ledger: Ledger, source: str, started_at: datetime) -> None:
    """Keep the instant of this source's first start."""
    if known_first_run(ledger, source) is None:
        ledger.put(f"first_run:{source}", started_at.isoformat())


def known_first_run(ledger: Ledger, source: str) -> datetime | None:
    """The instant of this source's first run, None before it."""
    known = ledger.get(f"first_run:{source}")
    return None if known is None else datetime.fromisoformat(known)


def tell_of_rebuilding(ledger: Ledger) -> bool:
    """Whether this ledger replaces a lost one and nobody has been told yet; it then counts as told."""
    if ledger.get("rebuilt") != "untold":
        return False
    ledger.put("rebuilt", "told")
    return True


def posted_since(ledger: Ledger, settings: Settings, source: str) -> datetime | None:
    """From when on a source's check-ins are posted; None before its first run, when nothing says so."""
    since, bound = settings.since or known_first_run(ledger, source), history_before(ledger)
    return max(since, bound) if since and bound else since


def history_before(ledger: Ledger) -> datetime | None:
    """In a rebuilt ledger everything before this instant is history, whatever `visits_since` says."""
    at = ledger.get("history_before")
    return None if at is None else datetime.fromisoformat(at)


def note_origin(ledger: Ledger, settings: Settings, as_of: datetime) -> None:
    """Decide once, before anything is written, whether a new ledger is the account's first or a lost one.

    Our own group names on Referrizer's contacts are the trace that an earlier ledger left.
    """
    if ledger.get("origin") is not None:
        return
    names = [group.name for group in settings.policy.groups] + [settings.policy.no_visit_group]
    with ledger.transaction() as tx:
        is_lost = index.has_group(tx, names)
        if is_lost:
            index.start_from_shown(tx, lambda shown: _start_of(shown, settings))
    if is_lost:
        ledger.put("history_before", as_of.isoformat())
        ledger.put("rebuilt", "untold")
    ledger.put("origin", "lost" if is_lost else "first")


def _start_of(shown: str, settings: Settings) -> datetime | None:
    try:
        day = date.fromisoformat(shown[:10])
    except ValueError:
        return None
    return start_of_day(day, settings.policy.zone)


def settle_first_run(ledger: Ledger, source: str, run: int) -> datetime:
    """The first start, or the smallest `as_of` of the first run's check-ins if earlier; then final."""
    at = datetime.fromisoformat(ledger.get(f"first_run:{source}") or "")
    if ledger.get(f"first_run_final:{source}") is None:
        query = sa.select(sa.func.min(visit.c.as_of)).where(
            visit.c.source == source, visit.c.staged_run == run
        )
        earliest = ledger.scalar(query)
        at = min(at, earliest) if earliest else at
        ledger.put(f"first_run:{source}", at.isoformat())
        ledger.put(f"first_run_final:{source}", "yes")
    return at
