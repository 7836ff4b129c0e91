"""A check-in that is taken back: what falls with it, what stays, and what never happens twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import NOW, UNDONE, ago, check_in, contact, custom

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


#: 23:30 on 20 February in Chicago; the 21st in UTC.
LATE = datetime(2026, 2, 21, 5, 30, tzinfo=UTC)


def undone(row: Record, at: datetime) -> Record:
    """The same appointment, taken back."""
    return {**row, "is_checked_in": False, "checked_in_at": None, "as_of": at.isoformat()}


@pytest.fixture
def ada(salon: Salon) -> Salon:
    """A salon whose first run is over, an hour ago; Ada is linked."""
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    return salon


# Undone


def test_an_undone_check_in_takes_last_visit_and_group_back(linked: Salon) -> None:
    linked.run([], [check_in(7, 1, ago(days=100)), check_in(8, 1, ago(days=2))])
    undone = {**check_in(8, 1, ago(days=2)), **UNDONE, "as_of": linked.now.isoformat()}
    outcome = linked.run([], [undone])
    shown = linked.one(email="ada1@example.com")
    assert (custom(shown, "Last Visit Date"), custom(shown, "Customer Group")) == (
        "2025-11-22",
        "Past customers",
    )
    assert outcome.accounting["check_ins"]["reasons"]["skipped"] == {"undone": 1}


def test_the_contacts_own_last_visit_of_that_local_day_goes_with_it(linked: Salon) -> None:
    late = NOW.replace(hour=4) - timedelta(days=1)  # 28 February, 22:00 in Chicago
    own = contact(1, last_visit_at=(late - timedelta(hours=3)).isoformat(), updated_at=linked.now.isoformat())
    linked.run([own], [check_in(7, 1, ago(days=100)), check_in(8, 1, late)])
    assert custom(linked.one(email="ada1@example.com"), "Last Visit Date") == "2026-02-28"
    linked.run([], [{**check_in(8, 1, late), **UNDONE, "as_of": linked.now.isoformat()}])
    assert custom(linked.one(email="ada1@example.com"), "Last Visit Date") == "2025-11-22"
    linked.run([{**own, "last_visit_at": ago(hours=1).isoformat()}])
    assert custom(linked.one(email="ada1@example.com"), "Last Visit Date") == "2026-03-02"


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


def test_a_posted_visit_stays_when_its_check_in_is_undone_and_nothing_is_called(ada: Salon) -> None:
    came = check_in(7, 1, ada.now)
    ada.run([], [came])
    outcome = ada.run([], [undone(came, ada.now)])
    assert (len(ada.visits()), outcome.writes) == (1, [f"PUT /contacts/{ada.one()['id']}"])
    assert (ada.group(), last_visit(ada)) == ("Leads", None)


def test_undone_and_checked_in_again_days_later_moves_the_last_visit_and_earns_once(ada: Salon) -> None:
    came = check_in(7, 1, ada.now)
    ada.run([], [came])
    ada.run([], [undone(came, ada.now)])
    ada.pass_time(days=2)
    again = ada.run([], [check_in(7, 1, ada.now, as_of=ada.now.isoformat())])
    assert again.accounting["check_ins"]["already_delivered"] == 1
    assert (ada.group(), last_visit(ada)) == ("Current customers", "2026-03-04")
    assert len(ada.box.referrizer.journal.of("points_given")) == 1


def test_a_check_in_that_waited_and_was_undone_is_never_posted(ada: Salon) -> None:
    early = check_in(7, 5, ada.now)
    ada.run([], [early])
    ada.run([contact(5)], [undone(early, ada.now)])
    assert ada.visits() == []
    assert ada.group(email="ada5@example.com") == "Leads"


def test_a_check_in_undone_within_one_input_is_never_posted(ada: Salon) -> None:
    came = check_in(7, 1, ada.now, as_of=ago(minutes=9).isoformat())
    counts = ada.run([], [came, undone(came, ada.now)]).accounting["check_ins"]
    assert (counts["superseded"], counts["skipped"], ada.visits()) == (1, 1, [])


def test_the_group_falls_back_to_the_check_in_before(ada: Salon) -> None:
    older, newer = check_in(7, 1, ago(days=200)), check_in(8, 1, ago(days=2))
    ada.run([], [older, newer])
    assert ada.group() == "Current customers"
    ada.run([], [undone(newer, ada.now)])
    assert (ada.group(), last_visit(ada)) == ("Past customers", "2025-08-14")


def test_undoing_an_older_check_in_changes_nothing_that_is_shown(ada: Salon) -> None:
    older, newer = check_in(7, 1, ago(days=200)), check_in(8, 1, ago(days=2))
    ada.run([], [older, newer])
    assert ada.run([], [undone(older, ada.now)]).writes == []


@pytest.mark.parametrize(
    ("own", "left"),
    [
        (LATE - timedelta(hours=12), None),  # 11:30 of the 20th in Chicago: the day that was taken back
        (LATE + timedelta(minutes=29), None),  # 23:59 of the 20th
        (LATE + timedelta(minutes=31), "2026-02-21"),  # 0:01 of the 21st, though one day with it in UTC
        (LATE - timedelta(hours=24), "2026-02-19"),
    ],
)
def test_a_contacts_own_last_visit_is_discarded_only_on_the_same_day_of_the_salons_zone(
    ada: Salon, own: datetime, left: str | None
) -> None:
    said = contact(1, last_visit_at=own.isoformat(), updated_at=ada.now.isoformat())
    came = check_in(7, 1, LATE)
    ada.run([said], [came])
    ada.run([], [undone(came, ada.now)])
    assert last_visit(ada) == left


def test_a_second_check_in_of_that_day_keeps_the_day(ada: Salon) -> None:
    said = contact(1, last_visit_at=ago(days=3).isoformat(), updated_at=ada.now.isoformat())
    wrong, right = check_in(7, 1, ago(days=3)), check_in(8, 1, ago(days=3, hours=1))
    ada.run([said], [wrong, right])
    ada.run([], [undone(wrong, ada.now)])
    assert last_visit(ada) == "2026-02-27"


def test_the_discarded_day_stays_discarded_until_the_contact_comes_again(ada: Salon) -> None:
    said = contact(1, last_visit_at=ago(days=3).isoformat(), updated_at=ada.now.isoformat())
    came = check_in(7, 1, ago(days=3))
    ada.run([said], [came])
    ada.run([], [undone(came, ada.now)])
    ada.pass_time(hours=1)
    edited = {**said, "city": "Gary", "updated_at": ada.now.isoformat()}
    ada.run([edited])
    assert (last_visit(ada), ada.group()) == (None, "Leads")
    ada.pass_time(hours=1)
    ada.run([{**edited, "last_visit_at": NOW.isoformat(), "updated_at": ada.now.isoformat()}])
    assert (last_visit(ada), ada.group()) == ("2026-03-02", "Current customers")


def test_an_undone_row_that_is_older_than_what_is_known_undoes_nothing(ada: Salon) -> None:
    came = check_in(7, 1, ada.now, as_of=ada.now.isoformat())
    ada.run([], [came])
    outcome = ada.run([], [undone(came, ago(hours=3))])
    assert (outcome.accounting["check_ins"]["superseded"], ada.group()) == (1, "Current customers")


def test_undone_and_not_a_visit_are_told_apart_by_reason(ada: Salon) -> None:
    came = check_in(7, 1, ada.now)
    ada.run([], [came])
    missed = {"id": 8, "contact_id": 1, "checked_in_at": None, "is_checked_in": False}
    counts = ada.run([], [undone(came, ada.now), missed]).accounting["check_ins"]
    assert counts["reasons"]["skipped"] == {"undone": 1, "not_a_visit": 1}
