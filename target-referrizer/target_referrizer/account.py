"""What a ledger belongs to: one Referrizer account, one policy of groups for all its sources."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import SettingsError
from target_referrizer.ledger import desired

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
    """What the ledger knows its account by; a key that it needs for that is made once."""
    key = ledger.get("account_key") or secrets.token_hex(16)
    found = owner(token, key)
    if found.startswith("token:"):
        ledger.put("account_key", key)
    return found


def owner(token: str, key: str) -> str:
    """The token's account id where it says one (seen: a JWT with `sub`), else a keyed hash of the token."""
    if "sub" in (said := claims(token)):
        return f"sub:{said['sub']}"
    return "token:" + hmac.new(key.encode(), token.encode(), hashlib.sha256).hexdigest()


def claims(token: str) -> dict[str, Any]:
    """What the token says about itself (seen: a JWT with `sub`, `username` and `exp`), nothing if none."""
    try:
        middle = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


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
            desired.mark_all(tx)
            desired.unconfirm(tx, moved)
    ledger.put(key, json.dumps(shape))
