"""The brake on changes that are too many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa
from click.testing import CliRunner
from tests.target_referrizer.salon import ago, check_in, contact, custom

from target_referrizer.cli import ledger_command
from target_referrizer.ledger import tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon


def people(first: int, last: int, **fields: object) -> list[Record]:
    """Contacts with these ids, none like another."""
    return [contact(key, first_name=f"Ada{key}", **fields) for key in range(first, last)]


def test_a_first_run_is_never_braked(salon: Salon) -> None:
    assert salon.run(people(0, 25), brake_percent=1).code == 0
    assert len(salon.shown()) == 25


def test_a_first_run_that_never_completed_is_not_braked_when_it_goes_on(salon: Salon) -> None:
    salon.box.faults.add("503", vendor="referrizer", method="POST", path="contacts", times=99)
    assert salon.run(people(0, 25), outage_patience_seconds=0).code == 6
    salon.box.faults.clear()
    assert salon.run([], brake_percent=1).code == 0
    assert len(salon.shown()) == 25


def test_runs_that_got_nothing_or_only_rejects_are_no_first_load(salon: Salon) -> None:
    """A tap that was refused, a map that was wrong: the load that comes then is still the first."""
    assert salon.run([]).code == 0
    rejected = [{**one, "birthday": "soon"} for one in people(0, 25)]
    assert salon.run(rejected).code == 3
    assert salon.run(people(0, 25), brake_percent=1).code == 0
    assert len(salon.shown()) == 25
    assert salon.run(people(25, 50), brake_percent=1).code == 5


def test_the_brake_of_a_ledger_from_before_completion_was_noted(salon: Salon) -> None:
    salon.run(people(0, 1))
    salon.edit_ledger(sa.delete(tables.meta).where(tables.meta.c.key.startswith("completed:")))
    assert salon.run(people(1, 30)).code == 5


def test_a_source_whose_contacts_were_all_forgotten_is_not_new(salon: Salon) -> None:
    salon.run(people(0, 1))
    assert salon.run(people(0, 1, is_forgotten=True, updated_at=salon.now.isoformat())).code == 0
    assert salon.run(people(1, 30)).code == 5


def test_twenty_changes_are_always_allowed_and_one_more_is_not(salon: Salon) -> None:
    salon.run(people(0, 1))
    assert salon.run(people(1, 21), brake_percent=1).code == 0
    assert salon.run(people(21, 42), brake_percent=1).code == 5
    assert len(salon.shown()) == 21


def test_exactly_the_allowed_share_is_allowed(salon: Salon) -> None:
    salon.run(people(0, 42))
    assert salon.run(people(42, 63), brake_percent=50).code == 0
    assert len(salon.shown()) == 63


def test_braked_creates_wait_while_everything_else_goes_on(salon: Salon) -> None:
    salon.run(people(0, 30))
    salon.pass_time(hours=1)
    changed = {**people(0, 1)[0], "city": "Gary", "updated_at": salon.now.isoformat()}
    rows = [check_in(7, 1, salon.now), check_in(8, 40, salon.now)]
    outcome = salon.run([changed, *people(30, 55)], rows, state={"seen": 1})
    assert (outcome.code, outcome.states, "RFZ-501" in outcome.log) == (5, [], True)
    counts = outcome.accounting
    assert counts["exit_code"] == 5
    assert (counts["contacts"]["updated"], counts["contacts"]["reasons"]["waiting"]) == (1, {"brake": 25})
    assert counts["check_ins"]["delivered"] == 1
    assert counts["check_ins"]["reasons"]["waiting"] == {"no_contact_yet": 1}
    released = salon.run([], brake_percent=100, state={"seen": 2})
    assert (released.code, len(released.states)) == (0, 1)
    assert (len(salon.shown()), len(salon.visits())) == (55, 2)


def test_braked_visits_wait_and_one_run_with_a_higher_value_posts_each_once(salon: Salon) -> None:
    salon.run(people(0, 21))
    salon.pass_time(hours=1)
    rows = [check_in(key, key, salon.now) for key in range(21)]
    outcome = salon.run([], rows)
    assert (outcome.code, salon.visits()) == (5, [])
    assert outcome.accounting["check_ins"]["reasons"]["waiting"] == {"brake": 21}
    assert salon.run([], rows).code == 5
    assert salon.run([], brake_percent=100).code == 0
    assert salon.run([], rows).accounting["check_ins"]["already_delivered"] == 21
    assert len(salon.visits()) == 21


def test_a_braked_run_is_what_status_returns(salon: Salon) -> None:
    salon.run(people(0, 1))
    salon.run(people(1, 30))
    file = salon.folder / "settings.json"
    file.write_text(json.dumps(salon.config()))
    asked = CliRunner().invoke(ledger_command, ["--config", str(file), "status", "--exit-code"])
    assert asked.exit_code == 5


# Brake


def test_the_brake_withholds_what_changes_too_much_until_a_higher_value_releases_it(
    salon: Salon,
) -> None:
    people = [contact(key, last_visit_at=ago(days=60).isoformat()) for key in range(30)]
    assert salon.run(people).code == 0
    salon.pass_time(days=60)
    changed = {**people[1], "city": "Gary", "updated_at": salon.now.isoformat()}
    outcome = salon.run([changed], state={"seen": 1})
    assert (outcome.code, outcome.states) == (5, [])
    assert salon.one(email="ada1@example.com")["address"]["city"] == "Gary"
    assert {custom(one, "Customer Group") for one in salon.shown()} == {"Current customers"}
    assert salon.run([], brake_percent=100).code == 0
    assert {custom(one, "Customer Group") for one in salon.shown()} == {"Past customers"}
