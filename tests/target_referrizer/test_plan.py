"""A dry run says what a run would do, from real data and without one write; the run then does just that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.target_referrizer.asking import ask, ask_json, config_file
from tests.target_referrizer.salon import ago, check_in, contact, singer

from target_referrizer.cli import ledger_command
from target_referrizer.errors import TargetError

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

NEW = contact(
    7, first_name="Augusta", last_name="Kingsley", email="augusta.k@example.com", phone="312-555-0142",
    last_visit_at=ago(days=3).isoformat(),
)  # fmt: skip


@pytest.fixture
def planned(salon: Salon) -> Salon:
    """Four contacts with a past: one about to age, one that changes, one that stays, and one yet to come."""
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.settings["visits_since"] = ago(days=30).isoformat()
    people = [contact(1, last_visit_at=ago(days=85).isoformat()), contact(2, city="Gary"), contact(3)]
    salon.run(people)
    salon.pass_time(days=30)
    return salon


def news(salon: Salon) -> tuple[list[Record], list[Record]]:
    changed = contact(2, city="Joliet", zip="60432", updated_at=salon.now.isoformat())
    broken = contact(8, email=None, phone="unreadable")
    return [NEW, changed, contact(3), broken], [
        check_in(70, 7, salon.now), check_in(71, 3, salon.now), check_in(72, 3, ago(days=9)),
    ]  # fmt: skip


def test_a_dry_run_says_all_that_the_run_then_does(planned: Salon) -> None:
    before = planned.shown(), planned.visits()
    dry = planned.run(*news(planned), dry_run=True)
    assert (dry.code, dry.writes, dry.states) == (0, [], [])
    assert before == (planned.shown(), planned.visits())
    plan = dry.plan
    real = planned.run(*news(planned))
    assert plan["creates"] == real.accounting["contacts"]["created"] == 1
    assert plan["updates"] == len([one for one in real.writes if one.startswith("PUT")]) == 3
    assert plan["visits"] == len(planned.visits()) == 3
    assert plan["rejected"] == real.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-206": 1}


def test_fields_groups_and_points_are_counted(planned: Salon) -> None:
    plan = planned.run(*news(planned), dry_run=True).plan
    assert plan["fields"] == {"city": 1, "group": 2, "last_visit_at": 1, "zip": 1}
    assert plan["moves"] == {"Current customers → Past customers": 1, "Leads → Current customers": 1}
    assert plan["first_groups"] == {"Current customers": 1}
    assert plan["leave"] == 0


@pytest.mark.parametrize(
    ("settings", "points"),
    [
        ({}, {"given": 0, "by_account": 2}),
        ({"points": 25}, {"given": 50, "by_account": 0}),
        ({"points": 25, "backfill_points": 5}, {"given": 55, "by_account": 0}),
    ],
)
def test_points_that_visits_may_earn(planned: Salon, settings: Record, points: dict[str, int]) -> None:
    assert planned.run(*news(planned), dry_run=True, **settings).plan["points"] == points


def test_there_is_an_example_of_each_and_personal_data_is_masked(planned: Salon) -> None:
    dry = planned.run(*news(planned), dry_run=True)
    samples = dry.plan["samples"]
    (created,) = samples["creates"]
    assert (created["id"], created["group"], created["record"]["first_name"]) == (
        "7",
        "Current customers",
        "A…",
    )
    changes = {tuple(one["records"]): one["changes"] for one in samples["updates"]}
    assert changes["booker 2",] == {"city": "G… → J…", "zip": "nothing → 6…"}
    assert [one["to"] for one in samples["moves"] if one["records"] == ["booker 1"]] == ["Past customers"]
    assert {one["id"] for one in samples["visits"]} == {"70", "71", "72"}
    assert [(one["id"], one["code"]) for one in samples["rejected"]] == [("8", "RFZ-206")]
    for private in ("Augusta", "Kingsley", "augusta", "5550142", "Joliet", "60432", "unreadable"):
        assert private not in dry.err.replace("phone is unreadable", "").replace("phone unreadable", "")


def test_a_dry_run_reads_well(planned: Salon) -> None:
    said = planned.run(*news(planned), dry_run=True).err
    assert f"  - {'to create, at most':<38}{1:>12}" in said
    assert f"  - {'RFZ-206 Unreadable phone':<38}{1:>12}" in said
    assert "  - id 7; group Current customers; record email a…, first_name A…" in said


def test_the_examples_are_few(salon: Salon) -> None:
    plan = salon.run([contact(key) for key in range(40)], dry_run=True).plan
    assert (plan["creates"], len(plan["samples"]["creates"])) == (40, 5)


# The command


def test_the_command_plans_for_an_input_and_shows_personal_data_only_when_asked(planned: Salon) -> None:
    contacts, visits = news(planned)
    file = planned.folder / "input.jsonl"
    file.write_text("\n".join([*singer("contacts", contacts), *singer("check_ins", visits)]))
    plan = ask_json(planned, "plan", "--input", str(file))
    assert (plan["creates"], plan["samples"]["creates"][0]["record"]["first_name"]) == (1, "A…")
    said = ask(planned, "plan", "--input", str(file), "--show-personal-data").stdout
    assert "city Gary → Joliet" in said
    assert planned.run(contacts, visits).accounting["contacts"]["created"] == 1


def test_the_command_plans_for_what_waits_and_what_ages(planned: Salon) -> None:
    plan = ask_json(planned, "plan")
    assert (plan["updates"], plan["moves"]) == (1, {"Current customers → Past customers": 1})
    assert plan["leave"] == 2


def test_a_plan_that_cannot_read_the_account_is_no_plan(salon: Salon) -> None:
    salon.box.faults.add("401", vendor="referrizer")
    file = salon.folder / "input.jsonl"
    file.write_text("\n".join(singer("contacts", [contact(1)])))
    given = ["--config", str(config_file(salon)), "plan", "--input", str(file)]
    asked = CliRunner().invoke(ledger_command, given)
    assert (asked.exit_code, asked.stdout) == (2, "")


def test_the_brake_counts_the_visits_of_contacts_that_are_yet_to_be_created(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    visits = [check_in(key, 2, salon.now) for key in range(30)]
    outcome = salon.run([contact(2)], visits)
    assert (outcome.code, outcome.accounting["contacts"]["created"], salon.visits()) == (5, 1, [])


def test_the_client_of_a_dry_run_sends_nothing_even_if_it_is_asked_to(salon: Salon) -> None:
    run = salon.target(dry_run=True).run
    run.finish()
    assert run._client is not None
    with pytest.raises(TargetError, match="RFZ-902 POST /visits"):
        run._client.create_visit({"contactId": "1"})
    assert not [one for one in salon.box.requests if one.method != "GET"]


def test_the_plan_says_what_the_brake_would_withhold(salon: Salon) -> None:
    salon.run([contact(key, last_visit_at=ago(days=85).isoformat()) for key in range(30)])
    salon.pass_time(days=30)
    assert ask_json(salon, "plan")["withheld"] == ["groups"]
    assert "the brake would withhold: groups (see brake_percent)" in ask(salon, "plan").stdout
    assert ask_json(salon, "plan", brake_percent=100)["withheld"] == []


def test_rejects_that_were_known_before_are_counted_and_the_new_ones_said(planned: Salon) -> None:
    contacts, _ = news(planned)
    planned.run(contacts)
    more = [*contacts, contact(9, email=None, phone="unreadable")]
    dry = planned.run(more, dry_run=True)
    assert (dry.plan["rejected"], dry.plan["newly_rejected"]) == ({"RFZ-206": 2}, {"RFZ-206": 1})
    assert [one["id"] for one in dry.plan["samples"]["rejected"]] == ["9", "8"]
    assert "would be rejected, 1 of them new" in dry.err


def test_rejects_of_earlier_runs_are_not_those_of_this_one(planned: Salon) -> None:
    planned.run(*news(planned))
    assert planned.run([contact(3)], dry_run=True).plan["rejected"] == {}


def test_examples_are_titled_in_words(planned: Salon) -> None:
    said = planned.run(*news(planned), dry_run=True).err.splitlines()
    titles = [line for line in said if line.startswith("examples of ")]
    kinds = ("creates", "updates", "group moves", "visits", "rejects")
    assert titles == [f"examples of {kind}" for kind in kinds]
