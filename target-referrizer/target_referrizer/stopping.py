"""Being asked to stop: Ctrl-C, an orchestrator's SIGTERM."""

from __future__ import annotations

import threading

from target_referrizer.errors import TargetError


class Stop(threading.Event):
    """Set when somebody asks the run to stop; waiting on it is a sleep that ends then.

    Attributes:
        signum: The signal that asked.
    """

    signum = 0

    def check(self) -> None:
        """Raise Stopped once a stop was asked for."""
        if self.is_set():
            raise Stopped(self)


class Stopped(TargetError):  # noqa: N818 - asked for, not a mistake
    """The run stopped because it was asked to; the exit code is 128 + the signal."""

    def __init__(self, stop: Stop) -> None:
        super().__init__("RFZ-603", f"stopped by signal {stop.signum}")
        self.exit_code = 128 + stop.signum
