"""What an answer of Booker means: a payload, or which failure.

HTTP 200 can be a failure, and a failure has several shapes (all seen unless said otherwise).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from tap_booker.errors import (
    ArgumentError,
    BookerError,
    EmptyAnswerError,
    FaultError,
    ForbiddenError,
    FormError,
    LocationError,
    QuotaError,
    RefusedError,
    SettingError,
    ThrottledError,
    TimedOutError,
    TokenExpiredError,
    UnavailableError,
)

if TYPE_CHECKING:
    from tap_booker.transport import Reply

ARGUMENTS, NO_ACCESS, INTERNAL_FAULT = 200, 1000, 100000
"""Booker's own codes (seen)."""

REFUSAL, INSIDE = HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.INTERNAL_SERVER_ERROR
"""HTTP statuses from which on an answer is no success, and from which on the server is to blame."""

MOST_RECORDS = 10**9
"""No business has more: a larger count is a mistake."""

AWAY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})
"""HTTP statuses of a service that is away for a moment (seen)."""

_SAFE_NAME = re.compile(r"[A-Za-z_][\w.\[\]]{0,60}")


def payload(reply: Reply) -> dict[str, Any]:
    """Read the answer of a data call.

    Args:
        reply: The HTTP answer.

    Returns:
        The JSON object of a success.

    Raises:
        BookerError: The failure that the status or the envelope stands for.
    """
    _raise_for_gateway(reply)
    if reply.status == HTTPStatus.UNAUTHORIZED:
        raise TokenExpiredError("Booker did not accept the access token.", status=401)
    body = _object(reply)
    failure = _envelope_failure(body, reply.status)
    if failure is not None:
        raise failure
    return body


def token_answer(reply: Reply) -> dict[str, Any]:
    """Read the answer of a token call.

    Returns:
        The JSON object with `access_token`.

    Raises:
        RefusedError: The credentials are wrong; never worth a second try.
        RetriableError: The token service is busy or away.
    """
    if (
        reply.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
        or REFUSAL <= reply.status < HTTPStatus.BAD_REQUEST
    ):
        raise SettingError(f"base_url or token_url leads to no token call: it answered HTTP {reply.status}.")
    if reply.status == HTTPStatus.FORBIDDEN and reply.retry_after is None:
        raise RefusedError("Booker refused the token call (HTTP 403).", status=403)
    _raise_for_gateway(reply)
    body = _parsed(reply.body)
    body = body if isinstance(body, dict) else {}
    if not body and reply.status < HTTPStatus.BAD_REQUEST:
        raise EmptyAnswerError("The token call brought an empty answer.", status=reply.status)
    if not isinstance(body.get("access_token"), str) or not body["access_token"]:
        raise _refusal(body, reply.status)
    return body


def location_token(reply: Reply) -> str:
    """Read the answer of `context/update`: a bare JSON string, the new token.

    Raises:
        BookerError: No token came back.
    """
    _raise_for_gateway(reply)
    body = _parsed(reply.body)
    if reply.status < REFUSAL and isinstance(body, str) and body:
        return body
    if isinstance(found := payload(reply).get("access_token"), str) and found:
        return found
    raise FormError("The location token call brought no token.", status=reply.status)


