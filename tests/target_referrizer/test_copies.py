"""A dry run works on a private copy: it holds nobody up, and nothing of it stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.target_referrizer.asking import ask, ask_json
from tests.target_referrizer.salon import check_in, contact

from target_referrizer.ledger import Ledger, copies, tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Salon


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the copies of this test lie."""
    place = tmp_path / "copies"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_a_dry_run_goes_on_beside_a_run_and_holds_it_up_nowhere(either: Salon) -> None:
    either.run([contact(1)])
    running = either.target().run
    outcome = either.run([contact(1), contact(2)], dry_run=True)
    assert (outcome.code, outcome.plan["creates"]) == (0, 1)
    running.stage_contacts([])
    running.abort(1)


def test_a_copy_has_all_that_a_plan_rests_on(either: Salon) -> None:
    either.run([contact(1), contact(2)], [check_in(7, 1, either.now)])
    either.pass_time(hours=5)
    plan = either.run([contact(1, city="Gary", updated_at=either.now.isoformat())], dry_run=True).plan
    assert (plan["updates"], plan["creates"], plan["visits"], plan["fields"]) == (1, 0, 0, {"city": 1})


def test_a_plan_that_fails_leaves_no_copy(salon: Salon, folder: Path) -> None:
    salon.run([contact(1)])
    bad = salon.folder / "no-singer.txt"
    bad.write_text("root:x:0:0\n")
    with pytest.raises(Exception, match="RFZ-202"):
        ask(salon, "plan", "--input", str(bad))
    assert list(folder.iterdir()) == []


def left_by_a_dead_process(folder: Path) -> Path:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    left = folder / f"{copies.PREFIX}{dead.pid}-abcdefgh"
    left.mkdir()
    (left / "ledger.db").write_text("Augusta")
    return left


@pytest.mark.parametrize("command", [["plan"], ["forget", "1"]])
def test_the_copy_of_a_process_that_was_killed_is_removed(
    salon: Salon, folder: Path, command: list[str]
) -> None:
    salon.run([contact(1)])
    left = left_by_a_dead_process(folder)
    ask(salon, *command)
    assert not left.exists()


def test_the_copy_of_a_process_that_lives_is_left_alone(salon: Salon, folder: Path) -> None:
    left = folder / f"{copies.PREFIX}{os.getpid()}-abcdefgh"
    left.mkdir()
    salon.run([contact(1)])
    assert left.exists()


@pytest.mark.usefixtures("folder")
def test_a_copy_raises_no_alarm_about_who_may_read_it(salon: Salon) -> None:
    salon.run([contact(1)])
    before = os.umask(0)
    try:
        outcome = salon.run([contact(1)], dry_run=True)
    finally:
        os.umask(before)
    assert "RFZ-406" not in outcome.log


# What is told of runs that are over, and of those that are not


def killed(salon: Salon) -> None:
    """Leave a run as a kill would."""
    running = salon.target().run
    running.stage_contacts([])
    running.ledger.close()


def test_the_code_of_a_run_that_died_is_not_that_of_the_one_before(either: Salon) -> None:
    assert either.run([contact(1)]).code == 0
    killed(either)
    assert ask(either, "status", "--exit-code").exit_code == 1
    assert ask(either, "status", "--max-age", "2h").exit_code == 0  # the one before was done lately


def test_while_a_run_is_under_way_the_code_is_that_of_the_one_before(either: Salon) -> None:
    either.run([contact(1)])
    running = either.target().run
    assert ask(either, "status", "--exit-code").exit_code == 0
    running.abort(1)


def test_what_is_being_sent_now_is_not_held(either: Salon) -> None:
    either.run([contact(1)], [check_in(7, 1, either.now)])
    sending = sa.update(tables.visit).values(status="sending")
    either.edit_ledger(sending)
    running = either.target().run
    assert ask_json(either, "held") == []
    running.abort(1)
    assert [one["id"] for one in ask_json(either, "held")] == ["7"]


def test_asking_about_a_run_does_not_keep_one_from_starting(shared: Salon) -> None:
    shared.run([contact(1)])
    ledger = Ledger(shared.config()["ledger_url"])
    other = Ledger(shared.config()["ledger_url"])
    assert not ledger.locks.is_held("booker")
    assert other.locks.try_source("booker")
    assert ledger.locks.is_held("booker")
    ledger.close()
    other.close()


# Being asked to stop


@pytest.mark.parametrize("command", [["verify"], ["baseline"]])
def test_a_command_that_waits_for_referrizer_stops_when_asked(salon: Salon, command: list[str]) -> None:
    salon.run([contact(key) for key in range(20)])
    salon.box.faults.add("503", vendor="referrizer")
    file = salon.folder / "settings.json"
    file.write_text(json.dumps({"as_of": salon.now.isoformat(), **salon.config(outage_patience_seconds=300)}))
    program = "from target_referrizer.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "--config", str(file), *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        while not salon.box.requests[-1:] or salon.box.requests[-1].method != "GET":
            assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 143
    assert "RFZ-603 stopped by signal 15" in said.splitlines()[-1]
