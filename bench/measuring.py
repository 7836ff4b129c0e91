"""Running commands and what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
QUOTED = 2000
"""So many bytes of what a failed command said are shown."""
UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts memory."""


class FailedError(Exception):
    """A command of a benchmark did not do its work."""


@dataclass(frozen=True)
class Cost:
    """What one command, or several in a pipe, cost.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of processor time, of all commands together.
        rss: Largest resident memory of any of them, in MB.
        calls: Calls that the stub got meanwhile, by kind.
        stub_cpu: Seconds of processor time that these calls took in the stub.
        arrivals: When each call came, but those for the list of contacts, on the stub's clock.
    """

    wall: float
    cpu: float
    rss: float
    calls: dict[str, int] = field(default_factory=dict)
    stub_cpu: float = 0.0
    arrivals: Sequence[float] = ()


def cache() -> Path:
    """Where everything that a benchmark makes lies; two at a time need two places."""
    folder = Path(os.environ.get("BENCH_CACHE", ROOT / ".cache" / "bench"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Stub:
    """A running stand-in of both vendors."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, what: str, **query: Any) -> Any:
        """Ask the stub something that no vendor is asked."""
        answer = requests.get(f"{self.url}/bench/{what}", params=query, timeout=60)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def stub(
    *, latency: float = 0.0, customers: int = 0, check_ins: int = 0, book: Path | None = None
) -> Iterator[Stub]:
    """A stand-in that answers after so many seconds."""
    line = [sys.executable, "-m", "bench.stub", "--latency", str(latency)]
    line += ["--customers", str(customers), "--check-ins", str(check_ins)]
    line += ["--book", str(book)] if book else []
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield Stub(next(iter(process.stdout or ())).strip())
        finally:
            process.terminate()


def cost_of(
    *commands: Sequence[str],
    stdin: Path | None = None,
    stdout: Path | None = None,
    by: Stub | None = None,
    ends: Sequence[int] = (0,),
) -> Cost:
    """Run commands, each reading what the one before writes, to the end of all.

    Args:
        commands: Programs and their arguments.
        stdin: The file that the first one reads, else nothing.
        stdout: The file that the last one writes, else nowhere.
        by: The stub whose calls are counted.
        ends: Exit codes that are as it should be.

    Raises:
        FailedError: One ended with another code; what it said last is quoted.
    """
    nowhere = Path(os.devnull)
    if by:
        by.ask("calls")
    with ExitStack() as open_files:
        source: IO[Any] = open_files.enter_context((stdin or nowhere).open("rb"))
        sink = open_files.enter_context((stdout or nowhere).open("wb"))
        logs = [
            open_files.enter_context((cache() / f"stderr-{no}.log").open("w+b"))
            for no, _ in enumerate(commands)
        ]
        for process in _started(commands, source, sink, logs):
            process.wait()
        ended = [_End.read(no) for no, _ in enumerate(commands)]
        failures = [
            _failure(end, command, log)
            for end, command, log in zip(ended, commands, logs, strict=True)
            if end.code not in ends
        ]
    if failures:
        raise FailedError("\n".join(failures))
    seen: dict[str, Any] = by.ask("calls") if by else {"calls": {}, "cpu": 0.0}
    arrivals = by.ask("arrivals") if by else ()
    wall, cpu = max(end.wall for end in ended), sum(end.cpu for end in ended)
    rss = max(end.rss for end in ended)
    return Cost(wall, cpu, rss, seen["calls"], seen["cpu"], arrivals)


class _End(NamedTuple):
    """How a command ended: see `bench.launch`; memory in MB."""

    wall: float
    cpu: float
    rss: float
    code: int

    @classmethod
    def read(cls, no: int) -> _End:
        """What was written down of the command at this place of the pipe."""
        wall, cpu, rss, code = _used(no).read_text().split()
        return cls(float(wall), float(cpu), int(rss) * UNIT / 1e6, int(code))


def _used(no: int) -> Path:
    return cache() / f"used-{no}.txt"


def _environment() -> dict[str, str]:
    """The caller's, without settings of the plugins; byte code is kept, as everybody has it."""
    ours = ("TAP_", "TARGET_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), "RUNTIME__DLTHUB_TELEMETRY": "false"}


def _started(
    commands: Sequence[Sequence[str]], source: IO[Any], sink: IO[Any], logs: Sequence[IO[Any]]
) -> list[subprocess.Popen[bytes]]:
    processes: list[subprocess.Popen[bytes]] = []
    for no, command in enumerate(commands):
        stdin = processes[-1].stdout if processes else source
        stdout = subprocess.PIPE if no < len(commands) - 1 else sink
        _used(no).unlink(missing_ok=True)
        line = [sys.executable, "-I", "-S", str(ROOT / "bench" / "launch.py"), str(_used(no)), *command]
        one = subprocess.Popen(
            line, stdin=stdin, stdout=stdout, stderr=logs[no], env=_environment(), cwd=cache()
        )
        if processes and processes[-1].stdout:  # only the reader holds it, so that it ends with the writer
            processes[-1].stdout.close()
        processes.append(one)
    return processes


def _failure(end: _End, command: Sequence[str], log: IO[Any]) -> str:
    """What a command said last that did not end as it should."""
    log.seek(0)
    said = log.read()[-QUOTED:].decode(errors="replace")
    return f"{json.dumps(list(command))} ended with {end.code}:\n{said}"
