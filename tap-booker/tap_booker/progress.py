"""Long reading shows itself: a bar on a terminal, elsewhere a line now and then, with the same numbers."""

from __future__ import annotations

import logging
import os
import stat
import sys
import time
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING, Any

from singer_sdk.metrics import METRICS_LOGGER_NAME

from tap_booker.shown import Above, is_moving, span

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("tap-booker")

#: Seconds between two lines.
EVERY = 15.0
#: Seconds before a rate and the time left say something.
SOON = 1.0
#: Seconds without a page after which that is said.
LONG = 10.0
_NARROW = 60  # columns of a terminal that has room for the numbers only


class Progress:
    """How far the reading is, as a line every 15 seconds, also while nothing comes; nothing of what is short.

    Several threads may tell it.
    """

    def __init__(
        self, say: Callable[[str], object] = logger.info, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock, self._lock = say, clock, RLock()
        self._what, self._pages, self._rows, self._share = "", 0, 0, 0.0
        self._began = self._said = self._moved = clock()
        self._end = Event()

    def watch(self) -> None:
        """From now on look at the clock also when nobody tells anything, until it is over."""
        Thread(target=self._look_on, name="progress", daemon=True).start()

    def _look_on(self) -> None:
        while not self._end.wait(1):
            self.look()

    def look(self) -> None:
        """Show how far it is, if it is time to."""
        with self._lock:
            self._show(self._clock())

    def at(self, what: str, pages: int, rows: int, share: float = 0.0) -> None:
        """Say how far a stream of a location is.

        Args:
            what: Stream and location.
            pages: Pages received.
            rows: Records emitted.
            share: How much of the whole that is, from 0 to 1; 0 when nobody knows.
        """
        with self._lock:
            now = self._clock()
            if what != self._what:
                self._what, self._began, self._said = what, now, now
            self._pages, self._rows, self._share, self._moved = pages, rows, share, now
            self._show(now)

    @property
    def reached(self) -> str:
        """What is read and how much of it, such as `reading contacts of 3749: 3 pages, 300 rows`."""
        if not self._what:
            return ""
        return f"reading {self._what}: {self._pages:,} pages, {self._rows:,} rows"

    def _told(self, now: float) -> str:
        passed = now - self._began
        rate = f", {self._pages / passed:,.1f} pages per second" if passed >= SOON and self._pages else ""
        left = passed * (1 - self._share) / self._share if self._share and passed >= SOON else 0
        still = now - self._moved
        return (
            self.reached
            + rate
            + (f", {span(left)} left" if left else "")
            + (f", nothing new for {span(still)}" if still >= LONG else "")
        )

    def _show(self, now: float) -> None:
        if self._what and now - self._said >= EVERY:
            self._said = now
            self._say(self._told(now))

    def over(self) -> None:
        """Leave nothing on the terminal, and say nothing more."""
        self._end.set()
        with self._lock:
            self._what = ""


class Bar(Progress):
    """The same as one moving line, which lets log lines pass above it."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None
        self._task: Any = None
        self._handlers: list[logging.StreamHandler[Any]] = []

    def _show(self, now: float) -> None:
        if not self._what or self._end.is_set():
            return
        if self._bar is None:
            self._start()
        whole = 1.0 if self._share else None
        self._bar.update(self._task, completed=self._share, total=whole, told=self._told(now))

    def _start(self) -> None:
        from rich import progress  # noqa: PLC0415 - only a terminal pays for loading it
        from rich.console import Console  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415

        console = Console(stderr=True)
        column = Column(no_wrap=console.width > _NARROW)
        text = progress.TextColumn("{task.fields[told]}", markup=False, table_column=column)
        bar = [progress.BarColumn(bar_width=None)] if console.width > _NARROW else []
        self._bar = progress.Progress(
            text, *bar, console=console, transient=True, redirect_stdout=False, refresh_per_second=4
        )
        before = sys.stderr
        self._task = self._bar.add_task("", total=None, told="")
        self._bar.start()
        for handler in _handlers(before):
            handler.setStream(sys.stderr)
            self._handlers.append(handler)

    def over(self) -> None:
        """See `Progress`."""
        super().over()
        with self._lock:
            if self._bar is None:
                return
            self._bar.stop()
            for handler in self._handlers:
                handler.setStream(sys.stderr)
            self._bar, self._handlers = None, []


def _handlers(stream: object) -> list[logging.StreamHandler[Any]]:
    """Those that write log lines to a stream."""
    found = {*logging.getLogger().handlers, *logger.handlers}
    return [one for one in found if isinstance(one, logging.StreamHandler) and one.stream is stream]


def on_stderr() -> Progress:
    """A bar where somebody looks on, lines where a log is written, silence where a target shows its own."""
    progress = _fitting()
    if progress is None:
        return Progress(say=lambda _: None)
    progress.watch()
    return progress


def _fitting() -> Progress | None:
    try:
        if not sys.stderr.isatty():
            return Progress()
        _leave_metrics_out()
        if stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode):
            _let_pass_above()
            return None
        return Bar() if is_moving() else Progress()
    except (AttributeError, OSError, ValueError):  # a standard stream that is none
        return Progress()


def _leave_metrics_out() -> None:
    """Keep the metrics off a terminal: they are for machines, and a line for each request hides the rest."""
    for handler in _handlers(sys.stderr):
        handler.addFilter(lambda record: record.name != METRICS_LOGGER_NAME)


def _let_pass_above() -> None:
    """Have log lines take the place of the line that a target keeps moving on the same terminal."""
    if is_moving():
        before = sys.stderr
        sys.stderr = Above(before)
        for handler in _handlers(before):
            handler.setStream(sys.stderr)
