"""Who may call: credentials, and tokens that live on the salon's clock."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.booker.answers import INVALID_TOKEN, NO_ACCESS, AccessError, GrantError
from sandbox.booker.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.booker.switches import BookerSwitches
    from sandbox.clock import Clock
    from sandbox.server.call import Answer

SCOPES = frozenset(
    {
        "public",
        "merchant",
        "customer",
        "internal",
        "parter-payment",
        "openid",
        "profile",
        "userinfo",
        "offline_access",
    }
)


@dataclass
class Credentials:
    """What a partner of this Booker holds. Obvious fakes."""

    client_id: str = "fake-client-id"
    client_secret: str = "fake-client-secret"  # noqa: S105 - an obvious fake
    subscription_key: str = "fake-subscription-key"
    personal_access_token: str = "fake-personal-access-token+/="  # noqa: S105 - an obvious fake, with signs that percent-encoding spoils
    refresh_token: str = "fake-refresh-token-0"  # noqa: S105 - an obvious fake
    user_name: str = "owner@example.com"
    password: str = "fake-password"  # noqa: S105 - an obvious fake

    def as_dict(self) -> dict[str, str]:
        """The credentials by name."""
        return asdict(self)


@dataclass(frozen=True)
class Token:
    """One access token's rights."""

    grant: str
    scope: str
    expires: datetime
    location_id: int | None = None


class Tokens:
    """Issues and judges tokens."""

    def __init__(self, clock: Clock, switches: BookerSwitches, credentials: Credentials) -> None:
        self.clock, self.switches, self.credentials = clock, switches, credentials
        self.issued: dict[str, Token] = {}
        self._old_refresh_tokens: set[str] = set()
        self.sign_in = SignIn(clock, switches, credentials)

    def grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a token call.

        Raises:
            GrantError: The client, the grant, its secret or the scope is not good.
        """
        mine = self.credentials
        if (form.get("client_id"), form.get("client_secret")) != (mine.client_id, mine.client_secret):
            raise GrantError("invalid_client", "client id or secret is not valid")
        kind, scope = form.get("grant_type", ""), form.get("scope", "")
        if kind == "authorization_code":
            scope = self.sign_in.redeem(form)
        else:
            self._check_secret(kind, form)
        _check_scope(scope)
        body = {
            "access_token": self._issue(kind, scope),
            "expires_in": self.switches.token_seconds,
            "token_type": "Bearer",
        }
        lasting = kind == "refresh_token" or "offline_access" in scope.split()
        return {**body, "refresh_token": self._rotated()} if lasting else body

    def authorize(self, asked: Mapping[str, str]) -> Answer:
        """Begin the browser's way to a code.

        Raises:
            GrantError: Unknown client or scope, or an address that is not registered.
        """
        _check_scope(asked["scope"])
        return self.sign_in.authorize(asked)

    def for_location(self, bearer: str | None, location_id: int) -> str:
        """Exchange a token for one of a location (answers with the bare token).

        Raises:
            AccessError: The token is not good.
        """
        token = self.judge_alive(bearer)
        return self._store(replace(token, location_id=location_id))

    def judge(self, text: str | None, location_id: int | None) -> Token:
        """The token of a data call for a location (None: a call that names none).

        Raises:
            AccessError: Unknown, expired, without merchant scope, or not for that location.
        """
        token = self.judge_alive(text)
        needed = self.switches.location_token_needed
        must_be_local = needed in {"always", token.grant}
        elsewhere = token.location_id is not None and location_id not in {None, token.location_id}
        if (
            "merchant" not in token.scope.split()
            or elsewhere
            or (must_be_local and token.location_id is None)
        ):
            raise AccessError(NO_ACCESS)
        return token

    def judge_alive(self, text: str | None) -> Token:
        """The token behind a text.

        Raises:
            AccessError: Unknown or expired.
        """
        token = self.issued.get(text or "")
        if token is None or token.expires <= self.clock.now:
            raise AccessError(INVALID_TOKEN)
        return token

    def expire(self, text: str | None) -> None:
        """End a token's life now."""
        if text in self.issued:
            self.issued[text] = replace(self.issued[text], expires=self.clock.now)

    def expire_all(self) -> None:
        """End the life of every token that was issued so far."""
        for text in self.issued:
            self.expire(text)

    def _check_secret(self, kind: str, form: Mapping[str, str]) -> None:
        good = {
            "client_credentials": True,
            "personal_access_token": form.get("personal_access_token")
            == self.credentials.personal_access_token,
            "refresh_token": form.get("refresh_token") == self.credentials.refresh_token,
        }
        if kind not in good:
            raise GrantError("unsupported_grant_type", "the grant type is not supported")
        if not good[kind]:
            raise GrantError("invalid_grant", "the token is not valid")

    def _rotated(self) -> str:
        """The refresh token to use from now on; the old one ends when they rotate (inferred)."""
        if self.switches.refresh_token_rotates:
            self._old_refresh_tokens.add(self.credentials.refresh_token)
            self.credentials.refresh_token = f"fake-refresh-token-{len(self._old_refresh_tokens)}"
        return self.credentials.refresh_token

    def _issue(self, kind: str, scope: str) -> str:
        return self._store(
            Token(kind, scope, self.clock.now + timedelta(seconds=self.switches.token_seconds))
        )

    def _store(self, token: Token) -> str:
        claims = {
            "sub": "fake-merchant-user",
            "scope": token.scope,
            "exp": int(token.expires.timestamp()),
            "location_id": token.location_id,
            "jti": len(self.issued),
        }
        text = ".".join((_part({"alg": "RS256", "typ": "JWT"}), _part(claims), _signature(claims)))
        self.issued[text] = token
        return text


def _check_scope(scope: str) -> None:
    if not scope or not SCOPES.issuperset(scope.split()):
        raise GrantError("invalid_scope", "the scope is not valid")


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _signature(claims: dict[str, Any]) -> str:
    """Looks like a signature, and proves nothing."""
    digest = hashlib.sha256(json.dumps(claims).encode()).digest()
    return "fake" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