def rows(body: Mapping[str, Any], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Take the list out of a page.

    Args:
        body: A successful answer.
        keys: Names that the list may have, the usual one first.

    Returns:
        The records; an explicit null is an empty page, and a null among the records an empty record.

    Raises:
        FormError: None of the names is there.
    """
    present = [key for key in keys if key in body]
    if not present:
        raise FormError(f"The answer has no {' or '.join(keys)}.")
    found: Any = next((body[key] for key in present if body[key]), [])
    if not isinstance(found, list):
        raise FormError(f"{present[0]} is no list.")
    return [row if isinstance(row, dict) else {} for row in found]


def total(body: Mapping[str, Any]) -> int:
    """How many records the whole list has (seen on some lists, never on customers); 0 when it is not said."""
    found = body.get("TotalResultsCount")
    if not isinstance(found, int) or isinstance(found, bool):
        return 0
    return found if 0 < found <= MOST_RECORDS else 0


def _raise_for_gateway(reply: Reply) -> None:
    """Failures of the gateway in front of Booker, told by status alone (documented: 401, 403, 429)."""
    status, wait = reply.status, reply.retry_after
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ThrottledError("Booker's rate limit is reached (HTTP 429).", retry_after=wait, status=429)
    if status == HTTPStatus.FORBIDDEN and wait is not None:
        raise QuotaError(_quota_text(wait), retry_after=wait, status=403)
    if status == HTTPStatus.FORBIDDEN:
        raise ForbiddenError("Booker gives these credentials no access (HTTP 403).", status=403)
    if status == HTTPStatus.REQUEST_TIMEOUT:
        raise TimedOutError("Booker gave up waiting (HTTP 408).", status=408)
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        raise TimedOutError("Booker took too long (HTTP 504).", retry_after=wait, status=504)
    if status in AWAY:
        raise UnavailableError(f"Booker is not available (HTTP {status}).", retry_after=wait, status=status)


def _quota_text(wait: float) -> str:
    """Say when the quota comes back."""
    return f"The call quota of the subscription key is spent (HTTP 403); it returns in {wait:g} s."


def _object(reply: Reply) -> dict[str, Any]:
    """The body as a JSON object, or the failure that it is not one."""
    body = _parsed(reply.body)
    if reply.status >= INSIDE and not (isinstance(body, dict) and body):
        raise FaultError(f"Booker failed inside (HTTP {reply.status}).", status=reply.status)
    if reply.status >= REFUSAL and not (isinstance(body, dict) and body):
        raise LocationError(f"Booker refused the request (HTTP {reply.status}).", status=reply.status)
    if body is None or body == {}:
        raise EmptyAnswerError("Booker's answer was empty or no JSON.", status=reply.status)
    if not isinstance(body, dict):
        raise FormError("Booker's answer is no JSON object.", status=reply.status)
    return body


def _envelope_failure(body: Mapping[str, Any], status: int) -> BookerError | None:
    """The failure that the body describes, or None for a success."""
    fault = body.get("Fault") is not None
    code = _fault_code(body) if fault else _number(body.get("ErrorCode"))
    if fault or code == INTERNAL_FAULT or status >= INSIDE:
        return FaultError(f"Booker failed inside (code {code}).", status=status, vendor_code=code or 0)
    success = body.get("IsSuccess")
    if status < REFUSAL and (success is True or (success is None and not code)):
        return None
    if code == NO_ACCESS:
        return _no_access(body, status)
    names = ", ".join(sorted(set(_argument_names(body.get("ArgumentErrors")))))
    if code == ARGUMENTS or names:
        text = f"Booker refused these arguments: {names or 'it does not say which'}."
        return ArgumentError(text, status=status, vendor_code=code)
    text = f"Booker refused the request (HTTP {status}, code {code})."
    return LocationError(text, status=status, vendor_code=code)


def _no_access(body: Mapping[str, Any], status: int) -> BookerError:
    """Code 1000: an expired token, or, with any other text, a missing permission."""
    if "invalid access token" in str(body.get("ErrorMessage")).casefold():
        text = "Booker did not accept the access token (code 1000)."
        return TokenExpiredError(text, status=status, vendor_code=NO_ACCESS)
    text = "Booker gives these credentials no access (code 1000)."
    return ForbiddenError(text, status=status, vendor_code=NO_ACCESS)


def _argument_names(errors: object) -> Iterator[str]:
    """Names of refused arguments, from a list of objects or from an object of field to messages.

    Only names: the messages may repeat what was sent.
    """
    if isinstance(errors, Mapping):
        yield from (str(name) for name in errors if _SAFE_NAME.fullmatch(str(name)))
    elif isinstance(errors, list):
        named = [str(one.get("ArgumentName")) for one in errors if isinstance(one, Mapping)]
        yield from (name if _SAFE_NAME.fullmatch(name) else "unnamed" for name in named)


def _fault_code(body: Mapping[str, Any]) -> int | None:
    """The code inside `{"Fault": {"Detail": {"InternalErrorFault": {"ErrorCode": …}}}}`."""
    inner: object = body
    for key in ("Fault", "Detail", "InternalErrorFault", "ErrorCode"):
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    return _number(inner)


def _refusal(body: Mapping[str, Any], status: int) -> BookerError:
    """Why no token came back; only OAuth's own word is quoted, its description may repeat what was sent."""
    word = str(body.get("error"))
    if status >= INSIDE or "Fault" in body:
        return UnavailableError(f"The token service failed (HTTP {status}).", status=status)
    said = word if re.fullmatch(r"[a-z_]{1,40}", word) else f"HTTP {status}"
    failure = RefusedError(f"Booker refused the credentials ({said}).", status=status)
    failure.word = said
    return failure


def _parsed(body: bytes) -> Any:
    """The body as JSON, or None when it is none."""
    try:
        return msgspec.json.decode(body)  # stricter than Python's own, where they differ, and twice as fast
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(body)
    except ValueError:
        return None


def _number(value: object) -> int | None:
    """A code as a number, whether it came as one or as text."""
    return int(value) if isinstance(value, (int, str)) and re.fullmatch(r"-?\d+", str(value)) else None
