"""One call to Referrizer, and what has happened to it so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Call:
    """One call, and what has happened to it so far."""

    method: str
    path: str
    params: Mapping[str, int] | None = None
    body: Mapping[str, Any] | None = None
    wanted: type = object
    tries: int = 0
    doubtful_tries: int = 0

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def is_one_contact(self) -> bool:
        """Whether it reads a contact by its id."""
        return self.is_read and self.params is None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
