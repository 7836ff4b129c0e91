"""Ctrl-C and SIGTERM, once and twice, wherever a run is; and a reader of the state that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.processes import (
    PATIENCE,
    PROGRAMS,
    at_request,
    check_end,
    check_recovery,
    end_of,
    last_exit_code,
    lines,
    mishap,
    people,
    ran,
    running,
    settings_file,
)
from tests.target_referrizer.salon import check_in

from target_referrizer.ledger import Ledger, tables
from target_referrizer.stopping import Stop

if TYPE_CHECKING:
    from tests.target_referrizer.processes import Ended
    from tests.target_referrizer.salon import Salon

NUMBER = 12
A_MOMENT = 0.3  # seconds; signals that come together are one, or come in the order of their numbers
SIGNALS = pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
CODES = {"SIGINT": 130, "SIGTERM": 143}


@pytest.fixture
def open_salon(salon: Salon) -> Salon:
    """A salon whose Referrizer would take everything twice, and knows somebody already."""
    salon.box.referrizer.switches.unique_by = "none"
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.settings |= {"concurrent_requests": 2}
    salon.owner_adds(firstName="Ada0", lastName="Byron", email="ada0@example.com")
    return salon


def everything(salon: Salon) -> str:
    """So many people, each with a visit."""
    return lines(people(NUMBER), [check_in(key, key, salon.now) for key in range(NUMBER)])


def stopped_at(salon: Salon, method: str, path: str, nth: int, *names: str) -> Ended:
    """A run that gets these signals while a request of it is under way."""
    started: SimpleQueue[int] = SimpleQueue()

    def ask() -> None:
        pid = started.get(timeout=PATIENCE)
        for name in names:
            os.kill(pid, getattr(signal, name))
            threading.Event().wait(A_MOMENT if len(names) > 1 else 0)

    at_request(salon, method, path, nth, ask)
    with running(salon, everything(salon)) as process:
        started.put(process.pid)
        return end_of(process)


@SIGNALS
def test_stopped_while_it_stages(open_salon: Salon, name: str) -> None:
    text = everything(open_salon)
    ended = ran(open_salon, text, mishap(name, "INSERT INTO contact"))
    check_end(ended, CODES[name], "RFZ-603")
    assert last_exit_code(open_salon) == CODES[name]
    assert (len(open_salon.shown()), open_salon.visits()) == (1, [])
    check_recovery(open_salon, NUMBER, NUMBER, again=text)


@SIGNALS
@pytest.mark.parametrize(
    ("method", "path", "nth"),
    [("GET", "contacts", 1), ("POST", "contacts", 4), ("POST", "visits", 4)],
    ids=["indexing", "creating", "posting"],
)
def test_stopped_while_it_delivers(open_salon: Salon, name: str, method: str, path: str, nth: int) -> None:
    ended = stopped_at(open_salon, method, path, nth, name)
    check_end(ended, CODES[name], "RFZ-603")
    assert last_exit_code(open_salon) == CODES[name]
    assert len(open_salon.visits()) < NUMBER
    check_recovery(open_salon, NUMBER, NUMBER)


@pytest.mark.parametrize(
    ("method", "path", "nth", "in_doubt"),
    [("GET", "contacts", 1, 0), ("POST", "contacts", 4, 0), ("POST", "visits", 4, 2)],
    ids=["indexing", "creating", "posting"],
)
def test_a_second_ctrl_c_stops_at_once(
    open_salon: Salon, method: str, path: str, nth: int, in_doubt: int
) -> None:
    ended = stopped_at(open_salon, method, path, nth, "SIGINT", "SIGINT")
    assert "stopped at once by a second signal, 2." in ended.last, ended.err
    check_end(ended, 130, "RFZ-603")
    check_recovery(open_salon, NUMBER, NUMBER, may_hold=in_doubt)


@SIGNALS
def test_sigterm_after_it_changes_nothing(open_salon: Salon, name: str) -> None:
    ended = stopped_at(open_salon, "POST", "visits", 4, name, "SIGTERM")
    check_end(ended, CODES[name], "RFZ-603")
    assert "second signal" not in ended.last
    check_recovery(open_salon, NUMBER, NUMBER, may_hold=0)


def test_a_signal_that_comes_after_the_last_request_changes_nothing(open_salon: Salon) -> None:
    ended = ran(open_salon, everything(open_salon), mishap("SIGTERM", "UPDATE run SET finished_at"))
    assert (ended.code, ended.out != "") == (0, True)


def test_the_command_is_stopped_while_it_reads_the_index(open_salon: Salon) -> None:
    open_salon.box.faults.add("401", vendor="referrizer")
    assert ran(open_salon, everything(open_salon)).code == 2  # staged, and nobody looked up yet
    open_salon.box.faults.clear()
    check_end(interrupted(open_salon, "contacts", "plan"), 130, "RFZ-603")


def interrupted(salon: Salon, path: str, command: str) -> Ended:
    """A command that gets a Ctrl-C while its first request of this kind is under way."""
    started: SimpleQueue[int] = SimpleQueue()
    at_request(salon, "GET", path, 1, lambda: os.kill(started.get(timeout=PATIENCE), signal.SIGINT))
    typed = [str(PROGRAMS / "referrizer-ledger"), "--config", str(settings_file(salon)), command]
    with subprocess.Popen(typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        started.put(process.pid)
        return end_of(process)


def test_the_command_is_stopped_while_it_reads_contacts_back(open_salon: Salon) -> None:
    open_salon.run(people(NUMBER))
    check_end(interrupted(open_salon, "contacts/[0-9a-f]", "verify"), 130, "RFZ-603")
    with closing(Ledger(open_salon.config()["ledger_url"])) as ledger:
        ends = ledger.rows(sa.select(tables.run.c.command, tables.run.c.exit_code).order_by(tables.run.c.id))
    assert ends == [("run", 0), ("verify", 130)]


#: Signals at the worst of moments: within a lock of Python's own, in a finaliser, in a line of the log.
MOMENTS = {
    "lock": """
