"""The browser's way to a code: authorize, sign in, allow or deny, and back to the client."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.booker import pages
from sandbox.booker.answers import GrantError
from sandbox.server.call import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.booker.switches import BookerSwitches
    from sandbox.booker.tokens import Credentials
    from sandbox.clock import Clock

# Whatever is registered: a sandbox sends a browser nowhere but to this machine.
_THIS_MACHINE = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d{1,5})?(/[!-~]*)?")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True)
class Request:
    """What a client asked for, until the merchant has decided."""

    redirect_uri: str
    scope: str
    state: str | None
    challenge: str | None
    is_signed_in: bool = False


@dataclass(frozen=True)
class Code:
    """What a code is good for, once."""

    redirect_uri: str
    scope: str
    challenge: str | None
    expires: datetime


class SignIn:
    """Takes a merchant through sign-in and consent, and keeps the codes."""

    def __init__(self, clock: Clock, switches: BookerSwitches, credentials: Credentials) -> None:
        self._clock, self._switches, self._credentials = clock, switches, credentials
        self._requests: dict[str, Request] = {}
        self._codes: dict[str, Code] = {}

    def authorize(self, asked: Mapping[str, str]) -> Answer:
        """Show the sign-in page.

        Raises:
            GrantError: The browser must not be sent back: the client, its address or the scope is not known.
        """
        if asked["client_id"] != self._credentials.client_id:
            raise GrantError("invalid_client", "client id is not valid")
        back = asked["redirect_uri"]
        if back not in self._switches.redirect_uris or not _THIS_MACHINE.fullmatch(back):
            raise GrantError("invalid_request", "the redirect address is not registered for this client")
        asking = Request(back, asked["scope"], asked.get("state"), asked.get("code_challenge"))
        if fault := self._pkce_fault(asked):
            return _send_back(asking, error="invalid_request", error_description=fault)
        key = secrets.token_urlsafe(16)
        self._requests[key] = asking
        return pages.sign_in(key)

    def sign_in(self, form: Mapping[str, str]) -> Answer:
        """Judge user name and password; then lead to the next page, whose reload sends no password."""
        key, asking = self._asking(form)
        if form["decision"] == "cancel":
            return self._end(key, asking, error="access_denied")
        mine = self._credentials
        if (form.get("user_name"), form.get("password")) != (mine.user_name, mine.password):
            return pages.sign_in(key, is_wrong=True)
        self._requests[key] = replace(asking, is_signed_in=True)
        return Answer(303, None, {"Location": f"consent?request={key}"})

    def ask_consent(self, asked: Mapping[str, str]) -> Answer:
        """Ask whether the client may."""
        key, asking = self._asking(asked)
        if not asking.is_signed_in:
            raise GrantError("invalid_request", "sign in first")
        return pages.consent(key, self._credentials.client_id, asking.scope)

    def consent(self, form: Mapping[str, str]) -> Answer:
        """Send the browser back, with a code or with the merchant's no."""
        key, asking = self._asking(form)
        if not asking.is_signed_in:
            raise GrantError("invalid_request", "sign in first")
        if form["decision"] == "deny":
            return self._end(key, asking, error="access_denied")
        expires = self._clock.now + timedelta(seconds=self._switches.code_seconds)
        code = f"fake-code-{secrets.token_hex(8)}"
        self._codes[code] = Code(asking.redirect_uri, asking.scope, asking.challenge, expires)
        return self._end(key, asking, code=code)

    def redeem(self, form: Mapping[str, str]) -> str:
        """Take a code in: it is spent, whatever comes of it. Returns the scope that it stands for.

        Raises:
            GrantError: Unknown, spent, expired, for another address, or without its verifier.
        """
        code = self._codes.pop(form.get("code", ""), None)
        good = (
            code is not None
            and code.expires > self._clock.now
            and code.redirect_uri == form.get("redirect_uri")
            and self._is_verified(code, form.get("code_verifier"))
        )
        if code is None or not good:
            raise GrantError("invalid_grant", "the code is not valid")
        return code.scope

    def _is_verified(self, code: Code, verifier: str | None) -> bool:
        if code.challenge is None or self._switches.pkce == "ignored":
            return True
        if verifier is None or not _VERIFIER.fullmatch(verifier):
            return False
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=") == code.challenge

    def _pkce_fault(self, asked: Mapping[str, str]) -> str | None:
        """What is wrong with a challenge, or with there being none; only S256 is taken."""
        challenge, rule = asked.get("code_challenge"), self._switches.pkce
        if challenge is None:
            return "code challenge required" if rule == "required" else None
        if rule == "refused":
            return "unknown parameter code_challenge"
        if rule == "ignored":
            return None
        is_good = asked.get("code_challenge_method") == "S256" and _CHALLENGE.fullmatch(challenge)
        return None if is_good else "the code challenge is not valid"

    def _asking(self, form: Mapping[str, str]) -> tuple[str, Request]:
        key = form["request"]
        if key not in self._requests:
            raise GrantError("invalid_request", "this sign-in is over; start again at the application")
        return key, self._requests[key]

    def _end(self, key: str, asking: Request, **result: str) -> Answer:
        del self._requests[key]
        return _send_back(asking, **result)


def _send_back(asking: Request, **result: str) -> Answer:
    if asking.state is not None:
        result["state"] = asking.state
    sign = "&" if "?" in asking.redirect_uri else "?"
    return Answer(302, None, {"Location": asking.redirect_uri + sign + urlencode(result)})
