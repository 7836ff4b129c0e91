"""From a code to the credential file: exchange it, look at the location, and only then store."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_booker.answers import token_answer
from tap_booker.auth import Authority, Token, TokenCell
from tap_booker.client import Booker
from tap_booker.errors import (
    BookerError,
    CredentialFileError,
    ForbiddenError,
    RefusedError,
    SettingError,
    TokenExpiredError,
    UnknownLocationError,
)
from tap_booker.location import Location, read_location, status_text
from tap_booker.report import Tally
from tap_booker.sign_in.attempt import KIND_OF, Attempt
from tap_booker.sign_in.problems import ProblemError
from tap_booker.transport import Call, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_booker.credentials import CredentialFile
    from tap_booker.sign_in.addresses import Addresses

ANSWER_SECONDS = 30
"""A person waits in front of the page; no answer may take longer, whatever request_timeout says."""


@dataclass(frozen=True)
class Connected:
    """What was reached.

    Attributes:
        location: The business, as Booker reports it.
        status: Booker's status of it, in words.
    """

    location: Location
    status: str


class Connector:
    """Asks Booker, and stores.

    Args:
        settings: Checked settings.
        where: The addresses of the sign-in.
        file: The credential file.
    """

    def __init__(self, settings: Mapping[str, Any], where: Addresses, file: CredentialFile) -> None:
        self._settings = settings
        self._where = where
        self._file = file
        self._tally = Tally("connection")
        limit = min(ANSWER_SECONDS, settings["request_timeout"])
        self._transport = Transport(settings["subscription_key"], limit, connections=1)

    def connect(self, attempt: Attempt, code: str) -> Connected:
        """Turn a code into a stored refresh token.

        Raises:
            ProblemError: It did not come to that; nothing is stored then.
        """
        try:
            answer = self._exchange(attempt, code)
            refresh_token = answer.get("refresh_token")
            if not isinstance(refresh_token, str) or not refresh_token:
                raise ProblemError("no-refresh-token")
            connected = self._look(attempt.location_id, answer["access_token"])
            self._file.establish(refresh_token, self._where.token)
        except CredentialFileError as failure:
            raise ProblemError("file", failure.happened) from None
        except SettingError as failure:
            raise ProblemError("setting", failure.happened) from None
        except (RefusedError, TokenExpiredError) as failure:
            raise ProblemError("key", failure.happened) from None
        except BookerError as failure:
            raise ProblemError("unavailable", f"{failure.code} {failure.happened}") from None
        return connected

    def _exchange(self, attempt: Attempt, code: str) -> dict[str, Any]:
        """The token call: sent once, for the code is spent by it."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._where.back,
            "client_id": str(self._settings["client_id"]),
            "client_secret": str(self._settings["client_secret"]),
        }
        if attempt.verifier is not None:
            form["code_verifier"] = attempt.verifier
        try:
            return token_answer(self._transport.send(Call("POST", self._where.token, form=form), self._tally))
        except RefusedError as failure:
            kinds = {**KIND_OF, "invalid_grant": "expired", "invalid_client": "client"}
            kind = kinds.get(failure.word, "refused")
            raise ProblemError(kind, "" if kind in {"expired", "client"} else failure.happened) from None

    def _look(self, location_id: int, access_token: str) -> Connected:
        """Read the location with the new token, which so proves what it is good for."""
        fresh = TokenCell(lambda: Token(access_token, float("inf")), time.monotonic)
        authority = Authority(self._settings, self._transport, self._tally, time.monotonic, account=fresh)
        booker = Booker(self._settings, self._transport, authority, gate=None)
        try:
            answer = booker.location(location_id, self._tally)
        except (UnknownLocationError, ForbiddenError) as failure:
            raise ProblemError("location", f"Location ID {location_id}: {failure.happened}") from None
        return Connected(
            read_location(location_id, answer, self._settings.get("timezone")), status_text(answer)
        )
