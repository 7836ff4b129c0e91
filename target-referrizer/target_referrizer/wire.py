"""One HTTP exchange: what came back, or why nothing did, and whether the request may have arrived."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import HTTPError, LocationParseError, NameResolutionError, NewConnectionError

from target_referrizer.connection import Connection
from target_referrizer.errors import SettingsError
from target_referrizer.pacing import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# A connection that lay idle may be closed by the vendor just as a request goes out on it; nobody knows then.
_IDLE_SECONDS = 2.0
_PART = 1 << 16
# By HTTP's own meaning the vendor did not act: slow request, too early, too many, overloaded (inferred).
_NOT_ACTED = frozenset({408, 425, 429, 503})
#: What is raised for an address before anything is sent.
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,  # InvalidProxyURL is one
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    LocationParseError,
)
_ODD_ADDRESS = "`api_url` or a proxy of the environment is no address"
_REDIRECT, _CLIENT_ERROR, _SERVER_ERROR = 300, 400, 500


@dataclass(frozen=True)
class Trouble:
    """Why a try does not count.

    Attributes:
        reason: In our words, without anything that the vendor said.
        may_have_acted: Whether the vendor may have got the request and acted on it.
        pause: Seconds that the vendor asks to wait, None when it does not ask.
        is_too_many: Whether the trouble is not with this request but that there are too many.
    """

    reason: str
    may_have_acted: bool
    pause: float | None = None
    is_too_many: bool = False


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: Without regard to case.
        body: None when the connection broke within it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None

    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return None

    def error_code(self) -> str | None:
        """The vendor's constant (documented: `errorCode`); what does not look like one is not passed on."""
        body = self.json()
        code = body.get("errorCode") if isinstance(body, dict) else None
        return code if isinstance(code, str) and re.fullmatch(r"[A-Z][A-Z0-9_]{1,63}", code) else None

    def trouble(self, wanted: Callable[[Answer], bool]) -> Trouble | None:
        """Why this answer does not count, None when it does.

        Args:
            wanted: Whether the body is what a good answer has: a page that a proxy shows with status 200 in
                place of Referrizer says nothing of what Referrizer did.
        """
        if self.status in _NOT_ACTED:
            is_too_many = self.status == HTTPStatus.TOO_MANY_REQUESTS
            pause = retry_after(self.headers)
            return Trouble(f"HTTP {self.status}", may_have_acted=False, pause=pause, is_too_many=is_too_many)
        if self.status >= _SERVER_ERROR:
            return Trouble(f"HTTP {self.status}", may_have_acted=True, pause=retry_after(self.headers))
        if self.status >= _CLIENT_ERROR:
            # A refusal whose code was lost: the vendor did not act, and the code is needed to go on.
            return (
                None if self.body is not None else Trouble("a refusal that broke off", may_have_acted=False)
            )
        if self.status < _REDIRECT and not wanted(self):
            return Trouble("an answer that is not the JSON it should be", may_have_acted=True)
        return None


def is_list(answer: Answer) -> bool:
    """What a list has to be (seen: a bare array)."""
    return isinstance(answer.json(), list)


def is_object(answer: Answer) -> bool:
    """What a contact that is read has to be."""
    return isinstance(answer.json(), dict)


def is_yes(answer: Answer) -> bool:
    """What comes for a contact that was made: an object, or what is left of an answer."""
    return answer.body is None or isinstance(answer.json(), dict)


def is_receipt(answer: Answer) -> bool:
    """What comes for a visit (seen: with an id): an object that says something, or what is left of one."""
    return is_yes(answer) and answer.json() != {}


def is_nothing_odd(answer: Answer) -> bool:
    """What comes for a change: an object or nothing (unknown which)."""
    return not answer.body or isinstance(answer.json(), dict)


