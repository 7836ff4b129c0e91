"""Arguments that nobody meant: each is refused with a sentence, none with a traceback or a wrong answer."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.target_referrizer.asking import ask, ask_json, config_file
from tests.target_referrizer.salon import ago, check_in, contact

from target_referrizer.cli import ledger_command
from target_referrizer.errors import TargetError
from target_referrizer.ledger import tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

COMMAND = Path(sys.executable).with_name("referrizer-ledger")
INSTANTS = pytest.mark.parametrize(
    "given", ["2026-05-21T05:00:00Z", "2026-05-21T00:00:00-05:00", "2026-05-21T05:00", "2026-05-21 05:00"]
)


@INSTANTS
def test_an_instant_is_taken_in_every_form_of_iso_8601(salon: Salon, given: str) -> None:
    salon.run([contact(1, last_visit_at=ago(days=10).isoformat())])
    assert ask_json(salon, "explain", "1", "--as-of", given)["group"] == "Past customers"
    assert ask_json(salon, "plan", "--as-of", given)["moves"] == {"Current customers → Past customers": 1}
    with pytest.raises(TargetError, match="RFZ-101 --post-visits-since is an instant that has not come yet"):
        ask(salon, "baseline", "--post-visits-since", given)


def test_an_instant_of_a_zone_is_that_of_the_zone(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=10).isoformat())])
    assert ask_json(salon, "explain", "1", "--as-of", "2026-05-21T04:59Z")["group"] == "Current customers"
    assert (
        ask_json(salon, "explain", "1", "--as-of", "2026-05-20T23:59-05:00")["group"] == "Current customers"
    )


@pytest.mark.parametrize(
    "option", [("explain", "1", "--as-of"), ("plan", "--as-of"), ("baseline", "--post-visits-since")]
)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("soon", "'soon' is no instant such as 2026-03-01"),
        ("2026-02-30", "is no instant"),
        ("1969-12-31T23:59Z", "the year 1969 is none from 1970 to 8999"),
        ("9000-01-01", "the year 9000 is none"),
        ("0001-01-01T00:00+05:00", "is no instant"),
    ],
)
def test_an_instant_that_is_none_is_a_wrong_call(
    salon: Salon, option: tuple[str, ...], given: str, said: str
) -> None:
    found = ask(salon, *option, given)
    assert (found.exit_code, said in " ".join(found.stderr.split())) == (2, True)


def test_the_help_names_an_instant_and_cuts_no_sentence_off() -> None:
    assert "--as-of INSTANT" in CliRunner().invoke(ledger_command, ["plan", "--help"]).stdout
    commands = CliRunner().invoke(ledger_command, ["--help"]).stdout.split("Commands:")[1]
    assert "..." not in commands


@pytest.mark.parametrize("number", ["-5", "0", "many"])
def test_a_sample_of_nobody_is_a_wrong_call(salon: Salon, number: str) -> None:
    salon.run([contact(1)])
    assert ask(salon, "verify", "--sample", number).exit_code == 2


def test_a_sample_of_all_is_a_wrong_call(salon: Salon) -> None:
    salon.run([contact(1)])
    found = ask(salon, "verify", "--sample", "5", "--all")
    assert (found.exit_code, "--sample and --all exclude each other" in found.stderr) == (2, True)


@pytest.mark.parametrize("number", ["2", str(2**31), str(2**70)])
def test_a_run_that_the_ledger_does_not_know_is_no_run_without_moves(salon: Salon, number: str) -> None:
    salon.run([contact(1)])
    with pytest.raises(TargetError, match=f"RFZ-404 the ledger knows no run {number}"):
        ask(salon, "moves", "--run", number)
    assert ask(salon, "moves", "--run", "0").exit_code == 2


@pytest.mark.parametrize("arguments", [["explain"], ["forget"], ["held", "--confirm"], ["held", "--resend"]])
def test_an_id_that_is_not_utf_8_is_a_wrong_call(salon: Salon, arguments: list[str]) -> None:
    salon.run([contact(1)])
    ended = subprocess.run(
        [COMMAND, "--config", config_file(salon), *arguments, b"7\xff"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, "'7\\udcff' is not UTF-8" in ended.stderr) == (2, True)


# What the commands say


def test_without_a_ledger_the_command_says_why_there_may_be_none(salon: Salon) -> None:
    with pytest.raises(TargetError, match="there was no run yet, or correct `ledger_url`"):
        ask(salon, "status")


def test_a_baseline_without_records_says_that_nothing_could_be_linked(salon: Salon) -> None:
    salon.owner_adds(firstName="Ada", email="ada1@example.com")
    said = "the ledger holds no record yet, so nothing could be linked; the first run does that"
    assert said in ask(salon, "baseline").stdout
    salon.run([contact(1)])
    assert said not in ask(salon, "baseline").stdout


def test_settling_held_visits_says_what_was_settled(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.pass_time(hours=9)
    salon.box.faults.add("cut_before", vendor="referrizer", method="POST", path="visits", times=3)
    salon.run([], [check_in(key, 1, salon.now - timedelta(hours=key)) for key in (1, 2, 3)])
    said = ask(salon, "held", "--resend", "1", "--confirm", "2", "--confirm", "3").stderr
    assert said == "1 visit is sent again by the next run\n2 visits are taken as delivered\n"


def test_a_retry_shows_the_list_as_it_is_afterwards_and_says_why_some_stay(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    for _ in range(2):
        salon.owner_adds(firstName="Ada", email="ada1@example.com")
    salon.run([contact(1), {"id": 5, "is_member": "?"}])
    said = ask(salon, "rejects", "--retry")
    assert said.stdout.splitlines()[0].startswith("contacts 5: RFZ-203")
    assert said.stderr.startswith("1 of 2 rejects tried again by the next run\nthe rest is not: records that")


def test_a_visit_that_a_run_is_sending_is_not_called_held(salon: Salon) -> None:
    salon.run([contact(1)], [check_in(7, 1, salon.now)])
    running = salon.target().run
    with running.ledger.transaction() as tx:
        tx.execute(sa.update(tables.visit).values(status="sending"))
    assert ask_json(salon, "held") == []
    running.ledger.close()  # as its death does
    assert [one["id"] for one in ask_json(salon, "held")] == ["7"]


def test_referrizers_id_has_one_name_in_every_answer(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    its = salon.one()["id"]
    salon.pass_time(days=30)
    assert ask_json(salon, "plan")["samples"]["moves"][0]["referrizer_contact"] == its
    salon.run([])
    assert ask_json(salon, "moves")[0]["referrizer_contact"] == its
    assert ask_json(salon, "explain", "1")["records"][0]["referrizer_contact"] == its
    salon.one()["firstName"] = "Zoe"
    assert ask_json(salon, "verify")["whom"][0]["referrizer_contact"] == its


def test_a_person_who_comes_back_is_told_to_need_news_or_a_full_refresh(salon: Salon) -> None:
    salon.run([contact(1)])
    ask(salon, "forget", "1")
    assert "a full refresh of contacts sends it" in ask(salon, "forget", "1", "--undo").stdout
