"""Plugins that others wrote, each in an environment of its own, and how processes are joined."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.conftest import machine, salon  # noqa: F401 - fixtures

from demo.project import CHECKOUT, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Sequence

BIN = Path(sys.executable).parent


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """One worker has all of these tests: they share the environments and a server."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.xdist_group("foreign"))


def installed(name: str) -> Path:
    """The folder of commands of a plugin's environment; installed by its pins when it is not there."""
    folder = f".cache/foreign/{name}"
    command = ["make", "--no-print-directory", f"{folder}/.ready"]
    (CHECKOUT / ".cache").mkdir(exist_ok=True)
    with (CHECKOUT / ".cache" / "foreign.lock").open("w") as lock:  # workers of one run want the same ones
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return CHECKOUT / folder / "bin"


@dataclass
class Spoken:
    """What a process said and how it ended."""

    code: int
    out: str
    log: str


def run(*command: str | Path, given: str = "", folder: Path | None = None) -> Spoken:
    """Run a plugin to its end, with nobody's settings around."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
    direct = {name: f"127.0.0.1,{kept.get(name, '')}" for name in ("NO_PROXY", "no_proxy")}
    done = subprocess.run(
        [str(part) for part in command],
        input=given,
        cwd=folder,
        env=kept | direct,
        capture_output=True,
        text=True,
        check=False,
    )
    return Spoken(done.returncode, done.stdout, done.stderr)


def said(*command: str | Path, given: str = "", folder: Path | None = None) -> str:
    """Standard output of a plugin that must succeed."""
    spoken = run(*command, given=given, folder=folder)
    assert spoken.code == 0, spoken.log
    return spoken.out
