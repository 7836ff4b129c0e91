"""Nothing stands in the README that has not been run."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from demo.project import Project
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def script(checkout: Path) -> str:
    """Every shell example of the README in order, but for `make`, which the long tests run."""
    blocks = re.findall(r"```sh\n(.*?)```", (checkout / "README.md").read_text(), re.DOTALL)
    return "\n".join(line for block in blocks for line in block.splitlines() if not line.startswith("make "))


@pytest.fixture
def real() -> Iterator[Sandbox]:
    """What stands in for the real accounts, at this moment."""
    with Sandbox(contacts=30, seed=7, zone="America/Chicago", now=datetime.now(UTC)) as box:
        yield box


@pytest.fixture
def folder(project_folder: Path, port: int) -> Iterator[Path]:
    """The installed project with the .venv of the README, and its sandbox on a port that is free."""
    original = (project_folder / "meltano.yml").read_text()
    (project_folder / ".venv").symlink_to(sys.prefix)
    (project_folder / "meltano.yml").write_text(original.replace("8765", str(port)))
    yield project_folder
    (project_folder / "meltano.yml").write_text(original)
    for name in (".venv", ".env"):
        (project_folder / name).unlink(missing_ok=True)
    shutil.rmtree(project_folder / "ledger", ignore_errors=True)


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def filled_in(script: str, port: int, box: Sandbox) -> str:
    """The examples with the values that a reader has to fill in, waiting for what runs in the background."""
    mine = box.booker.credentials
    values = {
        "LOCATION_IDS=[12345]": f"LOCATION_IDS=[3749]\nTAP_BOOKER_BASE_URL={box.booker_url}",
        "SUBSCRIPTION_KEY=from-booker": f"SUBSCRIPTION_KEY={mine.subscription_key}",
        "CLIENT_ID=from-booker": f"CLIENT_ID={mine.client_id}",
        "CLIENT_SECRET=from-booker": f"CLIENT_SECRET={mine.client_secret}",
        "ACCESS_TOKEN=from-booker": f"ACCESS_TOKEN={mine.personal_access_token}",
        "API_TOKEN=from-referrizer": (
            f"API_TOKEN={box.referrizer.token}\nTARGET_REFERRIZER_API_URL={box.referrizer_url}"
        ),
        "8765": str(port),
        " &\n": f" &\nuntil (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do :; done\n",
    }
    for placeholder, value in values.items():
        assert placeholder in script
        script = script.replace(placeholder, value)
    return script


def test_every_example_runs(folder: Path, tmp_path: Path, script: str, port: int, real: Sandbox) -> None:
    environment = Project(folder, tmp_path).environment({})
    del environment["TARGET_REFERRIZER_LEDGER_URL"]
    command = ["bash", "-emc", filled_in(script, port, real)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(real.referrizer.contacts) >= 25
    assert {path.name for path in (folder / "ledger").glob("*.db")} == {"sandbox.db", "production.db"}
