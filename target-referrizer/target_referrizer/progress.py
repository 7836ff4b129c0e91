"""Long work shows itself: a bar on a terminal, elsewhere a line now and then, with the same numbers."""

from __future__ import annotations

import logging
import os
import sys
import time
from threading import Event, RLock, Thread
from typing import TYPE_CHECKING, Any

from singer_sdk.metrics import METRICS_LOGGER_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("target-referrizer")

#: Seconds between two lines.
EVERY = 15.0
#: Seconds before a rate and the time left say something, and without anything new before that is said.
SOON, LONG = 1.0, 10.0
_MINUTE, _HOUR = 60, 3600
_NARROW = 60  # columns of a terminal that has room for the numbers only, perhaps on two lines


class Progress:
    """How far a run is, as a line every 15 seconds, also while nothing comes; nothing of what is short.

    Several threads may tell it.

    Attributes:
        why: Asked why nothing moves, such as a pause that Referrizer asked for; empty without a reason.
    """

    def __init__(
        self,
        say: Callable[[str], object] = logger.info,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._clock, self._lock = say, clock, RLock()
        self._phase, self._done, self._total, self._before = "", 0, 0, 0
        self._began = self._said = self._moved = clock()
        self._end = Event()
        self.why: Callable[[], str] = str

    def watch(self) -> None:
        """From now on look at the clock also when nobody tells anything, until it is over."""
        Thread(target=self._look_on, name="progress", daemon=True).start()

    def _look_on(self) -> None:
        while not self._end.wait(1):
            self.look()

    def look(self) -> None:
        """Show how far it is, if it is time to."""
        with self._lock:
            if self._phase and not self._end.is_set():
                self._show(self._clock())

    def at(self, phase: str, done: int = 0, total: int = 0) -> None:
        """Say how far a phase is.

        Args:
            phase: What is being done.
            done: How much of it, from 0.
            total: How much there is, 0 when nobody knows.
        """
        with self._lock:
            now = self._clock()
            if phase != self._phase or done < self._done:
                self._began, self._before = now, done
                self._said = self._said if phase == self._phase else now
            if phase != self._phase or done != self._done:
                self._moved = now
            self._phase, self._done, self._total = phase, done, total
            if not self._end.is_set():
                self._show(now)

    def _show(self, now: float) -> None:
        if now - self._said >= EVERY:
            self._said = now
            self._say(self._told(now))

    def _told(self, now: float) -> str:
        still = now - self._moved
        why = self.why() or (f"nothing new for {span(still)}" if still >= LONG and self._numbers else "")
        told = [self.reached, self._speed(now), why]
        return ", ".join(part for part in told if part)

    @property
    def reached(self) -> str:
        """Phase and numbers, such as `creating contacts: 312 of 50,000`; empty before the first phase."""
        return f"{self._phase}: {self._numbers}" if self._numbers else self._phase

    @property
    def _numbers(self) -> str:
        total = f" of {self._total:,}" if self._total else ""
        return f"{self._done:,}{total}" if self._done or self._total else ""

    def _speed(self, now: float) -> str:
        passed, done = now - self._began, self._done - self._before
        if passed < SOON or not self._numbers:
            return f"for {span(passed)}" if passed >= SOON else ""
        rate = done / passed
        left = (self._total - self._done) / rate if rate and self._total else 0
        return f"{rate:,.1f} per second" + (f", {span(left)} left" if left else "")

    def over(self) -> None:
        """Leave nothing on the terminal, and say nothing more."""
        self._end.set()


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
    """A bar where somebody looks on, lines where a log is written."""
    is_moving = os.environ.get("TERM", "").lower() not in {"", "dumb", "unknown"}
    is_seen = sys.stderr is not None and sys.stderr.isatty()
    if is_seen:
        _leave_metrics_out()
    progress = Bar() if is_moving and is_seen else Progress()
    progress.watch()
    return progress


def _leave_metrics_out() -> None:
    """Keep the SDK's metrics off a terminal: they are for machines."""
    for handler in _handlers(sys.stderr):
        handler.addFilter(lambda record: record.name != METRICS_LOGGER_NAME)


def span(seconds: float) -> str:
    """A length of time for people: `40 s`, `12 min`, `2 h 05 min`."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    hours, rest = divmod(round(seconds / _MINUTE), _MINUTE)
    return f"{hours} h {rest:02} min"
