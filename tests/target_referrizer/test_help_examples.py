"""Every example in the help of `referrizer-ledger` is run as it stands, on a ledger that has been used."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from click.testing import CliRunner
from tests.target_referrizer.asking import ask, config_file
from tests.target_referrizer.salon import ago, check_in, contact, singer

from target_referrizer.cli import ledger_command
from target_referrizer.ledger.tables import run

if TYPE_CHECKING:
    import pytest
    from tests.target_referrizer.salon import Salon

VISITS = (500001, 500002, 500003)
#: The last ones leave nobody behind.
LAST = ("forget",)


def test_every_example_works_as_it_stands(salon: Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    person = contact(900001, last_visit_at=ago(days=85).isoformat())
    another = contact(900003)
    salon.run([person, another])
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.pass_time(hours=9)
    salon.box.faults.add("cut_before", vendor="referrizer", method="POST", path="visits", times=3)
    salon.run([], [check_in(key, 900001, salon.now - timedelta(minutes=key % 10)) for key in VISITS])

    salon.edit_ledger(
        sa.update(run).values(finished_at=datetime.now(UTC))
    )  # `status --max-age` looks at the clock

    monkeypatch.chdir(salon.folder)
    config_file(salon).rename("target.json")
    Path("email.txt").write_text(f"{another['email']}\n")
    Path("records.jsonl").write_text("\n".join(singer("contacts", [contact(900002)])))
    shown: list[str] = []

    def show(page: str) -> bool:
        shown.append(page)
        return True

    monkeypatch.setattr("webbrowser.open", show)

    commands = sorted(ledger_command.commands.items(), key=lambda item: item[0] in LAST)
    for _, command in commands:
        for line in command.examples:  # type: ignore[attr-defined]
            words, _, source = line.partition(" < ")
            typed = Path(source).read_text() if source else ""
            done = CliRunner().invoke(ledger_command, shlex.split(words)[1:], input=typed)
            unmade = done.exception if not isinstance(done.exception, SystemExit) else None
            assert unmade is None, f"{line}: {unmade!r}"
            held = 3 if line.endswith("status --exit-code") else 0  # the last run left visits held
            assert done.exit_code == held, f"{line}: {done.output}"
            if "--format json" in line:
                json.loads(done.stdout)
    assert len(shown) == 1
    assert Path("sync.html").is_file()
    assert "nothing is held" in ask(salon, "held").stdout


def test_examples_are_typed_by_meltano_where_meltano_called() -> None:
    given = {"MELTANO_PROJECT_ROOT": "/p", "MELTANO_ENVIRONMENT": "production", "COLUMNS": "200"}
    command = [str(Path(sys.executable).with_name("referrizer-ledger")), "held", "--help"]
    said = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, check=True)
    assert "meltano --environment=production invoke target-referrizer:held --confirm 500001" in said.stdout
    assert "target.json" not in said.stdout