def strike(place):
    if place == "row":
        try:
            ask()
        except SystemExit:
            raise RuntimeError("cannot release un-acquired lock") from None
""",
    "finaliser": """
class Dying:
    def __del__(self):
        ask()
def strike(place):
    if place == "row":
        Dying()
""",
    "log": """
import io
class Raw(io.FileIO):
    def write(self, data):
        if b"singer_sdk.metrics" in bytes(data):
            ask()
        return super().write(data)
sys.stderr = io.TextIOWrapper(io.BufferedWriter(Raw(2, "w", closefd=False)), line_buffering=True)
def strike(place):
    pass
""",
}
STRUCK = """
import os, signal, sys
asked = []
def ask():
    if not asked:
        asked.append(True)
        os.kill(os.getpid(), signal.SIGINT)
{}
from target_referrizer import records
from target_referrizer.start import target
before = records.ContactRecords.row
def row(self, record):
    strike("row")
    return before(self, record)
records.ContactRecords.row = row
target()
"""


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_ends_the_run_with_its_number_wherever_it_strikes(open_salon: Salon, moment: str) -> None:
    text = everything(open_salon)
    ended = ran(open_salon, text, [sys.executable, "-c", STRUCK.format(MOMENTS[moment])])
    check_end(ended, 130, "RFZ-603")
    assert "stopped by signal 2" in ended.last
    assert last_exit_code(open_salon) == 130
    check_recovery(open_salon, NUMBER, NUMBER, again=text)


@pytest.mark.parametrize("name", ["target", "ledger"])
def test_a_signal_while_everything_is_loaded_ends_it_quietly(name: str) -> None:
    program = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, module, *rest):\n"
        "        if module == 'click': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        f"from target_referrizer.start import {name}\n"
        f"{name}()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr, ended.stdout) == (130, "", "")


def test_whoever_stops_it_while_it_stages_is_told_what_was_reached(open_salon: Salon) -> None:
    ended = ran(open_salon, everything(open_salon), mishap("SIGINT", "INSERT INTO contact"))
    assert "stopped by signal 2 while staging" in ended.last
    assert "the next run goes on where this one stopped" in ended.last


# The state, and who takes it


def test_nobody_takes_the_state(open_salon: Salon) -> None:
    text = everything(open_salon)
    reader, writer = os.pipe()
    os.close(reader)
    with running(open_salon, text, stdout=writer) as process:
        os.close(writer)
        ended = end_of(process)
    check_end(ended, 1, "RFZ-604")
    assert last_exit_code(open_salon) == 1
    check_recovery(open_salon, NUMBER, NUMBER, again=text)


def test_there_is_no_room_for_the_state(open_salon: Salon) -> None:
    with (
        Path("/dev/full").open("w") as full,
        running(open_salon, everything(open_salon), stdout=full.fileno()) as process,
    ):
        ended = end_of(process)
    check_end(ended, 1, "RFZ-604")
    assert "No space left on device" in ended.last


TORN = """
import os, signal
from target_referrizer.failing import run_cli

class Torn:
    def main(self, **_):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            raise RuntimeError("release unlocked lock")

run_cli(Torn(), "torn")
"""
"""A command whose tidying up fails because a signal tore it: its error stands in front of the signal's."""


def test_what_a_signal_tore_does_not_hide_the_signal() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TORN], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "RFZ-603 stopped by signal 15" in done.stderr) == (143, True), done.stderr
    assert "RFZ-902" not in done.stderr


def test_a_stop_may_be_asked_for_in_the_middle_of_a_wait_for_it() -> None:
    stop = Stop()
    lines_done = 0

    def ask(_frame: object, event: str, _arg: object) -> Any:
        nonlocal lines_done
        if event == "line":
            lines_done += 1
            stop.set()  # as a handler would, between each two lines
        return ask

    sys.settrace(ask)
    try:
        told = stop.wait(600)
    finally:
        sys.settrace(None)
    assert told
    assert lines_done > 2
