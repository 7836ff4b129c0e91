"""Whoever asks only for help does not wait for what only a run needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOADED = """
import json, sys
def tell():
    files = {name: getattr(one, "__file__", None) or "" for name, one in sys.modules.items()}
    others = {name.split(".")[0] for name, file in files.items() if "site-packages" in file}
    ours = sorted(name for name in files if name.startswith("tap_booker."))
    sys.stderr.write("\\n" + json.dumps([sorted(others), ours]))
"""
TAP, CONNECT = "from tap_booker.start import main as begin", "from tap_booker.connect import main as begin"


def loaded(code: str, *args: str) -> tuple[set[str], set[str]]:
    """Packages of others, and modules of ours, that a program has loaded at its end."""
    program = f"{LOADED}\n{code}\nsys.argv[0] = 'program'\n"
    program += "try: begin()\nfinally: tell()" if "begin" in code else "tell()"
    done = subprocess.run(
        [sys.executable, "-c", program, *args], capture_output=True, text=True, check=True, timeout=60
    )
    packages, ours = json.loads(done.stderr.splitlines()[-1])
    return set(packages), set(ours)


@pytest.fixture(scope="module")
def of_the_sdk() -> set[str]:
    """What the Singer SDK loads by itself, whatever is asked for."""
    return loaded("import singer_sdk")[0]


@pytest.mark.parametrize(("command", "room"), [(TAP, "tap_booker.tap"), (CONNECT, "tap_booker.connect")])
def test_help_loads_the_sdk_and_hardly_anything_else(command: str, room: str, of_the_sdk: set[str]) -> None:
    packages, ours = loaded(command, "--help")
    assert not packages - of_the_sdk - {"tap_booker", "msgspec", "tenacity", "rich"}
    assert {"click", "singer_sdk"} <= packages
    assert room in ours
    assert command == CONNECT or not any(one.startswith("tap_booker.sign_in") for one in ours)
