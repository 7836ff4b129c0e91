"""A monitor learns in one line and an exit code whether a source is kept in step."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.target_referrizer.asking import ask, ask_json, config_file
from tests.target_referrizer.salon import contact

from target_referrizer.cli import ledger_command
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.target_referrizer.salon import Salon


def health(salon: Salon, age: str = "2h") -> tuple[int, Any]:
    asked = ask(salon, "status", "--max-age", age)
    assert asked.stdout.count("\n") == 1
    return asked.exit_code, asked.stdout.strip()


def test_a_run_done_lately_is_well(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(minutes=35)
    assert health(salon) == (0, "ok: source booker: the last one was done 35 min ago")


def test_a_run_that_calls_a_person_has_been_done(salon: Salon) -> None:
    broken = [contact(key, email=None, phone="x") for key in range(30)]
    assert salon.run(broken).code == 3
    assert health(salon)[0] == 0


def test_no_run_for_too_long_is_not_well(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=3)
    assert health(salon) == (1, "NOT OK: source booker: the last one was done 3 h 00 min ago")
    assert health(salon, "4h")[0] == health(salon, "1d")[0] == 0


def test_runs_that_fail_are_not_well_however_often_they_run(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.box.faults.add("503", vendor="referrizer")
    for _ in range(3):
        salon.pass_time(hours=1)
        assert salon.run([contact(2)]).code == 6
    said = "NOT OK: source booker: the last one was done 3 h 00 min ago; the last one ended with exit code 6"
    assert health(salon) == (1, said)


def states(*of: str) -> list[str]:
    return [json.dumps({"type": "STATE", "value": {"bookmarks": {"contacts": one}}}) for one in of]


def test_runs_that_get_nothing_to_read_do_not_hide_a_tap_that_fails(either: Salon) -> None:
    either.run([contact(1)], state={"bookmarks": {"contacts": "9:00"}})
    for _ in range(3):
        either.pass_time(hours=1)
        assert either.run_lines(states("9:00")).code == 0  # what a tap passes on that cannot sign in
    said = (
        "source booker: the last one was done 0 s ago; it got nothing to read, see the tap; "
        "the last one that got something was done 3 h 00 min ago"
    )
    assert health(either) == (1, f"NOT OK: {said}")
    assert health(either, "4h") == (0, f"ok: {said}")
    assert ask_json(either, "status", "--max-age", "4h")["last_news_at"] < either.now.isoformat()


def test_a_first_run_whose_tap_fails_has_got_nothing(salon: Salon) -> None:
    begun = {"partitions": [{"context": {"location_id": 3749}}]}
    bookmarks: list[dict[str, Any]] = [{"check_ins": begun}, {"check_ins": begun, "contacts": begun}]
    lines = [json.dumps({"type": "STATE", "value": {"bookmarks": one}}) for one in bookmarks]
    assert salon.run_lines(lines).code == 0  # what tap-booker writes when its credentials are refused
    code, said = health(salon)
    assert code == 1
    assert said.endswith("it got nothing to read, see the tap; no run has got anything yet")


def test_a_source_without_records_is_well_as_long_as_its_state_gets_on(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=3)
    assert salon.run_lines(states("9:00", "12:00")).code == 0
    assert health(salon) == (0, "ok: source booker: the last one was done 0 s ago")


def test_an_input_that_never_held_anything_is_not_well(salon: Salon) -> None:
    assert salon.run_lines(states("9:00")).code == 0
    assert health(salon)[1].endswith("no run has got anything yet")


def test_no_run_at_all_is_not_well(salon: Salon) -> None:
    salon.target().run.abort(1)
    assert health(salon)[0] == 1


@pytest.mark.parametrize(("minutes", "code"), [(5, 0), (200, 1)])
def test_a_long_run_is_well_as_long_as_it_gets_on(salon: Salon, minutes: int, code: int) -> None:
    running = salon.target().run
    salon.pass_time(hours=5)
    running.stage_contacts([])
    salon.pass_time(minutes=minutes)
    found, said = health(salon)
    assert (found, "run 1 is under way (staging: 0) and got on" in said) == (code, True)
    running.abort(1)


def test_a_run_that_died_is_not_under_way(salon: Salon) -> None:
    running = salon.target().run
    running.stage_contacts([])
    running.ledger.close()
    assert health(salon) == (1, "NOT OK: source booker: the last one died")


def test_looking_at_the_account_is_no_run(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=3)
    ask(salon, "verify")
    ask(salon, "baseline")
    assert health(salon)[0] == 1


def test_scripts_get_the_same_as_json(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.edit_ledger(sa.update(tables.run).values(finished_at=salon.now))
    found = ask_json(salon, "status", "--max-age", "2h")
    assert (found["is_well"], found["last_exit_code"]) == (True, 0)
    assert found["last_done_at"] == salon.now.isoformat()


@pytest.mark.parametrize("age", ["2", "0h", "-1h", "2 weeks", "h"])
def test_an_age_that_is_none_is_a_wrong_call(salon: Salon, age: str) -> None:
    salon.run([contact(1)])
    asked = ask(salon, "status", f"--max-age={age}")
    assert (asked.exit_code, "is no age such as 90m, 2h or 1d" in asked.output) == (2, True)


# Looked at from outside


def run_at(salon: Salon, **instants: datetime) -> None:
    salon.edit_ledger(sa.update(tables.run).values(**instants))


def test_an_instant_to_come_is_a_wrong_clock_and_not_well(salon: Salon) -> None:
    salon.run([contact(1)])
    run_at(salon, finished_at=salon.now + timedelta(minutes=4))
    assert health(salon)[0] == 0  # two machines' clocks differ by that much
    run_at(salon, finished_at=salon.now + timedelta(hours=3))
    said = "NOT OK: source booker: the last one was done 3 h 00 min in the future: a clock is wrong"
    assert health(salon) == (1, said)


def test_the_setting_as_of_is_no_clock_for_a_monitor(salon: Salon) -> None:
    salon.run([contact(1)])
    config = config_file(salon, as_of=salon.now.isoformat())
    salon.pass_time(hours=5)
    asked = CliRunner().invoke(
        ledger_command, ["--config", str(config), "status", "--max-age=2h"], obj=lambda: salon.now
    )
    assert "the last one was done 5 h 00 min ago" in asked.output


def test_each_source_is_looked_at_by_itself(salon: Salon) -> None:
    salon.run([contact(1)])
    asked = ask(salon, "status", "--max-age", "2h", source="gym")
    assert (asked.exit_code, asked.stdout) == (1, "NOT OK: source gym: no run has been done yet\n")


def test_a_ledger_that_is_not_there_yet_is_one_line_too(salon: Salon) -> None:
    url = f"sqlite:///{salon.folder / 'none' / 'ledger.db'}"
    asked = ask(salon, "status", "--max-age", "2h", ledger_url=url)
    assert (asked.exit_code, asked.stdout[:35]) == (1, "NOT OK: there is no ledger yet at /")
    found = json.loads(ask(salon, "status", "--max-age", "2h", "--format", "json", ledger_url=url).stdout)
    assert found["is_well"] is False
    assert not (salon.folder / "none").exists()


def test_a_ledger_that_is_written_to_for_long_is_looked_at_without_waiting(salon: Salon) -> None:
    salon.run([contact(1)])
    with (
        closing(Ledger(salon.config()["ledger_url"])) as ledger,
        ledger.transaction(),
    ):
        assert health(salon)[0] == 0


def test_looking_needs_no_token_and_changes_no_file(salon: Salon) -> None:
    salon.run([contact(1)])
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in _ledger_files(salon)}
    salon.box.requests.clear()
    assert ask(salon, "status", "--max-age", "2h", api_token="none-that-works").exit_code == 0
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in _ledger_files(salon)} == before
    assert not salon.box.requests.matching(vendor="referrizer")


def _ledger_files(salon: Salon) -> list[Path]:
    return sorted(file for file in salon.folder.iterdir() if file.name != "settings.json")
