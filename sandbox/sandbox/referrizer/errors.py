"""Referrizer's form of failure: a status, an `errorCode` in capitals, and a message for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.server.call import Answer

if TYPE_CHECKING:
    from sandbox.server.faults import Rule
    from sandbox.server.spec import Problem


class RefusedError(Exception):
    """A request that Referrizer refuses. The nine documented codes are all HTTP 400."""

    def __init__(
        self, code: str, message: str, status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.message, self.status, self.headers = code, message, status, headers or {}

    def answer(self) -> Answer:
        """The refusal as an answer."""
        return Answer(self.status, {"errorCode": self.code, "message": self.message}, dict(self.headers))


def from_problem(problem: Problem) -> RefusedError:
    """A missing field has a code of its own; everything else is an illegal argument."""
    if problem.sort == "required":
        return RefusedError("MISSING_REQUIRED_FIELD", f"Field {problem.name} is required")
    return RefusedError("ILLEGAL_ARGUMENT", f"{problem.name or problem.place}: {problem.message}")


# The documented table is cut off after the first 401 code, so these names are inferred.
_FAULTS = {
    401: ("MISSING_AUTHENTICATION", "The token is missing or not valid"),
    403: ("FORBIDDEN", "Not allowed"),
    404: ("NOT_FOUND", "There is nothing here"),
    429: ("TOO_MANY_REQUESTS", "Too many requests"),
    500: ("INTERNAL_ERROR", "Something went wrong"),
    503: ("SERVICE_UNAVAILABLE", "The service is not available"),
    504: ("GATEWAY_TIMEOUT", "The service did not answer in time"),
}


def fault(rule: Rule) -> Answer:
    """The answer that a fault asks for."""
    if rule.kind in {"empty_object", "empty_body"}:
        return Answer(200, {} if rule.kind == "empty_object" else None)
    status = int(rule.kind) if rule.kind.isdigit() else 500
    headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
    code, message = _FAULTS[status]
    return RefusedError(code, message, status, headers).answer()
