"""The `tap-booker` command: whatever happens ends as clear lines on stderr and an exit code."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tap_booker.errors import BookerError

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("tap-booker")


class ReaderGoneError(BookerError):
    """Whoever read the output stopped reading: a closed pipe."""

    code = "BKR-901"


def run_command(command: object) -> NoReturn:
    """Run a click command and end the process.

    Args:
        command: Called without arguments; it reads the command line by itself.
    """
    code: int | str | None = 0
    try:
        command()  # type: ignore[operator]
    except SystemExit as leaving:
        code = leaving.code
    except BookerError as failure:
        _say(failure)
        code = failure.exit_code
    except Exception as failure:  # noqa: BLE001  the last door: nothing passes it as a traceback
        code = _say_unknown(failure)
    _leave(code if isinstance(code, int) else int(code is not None))


def _say(failure: BookerError) -> None:
    """One line for each problem, at a level that no setting hides."""
    for line in str(failure).splitlines():
        logger.critical("%s", line)


def _say_unknown(failure: Exception) -> int:
    """Name the kind and the place; the message itself may hold personal data or a token."""
    place = traceback.extract_tb(failure.__traceback__)[-1]
    where = f"{type(failure).__name__} at {Path(place.filename).name}:{place.lineno}"
    logger.debug("%s", _frames(failure.__traceback__))
    known = BookerError(f"The tap failed in a way that it does not know ({where}).")
    _say(known)
    return known.exit_code


def _frames(trace: TracebackType | None) -> str:
    """The places of a traceback without the values."""
    return "".join(traceback.format_tb(trace))


def _leave(code: int) -> NoReturn:
    """End the process without waiting for requests that are still under way."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    if threading.active_count() > 1:
        os._exit(code)
    with contextlib.suppress(OSError):
        # Python flushes once more at its end, and would complain about a closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
