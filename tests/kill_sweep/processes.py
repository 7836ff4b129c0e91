"""The sweep's side of `child`: start a run in a process of its own, kill it, see how it ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 60


class Running:
    """A run that is under way."""

    def __init__(self, lines: Any, on_end: Callable[[], None]) -> None:
        self.pid = int(lines.readline())
        self.code: int | None = None
        self._lines, self._on_end = lines, on_end
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        self.code = int(self._lines.readline() or 0)
        self._on_end()

    def kill(self) -> None:
        """Kill it with no chance to do anything more; it must be alive."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, or minus the signal that ended it."""
        self._thread.join(PATIENCE)
        if self.code is None:
            self.kill()
            message = f"a run did not end within {PATIENCE} s"
            raise TimeoutError(message)
        return self.code


class Processes:
    """Where runs come from; one at a time."""

    def __enter__(self) -> Self:
        ours, theirs = socket.socketpair()
        with theirs:
            fd = theirs.fileno()
            command = [sys.executable, "-m", "tests.kill_sweep.child", str(fd)]
            quiet = subprocess.DEVNULL
            self._parent = subprocess.Popen(
                command, cwd=CHECKOUT, pass_fds=[fd], stdin=quiet, stdout=quiet, env=_environment()
            )
        with ours:
            self._lines = ours.makefile("rw")
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._parent.wait(PATIENCE)

    def start(self, order: dict[str, Any], on_end: Callable[[], None]) -> Running:
        """Start a run; `on_end` is called from another thread when it is over."""
        self._lines.write(json.dumps(order) + "\n")
        self._lines.flush()
        return Running(self._lines, on_end)


def _environment() -> dict[str, str]:
    """This process's, without what would lead requests elsewhere or change the settings."""
    foreign = ("_proxy", "target_referrizer_")
    return {key: value for key, value in os.environ.items() if not any(one in key.lower() for one in foreign)}
