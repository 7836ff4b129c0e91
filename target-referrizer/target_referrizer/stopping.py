"""Being asked to stop: Ctrl-C, an orchestrator's SIGTERM.

A signal comes between any two steps of the main thread, also within a lock, a write or a finaliser of
Python's own. So no handler here takes a lock or writes: it notes the signal, and leaves, or wakes a thread
that does the rest.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, NoReturn

from target_referrizer.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Callable
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
        self._asked: SimpleQueue[int] = SimpleQueue()  # putting into it is safe in a signal handler
        self._has_spoken: threading.Event | None = None

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

    def ask(self, signum: int) -> None:
        """Note a signal, from its handler."""
        self.signum = self.signum or signum
        self.set()
        self._asked.put(signum)

    def heed(self, say: Callable[[str], object], say_last: Callable[[str], object]) -> None:
        """From now on say that a stop was asked for, and end the process at a second Ctrl-C.

        A second SIGTERM asks for nothing new: systemd repeats it as soon as Meltano, its main process, is
        gone, and Meltano sends one after a person's Ctrl-C.

        Args:
            say: Gets what a person should know of it.
            say_last: Gets the last words of the process.
        """
        self._has_spoken = threading.Event()
        threading.Thread(target=self._heed, args=(say, say_last), name="stop", daemon=True).start()

    def _heed(self, say: Callable[[str], object], say_last: Callable[[str], object]) -> None:
        self._asked.get()
        say("stopping after the requests that are under way; a second Ctrl-C stops at once")
        if self._has_spoken is not None:
            self._has_spoken.set()
        while (signum := self._asked.get()) != signal.SIGINT:
            pass
        # As a kill would: what is under way is looked up or held by the next run.
        say_last(str(TargetError("RFZ-603", f"stopped at once by a second signal, {signum}")))
        os._exit(128 + signum)

    def hear_out(self) -> None:
        """Let what is to be said of a stop be said before the last words of the run."""
        if self.signum and self._has_spoken is not None:
            self._has_spoken.wait(1)

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

    def while_at(self, reached: str) -> LeaveNow:
        """The same, saying what was reached."""
        self.stopped = self.stopped.while_at(reached) if reached else self.stopped
        return self


_noted: list[int] = []


def leave(signum: int, _: FrameType | None = None) -> NoReturn:
    """Note the signal, and leave."""
    _noted.append(signum)
    raise LeaveNow(signum)


def asked_to_leave() -> LeaveNow | None:
    """The exit that a signal asked for, also where something else came of it on the way out.

    Python's locks and finalisers may turn an exit into another error, or swallow it.
    """
    return LeaveNow(_noted[0]) if _noted else None


def leave_when_asked() -> None:
    """Until somebody knows better what to finish, leave at once on Ctrl-C and SIGTERM."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, leave)
    sys.unraisablehook = _hush


def _hush(swallowed: sys.UnraisableHookArgs) -> None:
    """Show nothing of an exit that a finaliser swallowed: it comes again."""
    if not isinstance(swallowed.exc_value, LeaveNow):
        sys.__unraisablehook__(swallowed)
