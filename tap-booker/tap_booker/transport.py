"""One HTTP exchange with Booker: headers, time limit, and the failures of the wire."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter

from tap_booker.errors import SettingError, TimedOutError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_booker.report import Tally

# At debug level urllib3 writes whole request lines, and a GET carries access_token in its query.
logging.getLogger("urllib3").setLevel(logging.WARNING)

CONNECT_SECONDS = 30
_TRY_AGAIN_IN = re.compile(r"[Tt]ry again in (\d+) seconds")


class Reply(NamedTuple):
    """An HTTP answer.

    Attributes:
        status: HTTP status.
        body: Body as bytes.
        retry_after: Seconds that Booker asks us to wait, or None.
    """

    status: int
    body: bytes
    retry_after: float | None


@dataclass(frozen=True)
class Call:
    """A request to be sent.

    Attributes:
        method: GET or POST.
        url: Address without query.
        token: Access token for the header, or None for a token call.
        query: Query parameters.
        json: JSON body, or None.
        form: Form body, or None.
    """

    method: str
    url: str
    token: str | None = None
    query: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None


class Transport:
    """Sends requests, over connections that all threads share.

    Args:
        subscription_key: Goes with every call, token calls too (seen).
        timeout: Seconds to wait for an answer.
        connections: Connections kept open, at most.
    """

    def __init__(self, subscription_key: str, timeout: float, connections: int) -> None:
        self._timeout = timeout
        self._session = requests.Session()
        # The pool may be shared between threads; with cookies off, the session changes nothing else.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=connections))
        self._session.headers.update(
            {
                "Ocp-Apim-Subscription-Key": subscription_key,
                "Accept": "application/json",
                "User-Agent": f"tap-booker/{version('tap-booker')}",
            }
        )

    def send(self, call: Call, tally: Tally) -> Reply:
        """Send one request and read the whole answer.

        Redirects are not followed: they would carry the keys to another host.

        Raises:
            TimedOutError: No answer in time.
            UnreachableError: No connection, or one that was cut.
            SettingError: The address is none.
        """
        tally.add(calls=1)
        try:
            answer = self._session.request(
                call.method,
                call.url,
                params=call.query,
                json=call.json,
                data=call.form,
                auth=_Bearer(call.token),
                timeout=(min(CONNECT_SECONDS, self._timeout), self._timeout),
                allow_redirects=False,
            )
        # `from None`: the text of these exceptions holds the URL, and with it the token.
        except requests.exceptions.ReadTimeout:
            raise TimedOutError(f"Booker did not answer within {self._timeout:g} s.") from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
            raise SettingError("base_url or token_url is no usable address.") from None
        except requests.exceptions.RequestException as failure:
            raise UnreachableError(f"Booker cannot be reached ({type(failure).__name__}).") from None
        return Reply(answer.status_code, answer.content, _retry_after(answer))


class _Bearer(requests.auth.AuthBase):
    """Sets our header, and keeps requests from taking another one out of a .netrc file."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds to wait: the header as seconds or as a date, else the gateway's sentence (documented)."""
    text = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if text:
        return _seconds_until(text, answer.headers.get("Date"))
    match = _TRY_AGAIN_IN.search(answer.text) if answer.status_code in {403, 429} else None
    return float(match[1]) if match else None


def _seconds_until(when: str, server_now: str | None) -> float | None:
    """Seconds from the server's own clock, when it shows it, to an HTTP date."""
    try:
        now = parsedate_to_datetime(server_now) if server_now else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(when) - now).total_seconds())
    except (ValueError, TypeError):
        return None
