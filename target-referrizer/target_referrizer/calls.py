"""One call to Referrizer, and what has happened to it so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_referrizer.wire import is_nothing_odd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_referrizer.wire import Answer


@dataclass
class Call:
    """One call, and what has happened to it so far."""

    method: str
    path: str
    params: Mapping[str, int] | None = None
    body: Mapping[str, Any] | None = None
    wanted: Callable[[Answer], bool] = is_nothing_odd
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
