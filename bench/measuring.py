"""Running a command and what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
QUOTED = 2000
"""So many bytes of what a failed command said are shown."""


class FailedError(Exception):
    """A command of a benchmark did not do its work."""


@dataclass(frozen=True)
class Cost:
    """What a process cost.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of processor time.
        rss: Largest resident memory, in MB.
        calls: Calls that the stub got meanwhile, by kind.
    """

    wall: float
    cpu: float
    rss: float
    calls: dict[str, int]


def cache() -> Path:
    """Where everything that a benchmark makes lies."""
    folder = ROOT / ".cache" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Stub:
    """A running stand-in of both vendors."""

    def __init__(self, url: str) -> None:
        self.url = url

    def calls(self) -> dict[str, int]:
        """The calls since this was asked last, by kind."""
        found: dict[str, int] = requests.get(f"{self.url}/calls", timeout=60).json()
        return found


@contextmanager
def stub(*, latency: float = 0.0, customers: int = 0, contacts: int = 0) -> Iterator[Stub]:
    """A stand-in that answers after so many seconds."""
    line = [sys.executable, "-m", "bench.stub", "--latency", str(latency)]
    line += ["--customers", str(customers), "--contacts", str(contacts)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield Stub(next(iter(process.stdout or ())).strip())
        finally:
            process.terminate()


def cost_of(
    command: Sequence[str], *, stdin: Path | None = None, stdout: Path | None = None, by: Stub | None = None
) -> Cost:
    """Run a command to its end.

    Args:
        command: The program and its arguments.
        stdin: The file it reads, else nothing.
        stdout: The file it writes, else nowhere.
        by: The stub whose calls are counted.

    Raises:
        FailedError: It did not end with 0; what it said last is quoted.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "TARGET_"))}
    environment = {**kept, "PYTHONPATH": str(ROOT), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    nowhere = Path(os.devnull)
    if by:
        by.calls()
    with (
        (stdin or nowhere).open("rb") as source,
        (stdout or nowhere).open("wb") as sink,
        (cache() / "stderr.log").open("w+b") as log,
    ):
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=source, stdout=sink, stderr=log, env=environment, cwd=cache()
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            said = log.read()[-QUOTED:].decode(errors="replace")
            raise FailedError(f"{json.dumps(command)} ended with {process.returncode}:\n{said}")
    unit = 1 if sys.platform == "darwin" else 1024
    calls = by.calls() if by else {}
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6, calls)
