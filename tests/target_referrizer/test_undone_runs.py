"""Check-ins that were taken back: what goes with them, what stays, and what never happens twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import NOW, ago, check_in, contact, custom

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

#: 23:30 on 20 February in Chicago; the 21st in UTC.
LATE = datetime(2026, 2, 21, 5, 30, tzinfo=UTC)


def undone(row: Record, at: datetime) -> Record:
    """The same appointment, taken back."""
    return {**row, "is_checked_in": False, "checked_in_at": None, "as_of": at.isoformat()}


def last_visit(salon: Salon) -> Any:
    return custom(salon.one(), "Last Visit Date")


@pytest.fixture
def known(salon: Salon) -> Salon:
    """A salon whose first run is over, an hour ago; Ada is linked."""
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    return salon


def test_a_posted_visit_stays_when_its_check_in_is_undone_and_nothing_is_called(known: Salon) -> None:
    came = check_in(7, 1, known.now)
    known.run([], [came])
    outcome = known.run([], [undone(came, known.now)])
    assert (len(known.visits()), outcome.writes) == (1, [f"PUT /contacts/{known.one()['id']}"])
    assert (known.group(), last_visit(known)) == ("Leads", None)


def test_undone_and_checked_in_again_days_later_moves_the_last_visit_and_earns_once(known: Salon) -> None:
    came = check_in(7, 1, known.now)
    known.run([], [came])
    known.run([], [undone(came, known.now)])
    known.pass_time(days=2)
    again = known.run([], [check_in(7, 1, known.now, as_of=known.now.isoformat())])
    assert again.accounting["check_ins"]["already_delivered"] == 1
    assert (known.group(), last_visit(known)) == ("Current customers", "2026-03-04")
    assert len(known.box.referrizer.journal.of("points_given")) == 1


def test_a_check_in_that_waited_and_was_undone_is_never_posted(known: Salon) -> None:
    early = check_in(7, 5, known.now)
    known.run([], [early])
    known.run([contact(5)], [undone(early, known.now)])
    assert known.visits() == []
    assert known.group(email="ada5@example.com") == "Leads"


def test_a_check_in_undone_within_one_input_is_never_posted(known: Salon) -> None:
    came = check_in(7, 1, known.now, as_of=ago(minutes=9).isoformat())
    counts = known.run([], [came, undone(came, known.now)]).accounting["check_ins"]
    assert (counts["superseded"], counts["skipped"], known.visits()) == (1, 1, [])


def test_the_group_falls_back_to_the_check_in_before(known: Salon) -> None:
    older, newer = check_in(7, 1, ago(days=200)), check_in(8, 1, ago(days=2))
    known.run([], [older, newer])
    assert known.group() == "Current customers"
    known.run([], [undone(newer, known.now)])
    assert (known.group(), last_visit(known)) == ("Past customers", "2025-08-14")


def test_undoing_an_older_check_in_changes_nothing_that_is_shown(known: Salon) -> None:
    older, newer = check_in(7, 1, ago(days=200)), check_in(8, 1, ago(days=2))
    known.run([], [older, newer])
    assert known.run([], [undone(older, known.now)]).writes == []


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
    known: Salon, own: datetime, left: str | None
) -> None:
    said = contact(1, last_visit_at=own.isoformat(), updated_at=known.now.isoformat())
    came = check_in(7, 1, LATE)
    known.run([said], [came])
    known.run([], [undone(came, known.now)])
    assert last_visit(known) == left


def test_a_second_check_in_of_that_day_keeps_the_day(known: Salon) -> None:
    said = contact(1, last_visit_at=ago(days=3).isoformat(), updated_at=known.now.isoformat())
    wrong, right = check_in(7, 1, ago(days=3)), check_in(8, 1, ago(days=3, hours=1))
    known.run([said], [wrong, right])
    known.run([], [undone(wrong, known.now)])
    assert last_visit(known) == "2026-02-27"


def test_the_discarded_day_stays_discarded_until_the_contact_comes_again(known: Salon) -> None:
    said = contact(1, last_visit_at=ago(days=3).isoformat(), updated_at=known.now.isoformat())
    came = check_in(7, 1, ago(days=3))
    known.run([said], [came])
    known.run([], [undone(came, known.now)])
    known.pass_time(hours=1)
    edited = {**said, "city": "Gary", "updated_at": known.now.isoformat()}
    known.run([edited])
    assert (last_visit(known), known.group()) == (None, "Leads")
    known.pass_time(hours=1)
    known.run([{**edited, "last_visit_at": NOW.isoformat(), "updated_at": known.now.isoformat()}])
    assert (last_visit(known), known.group()) == ("2026-03-02", "Current customers")


def test_an_undone_row_that_is_older_than_what_is_known_undoes_nothing(known: Salon) -> None:
    came = check_in(7, 1, known.now, as_of=known.now.isoformat())
    known.run([], [came])
    outcome = known.run([], [undone(came, ago(hours=3))])
    assert (outcome.accounting["check_ins"]["superseded"], known.group()) == (1, "Current customers")


def test_undone_and_not_a_visit_are_told_apart_by_reason(known: Salon) -> None:
    came = check_in(7, 1, known.now)
    known.run([], [came])
    missed = {"id": 8, "contact_id": 1, "checked_in_at": None, "is_checked_in": False}
    counts = known.run([], [undone(came, known.now), missed]).accounting["check_ins"]
    assert counts["reasons"]["skipped"] == {"undone": 1, "not_a_visit": 1}
