"""A lost ledger is built again without giving anybody points twice, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.dying import dies_at
from tests.target_referrizer.salon import NOW, ago, check_in, contact, custom, singer

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

VISIT = check_in(7, 1, NOW + timedelta(hours=1))


def lose_ledger(salon: Salon) -> None:
    for file in salon.folder.glob("ledger.db*"):
        file.unlink()


@pytest.fixture
def lost(salon: Salon) -> Salon:
    """A salon that posted Ada's visit, with a fixed start of visits, and then lost its ledger."""
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


def test_a_container_without_a_disk_is_told_so_every_hour_and_posts_nothing_twice(lost: Salon) -> None:
    for _ in range(3):
        outcome = lost.run([contact(1)], [VISIT])
        assert (outcome.code, "RFZ-303" in outcome.log) == (3, True)
        lose_ledger(lost)
        lost.pass_time(hours=1)
    assert len(lost.visits()) == 1


def test_a_person_is_told_of_the_rebuilding_also_when_an_outage_interrupts_it(lost: Salon) -> None:
    lost.box.faults.add("503", vendor="referrizer", method="POST", path="contacts")
    assert lost.run([contact(1), contact(2)], [VISIT]).code == 6
    lost.box.faults.clear()
    outcome = lost.run([contact(1), contact(2)], [VISIT])
    assert (outcome.code, "RFZ-303" in outcome.log) == (3, True)


def test_a_run_without_contacts_rebuilds_nothing_and_the_next_one_does(lost: Salon) -> None:
    assert lost.run([], [VISIT]).writes == []
    outcome = lost.run([contact(1)])
    assert (outcome.code, len(lost.visits())) == (3, 1)


def test_one_visit_of_a_thousand_days_ago_shows_its_group_and_no_newer_one(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=1000).isoformat()), contact(2)])
    lose_ledger(salon)
    salon.run([contact(1), contact(2)])
    seen = [(custom(one, "Last Visit Date"), custom(one, "Customer Group")) for one in salon.shown()]
    assert seen == [("2023-06-06", "Past customers"), (None, "Leads")]


def test_what_a_person_changed_in_referrizer_meanwhile_stays(lost: Salon) -> None:
    lost.one()["birthday"] = "1961-03-02"
    lost.one()["gender"] = "F"
    lost.run([contact(1, birthday="1999-09-09", city="Gary")])
    shown = lost.one()
    assert (shown["birthday"], shown["gender"], shown["address"]["city"]) == ("1961-03-02", "F", "Gary")


@pytest.mark.parametrize("shard", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_rebuilding_that_dies_anywhere_posts_nothing_twice(lost: Salon, shard: int) -> None:
    people: list[Record] = [contact(1), contact(2)]
    lines = [*singer("contacts", people), *singer("check_ins", [VISIT])]
    for step in range(shard, 99, 2):
        lose_ledger(lost)
        died = dies_at(lost, step, lines)
        lost.run_lines(lines)
        assert len(lost.visits()) == 1, step
        assert lost.group(email="ada1@example.com") == "Current customers"
        if not died:
            break
    assert step > 8
