"""What a ledger belongs to: one Referrizer account, one policy of groups for all its sources."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_referrizer.errors import SettingsError
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
    if known is not None and known != owner:
        raise SettingsError("RFZ-105", "the ledger belongs to another Referrizer account")
    if known is None:
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
    policies = json.loads(ledger.get("policies") or "{}")
    mine = settings.policy.fingerprint()
    if any(policy != mine for source, policy in policies.items() if source != settings.source):
        raise SettingsError("RFZ-106", "another source of this ledger uses other groups or another time zone")
    ledger.put("policies", json.dumps({**policies, settings.source: mine}))


def _notice_changes(ledger: Ledger, settings: Settings) -> None:
    """Changed settings change what each contact should show: all of them have news then."""
    key = f"shape:{settings.source}"
    paths = sorted((name, list(path)) for name, path in settings.field_map.paths.items())
    shape = [
        settings.policy.zone.key,
        paths,
        settings.country,
        settings.sync_opt_outs,
        list(settings.sources),
    ]
    text = json.dumps(shape)
    if ledger.get(key) not in (None, text):
        with ledger.transaction() as tx:
            tx.execute(sa.update(contact).where(contact.c.status == "linked").values(dirty=True))
    ledger.put(key, text)


def first_run(ledger: Ledger, source: str, started_at: datetime) -> datetime:
    """The instant of this source's first start, kept from then on."""
    known = ledger.get(f"first_run:{source}")
    if known is None:
        ledger.put(f"first_run:{source}", started_at.isoformat())
        return started_at
    return datetime.fromisoformat(known)


def settle_first_run(ledger: Ledger, source: str, run: int) -> datetime:
    """The first start, or the smallest `as_of` of the first run's check-ins where that is earlier; final after that run."""
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
