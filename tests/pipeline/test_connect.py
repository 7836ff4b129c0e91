"""Signing in through Meltano, and every line that is printed for afterwards, run as it stands."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tap_booker.signing import Opened, Visitor, registered_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.conftest import Pipeline

pytestmark = pytest.mark.slow

PROGRAMS = Path(sys.executable).parent


@pytest.fixture(params=["sandbox", "production"])
def environment(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def variables(pipeline: Pipeline, environment: str) -> Iterator[dict[str, str]]:
    """What a user's shell and `.env` say; the project's own `.env` is gone afterwards."""
    given = pipeline.settings() | {"TAP_BOOKER_REDIRECT_URI": registered_address(pipeline.box)}
    token = given.pop("TAP_BOOKER_PERSONAL_ACCESS_TOKEN")
    del given["MELTANO_ENVIRONMENT"]
    stored = pipeline.project.folder / ".env"
    if environment == "production":  # the sandbox's stands in meltano.yml
        stored.write_text(f"# mine\nTAP_BOOKER_PERSONAL_ACCESS_TOKEN='{token}'\n")
    whole = pipeline.project.environment(given)
    yield whole | {"PATH": f"{PROGRAMS}:{whole['PATH']}"}
    for made in (stored, pipeline.project.folder / "booker-credentials.json"):
        made.unlink(missing_ok=True)


def sign_in(pipeline: Pipeline, variables: dict[str, str], environment: str) -> str:
    """`meltano invoke tap-booker:connect --no-browser`, answered question by question; what it printed."""
    line = ["meltano", "--environment", environment, "invoke", "tap-booker:connect", "--no-browser"]
    running = subprocess.Popen(
        line, cwd=pipeline.project.folder, env=variables, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert running.stdin is not None
    assert running.stdout is not None
    said = ""
    patience = threading.Timer(120, running.kill)  # a question that is not seen would be waited for for ever
    patience.start()
    with running:
        for text in running.stdout:
            said += text
            if text.startswith("Location ID"):
                running.stdin.write("3749\n")
            if text.startswith("http"):
                visitor = Visitor(Opened(pipeline.box, Path(), None, None))  # type: ignore[arg-type]
                answer = visitor.decide(text.strip())
            if text.startswith("Paste"):
                running.stdin.write(f"'{answer}'\n")
            running.stdin.flush()
    patience.cancel()
    assert running.returncode == 0, said
    return said


def test_every_line_that_follows_a_sign_in_can_be_run_as_it_stands(
    pipeline: Pipeline, variables: dict[str, str], environment: str
) -> None:
    said = sign_in(pipeline, variables, environment)
    file = pipeline.project.folder / "booker-credentials.json"
    assert f"Access is kept in {file}, readable by you alone." in said
    lines = [line.strip() for line in said.partition("What comes next:\n")[2].splitlines()]
    assert lines[-1].endswith(f"meltano --environment {environment} run sync")
    for line in lines:
        done = subprocess.run(
            ["sh", "-c", line], cwd=file.parent, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert len(pipeline.box.referrizer.contacts) > 20
    stored = json.loads(file.read_text())
    assert stored["refresh_token"] == pipeline.box.booker.credentials.refresh_token
    if environment == "production":
        assert (file.parent / ".env").read_text().startswith("# mine\n")
