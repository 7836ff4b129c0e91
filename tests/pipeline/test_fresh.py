"""A clean copy of the checkout on a machine that has nothing of ours."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.pipeline.blocks import Block, blocks_of, documents, shows
from tests.pipeline.reader import Reader

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

KEPT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "UV_CACHE_DIR", "XDG_CACHE_HOME")
OPENING = datetime(2026, 3, 2, 15, tzinfo=UTC)  # nine in the morning in Chicago
HOUR = [block for block in blocks_of("docs/first-hour.md") if block.is_run]
DEMO = [block for name in documents() for block in blocks_of(name) if block.said == "make demo"]


def environment(**more: str) -> dict[str, str]:
    """The variables of a fresh login, and `more`."""
    return {name: value for name, value in os.environ.items() if name in KEPT} | more


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def repository(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
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


@dataclass
class Told:
    """What `make demo` printed, and how the clone was when it had ended."""

    printed: str
    changes: str
    names: set[str]


@pytest.fixture(scope="module")
def stranger(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody with an empty folder who reads docs/first-hour.md from its first line on."""
    own, folder = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("a folder")
    with Sandbox(contacts=200, seed=7, zone="America/Chicago", now=OPENING) as account:
        clone, variables = folder / "booker-referrizer", environment(XDG_STATE_HOME=str(own))
        yield Reader(folder, own, account, variables, project=clone, repository=repository, literally=True)


@pytest.fixture(scope="module")
def clone(stranger: Reader) -> Path:
    """Where the document has the repository cloned to."""
    assert stranger.project is not None
    return stranger.project


@pytest.fixture(scope="module")
def told(stranger: Reader, clone: Path) -> Told:
    """The first block of the document, cold, with somebody else's virtual environment and settings around."""
    usual = stranger.environment
    foreign = {
        "VIRTUAL_ENV": "/nowhere",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TAP_BOOKER_BASE_URL": "http://127.0.0.1:9",
    }
    stranger.environment = {**usual, **foreign}
    stranger.follow(HOUR[:1])
    stranger.environment = usual
    names = {path.name for path in clone.iterdir()}
    return Told(stranger.printed[HOUR[0]], git(clone, "status", "--porcelain"), names)


@pytest.fixture(scope="module")
def followed(stranger: Reader, clone: Path, told: Told) -> Reader:
    """The same reader at the end of the document."""
    assert told.printed
    stranger.folder = clone
    stranger.follow(HOUR[1:])
    return stranger


def test_the_first_hour_leads_from_a_clone_to_a_synced_account(followed: Reader, clone: Path) -> None:
    shown = [block for block in HOUR if block.is_run and block.language == "console"]
    assert [f"{block}\n{followed.printed[block]}" for block in shown if not followed.shows(block)] == []
    assert len(followed.box.referrizer.contacts) == 194
    assert followed.box.referrizer.visits == []
    looked_at = (followed.own / "looked-at").read_text().split("\n")
    assert looked_at[:2] == [followed.back.removesuffix("back"), (clone / "referrizer-report.html").as_uri()]
    assert git(clone, "status", "--porcelain") == ""
    assert (clone / ".env").stat().st_mode & 0o777 == 0o600
    assert (clone / ".meltano").stat().st_mode & 0o777 == 0o700
    assert not (clone / "booker.jsonl").exists()


def test_make_demo_tells_all_three_steps(told: Told) -> None:
    for title in ("The first sync", "An hour later", "Five weeks later", "Who moved and why"):
        assert title in told.printed


@pytest.mark.parametrize("block", DEMO, ids=str)
def test_the_demo_that_a_document_shows_is_this_one(told: Told, block: Block) -> None:
    assert shows(block.text, told.printed), told.printed


def test_make_demo_ends_with_the_path_of_a_report_that_is_its_owners_alone(clone: Path, told: Told) -> None:
    report = Path(told.printed.splitlines()[-1])
    assert report == clone / ".cache/demo/report.html"
    assert report.stat().st_mode & 0o777 == 0o600
    assert "Current customers → Past customers" in re.sub("<[^>]*>", "", report.read_text())


def test_make_demo_leaves_the_tree_clean_and_nothing_but_caches(clone: Path, told: Told) -> None:
    assert told.changes == ""
    assert ".meltano" not in told.names
    assert not (clone / ".cache/demo/run").exists()


def test_make_fresh_forgets_what_was_synced_with_a_sandbox_and_nothing_else(clone: Path, told: Told) -> None:
    assert told.printed
    shutil.rmtree(clone / "ledger", ignore_errors=True)
    (clone / "ledger").mkdir()
    for name in ("sandbox.db", "sandbox.db-wal", "production.db"):
        (clone / "ledger" / name).touch()
    meltano = [str(clone / ".venv/bin/meltano"), "--environment", "sandbox", "state"]
    name = "sandbox:tap-booker-to-target-referrizer"
    known = [*meltano, "set", "--force", name, '{"singer_state": {"bookmarks": {}}}']
    subprocess.run(known, cwd=clone, env=environment(), check=True, capture_output=True)
    fresh = ["make", "fresh"]
    done = subprocess.run(fresh, cwd=clone, env=environment(), check=True, capture_output=True, text=True)
    assert done.stdout.startswith("Forgotten: ledger and state of the sandbox. ")
    assert [path.name for path in (clone / "ledger").iterdir()] == ["production.db"]
    listed = [*meltano, "list"]
    left = subprocess.run(listed, cwd=clone, env=environment(), check=True, capture_output=True, text=True)
    assert name not in left.stdout + left.stderr
    shutil.rmtree(clone / ".meltano")
    shutil.rmtree(clone / "ledger")


def test_a_demo_that_is_interrupted_leaves_no_process_and_no_run(clone: Path, told: Told) -> None:
    assert told.printed
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
