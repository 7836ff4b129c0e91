"""The list of every request that the sandbox has seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Seen:
    """One request. `status` 0 means that the connection was closed without an answer.

    `query` and `body` hold no token. `body` is for tests in the same process; the control interface leaves
    it out.
    """

    vendor: str
    method: str
    path: str
    query: dict[str, str]
    status: int
    body_size: int
    answer_size: int
    fault: str | None
    body: Any

    def public(self) -> dict[str, Any]:
        """What the control interface shows: no bodies, which hold people's data."""
        shown = asdict(self)
        del shown["body"]
        return shown


class Requests(list[Seen]):
    """Requests in the order in which they were answered."""

    def matching(self, path: str | None = None, **wanted: Any) -> list[Seen]:
        """Requests whose attributes equal all those given; `path` is a part of the path."""
        return [
            seen
            for seen in self
            if (path is None or path in seen.path) and all(getattr(seen, k) == v for k, v in wanted.items())
        ]


def without_tokens(values: Any) -> Any:
    """A copy of a query or body without the fields that carry credentials."""
    secrets = {"access_token", "client_secret", "personal_access_token", "refresh_token"}
    secrets |= {"code", "code_verifier", "password", "request"}
    return {k: v for k, v in values.items() if k not in secrets} if isinstance(values, dict) else values
