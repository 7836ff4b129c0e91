"""Long reading shows itself: a bar on a terminal, elsewhere a line now and then, with the same numbers."""

from __future__ import annotations

import logging
import os
import stat
import sys
import time
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("tap-booker")

#: Seconds between two lines.
EVERY = 15.0
DUMB = ("dumb", "unknown")


class Progress:
    """How far the reading is, as a line every 15 seconds; nothing of what is short.

    Several threads may tell it.
    """

    def __init__(
        self, say: Callable[[str], object] = logger.info, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock, self._lock = say, clock, Lock()
        self._what = ""
        self._began = self._said = clock()

    def at(self, what: str, pages: int, rows: int) -> None:
        """Say how far a stream of a location is.

        Args:
            what: Stream and location.
            pages: Pages received.
            rows: Records emitted.
        """
        with self._lock:
            now = self._clock()
            if what != self._what:
                self._what, self._began, self._said = what, now, now
            rate = pages / max(now - self._began, 0.001)
            self._show(f"reading {what}: {pages:,} pages, {rows:,} rows, {rate:,.1f} pages per second", now)

    def _show(self, text: str, now: float) -> None:
        if now - self._said >= EVERY:
            self._said = now
            self._say(text)

    def over(self) -> None:
        """Leave nothing on the terminal."""


class Bar(Progress):
    """The same as one moving line."""

    def __init__(self) -> None:
        super().__init__()
        self._status: Any = None

    def _show(self, text: str, now: float) -> None:
        del now
        if self._status is None:
            from rich.console import Console  # noqa: PLC0415 - only a terminal pays for loading it
            from rich.status import Status  # noqa: PLC0415

            self._status = Status("", console=Console(stderr=True))
            self._status.start()
        self._status.update(text)

    def over(self) -> None:
        """See `Progress`."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def on_stderr() -> Progress:
    """A bar where somebody looks on, the terminal can move and no target shows one of its own, else lines."""
    try:
        is_piped = stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode)
        can_move = sys.stderr.isatty() and os.environ.get("TERM") not in DUMB
        return Bar() if can_move and not is_piped else Progress()
    except (AttributeError, OSError, ValueError):  # a standard stream that is none
        return Progress()
