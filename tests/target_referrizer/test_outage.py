"""Visits that Referrizer did not take: the contact is gone, or the answer never came."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.salon import check_in, contact, custom

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Outcome, Salon

POSTED = "POST /visits"


@pytest.fixture
def known(salon: Salon) -> Salon:
    """A salon whose first run was half a day ago; Ada 1 and 2 are linked, and no interval is asked for."""
    salon.run([contact(1), contact(2)])
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.pass_time(hours=12)
    return salon


def fate(outcome: Outcome, word: str) -> dict[str, int]:
    """Why check-ins ended as this word."""
    found: dict[str, int] = outcome.accounting["check_ins"]["reasons"].get(word, {})
    return found


# Gone


def test_a_visit_of_a_contact_that_the_owner_deleted_is_not_lost_when_it_is_found_again(
    known: Salon,
) -> None:
    del known.box.referrizer.contacts[known.one(email="ada1@example.com")["id"]]
    known.owner_adds(firstName="Ada", email="ada1@example.com")
    outcome = known.run([], [check_in(7, 1, known.now)])
    found = known.one(email="ada1@example.com")
    assert outcome.code == 0
    assert [one["contactId"] for one in known.visits()] == [found["id"]]
    assert custom(found, "Customer Group") == "Current customers"


def test_a_contact_that_the_owner_deleted_is_not_created_again_by_a_visit(known: Salon) -> None:
    del known.box.referrizer.contacts[known.one(email="ada1@example.com")["id"]]
    outcome = known.run([], [check_in(7, 1, known.now), check_in(8, 2, known.now)])
    assert "contact 1: RFZ-214" in outcome.log
    assert fate(outcome, "skipped") == {"gone": 1}
    assert [one["email"] for one in known.shown()] == ["ada2@example.com"]
    known.pass_time(hours=1)
    assert known.run([contact(1, city="Gary")], [check_in(9, 1, known.now)]).writes == []


def test_a_contact_is_found_gone_by_its_visit_alone_when_the_group_is_not_mapped(known: Salon) -> None:
    known.settings["field_map"] = {"group": None, "last_visit_at": None}
    known.run([])
    del known.box.referrizer.contacts[known.one(email="ada1@example.com")["id"]]
    rows = [check_in(7, 1, known.now - timedelta(hours=1)), check_in(8, 1, known.now)]
    outcome = known.run([], rows)
    assert outcome.writes == [POSTED]
    assert fate(outcome, "skipped") == {"gone": 2}


# In doubt


def test_many_visits_in_doubt_stop_the_run_with_a_handful_held(known: Salon) -> None:
    known.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits")
    known.settings["brake_percent"] = 9999
    people = [contact(key, first_name=f"Ada{key}") for key in range(100, 140)]
    outcome = known.run(people, [check_in(key, key, known.now) for key in range(100, 140)])
    counts = outcome.accounting["check_ins"]
    assert (outcome.code, counts["held"] + counts["waiting"]) == (6, 40)
    assert 5 <= counts["held"] <= 5 + 8
    known.box.faults.clear()
    second = known.run([])
    assert (second.code, len(known.visits())) == (3, 40)
    assert known.box.referrizer.journal.of("visit_duplicate") == []


def test_a_held_visit_still_moves_the_last_visit(known: Salon) -> None:
    known.box.faults.add("cut_before", vendor="referrizer", method="POST", path="visits")
    known.run([], [check_in(7, 1, known.now)])
    assert known.group(email="ada1@example.com") == "Current customers"


def test_a_held_visit_that_is_undone_and_checked_in_again_stays_held(known: Salon) -> None:
    known.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", times=1)
    came = check_in(7, 1, known.now)
    known.run([], [came])
    for minutes, more in ((1, {"is_checked_in": False, "checked_in_at": None}), (2, {})):
        known.pass_time(minutes=minutes)
        outcome = known.run([], [{**came, **more, "as_of": known.now.isoformat()}])
        assert POSTED not in outcome.writes
    assert (outcome.code, len(known.visits())) == (3, 1)
