"""Long work shows itself: a bar on a terminal, elsewhere a line now and then, with the same numbers."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("target-referrizer")

#: Seconds between two lines.
EVERY = 15.0
_MINUTE, _HOUR = 60, 3600
_NARROW = 60  # columns of a terminal that has room for the numbers only, perhaps on two lines
DUMB = ("dumb", "unknown")


class Progress:
    """How far a run is, as a line every 15 seconds; nothing of what is short."""

    def __init__(
        self,
        say: Callable[[str], object] = logger.info,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._clock = say, clock
        self._phase, self._done, self._total = "", 0, 0
        self._began = self._said = clock()

    def at(self, phase: str, done: int, total: int = 0) -> None:
        """Say how far a phase is.

        Args:
            phase: What is being done.
            done: How much of it, from 0.
            total: How much there is, 0 when nobody knows.
        """
        now = self._clock()
        if phase != self._phase:
            self._began = self._said = now
        self._phase, self._done, self._total = phase, done, total
        self._show(now)

    def _show(self, now: float) -> None:
        if now - self._said >= EVERY:
            self._said = now
            self._say(self._told(now))

    def _told(self, now: float) -> str:
        return f"{self.reached}, {self._speed(now)}"

    @property
    def reached(self) -> str:
        """Phase and numbers, such as `creating contacts: 312 of 50,000`."""
        total = f" of {self._total:,}" if self._total else ""
        return f"{self._phase}: {self._done:,}{total}"

    def _speed(self, now: float) -> str:
        rate = self._done / max(now - self._began, 0.001)
        left = (self._total - self._done) / rate if rate and self._total else 0
        return f"{rate:,.1f} per second" + (f", {span(left)} left" if left else "")

    def over(self) -> None:
        """Leave nothing on the terminal."""


class Bar(Progress):
    """The same as one moving line, which lets log lines pass above it."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None
        self._task: Any = None
        self._handlers: list[logging.StreamHandler[Any]] = []

    def _show(self, now: float) -> None:
        if self._bar is None:
            self._start()
        self._bar.update(self._task, completed=self._done, total=self._total or None, told=self._told(now))

    def _start(self) -> None:
        from rich import progress  # noqa: PLC0415 - only a terminal pays for loading it
        from rich.console import Console  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415

        console = Console(stderr=True)
        text = progress.TextColumn(
            "{task.fields[told]}", table_column=Column(no_wrap=console.width > _NARROW)
        )
        bar = [progress.BarColumn(bar_width=None)] if console.width > _NARROW else []
        self._bar = progress.Progress(
            text, *bar, console=console, transient=True, redirect_stdout=False, refresh_per_second=4
        )
        before = sys.stderr
        self._task = self._bar.add_task("", total=None, told="")
        self._bar.start()
        for handler in {*logging.getLogger().handlers, *logger.handlers}:
            if isinstance(handler, logging.StreamHandler) and handler.stream is before:
                handler.setStream(sys.stderr)
                self._handlers.append(handler)

    def over(self) -> None:
        """See `Progress`."""
        if self._bar is None:
            return
        self._bar.stop()
        for handler in self._handlers:
            handler.setStream(sys.stderr)
        self._bar, self._handlers = None, []


def on_stderr() -> Progress:
    """A bar where somebody looks on, lines where a log is written or the terminal can only add lines."""
    return Bar() if sys.stderr.isatty() and os.environ.get("TERM") not in DUMB else Progress()


def span(seconds: float) -> str:
    """A length of time for people: `40 s`, `12 min`, `2 h 05 min`."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    hours, rest = divmod(round(seconds / _MINUTE), _MINUTE)
    return f"{hours} h {rest:02} min"
