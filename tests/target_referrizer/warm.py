"""Programs of the target in processes of their own, forked from one that has loaded it already.

A start from nothing takes a second of a processor, nearly all of it for loading, and there are hundreds. Only
the loading is left out here: test_start.py, test_stopped.py, test_command.py and tests/pipeline have that.

`python -m tests.target_referrizer.warm FD` is that one process; it forks for each order by the socket FD.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, NoReturn, Self

from tests.target_referrizer.unsynced import wait_for_no_disk

import target_referrizer
from target_referrizer import start

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).parents[2]
ORDER_BYTES, NUMBER_BYTES = 150_000, 20
COMMANDS = {"target-referrizer": start.target, "referrizer-ledger": start.ledger}


class Warm:
    """A program that has been started, as `subprocess.Popen` shows one that has pipes for all it says.

    Attributes:
        pid: Its process.
        returncode: Its exit code, or minus the signal that ended it; None until somebody waited for it.
    """

    def __init__(
        self,
        command: list[str],
        *,
        stdin: int,
        stdout: int = subprocess.PIPE,
        env: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        self.args = command
        self.returncode: int | None = None
        self._said = {"out": "", "err": ""}
        self._readers: list[threading.Thread] = []
        ours = [self._kept("err")]
        if stdout == subprocess.PIPE:
            ours.append(self._kept("out"))
            stdout = ours[-1]
        self._news, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            order = {"command": command, "env": dict(env), "folder": str(folder or Path.cwd())}
            streams = [stdin, stdout, ours[0], theirs.fileno()]
            socket.send_fds(parent(), [json.dumps(order).encode()], streams)
        for end in ours:
            os.close(end)
        self.pid = int(self._news.recv(NUMBER_BYTES))

    def _kept(self, name: str) -> int:
        """Where to write what is to be kept by this name."""
        reading, writing = os.pipe()

        def keep() -> None:
            with os.fdopen(reading) as pipe:
                self._said[name] = pipe.read()

        self._readers.append(threading.Thread(target=keep, daemon=True))
        self._readers[-1].start()
        return writing

    def communicate(self, timeout: float) -> tuple[str, str]:
        """All that it said, once it has ended."""
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout)
        self.returncode = int(self._news.recv(NUMBER_BYTES))
        for reader in self._readers:
            reader.join(timeout)
        return self._said["out"], self._said["err"]

    def _has_ended(self, timeout: float) -> bool:
        return bool(select.select([self._news], [], [], timeout)[0])

    def kill(self) -> None:
        """End it at once, unless it has ended."""
        if self.returncode is None and not self._has_ended(0):
            os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._news.close()


def run(
    command: list[str],
    *,
    stdin: int,
    env: Mapping[str, str],
    folder: Path | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """A program from its start to its end, as `subprocess.run` shows it."""
    with Warm(command, stdin=stdin, env=env, folder=folder) as process:
        try:
            out, err = process.communicate(timeout)
        finally:
            process.kill()
    assert process.returncode is not None
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@cache
def parent() -> socket.socket:
    """The way to the process that has everything loaded; it ends with this one."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            command, cwd=CHECKOUT, pass_fds=[theirs.fileno()], stdin=quiet, stdout=quiet
        )
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def serve(orders: socket.socket) -> None:
    """Fork for each order until nobody can give one any more."""
    load()
    while is_ordered(orders):
        text, (*streams, news), _, _ = socket.recv_fds(orders, ORDER_BYTES, 4)
        if os.fork() == 0:
            orders.close()
            look_after(json.loads(text), streams, socket.socket(fileno=news))
        for one in (*streams, news):
            os.close(one)


def is_ordered(orders: socket.socket) -> bool:
    """Wait for an order; False when none can come any more."""
    select.select([orders], [], [])
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:  # those who looked after earlier ones
            pass
    return bool(orders.recv(1, socket.MSG_PEEK))


def load() -> None:
    """Load everything that a run or a command could want."""
    wait_for_no_disk()
    for module in walk_packages(target_referrizer.__path__, f"{target_referrizer.__name__}."):
        import_module(module.name)
    for dialect in ("sqlite.pysqlite", "postgresql.psycopg"):
        import_module(f"sqlalchemy.dialects.{dialect}")
    gc.freeze()  # what is loaded stays; no process has to look through it again


def look_after(order: dict[str, Any], streams: list[int], news: socket.socket) -> None:
    """Start a program, and say its id and how it ended; in the program's own process, be it."""
    pid = os.fork()
    if pid == 0:
        news.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        be(order["command"], order["env"], order["folder"])
    for stream in streams:
        os.close(stream)
    with suppress(OSError):  # nobody asks any more
        news.send(str(pid).encode())
        news.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)


def be(command: list[str], env: dict[str, str], folder: str) -> NoReturn:
    """What a process that was started so would be."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    program, *arguments = command
    if program != sys.executable:
        sys.argv = command
        COMMANDS[Path(program).name]()
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(compile(arguments[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
    sys.exit()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
