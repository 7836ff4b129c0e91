"""Being asked to stop: Ctrl-C, an orchestrator's SIGTERM."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, NoReturn

from target_referrizer.errors import TargetError

if TYPE_CHECKING:
    from types import FrameType


class Stop(threading.Event):
    """Set when somebody asks the run to stop; waiting on it is a sleep that ends then.

    Attributes:
        signum: The signal that asked.
    """

    signum = 0

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


def leave_when_asked() -> None:
    """Until somebody knows better what to finish, leave at once on Ctrl-C and SIGTERM."""

    def leave(signum: int, _: FrameType | None) -> NoReturn:
        raise LeaveNow(signum)

    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, leave)
