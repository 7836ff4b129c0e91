"""The sandbox as a command of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = Path(sys.executable).with_name("sandbox")


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def served() -> Iterator[dict[str, Any]]:
    """What a served sandbox says when it is ready."""
    with subprocess.Popen(
        [COMMAND, "serve", "--contacts", "40", "--now", "2026-03-02T15:00:00Z"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_time_passes_in_a_served_sandbox_and_things_happen(served: dict[str, Any]) -> None:
    port = served["url"].rsplit(":", 1)[1]
    done = call("advance", "--port", port, "--hours", "1.5", "--news", "1")
    said = json.loads(done.stdout)
    assert (done.returncode, said["now"]) == (0, "2026-03-02T16:30:00Z")
    assert said["news"]["counts"]["checked_in"] > 0
    assert json.loads(call("advance", "--port", port, "--hours", "0").stdout) == {"now": said["now"]}


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = call("serve", "--contacts", "0", "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"sandbox: cannot listen on port {port} (Address already in use)\n"


def test_no_sandbox_there_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    done = call("advance", "--port", port)
    assert (done.returncode, done.stderr) == (
        1,
        f"sandbox: no sandbox answers on port {port} (Connection refused)\n",
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--zone", "Mars/Here"),
        ("--contacts", "-5"),
        ("--port", "70000"),
        ("--now", "2026-03-02"),
        ("--now", "2026-03-02T15:00:00"),
        ("--now", "noon"),
        ("--location", "x=Europe/London"),
        ("--location", "1=Nowhere"),
    ],
)
def test_a_wrong_option_is_named_without_a_traceback(option: str, value: str) -> None:
    done = call("serve", f"{option}={value}")
    assert done.returncode == 2
    assert f"Invalid value for '{option}'" in done.stderr
    assert "Traceback" not in done.stderr
