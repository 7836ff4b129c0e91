"""The brake on changes that are too many, and a ledger that was lost."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.target_referrizer.salon import NOW, ago, check_in, contact, custom

from target_referrizer.cli import ledger_command

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


# A lost ledger


@pytest.fixture
def lost(salon: Salon) -> Salon:
    """A salon that lost its ledger after a visit was posted, two hours after its first run."""
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    salon.run([], [check_in(7, 1, salon.now)])
    for file in salon.folder.glob("ledger.db*"):
        file.unlink()
    salon.pass_time(hours=1)
    return salon


def test_a_rebuilt_ledger_calls_a_person_once_says_what_to_do_and_lets_state_out(lost: Salon) -> None:
    outcome = lost.run([contact(1)], state={"seen": 1})
    assert (outcome.code, len(outcome.states)) == (3, 1)
    assert "full refresh of contacts" in outcome.log
    assert outcome.accounting["exit_code"] == 3
    assert lost.run([contact(1)]).code == 0


@pytest.mark.parametrize("since", ["first_run", ago(days=90).isoformat()])
def test_no_visit_from_before_is_posted_whatever_the_setting_says(lost: Salon, since: str) -> None:
    rows = [
        check_in(7, 1, NOW + timedelta(hours=1)),
        check_in(8, 1, ago(days=9), as_of=ago(days=9).isoformat()),
    ]
    first = lost.run([contact(1)], rows, visits_since=since)
    assert first.accounting["check_ins"]["history"] == 2
    later = lost.run([], [check_in(9, 1, ago(days=1))], visits_since=since)
    assert later.accounting["check_ins"]["history"] == 1
    assert len(lost.visits()) == 1


def test_what_happens_after_the_rebuild_is_posted_again(lost: Salon) -> None:
    lost.run([contact(1)])
    lost.pass_time(hours=5)
    lost.run([], [check_in(8, 1, lost.now)])
    assert len(lost.visits()) == 2


def test_the_group_rests_on_the_last_visit_that_referrizer_shows_and_ages_from_there(lost: Salon) -> None:
    lost.run([contact(1)])
    shown = lost.one()
    assert (lost.group(), custom(shown, "Last Visit Date")) == ("Current customers", "2026-03-02")
    lost.pass_time(days=100)
    lost.run([])
    assert lost.group() == "Past customers"


def test_an_account_without_our_groups_is_a_first_ledger_and_honours_visits_since(salon: Salon) -> None:
    salon.owner_adds(firstName="Ada", email="ada1@example.com")
    outcome = salon.run([contact(1)], [check_in(7, 1, ago(days=3))], visits_since=ago(days=9).isoformat())
    assert (outcome.code, len(salon.visits())) == (0, 1)
