"""`make` on machines that are not ready for it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from target_referrizer.cli import ledger_command
from target_referrizer.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

TOO_OLD = "#!/bin/sh\nexit 1\n"


def make(folder: Path, *target: str, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *target]
    return subprocess.run(
        command, check=False, cwd=folder, env={"PATH": path}, capture_output=True, text=True
    )


def test_bare_make_lists_the_targets(checkout: Path) -> None:
    listed = subprocess.run(["make"], check=True, cwd=checkout, capture_output=True, text=True).stdout
    assert set(re.findall(r"make (\S+)", listed)) >= {"demo", "test", "test-slow", "lint", "clean"}


def test_a_python_that_is_too_old_gives_one_clear_line(checkout: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "constraints.txt"):
        (tmp_path / name).write_bytes((checkout / name).read_bytes())
    shadows = tmp_path / "bin"
    shadows.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (shadows / name).write_text(TOO_OLD)
        (shadows / name).chmod(0o755)
    result = make(tmp_path, ".venv/bin/uv", path=f"{shadows}:/usr/bin:/bin")
    lines = [line for line in result.stderr.splitlines() if not line.startswith("make:")]
    assert result.returncode == 2
    assert len(lines) == 1
    assert "Python 3.11 or newer" in lines[0]
    assert not (tmp_path / ".venv").exists()


def test_make_setup_says_what_comes_next_also_when_nothing_is_to_be_done(
    checkout: Path, tmp_path: Path
) -> None:
    names = ["Makefile", "constraints.txt", "pyproject.toml"]
    for package in ("tap-booker", "target-referrizer", "sandbox"):
        (tmp_path / package).mkdir()
        names.append(f"{package}/pyproject.toml")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in names:
        (tmp_path / name).write_bytes((checkout / name).read_bytes())
    for done in (".venv/bin/uv", ".venv/.run-ready"):
        (tmp_path / done).touch()
    assert make(tmp_path, "setup").stdout.endswith("Next: . .venv/bin/activate\n")


def test_setup_keeps_others_out_of_where_meltano_writes_secrets(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_bytes((checkout / "Makefile").read_bytes())
    folder = tmp_path / ".meltano"
    for mode in (None, 0o755):  # new, and from before
        if mode is not None:
            folder.chmod(mode)
        ended = make(tmp_path, "--assume-old=.venv/.run-ready", "setup")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("option", [[], ["--show-personal-data"]], ids=["masked", "unmasked"])
def test_make_fresh_forgets_the_page_of_the_sandbox_and_says_so(
    checkout: Path, tmp_path: Path, option: list[str]
) -> None:
    (tmp_path / "Makefile").write_bytes((checkout / "Makefile").read_bytes())
    meltano, page = tmp_path / ".venv/bin/meltano", tmp_path / "referrizer-report.html"
    meltano.parent.mkdir(parents=True)
    meltano.write_text("#!/bin/sh\n")
    meltano.chmod(0o755)
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger(url).close()
    for environment, stays in (("production", True), ("sandbox", False)):
        given = {"TARGET_REFERRIZER_API_TOKEN": "t", "TARGET_REFERRIZER_LEDGER_URL": url}
        given |= {"MELTANO_PROJECT_ROOT": str(tmp_path), "MELTANO_ENVIRONMENT": environment}
        made = CliRunner().invoke(ledger_command, ["report", f"--output={page}", *option], env=given)
        assert made.exit_code == 0
        ended = make(tmp_path, "--assume-old=.venv/.run-ready", "fresh")
        assert (ended.returncode, ended.stderr, page.exists()) == (0, "", stays)
        (said,) = ended.stdout.splitlines()
        assert said.startswith("Forgotten: ledger and state of the sandbox")
        assert (page.name in said) is not stays
