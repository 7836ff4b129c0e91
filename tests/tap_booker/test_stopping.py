"""A signal that comes at the worst of moments still ends the run as a signal does."""

from __future__ import annotations

import fcntl
import json
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tap_booker.credentials import CredentialFile

if TYPE_CHECKING:
    from pathlib import Path

PIPE_BYTES = 1 << 16
"""What a pipe of Linux takes, if each write fills its pages."""

#: Within a lock of Python's own, between giving it back and taking it again: the exit becomes a RuntimeError.
IN_A_LOCK = """
def strike(frame, event, arg):
    if event == "c_return" and arg.__name__ == "_release_save" and frame.f_back.f_code.co_name == "result":
        ask()
"""
#: The same while pages are waited for.
AMONG_PAGES = """
def strike(frame, event, arg):
    if event == "return" and frame.f_code.co_name == "_release_save":
        waiting = frame.f_back.f_back.f_back
        if waiting and waiting.f_back and waiting.f_back.f_code.co_name == "_pages":
            ask()
"""
#: Where Python swallows whatever is raised.
IN_A_FINALISER = """
class Dying:
    def __del__(self):
        ask()

def strike(frame, event, arg):
    if event == "call" and frame.f_code.co_name == "contact":
        sys.setprofile(None)
        Dying()
"""
#: While standard error is written to, which cannot be entered twice.
IN_A_LINE_OF_THE_LOG = """
import io
class Raw(io.FileIO):
    def write(self, data):
        if b"Beginning" in bytes(data):
            ask()
        return super().write(data)

def strike(frame, event, arg):
    pass

sys.stderr = io.TextIOWrapper(io.BufferedWriter(Raw(2, "w", closefd=False)), line_buffering=True)
"""
#: While another run holds the lock on the credential file, each time it is looked at.
AWAITING_ITS_TURN = """
import fcntl
lock = fcntl.flock

def look(file, how):
    try:
        lock(file, how)
    except BlockingIOError:
        ask()
        raise

def strike(frame, event, arg):
    pass

fcntl.flock = look
"""
PROGRAM = """
import os, signal, sys
asked = []
def ask():
    if not asked:
        asked.append(True)
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)
{}
from tap_booker.tap import main
sys.setprofile(strike)
main()
"""


def run(
    program: str, *arguments: str, environment: dict[str, str], timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=timeout, env=environment
    )


@pytest.mark.parametrize(
    "moment",
    [IN_A_LOCK, AMONG_PAGES, IN_A_FINALISER, IN_A_LINE_OF_THE_LOG],
    ids=["lock", "pages", "finaliser", "log"],
)
def test_a_signal_ends_the_run_with_its_number_wherever_it_strikes(
    fake: Any, customer: Any, tmp_path: Path, environment: dict[str, str], moment: str
) -> None:
    fake.customers = [customer(n) for n in range(1, 9)]
    path = tmp_path / "config.json"
    path.write_text(json.dumps(fake.settings()))
    ended = run(PROGRAM.format(moment), "--config", str(path), environment=environment)
    assert ended.returncode == 130
    assert re.search(r"Stopped by signal 2.* goes on from there\.$", ended.stderr.strip())
    assert "contacts" not in json.dumps([one for one in ended.stdout.splitlines() if '"STATE"' in one])
    assert "BKR-902" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_that_waits_for_another_runs_turn_ends_without_its_own(
    fake: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    file = tmp_path / "booker.json"
    file.write_text(json.dumps({"refresh_token": "refresh-1"}))
    path = tmp_path / "config.json"
    path.write_text(json.dumps(fake.settings(personal_access_token=None, credentials_path=str(file))))
    with CredentialFile(str(file)).alone():
        ended = run(
            PROGRAM.format(AWAITING_ITS_TURN), "--config", str(path), environment=environment, timeout=20
        )
    assert ended.returncode == 130
    assert "Stopped by signal 2" in ended.stderr
    assert "Waiting for Booker" not in ended.stderr, "nobody asked Booker"
    assert fake.paths("token") == []


def test_a_signal_while_everything_is_loaded_ends_it_quietly(environment: dict[str, str]) -> None:
    program = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'singer_sdk': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from tap_booker.start import main\n"
        "main()"
    )
    ended = run(program, "--version", environment=environment)
    assert (ended.returncode, ended.stderr) == (130, "")


def test_the_way_out_is_not_cut_short_by_a_second_signal(
    fake: Any, answer: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    asked_for, told = threading.Event(), threading.Event()
    file = tmp_path / "booker.json"
    file.write_text(json.dumps({"refresh_token": "refresh-1"}))

    def rotate(_: Any) -> Any:
        asked_for.set()
        told.wait(20)
        return answer({**fake.token, "refresh_token": "refresh-2"})

    fake.always["token"] = rotate
    path = tmp_path / "config.json"
    path.write_text(json.dumps(fake.settings(personal_access_token=None, credentials_path=str(file))))
    command = [sys.executable, "-c", "from tap_booker.start import main; main()", "--config", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert asked_for.wait(30)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = next(line for line in process.stderr if "Waiting for Booker's answer about a token" in line)
        process.send_signal(signal.SIGINT)
        told.set()
        rest = process.stderr.read()
    assert said
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert json.loads(file.read_text())["refresh_token"] == "refresh-2"


def test_a_second_signal_ends_a_tap_whose_reader_does_not_read(
    fake: Any, customer: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Rows that nobody takes fill the pipe; the first signal leaves a last piece of them to be written."""
    fake.customers = [customer(n, FirstName="x" * 500) for n in range(1, 401)]
    (tmp_path / "config.json").write_text(json.dumps(fake.settings(page_size=100)))
    with subprocess.Popen(
        [sys.executable, "-c", "from tap_booker.start import main; main()", "--config", "config.json"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as tap:  # fmt: skip
        assert tap.stdout is not None
        assert tap.stderr is not None
        until = time.monotonic() + 30
        while _waiting(tap.stdout.fileno()) < PIPE_BYTES // 2 and time.monotonic() < until:
            time.sleep(0.02)
        tap.send_signal(signal.SIGTERM)
        assert any("Stopped by signal 15" in line for line in tap.stderr)
        while tap.poll() is None and time.monotonic() < until:
            tap.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        ended = tap.poll()
        tap.kill()
    assert ended in {-signal.SIGTERM, 128 + signal.SIGTERM}


def _waiting(pipe: int) -> int:
    """Bytes that lie in a pipe."""
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0])
