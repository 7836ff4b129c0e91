"""One request and one answer, free of any web framework."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.server.faults import Rule

JSON_TYPE = "application/json"


@dataclass
class Call:
    """A request as a vendor's API sees it.

    Attributes:
        method: Upper-case HTTP method.
        path: Path below the vendor's mount point, percent-decoded.
        query: Query parameters; of a repeated one, the last.
        headers: Header values by lower-case name.
        raw: The body's bytes.
        fault: The fault that was chosen for this request, if any.
        params: Path parameters, once the operation is known.
        body: The decoded body, once it has been read.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""
    fault: Rule | None = None
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters; empty when there is none."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def bearer(self) -> str | None:
        """The token of the Authorization header, if that is a bearer token."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


@dataclass
class Answer:
    """An answer: `body` is JSON-encoded unless it is None (no body at all).

    `rows` names the ids of the records inside, so that a fault can sit on one broken record. `page` is HTML
    for a browser, in place of a body.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    rows: tuple[int, ...] = ()
    page: str | None = None

    def encoded(self) -> bytes:
        """The body's bytes."""
        if self.page is not None:
            return self.page.encode()
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()
