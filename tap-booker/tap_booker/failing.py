"""The `tap-booker` command: whatever happens ends as clear lines on stderr and an exit code."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from singer_sdk import mapper

from tap_booker.errors import BookerError, ReaderGoneError, SettingError
from tap_booker.stopping import STOP

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("tap-booker")

OUTPUT_LOST = frozenset({errno.ENOSPC, errno.EBADF, errno.EPIPE})
"""What writing to standard output ends with: the disk is full, it was never open, nobody reads it."""


def run_command(command: object) -> NoReturn:
    """Run a click command and end the process.

    Args:
        command: Called without arguments; it reads the command line by itself.
    """
    code: int | str | None = 0
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "closed before the start")  # noqa: TRY301  ends like any other lost output
        code = _code_of(command)
        if not code:
            sys.stdout.flush()  # what could not be written is a failure, also where nothing else is
    except SystemExit as leaving:
        code = leaving.code
    except Exception as failure:  # noqa: BLE001  the last door: nothing passes it as a traceback
        # What breaks on the way out of a stop, a lock above all, is no failure.
        code = 128 + STOP.signum if STOP.signum else _said(failure)
    STOP.is_over = True
    if STOP.signum:
        logger.critical("%s", STOP.finding())
        code = 128 + STOP.signum
    _leave(code if isinstance(code, int) else int(code is not None))


def _code_of(command: object) -> int | str | None:
    """Run a click command, which ends by leaving the process; gives what it would leave with."""
    try:
        command()  # type: ignore[operator]
    except SystemExit as leaving:
        return leaving.code
    return 0


def _said(failure: Exception) -> int:
    """Say what went wrong; gives the exit code."""
    if isinstance(failure, BookerError):
        return _say(failure)
    lost = isinstance(failure, OSError) and failure.errno in OUTPUT_LOST
    return _say(ReaderGoneError()) if lost else _say_unknown(failure)


def _say(failure: BookerError) -> int:
    """One line for each problem, at a level that no setting hides; gives the exit code."""
    for line in str(failure).splitlines():
        logger.critical("%s", line)
    return failure.exit_code


def _say_unknown(failure: Exception) -> int:
    """Name the kind and the place; the message itself may hold personal data or a token."""
    places = traceback.extract_tb(failure.__traceback__)
    where = f"{type(failure).__name__} at {Path(places[-1].filename).name}:{places[-1].lineno}"
    logger.debug("%s", _frames(failure.__traceback__))
    known = BookerError(f"The tap failed in a way that it does not know ({where}).")
    if any(place.filename == mapper.__file__ for place in places):
        known = SettingError(f"stream_maps or stream_map_config cannot be applied ({where}).")
    return _say(known)


def _frames(trace: TracebackType | None) -> str:
    """The places of a traceback without the values."""
    return "".join(traceback.format_tb(trace))


def _leave(code: int) -> NoReturn:
    """End the process without waiting for requests that are still under way.

    What is left to be written may wait for a reader who does not read: then a second signal ends it at once.
    """
    for signum in (signal.SIGINT, signal.SIGTERM) if STOP.signum else ():
        signal.signal(signum, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        # A stream that was closed before the start is None.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    if threading.active_count() > 1:
        os._exit(code)
    with contextlib.suppress(AttributeError, OSError):
        # Python flushes once more at its end, and would complain about a closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
