"""A check-in that is taken back: what falls with it, what stays, and what comes again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import ago, check_in, contact, custom

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

OLD = ago(days=120)


def taken_back(salon: Salon, row: Record) -> Record:
    """The row as the tap says it once the check-in was undone."""
    return {**row, "is_checked_in": False, "checked_in_at": None, "as_of": salon.now.isoformat()}


def again(salon: Salon, row: Record) -> Record:
    """The row as the tap says it once the guest was checked in again."""
    return {**row, "as_of": salon.now.isoformat()}


def last_visit(salon: Salon) -> Any:
    return custom(salon.one(), "Last Visit Date")


@pytest.fixture
def known(salon: Salon) -> Salon:
    """A salon that knows Ada and her visit of long ago; an hour has passed."""
    salon.run([contact(1)], [check_in(1, 1, OLD)])
    salon.pass_time(hours=1)
    return salon


def test_the_visit_that_was_posted_stays_and_is_never_posted_again(known: Salon) -> None:
    came = check_in(7, 1, known.now)
    known.run([], [came])
    for version in (taken_back, again, taken_back, again):
        known.pass_time(hours=5)
        known.run([], [version(known, came)])
    assert len(known.visits()) == 1
    assert last_visit(known) == "2026-03-02"


def test_a_check_in_that_was_undone_before_it_was_sent_is_posted_when_it_comes_true(known: Salon) -> None:
    came = check_in(7, 1, known.now)
    known.run([], [taken_back(known, came)])
    known.pass_time(hours=1)
    known.run([], [again(known, came)])
    assert len(known.visits()) == 1


def test_a_new_visit_counts_again_after_one_was_taken_back(known: Salon) -> None:
    own = contact(1, last_visit_at=known.now.isoformat())
    came = check_in(7, 1, known.now)
    known.run([own], [came])
    known.run([], [taken_back(known, came)])
    known.pass_time(days=1)
    known.run([], [check_in(8, 1, known.now)])
    assert (last_visit(known), known.group()) == ("2026-03-03", "Current customers")


def test_an_undone_check_in_of_one_guest_leaves_the_family_on_the_same_contact_alone(known: Salon) -> None:
    known.run([contact(2, first_name="Ralph", email="ada1@example.com")], [check_in(6, 2, ago(days=9))])
    came = check_in(7, 1, known.now)
    known.run([], [came])
    known.run([], [taken_back(known, came)])
    assert last_visit(known) == "2026-02-21"


def test_a_visit_that_waits_for_its_interval_and_is_undone_is_not_tried_again(known: Salon) -> None:
    known.settings["minimum_interval_minutes"] = 0
    known.pass_time(hours=3)
    first, second = (check_in(key, 1, known.now - timedelta(hours=key - 7)) for key in (9, 8))
    known.run([], [first, second])
    known.run([], [taken_back(known, second)])
    known.pass_time(hours=9)
    assert known.run([]).writes == []
    assert len(known.visits()) == 1
