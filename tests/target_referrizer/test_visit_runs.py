"""Check-ins become visits once, in time, and never in doubt twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import NOW, ago, check_in, contact, custom

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

UNDONE: dict[str, Any] = {"is_checked_in": False, "checked_in_at": None}


@pytest.fixture
def known(salon: Salon) -> Salon:
    """A salon whose first run is over, an hour ago; Ada is linked."""
    salon.run([contact(1), contact(2)])
    salon.pass_time(hours=1)
    return salon


def test_a_visit_has_its_date_and_texts_nobody(known: Salon) -> None:
    known.run([], [check_in(7, 1, known.now - timedelta(minutes=5))])
    assert [one["date"] for one in known.visits()] == ["2026-03-02T15:55:00.000Z"]
    assert known.box.referrizer.journal.of("text_sent") == []


def test_an_appointment_is_one_visit_for_ever(known: Salon) -> None:
    came = check_in(7, 1, known.now)
    known.run([], [came])
    known.run([], [came])
    known.pass_time(hours=1)
    known.run([], [{**came, **UNDONE, "as_of": known.now.isoformat()}])
    known.pass_time(hours=1)
    again = known.run([], [check_in(7, 1, known.now, as_of=known.now.isoformat())])
    assert len(known.visits()) == 1
    assert again.accounting["check_ins"]["already_delivered"] == 1


def test_what_was_before_the_first_run_is_history_and_moves_only_the_last_visit(salon: Salon) -> None:
    outcome = salon.run([contact(1)], [check_in(7, 1, ago(days=3)), check_in(8, 1, ago(days=40))])
    assert salon.visits() == []
    assert outcome.accounting["check_ins"]["history"] == 2
    assert custom(salon.one(), "Last Visit Date") == "2026-02-27"


def test_the_first_run_reaches_back_to_the_earliest_as_of_of_its_check_ins(salon: Salon) -> None:
    rows = [check_in(key, 1, ago(minutes=key), as_of=ago(minutes=9).isoformat()) for key in (8, 10)]
    salon.run([contact(1)], rows)
    assert [one["date"] for one in salon.visits()] == ["2026-03-02T14:52:00.000Z"]


def test_visits_from_before_the_first_run_earn_backfill_points_later_ones_the_accounts(
    salon: Salon,
) -> None:
    salon.settings["visits_since"] = ago(days=9).isoformat()
    salon.run([contact(1)], [check_in(7, 1, ago(days=3)), check_in(8, 1, ago(days=40))])
    salon.pass_time(days=1)
    salon.run([], [check_in(9, 1, salon.now)])
    salon.pass_time(days=1)
    salon.run([], [check_in(10, 1, salon.now)], points=3)
    given = [one["points"] for one in salon.box.referrizer.journal.of("points_given")]
    assert len(salon.visits()) == 3
    assert given[-2:] == [10, 3]
    assert 10 not in given[:-2]


def test_a_check_in_waits_for_its_contact(known: Salon) -> None:
    first = known.run([], [check_in(7, 5, known.now)])
    assert first.accounting["check_ins"]["reasons"]["waiting"] == {"no_contact_yet": 1}
    later = known.run([contact(5)])
    assert (len(known.visits()), later.accounting["backlog"]["visits_delivered"]) == (1, 1)


def test_visits_of_a_contact_are_posted_in_time_order(known: Salon) -> None:
    known.box.referrizer.switches.minimum_interval_minutes = 0
    known.pass_time(hours=9)
    known.run([], [check_in(key, 1, known.now - timedelta(hours=key)) for key in (2, 5, 1, 4, 3)])
    dates = [one["date"] for one in known.visits()]
    assert (len(dates), dates) == (5, sorted(dates))


def test_two_check_ins_at_one_instant_are_one_visit_without_a_second_call(known: Salon) -> None:
    outcome = known.run([], [check_in(7, 1, known.now), check_in(8, 1, known.now)])
    assert outcome.writes.count("POST /visits") == 1
    assert outcome.accounting["check_ins"]["merged"] == 1


def test_a_refusal_inside_the_known_interval_is_the_same_visit(known: Salon) -> None:
    known.pass_time(hours=3)
    rows = [check_in(7, 1, known.now - timedelta(hours=2)), check_in(8, 1, known.now)]
    counts = known.run([], rows).accounting["check_ins"]
    assert (counts["delivered"], counts["merged"]) == (1, 1)


def test_a_refusal_that_nothing_known_explains_waits_is_tried_again_and_given_up_after_48_hours(
    known: Salon,
) -> None:
    known.settings["minimum_interval_minutes"] = 0
    known.pass_time(hours=3)
    rows = [check_in(7, 1, known.now - timedelta(hours=2)), check_in(8, 1, known.now)]
    assert known.run([], rows).accounting["check_ins"]["reasons"]["waiting"] == {"interval": 1}
    known.pass_time(hours=47)
    assert "POST /visits" in known.run([]).writes
    known.pass_time(hours=1)
    outcome = known.run([])
    assert "RFZ-212" in outcome.log
    assert "minimum interval" in outcome.log
    known.pass_time(hours=5)
    assert known.run([]).writes == []


def test_a_visit_that_waited_is_posted_as_soon_as_it_is_taken(known: Salon) -> None:
    known.settings["minimum_interval_minutes"] = 0
    known.pass_time(hours=3)
    known.run([], [check_in(7, 1, known.now - timedelta(hours=2)), check_in(8, 1, known.now)])
    known.box.referrizer.switches.minimum_interval_minutes = 0
    known.pass_time(hours=1)
    assert known.run([]).accounting["backlog"]["visits_delivered"] == 1


def test_a_check_in_of_the_future_waits_without_a_call(known: Salon) -> None:
    ahead = check_in(7, 1, known.now + timedelta(minutes=30))
    outcome = known.run([], [ahead])
    assert (outcome.writes.count("POST /visits"), outcome.accounting["check_ins"]["waiting"]) == (0, 1)
    known.pass_time(hours=1)
    known.run([])
    assert len(known.visits()) == 1


@pytest.mark.parametrize("fault", ["cut_after", "500", "504"])
def test_a_visit_whose_answer_never_came_is_held_and_not_sent_again(known: Salon, fault: str) -> None:
    known.box.faults.add(fault, vendor="referrizer", method="POST", path="visits", nth=1)
    outcome = known.run([], [check_in(7, 1, known.now)], state={"bookmarks": {}, "seen": 1})
    assert (outcome.code, outcome.accounting["check_ins"]["held"], len(outcome.states)) == (3, 1, 1)
    second = known.run([], [check_in(7, 1, known.now)])
    assert (second.code, second.writes.count("POST /visits")) == (3, 0)


def test_a_visit_in_doubt_is_sent_again_where_the_owner_said_so(known: Salon) -> None:
    known.box.faults.add("cut_before", vendor="referrizer", method="POST", path="visits", nth=1)
    known.run([], [check_in(7, 1, known.now)], uncertain_visits="resend")
    known.run([], uncertain_visits="resend")
    assert len(known.visits()) == 1


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_visit_that_was_surely_not_taken_is_sent_again_at_once(known: Salon, fault: str) -> None:
    known.box.faults.add(fault, vendor="referrizer", method="POST", path="visits", nth=1, retry_after=0)
    outcome = known.run([], [check_in(7, 1, known.now)])
    assert (outcome.code, len(known.visits())) == (0, 1)


def test_a_check_in_without_a_time_is_rejected_and_never_sent_as_now(known: Salon) -> None:
    outcome = known.run([], [{"id": 7, "contact_id": 1, "checked_in_at": None, "is_checked_in": True}])
    assert outcome.accounting["check_ins"]["reasons"]["rejected"] == {"RFZ-211": 1}
    assert known.visits() == []


def test_without_the_flag_a_time_says_that_the_guest_came(known: Salon) -> None:
    came, missed = (
        {"id": key, "contact_id": 1, "checked_in_at": at}
        for key, at in ((7, known.now.isoformat()), (8, None))
    )
    counts = known.run([], [came, missed]).accounting["check_ins"]
    assert (counts["delivered"], counts["reasons"]["skipped"]) == (1, {"not_a_visit": 1})


def test_no_show_with_a_time_is_no_visit(known: Salon) -> None:
    known.run([], [check_in(7, 1, known.now, is_checked_in=False)])
    assert known.visits() == []


# Undone


def test_an_undone_check_in_takes_last_visit_and_group_back(known: Salon) -> None:
    known.run([], [check_in(7, 1, ago(days=100)), check_in(8, 1, ago(days=2))])
    undone = {**check_in(8, 1, ago(days=2)), **UNDONE, "as_of": known.now.isoformat()}
    outcome = known.run([], [undone])
    shown = known.one(email="ada1@example.com")
    assert (custom(shown, "Last Visit Date"), custom(shown, "Customer Group")) == (
        "2025-11-22",
        "Past customers",
    )
    assert outcome.accounting["check_ins"]["reasons"]["skipped"] == {"undone": 1}


def test_the_contacts_own_last_visit_of_that_local_day_goes_with_it(known: Salon) -> None:
    late = NOW.replace(hour=4) - timedelta(days=1)  # 28 February, 22:00 in Chicago
    own = contact(1, last_visit_at=(late - timedelta(hours=3)).isoformat(), updated_at=known.now.isoformat())
    known.run([own], [check_in(7, 1, ago(days=100)), check_in(8, 1, late)])
    assert custom(known.one(email="ada1@example.com"), "Last Visit Date") == "2026-02-28"
    known.run([], [{**check_in(8, 1, late), **UNDONE, "as_of": known.now.isoformat()}])
    assert custom(known.one(email="ada1@example.com"), "Last Visit Date") == "2025-11-22"
    known.run([{**own, "last_visit_at": ago(hours=1).isoformat()}])
    assert custom(known.one(email="ada1@example.com"), "Last Visit Date") == "2026-03-02"
