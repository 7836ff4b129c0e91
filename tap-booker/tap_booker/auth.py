"""Access tokens: three grants, the location token, and one renewal for all threads.

The token call is a form POST with the subscription key (seen). A token lives for `expires_in` seconds (seen).
How many is not known, so nothing is assumed: it is renewed a little early, and also when Booker refuses it.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_booker.answers import location_token, token_answer
from tap_booker.credentials import OVER, CredentialFile
from tap_booker.errors import RefusedError, RetriableError, TokenExpiredError, UnavailableError
from tap_booker.transport import Call, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_booker.report import Tally

logger = logging.getLogger("tap-booker")

EARLY_SECONDS, EARLY_SHARE = 60.0, 0.1
TOLD_AFTER = 0.2
"""Seconds that the way out may wait without a word."""


class Token(NamedTuple):
    """An access token.

    Attributes:
        text: The token.
        good_until: Reading of the monotonic clock at which it is renewed.
    """

    text: str
    good_until: float


class TokenCell:
    """Holds one token for all threads.

    Args:
        fetch: Gets a new token.
        monotonic: Seconds on a clock that never goes back.
    """

    def __init__(self, fetch: Callable[[], Token], monotonic: Callable[[], float]) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._is_sealed = False

    def get(self) -> Token:
        """The token, fetched when there is none or when it is about to expire."""
        with self._lock:
            if self._token is None or self._monotonic() >= self._token.good_until:
                self._token = self._new()
            return self._token

    def renew(self, refused: str) -> Token:
        """A token other than the refused one; when another thread has renewed it already, that one."""
        with self._lock:
            if self._token is None or self._token.text == refused:
                self._token = self._new()
            return self._token

    def seal(self) -> None:
        """Wait for a fetch that is under way, and allow no other.

        A page that nobody waits for any more must not have Booker replace a refresh token: the process could
        end before the new one is in its file, and the old one is spent.
        """
        if not self._lock.acquire(timeout=TOLD_AFTER):
            logger.info("Waiting for Booker's answer about a token, so that no new sign-in is needed.")
            self._lock.acquire()
        self._is_sealed = True
        self._lock.release()

    def _new(self) -> Token:
        if self._is_sealed:
            raise UnavailableError(OVER)
        return self._fetch()


class Authority:
    """Gives each location its token.

    Args:
        settings: Checked settings.
        transport: Sends the calls.
        tally: Where token calls are counted.
        monotonic: Seconds on a clock that never goes back.
        account: Holds the account's token; without it, one is asked for by the grant that the settings name.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        transport: Transport,
        tally: Tally,
        monotonic: Callable[[], float],
        account: TokenCell | None = None,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._tally = tally
        self._monotonic = monotonic
        path = settings.get("credentials_path")
        self._file = None if settings.get("personal_access_token") or not path else CredentialFile(path)
        self._is_closing = threading.Event()
        self._account = account or TokenCell(self._account_token, monotonic)
        self._locations: dict[int, TokenCell] = {}

    @property
    def account(self) -> TokenCell:
        """The cell that holds the account's token."""
        return self._account

    @property
    def needs_location_token(self) -> bool:
        """Whether the account's token is exchanged: always asked for by client credentials (seen)."""
        by_default = not self._settings.get("personal_access_token") and self._file is None
        return bool(self._settings.get("use_location_token", by_default))

    def tokens(self, location_id: int) -> TokenCell:
        """The cell that holds this location's token."""
        if not self.needs_location_token:
            return self._account
        return self._locations.setdefault(location_id, self._location_cell(location_id))

    def close(self) -> None:
        """Leave no token call under way that may replace the refresh token; others need not be waited for."""
        if self._file is None:
            return
        self._is_closing.set()  # first, for whoever holds a cell may be waiting for another run's turn to end
        for cell in (*self._locations.values(), self._account):
            cell.seal()

    def _location_cell(self, location_id: int) -> TokenCell:
        """A cell that exchanges the account's token for the location's."""
        return TokenCell(lambda: self._location_token(location_id), self._monotonic)

    def _account_token(self) -> Token:
        """Ask for a token by the grant that the settings name."""
        if self._file is None:
            return self._ask(self._static_form())
        with self._file.alone(self._is_closing.wait):
            return self._refreshed(self._file)

    def _refreshed(self, file: CredentialFile) -> Token:
        """Ask by the refresh token as it is in the file now."""
        used = file.read()
        try:
            return self._ask(_refresh_form(used["refresh_token"]), used.get("token_url"))
        except RefusedError:
            # A run on another machine may have rotated the token between our reading and our asking.
            now = file.read()
            if now["refresh_token"] == used["refresh_token"]:
                raise
            return self._ask(_refresh_form(now["refresh_token"]), now.get("token_url"))

    def _static_form(self) -> dict[str, str]:
        """The form of the two grants that need no file."""
        token = self._settings.get("personal_access_token")
        if token:
            return {"grant_type": "personal_access_token", "personal_access_token": token}
        return {"grant_type": "client_credentials"}

    def _ask(self, form: Mapping[str, str], file_url: str | None = None) -> Token:
        """Make the token call and keep what it rotated; none that the end of the run has overtaken."""
        names = ("client_id", "client_secret", "scope")
        full = {**form, **{name: str(self._settings[name]) for name in names}}
        call = Call("POST", self._token_url(file_url), form=full)
        if self._is_closing.is_set():
            raise UnavailableError(OVER)
        asked_at = self._monotonic()
        answer = self._blameless(lambda: token_answer(self._transport.send(call, self._tally)))
        rotated = answer.get("refresh_token")
        if self._file and isinstance(rotated, str) and rotated and rotated != form.get("refresh_token"):
            self._file.store(rotated)
        return Token(answer["access_token"], asked_at + _useful_seconds(answer.get("expires_in")))

    def _token_url(self, file_url: str | None) -> str:
        """The setting, else what the credential file says, else Booker's own path."""
        default = f"{self._settings['base_url']}/v5/auth/connect/token"
        return str(self._settings.get("token_url") or file_url or default)

    def _location_token(self, location_id: int) -> Token:
        """Exchange the account's token; when it is refused, once more with a new one."""
        account = self._account.get()
        try:
            return self._exchange(location_id, account)
        except TokenExpiredError:
            return self._exchange(location_id, self._account.renew(account.text))

    def _exchange(self, location_id: int, account: Token) -> Token:
        """`POST context/update`: no body and no content type (seen)."""
        url = f"{self._settings['base_url']}/v5/auth/context/update"
        call = Call("POST", url, token=account.text, query={"locationId": str(location_id)})
        text = self._blameless(lambda: location_token(self._transport.send(call, self._tally)))
        return Token(text, account.good_until)

    @staticmethod
    def _blameless(ask: Callable[[], Any]) -> Any:
        """Keep a failing token service from looking like a broken page of records."""
        try:
            return ask()
        except RetriableError as failure:
            if not failure.breaks_page:
                raise
            text = f"No token: {failure.happened}"
            raise UnavailableError(text, retry_after=failure.retry_after, status=failure.status) from None


def _refresh_form(refresh_token: str) -> dict[str, str]:
    """The form of the refresh grant."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def _useful_seconds(expires_in: object) -> float:
    """How long to use a token: a little less than its life; for ever when Booker does not say."""
    try:
        life = float(str(expires_in))
    except ValueError:
        life = 0
    return life - min(EARLY_SECONDS, life * EARLY_SHARE) if life > 0 else float("inf")
