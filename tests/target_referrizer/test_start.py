"""Whoever asks only for help does not wait for what only a run needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOADED = """
import atexit, json, os, sys
before = {*sys.modules}
def packages():
    new = {name: sys.modules[name] for name in {*sys.modules} - before}
    files = {name: getattr(one, "__file__", None) or "" for name, one in new.items()}
    others = {name.split(".")[0] for name, file in files.items() if "site-packages" in file}
    ours = {name for name in new if name.startswith("target_referrizer.")}
    os.write(2, ("\\n" + json.dumps([sorted(others), sorted(ours)])).encode())
atexit.register(packages)
"""
TARGET, LEDGER = (
    "from target_referrizer.start import target as begin",
    "from target_referrizer.start import ledger as begin",
)
#: Rooms that only a run, or a command at work, needs.
ROOMS = {
    f"target_referrizer.{name}"
    for name in ("run", "ledger", "referrizer", "people", "sinks", "settings", "report")
}


def loaded(code: str, *args: str) -> tuple[set[str], set[str]]:
    """Packages of others, and modules of ours, that a program has loaded at its end."""
    program = f"{LOADED}\n{code}\nimport sys; sys.argv[0] = 'program'\n"
    program += "begin()" if "begin" in code else ""
    done = subprocess.run(
        [sys.executable, "-c", program, *args], capture_output=True, text=True, check=True, timeout=60
    )
    packages, ours = json.loads(done.stderr.splitlines()[-1])
    return set(packages), set(ours)


@pytest.fixture(scope="module")
def of_the_sdk() -> set[str]:
    """What the Singer SDK loads by itself, whatever is asked for."""
    return loaded("import singer_sdk")[0]


@pytest.mark.parametrize("asked", ["--help", "--version", "--about"])
def test_the_targets_help_loads_the_sdk_and_hardly_anything_else(asked: str, of_the_sdk: set[str]) -> None:
    packages, ours = loaded(TARGET, asked)
    assert not packages - of_the_sdk - {"target_referrizer", "rich"}
    assert "target_referrizer.target" in ours
    assert not ours & ROOMS


@pytest.mark.parametrize(
    "asked", [("--help",), ("--version",), ("explain", "--help"), ("baseline", "--help")]
)
def test_the_help_of_the_ledgers_commands_loads_not_even_the_sdk(asked: tuple[str, ...]) -> None:
    packages, ours = loaded(LEDGER, *asked)
    assert not packages - {"click", "target_referrizer", "rich"}
    assert "target_referrizer.cli" in ours
    assert not ours & ROOMS


def test_a_command_of_the_ledger_at_work_does_load_it() -> None:
    """What the other tests look for is what a program at work has loaded."""
    packages, ours = loaded("import target_referrizer.run")
    assert {"sqlalchemy", "phonenumbers"} <= packages
    assert {"target_referrizer.run", "target_referrizer.ledger", "target_referrizer.referrizer"} <= ours
