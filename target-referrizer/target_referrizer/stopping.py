"""Being asked to stop: Ctrl-C, an orchestrator's SIGTERM."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, NoReturn

from target_referrizer.errors import TargetError

if TYPE_CHECKING:
    from types import FrameType


LOOK_SECONDS = 0.1
"""How long a sleeper may not notice that a stop was asked for."""


class Stop:
    """Set when somebody asks the run to stop; waiting on it is a sleep that ends then.

    A signal's handler sets it, in whatever the main thread is doing, also in a wait for this. So there is no
    lock in it, as an event has: the handler would wait for what it interrupted.

    Attributes:
        signum: The signal that asked.
    """

    def __init__(self) -> None:
        self.signum = 0
        self._is_set = False

    def set(self) -> None:
        """Ask everybody to stop."""
        self._is_set = True

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Sleep, unless and until a stop is asked for; tells whether it was."""
        until = time.monotonic() + seconds
        while not self._is_set and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_SECONDS))
        return self._is_set

    def check(self) -> None:
        """Raise Stopped once a stop was asked for."""
        if self.is_set():
            raise Stopped(self.signum)


class Stopped(TargetError):  # noqa: N818 - asked for, not a mistake
    """The run stopped because it was asked to; the exit code is 128 + the signal."""

    def __init__(self, signum: int) -> None:
        super().__init__("RFZ-603", f"stopped by signal {signum}")
        self.signum = signum
        self.exit_code = 128 + signum

    def while_at(self, reached: str) -> Stopped:
        """The same, saying what was reached."""
        told = Stopped(self.signum)
        told.what = f"{self.what} while {reached}"
        return told


class LeaveNow(SystemExit):
    """A stop where nothing is under way that should be finished; no `except Exception` holds it up."""

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)
        self.stopped = Stopped(signum)

    @classmethod
    def behind(cls, error: BaseException) -> LeaveNow | None:
        """The stop that another error came of, or None.

        A signal arrives between any two steps, also while a lock is being taken or a connection put back.
        What tidies up may then fail by itself, and its error stands in front.
        """
        seen: BaseException | None = error
        while seen is not None and not isinstance(seen, cls):
            seen = seen.__context__
        return seen


def leave_when_asked() -> None:
    """Until somebody knows better what to finish, leave at once on Ctrl-C and SIGTERM."""

    def leave(signum: int, _: FrameType | None) -> NoReturn:
        raise LeaveNow(signum)

    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, leave)
