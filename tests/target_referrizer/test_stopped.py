"""Ctrl-C and SIGTERM, once and twice, wherever a run is; and a reader of the state that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.processes import (
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

from target_referrizer.stopping import Stop

if TYPE_CHECKING:
    from tests.target_referrizer.processes import Ended
    from tests.target_referrizer.salon import Salon

NUMBER = 12
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
    started: list[int] = []

    def ask() -> None:
        for name in names:
            os.kill(started[0], getattr(signal, name))

    at_request(salon, method, path, nth, ask)
    with running(salon, everything(salon)) as process:
        started.append(process.pid)
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
def test_a_second_signal_stops_at_once(
    open_salon: Salon, method: str, path: str, nth: int, in_doubt: int
) -> None:
    ended = stopped_at(open_salon, method, path, nth, "SIGINT", "SIGTERM")
    check_end(ended, 143, "RFZ-603")
    assert "stopped at once by a second signal" in ended.last
    check_recovery(open_salon, NUMBER, NUMBER, may_hold=in_doubt)


def test_a_signal_that_comes_after_the_last_request_changes_nothing(open_salon: Salon) -> None:
    ended = ran(open_salon, everything(open_salon), mishap("SIGTERM", "UPDATE run SET finished_at"))
    assert (ended.code, ended.out != "") == (0, True)


def test_the_command_is_stopped_while_it_reads_the_index(open_salon: Salon) -> None:
    open_salon.box.faults.add("401", vendor="referrizer")
    assert ran(open_salon, everything(open_salon)).code == 2  # staged, and nobody looked up yet
    open_salon.box.faults.clear()
    started: list[int] = []
    at_request(open_salon, "GET", "contacts", 1, lambda: os.kill(started[0], signal.SIGINT))
    command = [str(PROGRAMS / "referrizer-ledger"), "--config", str(settings_file(open_salon)), "plan"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        started.append(process.pid)
        check_end(end_of(process), 130, "RFZ-603")


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
        running(open_salon, everything(open_salon), stdout=full) as process,
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
