"""Long work shows itself: a bar on a terminal, elsewhere a line every 15 seconds; short work does not."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from itertools import count
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import check_in, contact, singer

from target_referrizer.progress import Bar, Progress, on_stderr, span

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

PROGRAM = "from target_referrizer.target import main; main()"
PEOPLE = 30


class Told:
    """A progress whose clock moves by so many seconds at each look."""

    def __init__(self, step: float) -> None:
        self.lines: list[str] = []
        self._now, self._step = 0.0, step
        self.progress = Progress(self.lines.append, self._clock)

    def _clock(self) -> float:
        self._now += self._step
        return self._now


def test_short_work_says_nothing(salon: Salon) -> None:
    told = Told(0.01)
    salon.progress = told.progress
    salon.run([contact(key) for key in range(PEOPLE)])
    assert told.lines == []


def test_long_work_says_its_phases_with_numbers_rate_and_time_left(salon: Salon) -> None:
    told = Told(16)
    salon.progress = told.progress
    salon.owner_adds(firstName="Grace", email="grace@example.com")
    visits = [check_in(key, key, salon.now) for key in range(PEOPLE)]
    salon.run([contact(key) for key in range(PEOPLE)], visits)
    said = "\n".join(told.lines)
    assert re.search(
        r"^creating contacts: \d+ of 30, [\d.]+ per second, \d+ (s|min) left$", said, re.MULTILINE
    )
    assert re.search(r"^posting visits: \d+ of 30, ", said, re.MULTILINE)


def test_lines_come_no_closer_than_15_seconds() -> None:
    told = Told(4)
    for done in range(40):
        told.progress.at("posting visits", done, 100)
    assert len(told.lines) == 9
    assert told.lines[0] == "posting visits: 4 of 100, 0.2 per second, 6 min left"


def test_what_nobody_can_know_is_not_said() -> None:
    told = Told(16)
    told.progress.at("staging", 0)
    told.progress.at("staging", 32_000)
    assert told.lines == ["staging: 32,000, 2,000.0 per second"]


def test_what_stands_still_is_said_too_and_why() -> None:
    told = Told(8)
    told.progress.at("creating contacts", 0, 50)
    told.progress.at("creating contacts", 4, 50)
    for why in ("", "", "", "waiting 22 s as Referrizer asked"):
        told.progress.why = lambda why=why: why  # type: ignore[misc]
        told.progress.look()
    told.progress.look()
    assert told.lines == [
        "creating contacts: 4 of 50, 0.2 per second, 3 min left",
        "creating contacts: 4 of 50, 0.1 per second, 6 min left, nothing new for 24 s",
        "creating contacts: 4 of 50, 0.1 per second, 9 min left, waiting 22 s as Referrizer asked",
    ]


def test_a_phase_without_numbers_says_how_long_it_lasts() -> None:
    told = Told(16)
    told.progress.at("waiting for its turn on the ledger")
    told.progress.look()
    assert told.lines == ["waiting for its turn on the ledger, for 16 s"]


def test_nobody_has_to_tell_anything_for_a_line_to_come() -> None:
    lines: Queue[str] = Queue()
    hours = count(step=3600)
    progress = Progress(lines.put, lambda: next(hours))
    progress.at("matching contacts")
    progress.watch()
    try:
        assert lines.get(timeout=30).startswith("matching contacts, for ")
    finally:
        progress.over()


def test_a_long_pause_that_referrizer_asks_for_is_told_once(salon: Salon) -> None:
    salon.box.faults.add("429", vendor="referrizer", path="/contacts", nth=2, retry_after=30)
    outcome = salon.run([contact(key) for key in range(PEOPLE)])
    assert outcome.code == 0
    assert outcome.log.count("Referrizer asks for a pause of 30 s (HTTP 429)") == 1


def test_each_long_step_of_a_run_says_what_it_is(salon: Salon) -> None:
    seen: list[str] = []

    class Seen(Progress):
        def at(self, phase: str, done: int = 0, total: int = 0) -> None:
            super().at(phase, done, total)
            seen.append(phase)

    salon.progress = Seen()
    salon.run([contact(1)], [check_in(1, 1, salon.now)])
    assert list(dict.fromkeys(seen)) == [
        "waiting for its turn on the ledger", "working out last visits", "indexing", "matching contacts",
        "planning", "creating contacts", "updating contacts", "posting visits",
        "accounting",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "60 min"), (3600, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_a_length_of_time_reads_well(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_whoever_stops_a_run_is_told_what_was_reached(salon: Salon) -> None:
    salon.settings["concurrent_requests"] = 1
    created = salon.box.referrizer.contacts

    class StopsAtFive(Progress):
        def at(self, phase: str, done: int = 0, total: int = 0) -> None:
            super().at(phase, done, total)
            if len(created) == 5:
                salon.stop.signum = 2
                salon.stop.set()

    salon.progress = StopsAtFive()
    outcome = salon.run([contact(key) for key in range(PEOPLE)])
    assert outcome.code == 130
    assert re.search(
        r"RFZ-603 stopped by signal 2 while creating contacts: [56] of 30\. What to do", outcome.log
    )


# On a terminal


@pytest.fixture
def on_terminal(salon: Salon) -> Any:
    """The target with a terminal for its standard error; gives what was shown there."""
    settings = {"as_of": salon.now.isoformat(), **salon.config(requests_per_second=15)}
    file, lines = salon.folder / "settings.json", salon.folder / "input.jsonl"
    file.write_text(json.dumps(settings))
    lines.write_text("\n".join(singer("contacts", [contact(key) for key in range(PEOPLE)])))

    def run(columns: int, **env: str) -> str:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        terminal = {"TERM": "xterm", "COLUMNS": str(columns)}
        with lines.open() as stdin, subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "--config", str(file)],
            stdin=stdin, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, **terminal, **env},
        ) as running:  # fmt: skip
            os.close(theirs)
            shown = b"".join(iter(lambda: _read(ours), b""))
            assert running.wait(30) == 0
        os.close(ours)
        return shown.decode()

    return run


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal says that nobody is there any more
        return b""


def test_a_terminal_shows_a_bar_and_keeps_nothing_of_it(on_terminal: Any) -> None:
    shown = on_terminal(100)
    assert re.search(r"creating contacts: \d+ of 30, [\d.]+ per second", shown)
    assert "━" in shown
    assert "METRIC" not in shown  # those are for machines, which read no terminal
    last = shown.rsplit("\x1b[2K", 1)[1]  # the line of the bar was erased, and this stands there now
    assert last.startswith("contacts read ")
    assert '{"source": "booker"' in last


def test_a_narrow_terminal_without_colours_shows_the_numbers_alone(on_terminal: Any) -> None:
    shown = on_terminal(50, NO_COLOR="1")
    assert re.search(r"creating contacts: \d+ of 30", shown)
    assert "━" not in shown
    assert not re.search(r"\x1b\[\d+(;\d+)*m", shown)


def test_a_terminal_that_cannot_draw_a_line_anew_gets_none(on_terminal: Any) -> None:
    shown = on_terminal(80, TERM="dumb")
    assert "\x1b" not in shown
    assert "━" not in shown
    assert "contacts read " in shown


def test_a_log_shows_no_bar(salon: Salon) -> None:
    file = salon.folder / "settings.json"
    file.write_text(json.dumps({"as_of": salon.now.isoformat(), **salon.config()}))
    text = "\n".join(singer("contacts", [contact(1)]))
    command = [sys.executable, "-c", PROGRAM, "--config", str(file)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stderr
    assert "━" not in done.stderr


@pytest.mark.parametrize("columns", [40, 60])
def test_a_narrow_terminal_shows_all_numbers_on_lines_that_fit(on_terminal: Any, columns: int) -> None:
    shown = on_terminal(columns)
    lines = [re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", line) for line in re.split(r"[\r\n]+", shown)]
    bars = [line for line in lines if line.startswith("creating contacts: ")]
    assert max(map(len, bars)) <= columns
    assert re.search(r"[\d.]+ per second, \d+ (s|min) left", " ".join(" ".join(lines).split()))


def test_a_terminal_that_can_only_add_lines_gets_no_bar(on_terminal: Any) -> None:
    shown = on_terminal(100, TERM="dumb")
    assert "\x1b" not in shown
    assert "━" not in shown


@pytest.mark.parametrize(("kind", "has_bar"), [("xterm", True), ("dumb", False), ("unknown", False)])
def test_where_nothing_can_move_progress_is_told_in_lines(
    kind: str, *, has_bar: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert isinstance(on_stderr(), Bar) == has_bar
