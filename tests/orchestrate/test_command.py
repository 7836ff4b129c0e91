"""The command with a stand-in for Meltano that tells what it was given; tests/pipeline has the real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from demo.project import CHECKOUT
from orchestrate.locations import Locations
from orchestrate.running import BlindError, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STAND_IN = """\
#!{python}
import os, signal, sys, time
print("arguments", " ".join(sys.argv[1:]))
for name, value in os.environ.items():
    print(name, "=", value)
open(os.path.join(os.environ["MELTANO_SYS_DIR_ROOT"], "made"), "w").close()
how = os.environ.get("TAP_BOOKER_START_DATE")
if how == "wait":
    print("waiting", flush=True)
    time.sleep(60)
if how == "bare":
    print("Executable 'tap-booker' could not be found. Extractor 'tap-booker' may not have been installed "
          "yet using `meltano install --plugin-type extractor tap-booker`, or …")
    sys.exit(1)
if how == "fail":
    print("2026 [critical ] target-referrizer RFZ-601 no answer. What to do: Nothing.")
    sys.exit(1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    program = tmp_path / ".venv/bin/meltano"
    program.parent.mkdir(parents=True)
    program.write_text(STAND_IN.replace("{python}", sys.executable))
    program.chmod(0o755)
    entries = "".join(entry(number, name) for number, name in enumerate(("chicago", "london"), start=1))
    (tmp_path / "locations.yml").write_text(f"locations:\n{entries}")
    return tmp_path


def entry(number: int, name: str, how: str = "") -> str:
    text = f"""\
    - name: {name}
      location_id: {number}
      timezone: America/Chicago
      secrets: {{TARGET_REFERRIZER_API_TOKEN: {name.upper()}_TOKEN}}
    """
    settings = f"  settings: {{TAP_BOOKER_START_DATE: {how}}}\n" if how else ""
    return textwrap.dedent(text) + settings


def start(project: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrate", "--project", project, *arguments],
        cwd=project,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "CHICAGO_TOKEN": "secret-of-chicago",
            "LONDON_TOKEN": "secret-of-london",
            "TAP_BOOKER_CLIENT_SECRET": "secret-of-all",
            **more,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(project: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    process = start(project, *arguments, **more)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def log(project: Path, name: str) -> str:
    return (project / f".meltano/locations/{name}.log").read_text()


def test_each_run_has_its_state_and_its_log_and_no_secret_is_in_either_or_in_arguments(project: Path) -> None:
    code, out, err = run(project, "--environment", "production", "run")
    assert code == 0, out + err
    assert [line.split()[:2] for line in out.splitlines()[:2]] == [["chicago", "done"], ["london", "done"]]
    assert "2 locations in" in out
    for name in ("chicago", "london"):
        lines = log(project, name).splitlines()
        assert lines[0] == f"arguments --env-file /dev/null run --no-install --state-id-suffix {name} sync"
        assert "TARGET_REFERRIZER_API_TOKEN = ***" in lines
        assert "TAP_BOOKER_CLIENT_SECRET = ***" in lines
        assert "MELTANO_ENVIRONMENT = production" in lines
        assert f"MELTANO_SYS_DIR_ROOT = {project}/.meltano/locations/{name}" in lines
        made = project / f".meltano/locations/{name}/made"
        assert made.stat().st_mode & 0o777 == 0o600, "what Meltano makes is for its owner only"
        path = project / f".meltano/locations/{name}.log"
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    everything = out + err + log(project, "chicago") + log(project, "london")
    assert "secret-of" not in everything
    assert (project / "ledger/locations").stat().st_mode & 0o777 == 0o700


def test_a_night_is_a_full_refresh_of_contacts_of_those_that_are_named(project: Path) -> None:
    assert run(project, "run", "--only", "london", "--full-refresh-contacts")[0] == 0
    assert "MELTANO_RUN_FULL_REFRESH = true" in log(project, "london").splitlines()
    assert not (project / ".meltano/locations/chicago.log").exists()


def test_one_that_fails_stops_no_other_and_is_named_last(project: Path) -> None:
    more = (
        entry(6, "boston", "bare")
        + entry(3, "austin", "fail")
        + entry(4, "denver")
        + entry(5, "lima").replace("America", "Amerika")
    )
    with (project / "locations.yml").open("a") as file:
        file.write(more)
    tokens = {"AUSTIN_TOKEN": "secret-of-austin", "BOSTON_TOKEN": "secret-of-boston"}
    code, out, _ = run(project, "run", "--at-once", "2", **tokens)
    assert code == 1
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert [line[0] for line in lines[:6]] == ["chicago", "london", "austin", "boston", "denver", "lima"]
    assert lines[2][1] == "try again       RFZ-601 no answer. What to do: Nothing."
    todo = "What to do: Run `meltano install` in the project, once"
    assert lines[3][1] == f"needs a person  the plugins are not installed. {todo}"
    assert lines[4][1].startswith("needs a person  the variable DENVER_TOKEN is not set in the environment")
    assert lines[5][1].startswith("needs a person  line 26: 'Amerika/Chicago' is no time zone")
    assert out.splitlines()[6].endswith("done 2, try again 1, needs a person 3")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_what_is_under_way_and_begins_nothing(project: Path, number: int) -> None:
    (project / "locations.yml").write_text(f"locations:\n{entry(1, 'chicago', 'wait')}{entry(2, 'london')}")
    process = start(project, "run", "--at-once", "1")
    path = project / ".meltano/locations/chicago.log"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (path.exists() and "waiting" in path.read_text()):
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number, err
    assert [line.split(maxsplit=1)[1] for line in out.splitlines()[:2]] == [
        "try again       it was stopped"
    ] * 2
    assert not (project / ".meltano/locations/london.log").exists()


class Interrupting(set[Any]):
    """Children, where a second Ctrl-C comes while the first is being served."""

    stop: Callable[[], None] | None = None

    def __iter__(self) -> Iterator[Any]:
        again, self.stop = self.stop, None
        if again:
            again()
        return super().__iter__()


def test_a_second_signal_while_the_first_is_served_locks_nobody_out(tmp_path: Path) -> None:
    children = Interrupting()
    runner = Runner(tmp_path, Locations(tmp_path), {}, _children=children)
    children.stop = runner.stop
    first = threading.Thread(target=runner.stop, daemon=True)
    first.start()
    first.join(10)
    assert not first.is_alive()


def test_a_look_that_gets_no_answer_ends(project: Path) -> None:
    program = project / ".venv/bin/python"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(BlindError, match="no answer within 0 s"):
        Runner(project, Locations(project), {}).health([], "2h", patience=0.1)


def test_one_that_is_off_is_not_run_even_when_named(project: Path) -> None:
    path = project / "locations.yml"
    path.write_text(path.read_text().replace("name: london", "name: london\n  enabled: false"))
    code, out, err = run(project, "run", "--only", "chicago", "london")
    assert (code, out) == (2, "")
    assert err == "locations.yml: london: enabled is false, so it is not run\n"
    assert not (project / ".meltano/locations/chicago.log").exists()
    assert run(project, "exec", "london", "true")[0] == 0, "what it left can be looked at"


def test_what_cannot_be_used_ends_with_2_and_names_file_and_line(project: Path) -> None:
    assert run(project, "run", "--only", "chicgo")[::2] == (
        2,
        "locations.yml: it has no location 'chicgo'; chicago was meant, perhaps\n",
    )
    (project / "locations.yml").write_text("locations:\n  - [\n")
    code, out, err = run(project, "list")
    assert (code, out) == (2, "")
    assert err.startswith("locations.yml:")


def test_status_looks_at_every_ledger_in_one_go(project: Path) -> None:
    program = project / ".venv/bin/python"
    program.write_text(f'#!/bin/sh\necho >> {project}/starts\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    code, out, err = run(project, "status")
    assert (code, err) == (1, "")
    folder = project / "ledger/locations"
    assert out.splitlines() == [
        f"chicago                  NOT OK: there is no ledger yet at {folder}/chicago.db",
        f"london                   NOT OK: there is no ledger yet at {folder}/london.db",
    ]
    assert (project / "starts").read_text() == "\n"
    program.write_text("#!/bin/sh\necho no ledger to be had >&2\nexit 1\n")
    assert run(project, "status") == (1, "", "nobody looked: no ledger to be had\n")
    code, out, err = run(project, "status", "--max-age", "soon")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].endswith("an age such as 90m, 2h or 1d")


def test_list_names_all_and_exec_runs_in_a_locations_environment(project: Path) -> None:
    with (project / "locations.yml").open("a") as file:
        file.write(entry(3, "lima").replace("location_id: 3", "enabled: off"))
    code, out, _ = run(project, "list")
    assert (code, out.splitlines()[0].split()) == (1, ["chicago", "on", "1", "America/Chicago"])
    assert (
        out.splitlines()[2].split(maxsplit=1)[1]
        == "line 10: location_id is missing. What to do: Mend its entry"
    )
    code, out, _ = run(project, "exec", "london", "sh", "-c", "echo $TAP_BOOKER_LOCATION_IDS; exit 7")
    assert (code, out) == (7, "[2]\n")


def test_a_meltano_that_is_not_there_fails_and_no_more(project: Path) -> None:
    (project / ".venv/bin/meltano").unlink()
    code, out, err = run(project, "run")
    assert (code, sorted(err.splitlines())) == (1, ["chicago: failed", "london: failed"])
    assert "Meltano cannot be run: No such file or directory" in out


def test_a_log_that_has_grown_large_is_put_aside(project: Path) -> None:
    path = project / ".meltano/locations/london.log"
    path.parent.mkdir(parents=True)
    path.write_text("old\n" * 300_000)
    assert run(project, "run", "--only", "london")[0] == 0
    assert path.read_text().startswith("arguments")
    assert path.with_suffix(".1.log").read_text().startswith("old")
