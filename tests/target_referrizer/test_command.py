"""The command `referrizer-ledger`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from tests.target_referrizer.salon import ago, check_in, contact

from target_referrizer.cli import ledger_command
from target_referrizer.errors import TargetError

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


def ask(salon: Salon, *arguments: str, stdin: str = "") -> Result:
    file = salon.folder / "settings.json"
    file.write_text(json.dumps({"as_of": salon.now.isoformat(), **salon.config()}))
    found = CliRunner().invoke(ledger_command, ["--config", str(file), *arguments], input=stdin)
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def ask_json(salon: Salon, *arguments: str) -> Any:
    return json.loads(ask(salon, *arguments, "--format", "json").output)


def test_status_says_how_the_last_run_ended_and_what_there_is(salon: Salon) -> None:
    salon.run([contact(1), contact(2, email=None)])
    said = ask_json(salon, "status")
    assert (said["run"]["state"], said["run"]["exit_code"]) == ("ended", 0)
    assert said["contacts"] == {"linked": 1, "unreachable": 1}
    assert "Leads" in ask(salon, "status").output


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


def test_explain_masks_a_person_unless_asked(salon: Salon) -> None:
    salon.run([contact(1)])
    assert "ada1@example.com" not in ask(salon, "explain", "1").output
    assert "ada1@example.com" in ask(salon, "explain", "1", "--show-personal-data").output


def test_explain_of_nobody_fails(salon: Salon) -> None:
    salon.run([contact(1)])
    assert ask(salon, "explain", "404").exit_code == 1


def test_moves_says_who_and_why(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    salon.pass_time(days=30)
    salon.run([])
    moved = ask_json(salon, "moves")
    assert [(one["from"], one["to"], one["why"]) for one in moved] == [
        ("Current customers", "Past customers", "time has passed since the last visit")
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
