"""Runs of the real command, each in a process of its own, that kill themselves where they are told to.

`python -m tests.kill_sweep.child FD` loads the command once and forks a process for each order that comes in
by the socket FD: a start from nothing would take a second each time. Only the fork changes anything in the
product, and only this: its waiting is written down and not slept, no disk is waited for, and one call may end
in a SIGKILL.
"""

from __future__ import annotations

import gc
import io
import json
import os
import select
import signal
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.kill_sweep import looking
from tests.kill_sweep.steps import Kind, Step
from tests.target_referrizer.unsynced import wait_for_no_disk
from urllib3.connection import HTTPConnection

from target_referrizer import target
from target_referrizer.clock import machine_clock
from target_referrizer.ledger import Ledger
from target_referrizer.outside import Outside, make_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa

    from target_referrizer.referrizer import Referrizer
    from target_referrizer.settings import Settings
    from target_referrizer.stopping import Stop


def serve(orders: socket.socket) -> None:
    """Fork a process for each line, say its id, and how it ended."""
    wait_for_no_disk()
    gc.freeze()  # what is loaded stays; no process of ours has to look through it again
    with orders, orders.makefile("rw") as lines:
        for line in lines:
            pid = os.fork()
            if pid == 0:
                become_target(json.loads(line))
            _say(lines, pid)
            _say(lines, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _say(lines: Any, number: int) -> None:
    lines.write(f"{number}\n")
    lines.flush()


def become_target(order: dict[str, Any]) -> None:
    """Be `target-referrizer --config FILE < INPUT`, with what the order adds; never returns."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        with Path(order[name]).open(mode) as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["target-referrizer", "--config", order["config"]]
    note = Note(Path(order["note"]))
    target.real_outside = note.outside  # type: ignore[attr-defined]
    if order["step"] is not None:
        doom(Step(order["step"]), Kind[order["kind"]], note)
    target.main()


class Note:
    """What the process leaves behind for the sweep: how long it would have waited, where it died."""

    def __init__(self, path: Path) -> None:
        self._path, self._waited = path, 0.0

    def add(self, word: str, value: float) -> None:
        with self._path.open("a") as file:
            file.write(f"{word} {value:g}\n")

    def outside(self, stop: Stop) -> Outside:
        return Outside(machine_clock, self._wait, self._client, stop)

    def _wait(self, seconds: float) -> None:
        self._waited += seconds
        self.add("waited", seconds)

    def _client(self, settings: Settings, stop: Stop) -> Referrizer:
        return make_client(settings, stop, clock=lambda: self._waited, wait=self._wait, rng=lambda: 0.5)


def die() -> None:
    """Die with no handler, no flush and no rollback."""
    os.kill(os.getpid(), signal.SIGKILL)


def doom(step: Step, kind: Kind, note: Note) -> None:
    """Arrange for this process's death; while the vendor holds a request, the sweep kills it from outside."""
    after_commit = {
        Step.STAGED: looking.staged,
        Step.INTENDED: looking.intents,
        Step.CONFIRMED: looking.outcomes,
    }
    if step in after_commit:
        _die_after_commit(lambda tx: after_commit[step](tx, kind, os.getpid()) > 0)
    elif step is Step.CONNECTED:
        _die_when_connected(kind, note)
    elif step is Step.ANSWERED:
        _die_when_answered(kind)
    elif step is Step.PRINTED:
        sys.stdout = Printed(sys.stdout.buffer)


def _die_after_commit(is_reached: Callable[[sa.Connection], bool]) -> None:
    """After the first commit that makes it true."""
    transaction = Ledger.transaction

    @contextmanager
    def dying(self: Ledger) -> Iterator[sa.Connection]:
        with transaction(self) as tx:
            yield tx
            reached = is_reached(tx)
        if reached:
            die()

    Ledger.transaction = dying  # type: ignore[method-assign]


def _die_when_connected(kind: Kind, note: Note) -> None:
    """With the write's connection open, and none of its bytes sent."""
    request = HTTPConnection.request

    def dying(self: HTTPConnection, method: str, url: str, *args: Any, **more: Any) -> None:
        if kind.fits(method, url):
            if self.sock is None:
                self.connect()
            note.add("connected", self.sock.getpeername()[1])
            die()
        request(self, method, url, *args, **more)

    HTTPConnection.request = dying  # type: ignore[method-assign]


def _die_when_answered(kind: Kind) -> None:
    """With the vendor's answer on this side of the wire, unread."""
    request, getresponse = HTTPConnection.request, HTTPConnection.getresponse

    def marking(self: HTTPConnection, method: str, url: str, *args: Any, **more: Any) -> None:
        self.__dict__["is_doomed"] = kind.fits(method, url)
        request(self, method, url, *args, **more)

    def dying(self: HTTPConnection) -> Any:
        if self.__dict__["is_doomed"]:
            select.select([self.sock], [], [])
            die()
        return getresponse(self)

    HTTPConnection.request = marking  # type: ignore[method-assign]
    HTTPConnection.getresponse = dying  # type: ignore[method-assign]


class Printed(io.TextIOWrapper):
    """Standard output of a process that dies once something of it has left."""

    _written = 0

    def write(self, text: str) -> int:
        self._written += len(text)
        return super().write(text)

    def flush(self) -> None:
        super().flush()
        if self._written:
            die()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
