"""One HTTP exchange with Booker: headers, time limit, and the failures of the wire."""

from __future__ import annotations

import json
import logging
import re
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, LocationParseError, NameResolutionError, ReadTimeoutError

from tap_booker import measures
from tap_booker.errors import BookerError, SettingError, TimedOutError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_booker.report import Tally

# At debug level urllib3 writes whole request lines, and a GET carries access_token in its query.
logging.getLogger("urllib3").setLevel(logging.WARNING)

CONNECT_SECONDS = 30
PART = 1 << 16
NO_ADDRESSES = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, LocationParseError)
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
        self.has_answered = False
        self.clock_ahead: float | None = None
        self._ways: dict[tuple[str, ...], Mapping[str, Any]] = {}
        self._models: dict[str, requests.PreparedRequest] = {}
        self._session = requests.Session()
        # Threads share it: it prepares requests and its adapters send them, so that it keeps nothing.
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter(pool_maxsize=connections))
        self._session.headers.update(
            {
                "Ocp-Apim-Subscription-Key": subscription_key,
                "Accept": "application/json",
                "User-Agent": f"tap-booker/{version('tap-booker')}",
            }
        )

    def send(self, call: Call, tally: Tally) -> Reply:
        """Send one request and read the whole answer, within the time limit.

        Redirects are not followed: they would carry the keys to another host.

        Raises:
            TimedOutError: No answer in time.
            UnreachableError: No connection, or one that was cut.
            SettingError: The address is none.
        """
        tally.add(calls=1)
        asked_at, began = datetime.now(UTC), time.monotonic()
        due, status = began + self._timeout, None
        try:
            with self._session.get_adapter(call.url).send(
                self._prepared(call),
                timeout=(min(CONNECT_SECONDS, self._timeout), self._timeout),
                **self._way_to(call.url),
            ) as answer:
                self._compare_clocks(asked_at, answer)
                status = answer.status_code
                body = b"".join(self._parts(answer, due))
                return Reply(status, body, _retry_after(answer, body))
        # `from None`: the text of these exceptions holds the URL, and with it the token.
        except (requests.exceptions.RequestException, HTTPError) as failure:
            raise self._meaning(failure) from None
        finally:
            measures.request_took(time.monotonic() - began, call.url, status, tally)

    def _prepared(self, call: Call) -> requests.PreparedRequest:
        """The request as the session makes it; of pages, which are many, it makes the first alone."""
        if call.json is None or call.query or call.form:
            return self._made(call)
        if call.url not in self._models:
            self._models[call.url] = self._made(Call(call.method, call.url))
        model, request = self._models[call.url], requests.PreparedRequest()
        request.method, request.url, request.headers = model.method, model.url, model.headers.copy()
        request.body = json.dumps(call.json, allow_nan=False).encode()
        request.headers["Content-Type"] = "application/json"
        request.headers["Content-Length"] = str(len(request.body))
        return _Bearer(call.token)(request)

    def _made(self, call: Call) -> requests.PreparedRequest:
        auth = _Bearer(call.token)
        request = requests.Request(
            call.method, call.url, params=call.query, json=call.json, data=call.form, auth=auth
        )
        return self._session.prepare_request(request)

    def _way_to(self, url: str) -> Mapping[str, Any]:
        """Proxy and certificates for a host, from the environment; looked up once, for that takes a while."""
        host = urlsplit(url)[:2]
        if host not in self._ways:
            self._ways[host] = self._session.merge_environment_settings(url, {}, True, None, None)  # noqa: FBT003
        return self._ways[host]

    def _compare_clocks(self, asked_at: datetime, answer: requests.Response) -> None:
        """Keep how far this machine's clock is ahead; the answer shows whole seconds, and not always."""
        self.has_answered = True
        came_at = datetime.now(UTC)
        there = _http_date(answer.headers.get("Date", ""))
        if there is not None:
            here = asked_at + (came_at - asked_at) / 2
            self.clock_ahead = (here - there).total_seconds()

    def _parts(self, answer: requests.Response, due: float) -> Iterator[bytes]:
        """The body as it comes in, as long as there is time: each part by itself may be quick enough."""
        while part := answer.raw.read1(PART, decode_content=True):
            yield part
            if time.monotonic() > due:
                raise self._too_late()

    def _too_late(self) -> TimedOutError:
        return TimedOutError(f"Booker did not answer within {self._timeout:g} s.")

    def _meaning(self, failure: Exception) -> BookerError:
        """Our word for a failure of the wire."""
        if isinstance(failure, requests.exceptions.ReadTimeout | ReadTimeoutError):
            return self._too_late()
        if isinstance(failure, NO_ADDRESSES):
            return SettingError("base_url or token_url is no usable address.")
        return UnreachableError(f"Booker cannot be reached ({_obstacle(failure)}).")


class _Adapter(HTTPAdapter):
    """Searches no answer for cookies, of which none are kept."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """See `HTTPAdapter`."""
        response = requests.Response()
        response.request, response.raw = req, resp
        response.status_code, response.headers = resp.status, CaseInsensitiveDict(resp.headers)
        return response


class _Bearer(requests.auth.AuthBase):
    """Sets our header, and keeps requests from taking another one out of a .netrc file."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _retry_after(answer: requests.Response, body: bytes) -> float | None:
    """Seconds to wait: the header as seconds or as a date, else the gateway's sentence (documented)."""
    text = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if text:
        return _seconds_until(text, answer.headers.get("Date"))
    sentence = body.decode(errors="replace") if answer.status_code in {403, 429} else ""
    match = _TRY_AGAIN_IN.search(sentence)
    return float(match[1]) if match else None


def _seconds_until(when: str, server_now: str | None) -> float | None:
    """Seconds from the server's own clock, when it shows it, to an HTTP date."""
    now = _http_date(server_now) if server_now else datetime.now(UTC)
    then = _http_date(when)
    return None if now is None or then is None else max(0.0, (then - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    """The instant that a date of HTTP names, None when it names none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _obstacle(failure: Exception) -> str:
    """What stood between us and an answer, without the text of the failure: that holds the address."""
    names: dict[type[BaseException], str] = {
        NameResolutionError: "the name of its host is not known",
        ssl.SSLCertVerificationError: "its certificate cannot be trusted",
        requests.exceptions.SSLError: "TLS fails",
        requests.exceptions.ProxyError: "the proxy does not let it through",
        requests.exceptions.ConnectTimeout: "no connection in time",
        ConnectionRefusedError: "the connection is refused",
    }
    met = list(_causes(failure))
    known = [text for kind, text in names.items() if any(isinstance(one, kind) for one in met)]
    return known[0] if known else type(failure).__name__


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """A failure and what lies behind it; requests and urllib3 wrap one another in arguments."""
    yield failure
    for cause in (getattr(failure, "reason", None), failure.__cause__, *failure.args):
        if isinstance(cause, BaseException):
            yield from _causes(cause)
