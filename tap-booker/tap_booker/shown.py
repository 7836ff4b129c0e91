"""What reaches a person: lengths of time, and lines on a terminal that others write to as well."""

from __future__ import annotations

import io
import os
from typing import TextIO

_MINUTE, _HOUR = 60, 3600
_ERASE = "\r\x1b[2K"


def span(seconds: float) -> str:
    """A length of time for people: `40 s`, `12 min`, `2 h 05 min`."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    hours, rest = divmod(round(seconds / _MINUTE), _MINUTE)
    return f"{hours} h {rest:02} min"


def is_moving() -> bool:
    """Whether the terminal can draw a line anew."""
    return os.environ.get("TERM", "").lower() not in {"", "dumb", "unknown"}


class Above(io.TextIOBase):
    """Standard error on a terminal where another program moves a line: what is written erases that first.

    The other program draws it again below.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_at_start = True

    def write(self, text: str) -> int:
        """Write at the start of a line of its own."""
        if text:
            self._stream.write(_ERASE + text if self._is_at_start else text)
            self._is_at_start = text.endswith("\n")
        return len(text)

    def flush(self) -> None:
        """See `io`."""
        self._stream.flush()

    def fileno(self) -> int:
        """See `io`."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """See `io`."""
        return self._stream.isatty()