class Wire:
    """Connections to one address with one token, for any number of threads; each has one to itself."""

    def __init__(self, api_url: str, token: str, *, timeout: float, clock: Callable[[], float]) -> None:
        """Open no connection yet.

        Args:
            api_url: Address with the version prefix.
            token: The account's API token.
            timeout: Seconds to wait for a connection, and for the answer.
            clock: Seconds that only grow.

        Raises:
            SettingsError: The token holds characters that no header may carry.
        """
        if not re.fullmatch(r"[!-~]+", token):
            raise SettingsError("RFZ-104", "api_token is empty or holds characters that no token has")
        self._api_url = api_url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._clock = clock
        self._idle: deque[tuple[Connection, float]] = deque()

    def exchange(self, method: str, path: str, params: Any, body: Any) -> Answer | Trouble:
        """Send one request once; redirects are not followed, nothing is repeated.

        Args:
            method: HTTP method.
            path: From the address on, with its first slash.
            params: Query, or None.
            body: To be sent as JSON, or None.
        """
        connection = None
        due = time.monotonic() + self._timeout  # of the machine, as the time limits of sockets are
        try:
            connection = self._connection(fresh=method == "POST")
            with connection.send(method, path, params, body, self._timeout) as response:
                return Answer(response.status_code, response.headers, self._body(response, due))
        except (requests.RequestException, HTTPError, ValueError, OSError) as error:  # odd proxies, odd files
            if connection is None:
                return Trouble(f"no connection ({_ODD_ADDRESS})", may_have_acted=False)
            return Trouble(_reason(error), may_have_acted=not _never_left(error))
        finally:
            if connection:
                self._idle.append((connection, self._clock()))

    def _body(self, response: requests.Response, due: float) -> bytes | None:
        """Read apart from the status, so that a broken body does not hide what the vendor decided.

        Each part of a body may come in time, and the whole not: then it counts as broken.
        """
        parts = []
        try:
            while part := response.raw.read1(_PART, decode_content=True):
                parts.append(part)
                if time.monotonic() > due:
                    return None
        except HTTPError:
            return None
        return b"".join(parts)

    def close(self) -> None:
        """Close all connections; none may be in use."""
        while self._idle:
            self._idle.pop()[0].close()

    def _connection(self, *, fresh: bool) -> Connection:
        """One that no other thread uses, not left open since long ago when `fresh`."""
        try:
            connection, used_at = self._idle.pop()
        except IndexError:
            return Connection(self._api_url, self._token)
        if fresh and self._clock() - used_at > _IDLE_SECONDS:
            connection.close()
        return connection


def _reason(error: Exception) -> str:
    if _never_left(error):
        return f"no connection ({_obstacle(error)})"
    if not isinstance(error, requests.RequestException) and isinstance(error, OSError):
        return "no connection (certificates that the environment names cannot be read)"
    if isinstance(error, requests.exceptions.SSLError):
        return "a broken connection (TLS)"
    return "no answer in time" if isinstance(error, requests.Timeout) else "a broken connection"


def _obstacle(error: Exception) -> str:
    """What stood between us and a connection."""
    behind = [one for cause in _causes(error) for one in (cause, cause.__cause__)]
    names: dict[type[BaseException], str] = {
        NameResolutionError: "the name of the host is not known",
        ssl.SSLCertVerificationError: "its certificate cannot be trusted",
        requests.exceptions.ProxyError: "the proxy does not let it through",
        requests.ConnectTimeout: "it was not taken in time",
        ConnectionRefusedError: "it was refused",
        **dict.fromkeys(_NO_ADDRESS, _ODD_ADDRESS),
    }
    met = [text for kind, text in names.items() if any(isinstance(one, kind) for one in behind)]
    return met[0] if met else "the host cannot be reached"


def _never_left(error: BaseException) -> bool:
    """Whether no connection came about, so that the request cannot have arrived."""
    no_connection = (requests.ConnectTimeout, requests.exceptions.ProxyError, NewConnectionError)
    never = (*no_connection, *_NO_ADDRESS, ssl.SSLCertVerificationError)
    return any(isinstance(cause, never) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what lies behind it; requests and urllib3 wrap one another in arguments."""
    yield error
    behind = (getattr(error, "reason", None), *error.args)
    for cause in behind:
        if isinstance(cause, BaseException):
            yield from _causes(cause)
