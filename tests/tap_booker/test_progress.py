"""Long reading shows itself: a moving line on a terminal, elsewhere a line every 15 seconds."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.tap_booker.conftest import settings_for

from sandbox import Sandbox
from tap_booker.progress import Bar, Progress, on_stderr
from tap_booker.report import Report, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "from tap_booker.tap import main; main()"


class Told:
    """A progress whose clock moves by so many seconds at each look."""

    def __init__(self, step: float) -> None:
        self.lines: list[str] = []
        self._now, self._step = 0.0, step
        self.progress = Progress(self.lines.append, self._clock)

    def _clock(self) -> float:
        self._now += self._step
        return self._now


def test_a_line_comes_every_15_seconds_and_says_what_is_read_and_how_fast() -> None:
    told = Told(8)
    tally = Report(told.progress).tally("contacts", 3749)
    for _ in range(5):
        tally.rows += 100
        tally.add(pages=1)
    assert told.lines == [
        "reading contacts of 3749: 3 pages, 300 rows, 0.2 pages per second",
        "reading contacts of 3749: 5 pages, 500 rows, 0.2 pages per second",
    ]


def test_calls_without_a_page_are_no_progress() -> None:
    told = Told(99)
    tally = Report(told.progress).tally("contacts", 3749)
    tally.add(calls=1)
    tally.add(skipped=1)
    assert told.lines == []


def test_each_stream_of_a_location_begins_anew() -> None:
    told = Told(10)
    report = Report(told.progress)
    for tally in (report.tally("contacts", 1), report.tally("check_ins", 1), report.tally("contacts", 2)):
        tally.add(pages=1)
    assert told.lines == []


def test_a_page_that_does_not_come_is_said_too() -> None:
    told = Told(8)
    tally = Report(told.progress).tally("contacts", 3749)
    tally.begin()
    told.progress.look()
    told.progress.look()
    assert told.lines == ["reading contacts of 3749: 0 pages, 0 rows, nothing new for 16 s"]


def test_the_time_left_is_said_where_booker_counts_or_the_history_is_cut() -> None:
    told = Told(20)
    tally = Report(told.progress).tally("contacts", 3749)
    tally.begin()
    tally.used(4)
    tally.add(pages=1)
    assert told.lines == ["reading contacts of 3749: 1 pages, 0 rows, 0.1 pages per second, 1 min left"]
    other = Report(told.progress).tally("check_ins", 3749)
    other.begin()
    other.part(0.5, 0.75)
    other.add(pages=1)
    other.part(0.75, 1)
    other.add(pages=1)
    assert [line.rsplit(", ", 1)[1] for line in told.lines[1:]] == ["20 s left", "13 s left"]


def test_a_log_line_of_the_tap_takes_the_place_of_the_targets_bar(settings: Path) -> None:
    shown = read(settings, subprocess.PIPE)
    for word in ("Beginning sync", "summary {", "stream "):
        lines = [line for line in shown.split("\r\n") if word in line and "Skipping" not in line]
        assert lines
        assert all(line.startswith("\r\x1b[2K") for line in lines), lines
    assert "\x1b" not in read(settings, subprocess.PIPE, TERM="dumb")


def test_a_summary_says_how_the_run_ended_and_how_long_it_took() -> None:
    found = json.loads(Report(Progress()).line(130, 12.345))
    assert (found["exit_code"], found["duration_seconds"], found["calls"]) == (130, 12.3, 0)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Path]:
    """The settings of a tap that reads a small salon."""
    with Sandbox(contacts=30) as box:
        file = tmp_path / "tap.json"
        file.write_text(json.dumps(settings_for(box, page_size=5)))
        yield file


def read(settings: Path, stdout: Any, **env: str) -> str:
    """Run the tap with a terminal for its standard error; gives what was shown there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--config", str(settings)],
        stdout=stdout, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "120", **env},
    ) as running:  # fmt: skip
        os.close(theirs)
        if running.stdout:
            running.stdout.read()
        shown = b"".join(iter(lambda: _read(ours), b""))
        assert running.wait(60) == 0
    os.close(ours)
    return shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a terminal says that nobody is there any more
        return b""


def test_a_terminal_shows_a_moving_line(settings: Path, tmp_path: Path) -> None:
    with (tmp_path / "out.jsonl").open("w") as file:
        shown = read(settings, file)
    assert re.search(r"reading contacts of 3749: \d+ pages, \d+ rows", shown)
    assert "METRIC" not in shown  # a line for each request would hide the one that moves
    assert "calls made in all" in shown.rsplit("\x1b[2K", 1)[1]  # the line was erased before the table came


def test_a_tap_that_feeds_a_target_leaves_the_terminal_to_it(settings: Path) -> None:
    assert "reading contacts" not in read(settings, subprocess.PIPE)


def test_a_terminal_that_can_only_add_lines_gets_no_moving_one(settings: Path, tmp_path: Path) -> None:
    with (tmp_path / "out.jsonl").open("w") as file:
        shown = read(settings, file, TERM="dumb")
    assert "\x1b" not in shown
    assert "calls made in all" in shown


@pytest.mark.parametrize(("kind", "moves"), [("xterm", True), ("dumb", False)])
def test_where_nothing_can_move_progress_is_told_in_lines(
    kind: str, *, moves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with (tmp_path / "out.jsonl").open("w") as file:
        monkeypatch.setattr("sys.stdout", file)
        assert isinstance(on_stderr(), Bar) == moves


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_the_report_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    report = Report(Progress())
    for stream in ("contacts", "check_ins"):
        report.tally(stream, 3749).add(pages=12, calls=13)
    lines = report.table().splitlines()
    assert max(map(len, lines)) <= columns
    assert all("3749" in line and "12" in line for line in lines if "contacts" in line or "check_ins" in line)
    assert lines[-1] == "calls made in all: 26"


def test_table_and_json_line_agree_though_a_page_comes_late(
    run_tap: Any, fake: Any, customer: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tap-booker")
    fake.customers = [customer(1)]
    opened: list[Tally] = []
    lines: list[str] = []

    def note(report: Report, stream: str, location: int) -> Tally:
        opened.append(open_tally(report, stream, location))
        return opened[-1]

    class Late(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if (said := record.getMessage()).startswith("summary "):
                lines.append(said.removeprefix("summary "))
                for one in opened:  # as a worker does whose page was asked for in advance
                    one.add(pages=1, calls=1)

    open_tally = Report.tally
    monkeypatch.setattr(Report, "tally", note)
    logger, late = logging.getLogger("tap-booker"), Late()
    logger.addHandler(late)
    try:
        table = run_tap(fake.settings()).stderr
    finally:
        logger.removeHandler(late)
    found = json.loads(lines[0])
    assert f"calls made in all: {found['calls']}\n" in table
    rows = {words[0]: words[2:5] for words in map(str.split, table.splitlines()) if len(words) == 8}
    for read in found["reads"]:
        assert rows[read["stream"]] == [str(read[name]) for name in ("rows", "pages", "calls")]
