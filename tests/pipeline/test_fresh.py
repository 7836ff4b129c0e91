"""A clean copy of the checkout, and the wheels, on a machine that has nothing of ours."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

KEPT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "UV_CACHE_DIR", "XDG_CACHE_HOME")
WHEELS = {
    "tap-booker": ["tap-booker", "booker-connect"],
    "target-referrizer": ["target-referrizer", "referrizer-ledger"],
}


def environment(**more: str) -> dict[str, str]:
    """The variables of a fresh login, and `more`."""
    return {name: value for name, value in os.environ.items() if name in KEPT} | more


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def clone(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout's files as they are now, in a repository of their own, in a folder with a space."""
    folder = tmp_path_factory.mktemp("a clone")
    for name in git(checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if (checkout / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


@pytest.fixture(scope="module")
def told(clone: Path) -> subprocess.CompletedProcess[str]:
    """`make demo`, cold, with somebody else's virtual environment active and no standard input."""
    return subprocess.run(
        ["make", "demo"],
        cwd=clone,
        env=environment(
            VIRTUAL_ENV="/nowhere", PYTHONDONTWRITEBYTECODE="1", TAP_BOOKER_BASE_URL="http://127.0.0.1:9"
        ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def test_make_demo_tells_all_three_steps(told: subprocess.CompletedProcess[str]) -> None:
    assert told.returncode == 0, told.stdout + told.stderr
    for title in ("The first sync", "An hour later", "Five weeks later", "Who moved and why"):
        assert title in told.stdout


def test_the_run_that_the_readme_shows_is_this_one(
    checkout: Path, told: subprocess.CompletedProcess[str]
) -> None:
    shown = (checkout / "README.md").read_text().split("```text\n")[1].split("```")[0].splitlines()
    columns = [part for line in shown for part in (line[:45], line[45:])]
    parts = [" ".join(part.split()) for part in columns]
    varying = ("$", "…", "...", "booker ", "18.9 s,")  # how long it took, and whom of many it names first
    said = [" ".join(line.replace("─", "").split()) for line in told.stdout.splitlines()]
    missing = [
        part for part in parts if not part.startswith(varying) and not any(part in one for one in said)
    ]
    assert missing == []


def test_make_demo_ends_with_the_path_of_a_report_that_is_its_owners_alone(
    clone: Path, told: subprocess.CompletedProcess[str]
) -> None:
    report = Path(told.stdout.splitlines()[-1])
    assert report == clone / ".cache/demo/report.html"
    assert report.stat().st_mode & 0o777 == 0o600
    assert "Current customers → Past customers" in re.sub("<[^>]*>", "", report.read_text())


def test_make_demo_leaves_the_tree_clean_and_nothing_but_caches(
    clone: Path, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    assert git(clone, "status", "--porcelain") == ""
    assert not (clone / ".cache/demo/run").exists()
    assert not (clone / ".meltano").exists()


def test_make_fresh_forgets_what_was_synced_with_a_sandbox_and_nothing_else(
    clone: Path, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    (clone / "ledger").mkdir()
    for name in ("sandbox.db", "sandbox.db-wal", "production.db"):
        (clone / "ledger" / name).touch()
    meltano = [str(clone / ".venv/bin/meltano"), "--environment", "sandbox", "state"]
    name = "sandbox:tap-booker-to-target-referrizer"
    known = [*meltano, "set", "--force", name, '{"singer_state": {"bookmarks": {}}}']
    subprocess.run(known, cwd=clone, env=environment(), check=True, capture_output=True)
    subprocess.run(["make", "fresh"], cwd=clone, env=environment(), check=True, capture_output=True)
    assert [path.name for path in (clone / "ledger").iterdir()] == ["production.db"]
    listed = [*meltano, "list"]
    left = subprocess.run(listed, cwd=clone, env=environment(), check=True, capture_output=True, text=True)
    assert name not in left.stdout + left.stderr
    shutil.rmtree(clone / ".meltano")
    shutil.rmtree(clone / "ledger")


def test_a_demo_that_is_interrupted_leaves_no_process_and_no_run(
    clone: Path, told: subprocess.CompletedProcess[str]
) -> None:
    assert told.returncode == 0
    command = [str(clone / ".venv/bin/python"), "-u", "-m", "demo"]
    with subprocess.Popen(command, cwd=clone, env=environment(), stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert any("opens with" in line for line in demo.stdout)
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 128 + signal.SIGTERM
    assert running_from(clone) == []
    assert not (clone / ".cache/demo/run").exists()


def running_from(folder: Path) -> list[str]:
    """Command lines of this machine's processes that name a folder."""
    found = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    return [line for line in found.splitlines() if str(folder) in line]


def uv(*arguments: str) -> None:
    subprocess.run([str(Path(sys.executable).with_name("uv")), *arguments], check=True, env=environment())


@pytest.fixture(scope="module")
def wheels(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for name in WHEELS:
        uv("build", "--quiet", "--wheel", "--out-dir", str(folder), str(checkout / name))
    return folder


@pytest.fixture(params=sorted(WHEELS))
def installed(
    request: pytest.FixtureRequest, wheels: Path, tmp_path: Path
) -> Iterator[tuple[Path, list[str]]]:
    """One plugin's wheel in an environment that has nothing else, and its commands."""
    uv("venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv"))
    wheel = next(wheels.glob(f"{request.param.replace('-', '_')}-*.whl"))
    uv("pip", "install", "--quiet", "--python", str(tmp_path / "venv/bin/python"), str(wheel))
    yield tmp_path / "venv/bin", WHEELS[request.param]
    shutil.rmtree(tmp_path / "venv")


def test_a_wheel_alone_gives_working_commands(installed: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, commands = installed
    for name in commands:
        done = subprocess.run(
            [str(folder / name), "--help"], check=True, capture_output=True, text=True, cwd=tmp_path
        )
        assert "Usage" in done.stdout
    about = [str(folder / commands[0]), "--about", "--format=json"]
    subprocess.run(about, check=True, capture_output=True, cwd=tmp_path)


def test_wheels_carry_the_marker_of_types_and_the_contract(wheels: Path) -> None:
    inside = [name for wheel in wheels.glob("*.whl") for name in ZipFile(wheel).namelist()]
    assert {name for name in inside if name.endswith("py.typed")} == {
        "tap_booker/py.typed",
        "target_referrizer/py.typed",
    }
    assert [
        name for name in inside if name.startswith("target_referrizer/schemas/") and name.endswith(".json")
    ]
