"""A lost ledger is built again without giving anybody points twice, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.dying import died_within
from tests.target_referrizer.salon import NOW, ago, check_in, contact, custom

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon


VISIT = check_in(7, 1, NOW + timedelta(hours=1))


def lose_ledger(salon: Salon) -> None:
    for file in salon.folder.glob("ledger.db*"):
        file.unlink()


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


@pytest.fixture
def dated(salon: Salon) -> Salon:
    """A salon that posted Ada's visit, with a fixed start of visits, and then dated its ledger."""
    salon.settings["visits_since"] = ago(days=30).isoformat()
    salon.box.referrizer.switches.minimum_interval_minutes = (
        0  # nobody but the ledger keeps a visit from doubling
    )
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    salon.run([], [VISIT])
    assert len(salon.visits()) == 1
    lose_ledger(salon)
    salon.pass_time(hours=1)
    return salon


# A lost ledger


def test_a_lost_ledger_is_rebuilt_without_a_visit_or_a_group_falling_back(salon: Salon) -> None:
    salon.run([contact(1, birthday="1961-03-02")])
    salon.pass_time(hours=1)
    salon.run([], [check_in(7, 1, salon.now)])
    (salon.folder / "ledger.db").unlink()
    salon.pass_time(hours=1)
    salon.settings["visits_since"] = ago(days=9).isoformat()
    outcome = salon.run([contact(1, birthday="1999-09-09")], [check_in(7, 1, ago(hours=-1))])
    assert (outcome.code, "RFZ-303" in outcome.log) == (3, True)
    assert len(salon.visits()) == 1
    assert (salon.group(), salon.one()["birthday"]) == ("Current customers", "1961-03-02")
    assert custom(salon.one(), "Last Visit Date") == "2026-03-02"
    assert salon.run([]).code == 0


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


def test_a_container_without_a_disk_is_told_so_every_hour_and_posts_nothing_twice(
    dated: Salon,
) -> None:
    for _ in range(3):
        outcome = dated.run([contact(1)], [VISIT])
        assert (outcome.code, "RFZ-303" in outcome.log) == (3, True)
        lose_ledger(dated)
        dated.pass_time(hours=1)
    assert len(dated.visits()) == 1


def test_a_person_is_told_of_the_rebuilding_also_when_an_outage_interrupts_it(dated: Salon) -> None:
    dated.box.faults.add("503", vendor="referrizer", method="POST", path="contacts")
    assert dated.run([contact(1), contact(2)], [VISIT]).code == 6
    dated.box.faults.clear()
    outcome = dated.run([contact(1), contact(2)], [VISIT])
    assert (outcome.code, "RFZ-303" in outcome.log) == (3, True)


@pytest.mark.parametrize("visits", [[], [VISIT]])
def test_a_run_without_contacts_says_too_that_the_ledger_was_lost(dated: Salon, visits: list[Record]) -> None:
    outcome = dated.run([], visits)
    assert (outcome.code, "RFZ-303" in outcome.log, outcome.writes) == (3, True, [])
    assert (dated.run([contact(1)]).code, len(dated.visits())) == (0, 1)


def test_one_visit_of_a_thousand_days_ago_shows_its_group_and_no_newer_one(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=1000).isoformat()), contact(2)])
    lose_ledger(salon)
    salon.run([contact(1), contact(2)])
    seen = [(custom(one, "Last Visit Date"), custom(one, "Customer Group")) for one in salon.shown()]
    assert seen == [("2023-06-06", "Past customers"), (None, "Leads")]


def test_what_a_person_changed_in_referrizer_meanwhile_stays(dated: Salon) -> None:
    dated.one()["birthday"] = "1961-03-02"
    dated.one()["gender"] = "F"
    dated.run([contact(1, birthday="1999-09-09", city="Gary")])
    shown = dated.one()
    assert (shown["birthday"], shown["gender"], shown["address"]["city"]) == ("1961-03-02", "F", "Gary")


@pytest.mark.parametrize("shard", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_rebuilding_that_dies_anywhere_posts_nothing_twice(dated: Salon, shard: int) -> None:
    people: list[Record] = [contact(1), contact(2)]
    for step in died_within(dated, people, [VISIT], range(shard, 99, 2), before=lambda: lose_ledger(dated)):
        assert len(dated.visits()) == 1, step
        assert dated.group(email="ada1@example.com") == "Current customers"
