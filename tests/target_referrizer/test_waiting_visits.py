"""Visits that Referrizer does not take, or does not answer: what waits, is held, is rejected."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.target_referrizer.asking import ask_json
from tests.target_referrizer.salon import NOW, POSTED, UNDONE, ago, check_in, contact

from target_referrizer.ledger import tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


def test_a_refusal_inside_the_known_interval_is_the_same_visit(linked: Salon) -> None:
    linked.pass_time(hours=3)
    rows = [check_in(7, 1, linked.now - timedelta(hours=2)), check_in(8, 1, linked.now)]
    counts = linked.run([], rows).accounting["check_ins"]
    assert (counts["delivered"], counts["merged"]) == (1, 1)


def test_a_refusal_that_nothing_known_explains_waits_is_tried_again_and_given_up_after_48_hours(
    linked: Salon,
) -> None:
    linked.settings["minimum_interval_minutes"] = 0
    linked.pass_time(hours=3)
    rows = [check_in(7, 1, linked.now - timedelta(hours=2)), check_in(8, 1, linked.now)]
    assert linked.run([], rows).accounting["check_ins"]["reasons"]["waiting"] == {"interval": 1}
    linked.pass_time(hours=47)
    assert "POST /visits" in linked.run([]).writes
    linked.pass_time(hours=1)
    outcome = linked.run([])
    assert "RFZ-212" in outcome.log
    assert "minimum interval" in outcome.log
    linked.pass_time(hours=5)
    assert linked.run([]).writes == []


def test_a_visit_that_waited_is_posted_as_soon_as_it_is_taken(linked: Salon) -> None:
    linked.settings["minimum_interval_minutes"] = 0
    linked.pass_time(hours=3)
    linked.run([], [check_in(7, 1, linked.now - timedelta(hours=2)), check_in(8, 1, linked.now)])
    linked.box.referrizer.switches.minimum_interval_minutes = 0
    linked.pass_time(hours=1)
    assert linked.run([]).accounting["backlog"]["visits_delivered"] == 1


def visit_of_somebody(linked: Salon, hours: float) -> None:
    """A visit that is in Referrizer and not known here."""
    date = (linked.now - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    referrizer = linked.box.referrizer
    referrizer.visits.post(
        {"contactId": linked.one(email="ada1@example.com")["id"], "date": date}, referrizer.contacts
    )


def test_a_later_visit_does_not_overtake_one_that_waits(linked: Salon) -> None:
    linked.pass_time(hours=5)
    visit_of_somebody(linked, hours=3)
    first = check_in(8, 1, linked.now)
    assert linked.run([], [first]).accounting["check_ins"]["reasons"]["waiting"] == {"interval": 1}
    linked.pass_time(hours=1)
    assert linked.run([]).requests == []
    linked.box.referrizer.switches.minimum_interval_minutes = 0
    linked.run([], [check_in(9, 1, linked.now)])
    dates = [one["date"] for one in linked.visits()]
    assert (len(dates), dates) == (3, sorted(dates))


def test_a_clock_that_was_ahead_does_not_hold_a_visit_up(linked: Salon) -> None:
    linked.pass_time(hours=5)
    visit_of_somebody(linked, hours=3)
    linked.run([], [check_in(8, 1, linked.now)])
    ahead = {name: linked.now + timedelta(days=10) for name in ("intent_at", "waiting_since")}
    linked.edit_ledger(sa.update(tables.visit).where(tables.visit.c.id == "8").values(**ahead))
    linked.box.referrizer.switches.minimum_interval_minutes = 0
    linked.pass_time(hours=1)
    assert linked.run([]).accounting["backlog"]["visits_delivered"] == 1


def test_a_check_in_of_the_future_waits_without_a_call(linked: Salon) -> None:
    ahead = check_in(7, 1, linked.now + timedelta(minutes=30))
    outcome = linked.run([], [ahead])
    assert (outcome.writes.count("POST /visits"), outcome.accounting["check_ins"]["waiting"]) == (0, 1)
    linked.pass_time(hours=1)
    linked.run([])
    assert len(linked.visits()) == 1


@pytest.mark.parametrize("fault", ["cut_after", "500", "504"])
def test_a_visit_whose_answer_never_came_is_held_and_not_sent_again(linked: Salon, fault: str) -> None:
    linked.box.faults.add(fault, vendor="referrizer", method="POST", path="visits", nth=1)
    outcome = linked.run([], [check_in(7, 1, linked.now)], state={"bookmarks": {}, "seen": 1})
    assert (outcome.code, outcome.accounting["check_ins"]["held"], len(outcome.states)) == (3, 1, 1)
    second = linked.run([], [check_in(7, 1, linked.now)])
    assert (second.code, second.writes.count("POST /visits")) == (3, 0)


def test_a_visit_in_doubt_is_sent_again_where_the_owner_said_so(linked: Salon) -> None:
    linked.box.faults.add("cut_before", vendor="referrizer", method="POST", path="visits", nth=1)
    linked.run([], [check_in(7, 1, linked.now)], uncertain_visits="resend")
    linked.run([], uncertain_visits="resend")
    assert len(linked.visits()) == 1


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_visit_that_was_surely_not_taken_is_sent_again_at_once(linked: Salon, fault: str) -> None:
    linked.box.faults.add(fault, vendor="referrizer", method="POST", path="visits", nth=1, retry_after=0)
    outcome = linked.run([], [check_in(7, 1, linked.now)])
    assert (outcome.code, len(linked.visits())) == (0, 1)


def test_a_visit_inside_the_interval_of_one_that_is_held_is_taken_for_the_same(known: Salon) -> None:
    known.box.referrizer.switches.minimum_interval_minutes = 240
    known.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", nth=1)
    rows = [check_in(7, 1, known.now - timedelta(hours=2)), check_in(8, 1, known.now)]
    counts = known.run([], rows).accounting["check_ins"]
    assert (counts["held"], counts["merged"]) == (1, 1)
    assert len(known.visits()) == 1


def test_history_does_not_explain_a_refusal_so_the_visit_waits(known: Salon) -> None:
    known.box.referrizer.switches.minimum_interval_minutes = 240
    known.box.referrizer.visits.post(
        {"contactId": known.one(email="ada1@example.com")["id"], "date": "2026-03-03T02:00:00.000Z"},
        known.box.referrizer.contacts,
    )
    before = check_in(6, 1, known.now - timedelta(hours=13))
    outcome = known.run([], [before, check_in(7, 1, known.now)])
    assert outcome.accounting["check_ins"]["history"] == 1
    assert outcome.fate("waiting") == {"interval": 1}


@pytest.mark.parametrize(("hours", "word"), [(47.9, "waiting"), (48, "rejected")])
def test_a_visit_that_stays_in_the_future_is_given_up_after_48_hours(
    known: Salon, hours: float, word: str
) -> None:
    ahead = check_in(7, 1, known.now + timedelta(days=30))
    assert known.run([], [ahead]).fate("waiting") == {"future": 1}
    known.pass_time(hours=hours)
    outcome = known.run([], [ahead])
    assert outcome.accounting["check_ins"][word] == 1
    assert ("RFZ-213" in outcome.log) == (word == "rejected")


def test_a_vendor_whose_clock_is_behind_has_the_visit_wait(known: Salon) -> None:
    late = known.now
    behind = late - timedelta(hours=3)
    known.box.clock.set(behind)
    outcome = known.run([], [check_in(7, 1, late)], as_of=late.isoformat())
    assert (outcome.fate("waiting"), outcome.writes.count(POSTED)) == ({"future": 1}, 1)
    known.box.clock.set(late + timedelta(minutes=1))
    assert known.run([]).accounting["backlog"]["visits_delivered"] == 1


def test_a_given_up_visit_stays_given_up_when_its_row_comes_again(known: Salon) -> None:
    known.box.referrizer.switches.minimum_interval_minutes = 240
    known.settings["minimum_interval_minutes"] = 0
    rows = [check_in(7, 1, known.now - timedelta(hours=2)), check_in(8, 1, known.now)]
    known.run([], rows)
    known.pass_time(hours=48)
    assert known.run([], rows).fate("rejected") == {"RFZ-212": 1}
    known.pass_time(hours=1)
    again = known.run([], rows)
    assert (again.fate("rejected"), again.writes) == ({"RFZ-212": 1}, [])


def test_a_given_up_visit_whose_time_was_corrected_has_48_hours_of_its_own(known: Salon) -> None:
    known.box.referrizer.switches.minimum_interval_minutes = 240
    known.settings["minimum_interval_minutes"] = 0
    rows = [check_in(7, 1, known.now - timedelta(hours=2)), check_in(8, 1, known.now)]
    for hours in (48, 1):
        known.run([], rows)
        known.pass_time(hours=hours)
    corrected = check_in(8, 1, NOW + timedelta(hours=11), as_of=known.now.isoformat())
    assert known.run([], [corrected]).fate("waiting") == {"interval": 1}


# Refused


def test_a_refused_visit_is_rejected_and_stops_no_other(known: Salon) -> None:
    known.box.referrizer.switches.points_zero = "refused"
    outcome = known.run([], [check_in(7, 1, known.now), check_in(8, 2, ago(hours=-9))], points=0)
    assert outcome.fate("rejected") == {"RFZ-210": 2}
    known.pass_time(hours=1)
    last = known.run([], [check_in(9, 2, known.now)], points=1)
    assert (last.code, len(known.visits())) == (0, 1)


def test_a_refused_visit_that_comes_again_as_it_was_stays_a_reject(known: Salon) -> None:
    known.box.referrizer.switches.points_zero = "refused"
    rows = [check_in(7, 1, known.now)]
    known.run([], rows, points=0)
    for _ in range(2):
        known.pass_time(hours=1)
        outcome = known.run([], [{**one, "as_of": known.now.isoformat()} for one in rows], points=0)
        assert (outcome.fate("rejected"), outcome.writes) == ({"RFZ-210": 1}, [])
    (found,) = ask_json(known, "rejects")
    assert (found["id"], found["code"]) == ("7", "RFZ-210")


def test_a_refused_visit_whose_time_was_corrected_is_sent_again(known: Salon) -> None:
    known.box.referrizer.switches.points_zero = "refused"
    known.run([], [check_in(7, 1, known.now)], points=0)
    corrected = check_in(7, 1, known.now - timedelta(minutes=3))
    known.pass_time(hours=1)
    assert known.run([], [corrected]).accounting["check_ins"]["delivered"] == 1


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


def test_a_check_in_that_comes_again_waits_48_hours_of_its_own(known: Salon) -> None:
    known.box.referrizer.switches.minimum_interval_minutes = 240
    known.box.referrizer.switches.interval_measured_on = "call_time"
    known.run([], [check_in(6, 1, known.now - timedelta(hours=5)), check_in(7, 1, known.now)])
    known.run([], [{**check_in(7, 1, known.now), **UNDONE, "as_of": known.now.isoformat()}])
    known.pass_time(days=7)
    rows = [check_in(8, 1, known.now - timedelta(hours=6)), check_in(7, 1, known.now)]
    outcome = known.run([], [{**row, "as_of": known.now.isoformat()} for row in rows])
    assert (outcome.fate("waiting"), outcome.fate("rejected")) == ({"interval": 1}, {})
