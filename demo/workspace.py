"""Where the demo works: a folder in the checkout's cache that keeps only what is slow to make."""

from __future__ import annotations

import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from filelock import FileLock, Timeout

from demo.project import CHECKOUT, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

HOME = CHECKOUT / ".cache" / "demo"
REPORT = HOME / "report.html"


class BusyError(Exception):
    """Another demo runs in this checkout."""


@contextmanager
def workspace() -> Iterator[Project]:
    """A Meltano project for this demo alone.

    The plugins' virtual environments stay for the next time, and so does the last report. State, ledger and
    logs are removed at the end, however it comes; what a killed demo left is removed at the next start.

    Raises:
        BusyError: Another demo works here.
    """
    HOME.mkdir(parents=True, exist_ok=True)
    project = Project(HOME / "project", HOME / "run")
    try:
        lock = FileLock(HOME / "lock").acquire(timeout=0)
    except Timeout:
        raise BusyError("Another demo is running in this checkout.") from None
    with lock:
        shutil.rmtree(project.run_folder, ignore_errors=True)
        try:
            project.lay_out()
            yield project
        finally:
            shutil.rmtree(project.run_folder, ignore_errors=True)


def end_like_interrupted(number: int, frame: FrameType | None) -> NoReturn:
    """Leave through every `finally`, with the exit code that a shell expects of a signal."""
    del frame
    raise SystemExit(128 + number)


def clean_up_on_signals() -> None:
    """Let a hang-up or a polite kill clean up just as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_like_interrupted)
