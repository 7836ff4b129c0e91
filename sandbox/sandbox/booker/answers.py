"""Booker's forms of failure: the envelope, the token call's, and those of the gateway before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.server.call import Answer

if TYPE_CHECKING:
    from sandbox.booker.switches import BookerSwitches
    from sandbox.server.faults import Rule

ARGUMENTS = 200
TOKEN = 1000
INTERNAL = 100_000
INVALID_TOKEN = "invalid access token"  # noqa: S105 - the vendor's wording
NO_ACCESS = "access denied"
_GATEWAY_TEXT = {
    403: "Out of call volume quota. Quota will be replenished later.",
    404: "Resource not found",
    500: "Internal server error",
    503: "Service unavailable",
    504: "Gateway timeout",
}


class ArgumentError(Exception):
    """Something in the request's arguments is wrong. Carries (name, message) pairs."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__("argument errors")
        self.errors = errors


class AccessError(Exception):
    """The token is not good for this call."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class GrantError(Exception):
    """The token call is refused, in OAuth's words."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description


def success(**fields: Any) -> dict[str, Any]:
    """A success envelope around the fields."""
    return {"IsSuccess": True, "ErrorCode": 0, "ErrorMessage": None, "ArgumentErrors": None, **fields}


def failed(code: int, message: str, arguments: Any = None, status: int = 200) -> Answer:
    """A failure envelope; HTTP 200 as a rule (seen)."""
    body = {"IsSuccess": False, "ErrorCode": code, "ErrorMessage": message, "ArgumentErrors": arguments}
    return Answer(status, body)


def argument_failure(error: ArgumentError, switches: BookerSwitches) -> Answer:
    """Code 200 with each argument named, as a list or as an object."""
    shown: Any = [{"ArgumentName": name, "ErrorMessage": text} for name, text in error.errors]
    if switches.argument_errors_as == "object":
        shown = {name: [text for other, text in error.errors if other == name] for name, _ in error.errors}
    return failed(ARGUMENTS, "One or more arguments are not valid", shown, switches.argument_error_status)


def access_failure(error: AccessError, switches: BookerSwitches) -> Answer:
    """Code 1000 in the envelope; for a bad token, HTTP 401 of the gateway if so switched."""
    if error.message == INVALID_TOKEN and switches.expired_token == "unauthorized":  # noqa: S105 - a switch's value
        return gateway(401, "Unauthorized. Access token is missing or invalid.")
    return failed(TOKEN, error.message)


def grant_failure(error: GrantError, switches: BookerSwitches) -> Answer:
    """``{"error": "invalid_client", …}``."""
    return Answer(switches.token_error_status, {"error": error.error, "error_description": error.description})


def gateway(status: int, message: str, **headers: str) -> Answer:
    """The API gateway's own JSON (documented for Azure API Management, whose header Booker uses)."""
    return Answer(status, {"statusCode": status, "message": message}, headers)


def fault(rule: Rule) -> Answer:
    """The answer that a fault asks for."""
    if rule.kind == "fault_100000":
        detail = {"InternalErrorFault": {"ErrorCode": INTERNAL, "ErrorMessage": "Internal error"}}
        return Answer(200, {"Fault": {"Code": "Receiver", "Reason": "Internal error", "Detail": detail}})
    if rule.kind in {"empty_object", "empty_body"}:
        return Answer(200, {} if rule.kind == "empty_object" else None)
    if not rule.kind.isdigit():
        return Answer(500)
    status = int(rule.kind)
    headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
    return gateway(status, _gateway_text(status, rule.retry_after), **headers)


def _gateway_text(status: int, retry_after: int | None) -> str:
    if status == 429:  # noqa: PLR2004 - HTTP's too many requests
        return f"Rate limit is exceeded. Try again in {retry_after or 1} seconds."
    if status == 403 and retry_after is None:  # noqa: PLR2004 - HTTP's forbidden
        return "Access denied"
    return _GATEWAY_TEXT.get(status, "Unauthorized. Access token is missing or invalid.")
