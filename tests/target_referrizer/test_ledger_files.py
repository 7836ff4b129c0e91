"""A ledger file between processes: who holds it, what a killed one leaves, and who may decide meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.target_referrizer.salon import check_in, contact, singer

from target_referrizer.cli import ledger_command
from target_referrizer.errors import LedgerBusy, SettingsError, TargetError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Salon

COMMAND = "from target_referrizer.target import main; main()"
#: A run that has taken its place in the ledger, says so, and waits for input that never comes.
HOLDING = """
import json, pathlib, sys
from target_referrizer.target import TargetReferrizer
TargetReferrizer(config=json.loads(pathlib.Path(sys.argv[2]).read_text())).run
print("holding", flush=True)
sys.stdin.read()
"""


def settings_file(salon: Salon) -> Path:
    file = salon.folder / "settings.json"
    file.write_text(json.dumps(salon.config()))
    return file


def started(salon: Salon, program: str) -> subprocess.Popen[str]:
    """The target in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", program, "--config", str(settings_file(salon))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_second_process_of_the_same_source_exits_4_at_once_and_names_the_first(salon: Salon) -> None:
    first = salon.target()
    assert not first.run.is_over
    with started(salon, COMMAND) as second:
        out, err = second.communicate("\n".join(singer("contacts", [contact(1)])), timeout=30)
    assert (second.returncode, out) == (4, "")
    assert "RFZ-401" in err
    assert f"process {os.getpid()} " in err
    first.run.abort(1)
    assert salon.shown() == []


def test_a_killed_process_leaves_no_lock_and_the_next_run_goes_on(salon: Salon) -> None:
    with started(salon, HOLDING) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "holding\n"
        with pytest.raises(LedgerBusy, match=f"process {killed.pid} "):
            salon.target()
        killed.kill()
    assert salon.run([contact(1)]).code == 0
    assert len(salon.shown()) == 1


def test_nobody_decides_about_held_visits_while_a_run_is_under_way(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    salon.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", nth=1)
    salon.run([], [check_in(7, 1, salon.now)])
    running = salon.target()
    assert not running.run.is_over
    for decision in (["held", "--resend", "7"], ["held", "--confirm", "7"], ["rejects", "--retry"]):
        asked = CliRunner().invoke(ledger_command, ["--config", str(settings_file(salon)), *decision])
        assert isinstance(asked.exception, LedgerBusy), decision
    running.run.abort(1)
    assert salon.run([]).code == 3


@pytest.mark.parametrize("command", [["status"], ["explain", "1"], ["held"], ["rejects"], ["moves"]])
def test_asking_makes_no_ledger(salon: Salon, command: list[str]) -> None:
    asked = CliRunner().invoke(ledger_command, ["--config", str(settings_file(salon)), *command])
    assert isinstance(asked.exception, TargetError)
    assert not (salon.folder / "ledger.db").exists()


def test_a_place_that_cannot_hold_a_file_is_named_as_a_setting(salon: Salon) -> None:
    (salon.folder / "file").write_text("")
    with pytest.raises(SettingsError, match="RFZ-403"):
        salon.target(ledger_url=f"sqlite:///{salon.folder}/file/ledger.db")


def test_a_refused_newer_ledger_is_refused_by_the_command_too(salon: Salon) -> None:
    first = salon.target()
    first.run.ledger.put("schema_version", "99")
    first.run.abort(1)
    before = (salon.folder / "ledger.db").read_bytes()
    asked = CliRunner().invoke(ledger_command, ["--config", str(settings_file(salon)), "status"])
    assert isinstance(asked.exception, TargetError)
    assert asked.exception.code == "RFZ-402"
    assert (salon.folder / "ledger.db").read_bytes() == before
