"""The steps of one delivery, and the kinds of write that go through them."""

from __future__ import annotations

import re
from enum import Enum, IntEnum


class Step(IntEnum):
    """Where a process is killed: right after this has happened, before anything else does."""

    STAGED = 1
    INTENDED = 2
    CONNECTED = 3
    SENT = 4
    APPLIED = 5
    ANSWERED = 6
    CONFIRMED = 7
    PRINTED = 8

    @property
    def words(self) -> str:
        return _WORDS[self - 1]


_WORDS = (
    "staged",
    "intent committed",
    "connection opened",
    "request sent",
    "effect applied at the vendor",
    "answer lost",
    "outcome committed",
    "state printed",
)


class Kind(Enum):
    """A kind of write, by its name, and its request."""

    CREATE = ("create", "POST", r"/contacts$")
    UPDATE = ("update", "PUT", r"/contacts/[^/]+$")
    GROUP = ("group move", "PUT", r"/contacts/[^/]+$")
    VISIT = ("visit", "POST", r"/visits$")

    def __init__(self, words: str, method: str, path: str) -> None:
        self.words, self.method, self.path = words, method, path

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is this write; no other write of a swept run looks like it."""
        return method == self.method and re.search(self.path, path) is not None
