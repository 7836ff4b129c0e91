"""One way to Booker and back: what the browser takes along, and what must come back."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from tap_booker.sign_in.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_booker.sign_in.addresses import Addresses

IDENTITY_SCOPE = "openid profile userinfo offline_access"
"""What is asked for beside the setting `scope` (seen); `offline_access` brings the refresh token."""

KIND_OF = {
    "access_denied": "denied",
    "consent_required": "denied",
    "interaction_required": "denied",
    "login_required": "denied",
    "invalid_scope": "scope",
    "unauthorized_client": "application",
    "unsupported_response_type": "application",
    "unsupported_grant_type": "application",
    "server_error": "unavailable",
    "temporarily_unavailable": "unavailable",
}
"""OAuth's words for a no (RFC 6749, OpenID Connect) to what a person is told; all others are `refused`."""

_WORD = re.compile(r"[a-z_]{1,40}")
_LOCATION_ID = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Attempt:
    """One start; good for one coming back.

    Attributes:
        location_id: Booker's Location ID as the person gave it.
        state: Proves that what comes back belongs to this start.
        verifier: The secret behind the code challenge (PKCE), None where the server does not take it.
    """

    location_id: int
    state: str
    verifier: str | None

    def url(self, where: Addresses, client_id: str, scope: str) -> str:
        """The address of Booker's sign-in page, for this start."""
        words = dict.fromkeys(f"{IDENTITY_SCOPE} {scope}".split())
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": where.back,
            "scope": " ".join(words),
            "state": self.state,
        }
        if self.verifier is not None:
            asked |= {"code_challenge": _challenge(self.verifier), "code_challenge_method": "S256"}
        return f"{where.authorize}?{urlencode(asked)}"

    def code(self, came_back: Mapping[str, str]) -> str:
        """The code that came back.

        Raises:
            ProblemError: Booker said no, or sent no code.
        """
        word = came_back.get("error")
        if word is not None or not came_back.get("code"):
            said = word if word and _WORD.fullmatch(word) else "no code"
            kind = KIND_OF.get(said, "refused")
            raise ProblemError(kind, "" if said == "access_denied" else f"Booker says: {said}.")
        return came_back["code"]


def start(location_id: int, *, with_pkce: bool) -> Attempt:
    """A new start, with secrets of its own."""
    return Attempt(location_id, secrets.token_urlsafe(32), secrets.token_urlsafe(48) if with_pkce else None)


def read_location_id(text: str) -> int | None:
    """The Location ID that somebody typed; None when it cannot be one."""
    plain = text.strip()
    return int(plain) if _LOCATION_ID.fullmatch(plain) and int(plain) else None


def read_came_back(text: str) -> dict[str, str]:
    """What stands in an address that somebody pasted: in quotes, with spaces in it, or its end alone."""
    plain = "".join(text.split()).strip("\"'`<>")
    return dict(parse_qsl(plain.rpartition("?")[2].partition("#")[0]))


def _challenge(verifier: str) -> str:
    """The challenge of a verifier (S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
