"""Being asked to stop: Ctrl-C, an orchestrator's SIGTERM.

A signal comes between any two steps of the main thread, also within a lock, a write or a finaliser of
Python's own. So its handler takes no lock and writes nothing: it notes the signal and leaves. Where the way
out breaks (locks and finalisers may turn an exit into another error, or swallow it), the note still says how
the run ended.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


class Stop:
    """Whether this process was asked to stop.

    Attributes:
        signum: The signal that asked first, 0 when none did.
        is_over: Whether the work has ended, in whatever way: then a signal changes nothing any more, and what
            must not be cut short, such as the answer about a refresh token, is not.
        where: How far the work was, for the message.
    """

    def __init__(self) -> None:
        self.signum = 0
        self.is_over = False
        self.where = ""

    def ask(self, signum: int, frame: FrameType | None = None) -> None:
        """Handle a signal."""
        del frame
        if not self.is_over:
            self.signum = self.signum or signum
            self.check()

    def check(self) -> None:
        """Leave with 128 + n when it was asked for; again, where the first exit was swallowed."""
        if self.signum:
            raise SystemExit(128 + self.signum)

    def finding(self) -> str:
        """What to say of it."""
        where = f" while {self.where}" if self.where else ""
        return (
            f"Stopped by signal {self.signum}{where}. What was read to its end has its bookmark; "
            "the next run goes on from there."
        )


STOP = Stop()
"""A process has one, as it has one set of signal handlers."""


def leave_when_asked() -> None:
    """Leave on Ctrl-C and SIGTERM from now on."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, STOP.ask)
    sys.unraisablehook = _hush


def _hush(swallowed: sys.UnraisableHookArgs) -> None:
    """Show nothing of an exit that a finaliser swallowed: it comes again."""
    if not (STOP.signum and isinstance(swallowed.exc_value, SystemExit)):
        sys.__unraisablehook__(swallowed)
