"""One connection to one address, and what `requests` needs for each request on it, worked out once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS = {"Accept": "application/json", "User-Agent": "target-referrizer"}


class Connection:
    """Sends requests one after the other, for one thread at a time.

    The address is taken apart, and proxies and certificates are looked up in the environment, when it is made
    and not for each request; no cookies are kept, and redirects are not followed. All that is half of what a
    request through `requests.Session` costs the processor.
    """

    def __init__(self, api_url: str, token: str) -> None:
        """Open nothing yet.

        Args:
            api_url: Address with the version prefix, without a slash at its end.
            token: The account's API token.

        Raises:
            RequestException: The address, or that of a proxy, is none.
        """
        session = requests.Session()
        session.headers.update(_HEADERS)
        session.auth = _Bearer(token)
        model = session.prepare_request(requests.Request("GET", api_url))
        self._url, self._headers = str(model.url).rstrip("/"), dict(model.headers)
        found: Mapping[str, Any] = session.merge_environment_settings(self._url, {}, None, None, None)
        self._proxies, self._verify, self._cert = found["proxies"], found["verify"], found["cert"]
        session.get_adapter(self._url)  # so that an odd scheme is refused here
        self._adapter = _Adapter()

    def send(
        self, method: str, path: str, params: Mapping[str, int] | None, body: Any, timeout: float
    ) -> requests.Response:
        """Send one request once; gives the answer as soon as its headers are there.

        Args:
            method: HTTP method.
            path: From the address on, with its first slash.
            params: Query, or None.
            body: To be sent as JSON, or None.
            timeout: Seconds to wait for a connection, and for the answer.

        Raises:
            RequestException: As `requests` says it.
        """
        request = requests.PreparedRequest()
        request.method, request.headers = method, {**self._headers}  # type: ignore[assignment]
        request.url = f"{self._url}{path}?{urlencode(params)}" if params else self._url + path
        if body is not None:
            request.body = json.dumps(body, allow_nan=False).encode()
            request.headers["Content-Type"] = "application/json"
            request.headers["Content-Length"] = str(len(request.body))
        return self._adapter.send(
            request, stream=True, timeout=timeout, verify=self._verify, cert=self._cert, proxies=self._proxies
        )

    def close(self) -> None:
        """Close it; the next request opens it again."""
        self._adapter.close()


class _Adapter(HTTPAdapter):
    """For one address alone: the way there is looked up once, and answers are not searched for cookies."""

    _way: Any = None

    def get_connection_with_tls_context(self, *about: Any, **more: Any) -> Any:
        """See `HTTPAdapter`."""
        if self._way is None:
            self._way = super().get_connection_with_tls_context(*about, **more)
        return self._way

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """See `HTTPAdapter`."""
        response = requests.Response()
        response.request, response.raw = req, resp
        response.status_code, response.headers = resp.status, resp.headers
        return response

    def close(self) -> None:
        """See `HTTPAdapter`."""
        super().close()
        self._way = None


class _Bearer(AuthBase):
    """Sends the token; being an auth object, it also keeps a `.netrc` file from replacing it."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request
