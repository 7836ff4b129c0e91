"""The command `referrizer-ledger` as people and scripts call it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.target_referrizer.asking import ask, ask_json, config_file
from tests.target_referrizer.salon import ago, check_in, contact

from target_referrizer.cli import ledger_command
from target_referrizer.errors import SettingsError, TargetError

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


COMMAND = Path(sys.executable).with_name("referrizer-ledger")
PERSON = {
    "first_name": "Augusta",
    "last_name": "Kingsley",
    "email": "augusta.k@example.com",
    "phone": "312-555-0142",
    "street": "12 Dorset Street",
    "birthday": "1979-12-10",
}


def _everything(salon: Salon) -> str:
    with closing(sqlite3.connect(salon.folder / "ledger.db")) as ledger:
        return "\n".join(ledger.iterdump())


def test_status_says_how_the_last_run_ended_and_what_there_is(salon: Salon) -> None:
    salon.run([contact(1), contact(2, email=None)])
    said = ask_json(salon, "status")
    assert (said["run"]["state"], said["run"]["exit_code"]) == ("ended", 0)
    assert said["contacts"] == {"linked": 1, "unreachable": 1}
    assert "Leads" in ask(salon, "status").output


def test_status_says_what_to_type_where_a_person_is_needed(salon: Salon) -> None:
    salon.run([contact(1)])
    assert "for a person" not in ask(salon, "status").stdout
    salon.pass_time(hours=1)
    salon.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", nth=1)
    salon.run([contact(2, phone="1", email=None)], [check_in(1, 1, salon.now)])
    typed = f"`referrizer-ledger --config {config_file(salon)} "
    last = ask(salon, "status").stdout.splitlines()[-2:]
    assert last == [
        f"for a person: 1 held visit; see {typed}held`",
        f"for a person: 1 rejected record; see {typed}rejects`",
    ]


def test_status_gives_the_exit_code_that_meltano_hides(salon: Salon) -> None:
    salon.run([contact(1)], api_token="nope")
    assert ask(salon, "status", "--exit-code").exit_code == 2
    assert ask(salon, "status").exit_code == 0


def test_status_tells_a_dead_run_from_a_living_one(salon: Salon) -> None:
    target = salon.target()
    _ = target.run
    assert ask_json(salon, "status")["run"]["state"] == "running"
    target.run.ledger.close()
    assert ask_json(salon, "status")["run"]["state"] == "died"


def test_without_a_ledger_the_command_says_so(salon: Salon) -> None:
    with pytest.raises(TargetError, match="RFZ-403 there is no ledger yet"):
        ask(salon, "status")


def test_explain_finds_by_either_id_or_email_and_says_why_and_what_next(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=10).isoformat())])
    by_source = ask_json(salon, "explain", "1")
    by_remote = ask_json(salon, "explain", salon.one()["id"])
    by_email = json.loads(ask(salon, "explain", "-", "--format", "json", stdin="ADA1@example.com\n").output)
    assert by_source == by_remote == by_email
    assert by_source["group"] == "Current customers"
    assert by_source["next"] == {"group": "Past customers", "on": "2026-05-21"}
    assert "2026-02-20" in by_source["why"]
    assert [event["kind"] for event in by_source["events"]] == ["created"]


def test_explain_names_the_record_of_each_event_where_there_are_several(salon: Salon) -> None:
    salon.run([contact(1), contact(2, email="ada1@example.com", first_name="Zoe")])
    events = [line for line in ask(salon, "explain", "1").stdout.splitlines() if " run 1: " in line]
    linked = [line.split(" run 1: ")[1] for line in events if "linked" in line]
    assert linked == ["linked booker 2 by e-mail, first names agree no"]
    created = next(line for line in events if "created" in line)
    assert " and " in created
    assert created.count(" and ") == 1


def test_explain_masks_a_person_unless_asked(salon: Salon) -> None:
    salon.run([contact(1)])
    assert "ada1@example.com" not in ask(salon, "explain", "1").output
    assert "ada1@example.com" in ask(salon, "explain", "1", "--show-personal-data").output


def test_explain_of_nobody_fails(salon: Salon) -> None:
    salon.run([contact(1)])
    with pytest.raises(TargetError, match="RFZ-404 the ledger knows no contact '404'") as nobody:
        ask(salon, "explain", "404")
    assert nobody.value.exit_code == 1


def test_moves_says_who_and_why(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    salon.pass_time(days=30)
    salon.run([])
    moved = ask_json(salon, "moves")
    why = "time has passed since the last visit"
    assert [(one["records"], one["from"], one["to"], one["why"]) for one in moved] == [
        (["booker 1"], "Current customers", "Past customers", why)
    ]


def test_plan_counts_what_would_move_and_writes_nothing(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    before = (salon.folder / "ledger.db").read_bytes()
    later = (salon.now + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%S")
    assert ask_json(salon, "plan", "--as-of", later)["moves"] == {"Current customers → Past customers": 1}
    assert ask_json(salon, "plan")["moves"] == {}
    assert (salon.folder / "ledger.db").read_bytes() == before


def test_held_visits_are_listed_and_settled_by_a_person(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.pass_time(hours=9)
    salon.box.faults.add("cut_before", vendor="referrizer", method="POST", path="visits", times=2)
    salon.run([], [check_in(key, 1, salon.now - timedelta(hours=key)) for key in (1, 2)])
    assert sorted(one["id"] for one in ask_json(salon, "held")) == ["1", "2"]
    ask(salon, "held", "--resend", "1", "--confirm", "2")
    assert salon.run([]).code == 0
    assert len(salon.visits()) == 1


def test_rejects_are_listed_and_tried_again_when_asked(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    twins = [salon.owner_adds(firstName="Ada", email="ada1@example.com") for _ in range(2)]
    salon.run([contact(1), {"id": 5, "is_member": "?"}])
    assert [(one["id"], one["code"]) for one in ask_json(salon, "rejects")] == [
        ("1", "RFZ-207"),
        ("5", "RFZ-203"),
    ]
    del salon.box.referrizer.contacts[twins[0]]
    assert salon.run([contact(1)]).writes == []
    ask(salon, "rejects", "--retry")
    salon.run([])
    assert salon.group() == "Leads"
    assert [one["id"] for one in ask_json(salon, "rejects")] == ["5"]


def test_settings_come_from_the_environment_too(salon: Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    salon.run([contact(1)])
    for name, value in salon.config().items():
        monkeypatch.setenv(f"TARGET_REFERRIZER_{name.upper()}", str(value))
    assert CliRunner().invoke(ledger_command, ["status"]).exit_code == 0


# As a program of its own


def test_the_program_answers_a_script_and_gives_the_exit_code(salon: Salon) -> None:
    salon.box.faults.add("cut_after", vendor="referrizer", path="visits")
    salon.run([contact(1)], [check_in(7, 1, salon.now)])
    ended = subprocess.run(
        [COMMAND, "--config", config_file(salon), "status", "--format", "json", "--exit-code"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["visits"] == {"held": 1}
    assert ended.stderr == ""


def test_an_email_is_read_from_standard_input_and_its_owner_is_not_named(salon: Salon) -> None:
    salon.run([contact(1, **PERSON)])
    ended = subprocess.run(
        [COMMAND, "--config", config_file(salon), "explain", "-"],
        input=" Augusta.K@Example.com\n", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, "booker 1: linked" in ended.stdout) == (0, True)
    said = (ended.stdout + ended.stderr).casefold()
    assert not [value for value in PERSON.values() if value.casefold() in said]


def test_a_failure_is_one_line_with_its_code_and_no_traceback(salon: Salon) -> None:
    file = config_file(salon, ledger_url=f"sqlite:///{salon.folder}/none.db")
    ended = subprocess.run(
        [COMMAND, "--config", file, "status"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert [line for line in ended.stderr.splitlines() if "RFZ-403" in line] == ended.stderr.splitlines()
    assert not (salon.folder / "none.db").exists()


# status


def test_status_of_a_source_that_never_ran(salon: Salon) -> None:
    salon.run([contact(1)])
    assert ask_json(salon, "status", source="shop")["run"] is None
    assert "source shop: no run yet" in ask(salon, "status", source="shop").stdout
    assert ask(salon, "status", "--exit-code", source="shop").exit_code == 1


def test_status_of_a_running_run_says_since_when_and_how_far(salon: Salon) -> None:
    salon.run([contact(1)])
    target = salon.target()
    target.run.stage_visits([])
    said = ask(salon, "status").stdout
    assert "run 2 of source booker: running since 2026-03-02 09:00 -06:00" in said
    assert "staging: 0" in said
    assert ask(salon, "status", "--exit-code").exit_code == 0  # of the last run that has ended
    target.run.abort(1)


def test_status_of_a_dead_run_says_so_and_gives_a_failure_once_the_next_has_begun(salon: Salon) -> None:
    target = salon.target()
    target.run.ledger.close()
    assert "run 1 of source booker: died" in ask(salon, "status").stdout
    _ = (following := salon.target()).run
    assert ask(salon, "status", "--exit-code").exit_code == 1
    following.run.abort(1)


@pytest.mark.parametrize("code", [0, 3, 6])
def test_status_gives_each_exit_code_back(salon: Salon, code: int) -> None:
    fault = {3: ("cut_after", "visits"), 6: ("503", "contacts")}.get(code)
    if fault:
        salon.box.faults.add(fault[0], vendor="referrizer", path=fault[1])
    assert salon.run([contact(1)], [check_in(7, 1, salon.now)]).code == code
    assert ask(salon, "status", "--exit-code").exit_code == code


def test_status_keeps_the_accounting_and_lists_those_who_are_special_by_id(salon: Salon) -> None:
    family = {"email": "home@example.com", "last_name": "Reyes"}
    salon.run([contact(1, first_name="Maria", **family), contact(2, first_name="Luis", **family), contact(3)])
    del salon.box.referrizer.contacts[salon.one(email="ada3@example.com")["id"]]
    salon.pass_time(hours=1)
    salon.run([contact(3, city="Gary"), {"id": 4, "is_forgotten": True}])
    found = ask_json(salon, "status")
    assert {name: found[name]["ids"] for name in ("gone", "forgotten")} == {"gone": ["3"], "forgotten": ["4"]}
    assert found["disagreeing"]["count"] == 1
    assert found["run"]["accounting"]["contacts"]["read"] == 2
    assert "gone from Referrizer (not written any more): 1 (3)" in ask(salon, "status").stdout


def test_status_speaks_the_words_of_the_accounting_and_of_its_own_source(salon: Salon) -> None:
    rows = [check_in(7, 1, ago(days=3)), check_in(8, 1, ago(days=2), is_checked_in=False)]
    rows += [check_in(9, 5, salon.now)]
    salon.run([contact(1), {**contact(2), "is_member": "?"}], rows)
    salon.run([contact("s-1", email=None, phone="x")], source="shop")
    found = ask_json(salon, "status")
    assert found["visits"] == {"history": 1, "not_a_visit": 1, "waiting": 1}
    assert (found["contacts"], found["rejected"]) == ({"linked": 1}, {"RFZ-203": 1})
    assert "it read 2 contacts and 3 check-ins" in ask(salon, "status").stdout


def test_an_answer_that_is_empty_says_so(salon: Salon) -> None:
    salon.run([contact(1)])
    said = {"moves": "nobody moved", "rejects": "nothing is rejected", "held": "nothing is held"}
    for command, words in said.items():
        assert words in ask(salon, command).stdout
        assert ask_json(salon, command) == []


def test_a_decision_about_a_visit_that_is_not_held_fails_and_decides_nothing(salon: Salon) -> None:
    salon.box.faults.add("cut_after", vendor="referrizer", path="visits")
    salon.run([contact(1)], [check_in(7, 1, salon.now)])
    with pytest.raises(TargetError, match="RFZ-404 no visit is held by the id 999"):
        ask(salon, "held", "--confirm", "7", "--resend", "999")
    assert [one["id"] for one in ask_json(salon, "held")] == ["7"]


def test_asking_changes_nothing_and_calls_nobody(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.box.requests.clear()
    before = _everything(salon)
    for arguments in (["status"], ["explain", "1"], ["moves"], ["rejects"], ["held"]):
        assert ask(salon, *arguments).exit_code == 0
    assert _everything(salon) == before
    assert salon.box.requests == []


# explain


def test_explain_says_what_was_sent_what_waits_and_what_is_history(salon: Salon) -> None:
    salon.run([contact(1)], [check_in(6, 1, ago(days=4))])
    salon.pass_time(hours=5)
    salon.run([], [check_in(7, 1, salon.now), check_in(8, 1, salon.now.replace(hour=23))])
    said = ask(salon, "explain", "1").stdout
    assert "visit 6 2026-02-26 09:00 -06:00: history" in said
    assert "visit 7 2026-03-02 14:00 -06:00: delivered" in said
    assert "visit 8 2026-03-02 17:00 -06:00: waiting (future)" in said


def test_explain_as_of_another_day_says_the_group_of_that_day(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=10).isoformat())])
    said = ask_json(salon, "explain", "1", "--as-of", "2026-05-21T12:00:00")
    assert (said["group"], said["next"]) == ("Past customers", None)
    before = ask_json(salon, "explain", "1", "--as-of", "2026-05-20T12:00:00")
    assert (before["group"], before["next"]["on"]) == ("Current customers", "2026-05-21")


def test_explain_of_somebody_who_never_came(salon: Salon) -> None:
    salon.run([contact(1)])
    said = ask(salon, "explain", "1").stdout
    assert "group: Leads, because no visit is known" in said
    assert "next: stays where it is" in said


def test_explain_of_an_undone_check_in(salon: Salon) -> None:
    came = check_in(7, 1, salon.now)
    salon.run([contact(1)], [came])
    salon.pass_time(hours=1)
    undone = {"is_checked_in": False, "checked_in_at": None, "as_of": salon.now.isoformat()}
    salon.run([], [{**came, **undone}])
    said = ask(salon, "explain", "1").stdout
    assert "visit 7 2026-03-02 09:00 -06:00: undone" in said
    assert "a check-in was taken back" in said


def test_explain_shows_all_records_of_one_contact_and_who_brings_no_fields(salon: Salon) -> None:
    family = {"email": "home@example.com", "last_name": "Reyes"}
    salon.run([contact(1, first_name="Maria", **family), contact(2, first_name="Luis", **family)])
    found = ask_json(salon, "explain", "2")
    assert sorted(one["id"] for one in found["records"]) == ["1", "2"]
    assert sorted(one["owns_fields"] for one in found["records"]) == [False, True]
    assert "first names disagree" in ask(salon, "explain", "2").stdout


def test_explain_without_an_email_on_standard_input_is_a_wrong_call(salon: Salon) -> None:
    salon.run([contact(1)])
    assert ask(salon, "explain", "-", stdin="nobody\n").exit_code == 2


# moves


def test_moves_of_an_earlier_run_and_of_a_run_without_any(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    salon.pass_time(days=30)
    salon.run([])
    salon.run([])
    assert ask(salon, "moves").stdout == "nobody moved in this run\n"
    said = ask(salon, "moves", "--run", "2").stdout
    assert "Current customers → Past customers: time has passed since the last visit" in said


def test_moves_names_a_visit_as_the_reason(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=300).isoformat())])
    salon.pass_time(hours=1)
    salon.run([], [check_in(7, 1, salon.now)])
    assert [one["why"] for one in ask_json(salon, "moves")] == ["a visit"]


# Settings


@pytest.mark.parametrize("text", ["{", "[1, 2]", "5"])
def test_a_settings_file_that_is_no_json_object_is_a_wrong_setting(salon: Salon, text: str) -> None:
    file = salon.folder / "broken.json"
    file.write_text(text)
    found = CliRunner().invoke(ledger_command, ["--config", str(file), "status"])
    assert isinstance(found.exception, SettingsError)
    assert str(found.exception).startswith("RFZ-101 broken.json holds no JSON object")


def test_of_two_settings_files_the_later_one_counts(salon: Salon) -> None:
    salon.run([contact(1)])
    first, second = config_file(salon), salon.folder / "second.json"
    second.write_text(json.dumps({"source": "shop"}))
    found = CliRunner().invoke(ledger_command, ["--config", str(first), "--config", str(second), "status"])
    assert "source shop: no run yet" in found.stdout


@pytest.mark.parametrize("command", [["status"], ["explain", "1"], ["held"], ["rejects"], ["moves"]])
def test_asking_makes_no_ledger(salon: Salon, command: list[str]) -> None:
    asked = CliRunner().invoke(ledger_command, ["--config", str(config_file(salon)), *command])
    assert isinstance(asked.exception, TargetError)
    assert not (salon.folder / "ledger.db").exists()


def test_a_refused_newer_ledger_is_refused_by_the_command_too(salon: Salon) -> None:
    first = salon.target()
    first.run.ledger.put("schema_version", "99")
    first.run.abort(1)
    before = (salon.folder / "ledger.db").read_bytes()
    asked = CliRunner().invoke(ledger_command, ["--config", str(config_file(salon)), "status"])
    assert isinstance(asked.exception, TargetError)
    assert asked.exception.code == "RFZ-402"
    assert (salon.folder / "ledger.db").read_bytes() == before


def test_status_gives_the_code_of_a_run_that_never_began(salon: Salon) -> None:
    salon.run([contact(1)], source="shop")
    with pytest.raises(SettingsError, match="RFZ-106"):
        salon.run([], timezone="Europe/London")
    assert ask(salon, "status", "--exit-code").exit_code == 2


def test_a_retry_leaves_the_rejects_that_it_cannot_retry_on_the_list(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    for _ in range(2):
        salon.owner_adds(firstName="Ada", email="ada1@example.com")
    odd = {**contact(3), "is_member": "?"}
    bad_visit = {"id": 3, "contact_id": 1, "checked_in_at": "soon"}
    salon.run([contact(1), contact(2, email=None, phone="x"), odd], [bad_visit])
    ask(salon, "rejects", "--retry")
    left = [(one["stream"], one["id"], one["code"]) for one in ask_json(salon, "rejects")]
    assert left == [("check_ins", "3", "RFZ-203"), ("contacts", "2", "RFZ-206"), ("contacts", "3", "RFZ-203")]
