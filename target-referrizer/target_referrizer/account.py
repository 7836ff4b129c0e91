"""What a ledger belongs to: one Referrizer account, one policy for all its sources."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import SettingsError
from target_referrizer.ledger import desired, notes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_referrizer.ledger.store import Ledger
    from target_referrizer.settings import Settings

logger = logging.getLogger("target-referrizer")

#: What all sources of a ledger must have alike, as the ledger keeps it, and how a difference in it is told.
_POLICY = {
    "policy": "other groups or another time zone",
    "order": "another order of `sources`",
    "places": "another `field_map`",
}


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
    if settings.sources and settings.source not in settings.sources:
        what = "`sources` does not have source %r: its fields count after those of all that it has"
        logger.warning(what, settings.source)
    _notice_changes(ledger, settings)


def _owner(ledger: Ledger, token: str) -> str:
    """What the ledger knows its account by; a key that it needs for that is made once, whoever begins it."""
    key = ledger.get("account_key")
    if key is None and "sub" not in claims(token):
        made = secrets.token_hex(16)
        with ledger.transaction() as tx:
            notes.put_once(tx, "account_key", made)
        key = ledger.get("account_key")
    return owner(token, key or "")


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
    is refused: two policies would move the same contacts to and fro, and each would undo the other's fields.
    """
    mine = _policy(settings)
    kept = json.loads(ledger.get("policy") or "null") or {**mine, "sources": []}
    differing = difference(kept, settings)
    if differing and settings.source not in kept["sources"]:
        raise SettingsError("RFZ-106", f"another source of this ledger has {differing}")
    agreed = kept["sources"] if kept == {**mine, "sources": kept["sources"]} else []
    ledger.put("policy", json.dumps({**mine, "sources": sorted({*agreed, settings.source})}))


def difference(kept: Mapping[str, Any], settings: Settings) -> str:
    """What the settings have otherwise than a ledger keeps it, empty if nothing; older ones kept less."""
    mine = _policy(settings)
    return " and ".join(said for name, said in _POLICY.items() if kept.get(name, mine[name]) != mine[name])


def _policy(settings: Settings) -> dict[str, Any]:
    places = {name: list(path) for name, path in sorted(settings.field_map.paths.items())}
    order = list(settings.sources)
    return {"policy": settings.policy.fingerprint(), "order": order, "places": places}


def _notice_changes(ledger: Ledger, settings: Settings) -> None:
    """Changed settings change what each contact should show: all of them have news then.

    What was confirmed at one place in Referrizer says nothing about another, so a field whose place has
    changed counts as never written.
    """
    key = f"shape:{settings.source}"
    paths = _policy(settings)["places"]
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
