"""Which check-ins become visits: the rarer ways in, and what each may never do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import NOW, ago, check_in, contact, custom

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


def posted(salon: Salon) -> list[str]:
    return [one["date"] for one in salon.visits()]


# The instant from which check-ins are posted


@pytest.mark.parametrize(("seconds", "word"), [(0, "delivered"), (-1, "history")])
def test_a_check_in_exactly_at_visits_since_is_posted(salon: Salon, seconds: int, word: str) -> None:
    since = ago(days=5)
    at = since + timedelta(seconds=seconds)
    outcome = salon.run([contact(1)], [check_in(7, 1, at)], visits_since=since.isoformat())
    assert outcome.accounting["check_ins"][word] == 1


def test_the_first_run_stays_one_instant_however_old_later_records_are(known: Salon) -> None:
    old = check_in(7, 1, ago(hours=1), as_of=ago(days=9).isoformat())
    assert known.run([], [old]).accounting["check_ins"]["history"] == 1
    assert known.visits() == []


def test_the_first_run_counts_from_a_first_start_that_failed(salon: Salon) -> None:
    salon.box.faults.add("503", vendor="referrizer", times=99)
    assert salon.run([contact(1)], outage_patience_seconds=0).code == 6
    salon.box.faults.clear()
    salon.pass_time(hours=2)
    between = check_in(7, 1, salon.now - timedelta(hours=1))
    assert salon.run([contact(1)], [between]).accounting["check_ins"]["delivered"] == 1


def test_each_source_has_a_first_run_of_its_own(known: Salon) -> None:
    before = check_in("a-7", "a-1", known.now - timedelta(hours=1))
    person = contact("a-1", email="guest@example.com")
    assert known.run([person], [before], source="shop").accounting["check_ins"]["history"] == 1
    assert known.run([], [{**before, "contact_id": 1}]).accounting["check_ins"]["delivered"] == 1


def test_a_date_in_an_offset_is_the_same_instant(known: Salon) -> None:
    at = (known.now - timedelta(hours=1)).astimezone(known.box.salon.locations[3749].zone)
    known.run([], [check_in(7, 1, at)])
    assert posted(known) == ["2026-03-03T02:00:00.000Z"]


# Once


def test_an_appointment_that_moves_to_another_guest_after_its_visit_is_not_posted_again(known: Salon) -> None:
    known.run([], [check_in(7, 1, known.now)])
    known.pass_time(hours=1)
    outcome = known.run([], [check_in(7, 2, known.now, as_of=known.now.isoformat())])
    assert (len(known.visits()), outcome.accounting["check_ins"]["already_delivered"]) == (1, 1)
    groups = [custom(one, "Customer Group") for one in known.shown()]
    assert groups == ["Leads", "Current customers"]


def test_a_check_in_whose_time_was_corrected_after_its_visit_is_not_posted_again(known: Salon) -> None:
    known.run([], [check_in(7, 1, known.now - timedelta(hours=2))])
    known.pass_time(minutes=10)
    outcome = known.run([], [check_in(7, 1, known.now - timedelta(hours=1), as_of=known.now.isoformat())])
    assert outcome.writes == []
    assert len(known.visits()) == 1


def test_the_number_and_the_text_of_an_id_are_one_appointment(known: Salon) -> None:
    at = known.now
    known.run([], [check_in(7, 1, at)])
    known.run([], [check_in("7", "1", at)])
    assert len(known.visits()) == 1


def test_two_sources_may_use_the_same_appointment_id(known: Salon) -> None:
    known.run([contact(1, email="shop@example.com")], source="shop")
    known.pass_time(hours=1)
    known.run([], [check_in(7, 1, known.now)])
    known.run([], [check_in(7, 1, known.now - timedelta(minutes=5))], source="shop")
    assert len(known.visits()) == 2


def test_one_guest_checked_in_by_two_sources_at_one_instant_has_one_visit(known: Salon) -> None:
    known.run([contact("s-1", email="ada1@example.com")], source="shop")
    known.pass_time(hours=1)
    at = known.now
    known.run([], [check_in(7, 1, at)])
    second = known.run([], [check_in("s-7", "s-1", at)], source="shop")
    assert (len(known.visits()), second.accounting["check_ins"]["merged"]) == (1, 1)


def test_the_visits_of_a_family_on_one_contact_are_all_posted_in_time_order(known: Salon) -> None:
    child = contact(3, first_name="Ralph", email="ada1@example.com")
    rows = [check_in(20 + n, 1 if n % 2 else 3, known.now - timedelta(minutes=9 * n)) for n in range(9)]
    known.run([child], rows)
    dates = posted(known)
    assert (len(dates), dates) == (9, sorted(dates))


def test_time_order_holds_for_each_contact_while_many_are_served_at_once(known: Salon) -> None:
    people = [contact(key, first_name=f"Ada{key}") for key in range(10, 16)]
    rows = [
        check_in(100 * key + n, key, known.now - timedelta(minutes=60 * n + key))
        for n in (2, 0, 3, 1)
        for key in range(10, 16)
    ]
    known.run(people, rows, concurrent_requests=6)
    by_contact: dict[str, list[str]] = {}
    for one in known.visits():
        by_contact.setdefault(one["contactId"], []).append(one["date"])
    assert [len(dates) for dates in by_contact.values()] == [4] * 6
    assert all(dates == sorted(dates) for dates in by_contact.values())


# Points


def test_absent_points_leave_the_account_to_decide_and_zero_gives_none(known: Salon) -> None:
    known.run([], [check_in(7, 1, known.now)])
    known.pass_time(hours=1)
    known.run([], [check_in(8, 1, known.now)], points=0)
    bodies = [seen.body for seen in known.box.requests if seen.path.endswith("/visits")]
    assert bodies[0]["points"] == 0
    assert [one["points"] for one in known.visits()] == [10, 0]


def test_a_backfill_earns_nothing_unless_the_owner_says_so(salon: Salon) -> None:
    salon.settings["visits_since"] = ago(days=9).isoformat()
    salon.run([contact(1)], [check_in(7, 1, ago(days=3))])
    assert [one["points"] for one in salon.visits()] == [0]
    salon.run([], [check_in(8, 1, ago(days=5))], backfill_points=4, points=9)
    assert [one["points"] for one in salon.visits()] == [0, 4]


def test_a_visit_never_names_points_and_an_amount_together(known: Salon) -> None:
    known.run([], [check_in(7, 1, known.now)], points=3)
    sent = next(seen.body for seen in known.box.requests if seen.path.endswith("/visits"))
    assert sorted(sent) == ["contactId", "date", "points"]


# Waiting


def test_a_walk_in_who_leaves_an_email_later_gets_the_visits_since_the_first_run(known: Salon) -> None:
    nobody = contact(5, email=None)
    rows = [check_in(7, 5, known.now), check_in(8, 5, ago(days=3))]
    first = known.run([nobody], rows)
    assert fate(first, "skipped") == {"unreachable": 2}
    known.pass_time(hours=1)
    later = known.run([contact(5, updated_at=known.now.isoformat())])
    assert posted(known) == ["2026-03-03T03:00:00.000Z"]
    assert later.accounting["backlog"]["visits_delivered"] == 1


def test_a_check_in_that_comes_a_week_before_its_contact_is_posted_with_it(known: Salon) -> None:
    known.run([], [check_in(7, 5, known.now)])
    for _ in range(7):
        known.pass_time(days=1)
        assert POSTED not in known.run([]).writes
    known.run([contact(5)])
    assert posted(known) == ["2026-03-03T03:00:00.000Z"]


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
    assert fate(outcome, "waiting") == {"interval": 1}


@pytest.mark.parametrize(("hours", "word"), [(47, "waiting"), (48, "rejected")])
def test_a_visit_that_stays_in_the_future_is_given_up_after_48_hours(
    known: Salon, hours: int, word: str
) -> None:
    ahead = check_in(7, 1, known.now + timedelta(days=30))
    assert fate(known.run([], [ahead]), "waiting") == {"future": 1}
    known.pass_time(hours=hours)
    outcome = known.run([], [ahead])
    assert outcome.accounting["check_ins"][word] == 1
    assert ("RFZ-213" in outcome.log) == (word == "rejected")


def test_a_vendor_whose_clock_is_behind_has_the_visit_wait(known: Salon) -> None:
    late = known.now
    behind = late - timedelta(hours=3)
    known.box.clock.set(behind)
    outcome = known.run([], [check_in(7, 1, late)], as_of=late.isoformat())
    assert (fate(outcome, "waiting"), outcome.writes.count(POSTED)) == ({"future": 1}, 1)
    known.box.clock.set(late + timedelta(minutes=1))
    assert known.run([]).accounting["backlog"]["visits_delivered"] == 1


def test_a_given_up_visit_stays_given_up_when_its_row_comes_again(known: Salon) -> None:
    known.box.referrizer.switches.minimum_interval_minutes = 240
    known.settings["minimum_interval_minutes"] = 0
    rows = [check_in(7, 1, known.now - timedelta(hours=2)), check_in(8, 1, known.now)]
    known.run([], rows)
    known.pass_time(hours=48)
    assert fate(known.run([], rows), "rejected") == {"RFZ-212": 1}
    known.pass_time(hours=1)
    again = known.run([], rows)
    assert (fate(again, "rejected"), again.writes) == ({"RFZ-212": 1}, [])


def test_a_given_up_visit_whose_time_was_corrected_has_48_hours_of_its_own(known: Salon) -> None:
    known.box.referrizer.switches.minimum_interval_minutes = 240
    known.settings["minimum_interval_minutes"] = 0
    rows = [check_in(7, 1, known.now - timedelta(hours=2)), check_in(8, 1, known.now)]
    for hours in (48, 1):
        known.run([], rows)
        known.pass_time(hours=hours)
    corrected = check_in(8, 1, NOW + timedelta(hours=11), as_of=known.now.isoformat())
    assert fate(known.run([], [corrected]), "waiting") == {"interval": 1}


# Refused


def test_a_refused_visit_is_rejected_and_stops_no_other(known: Salon) -> None:
    known.box.referrizer.switches.points_zero = "refused"
    outcome = known.run([], [check_in(7, 1, known.now), check_in(8, 2, ago(hours=-9))], points=0)
    assert fate(outcome, "rejected") == {"RFZ-210": 2}
    known.pass_time(hours=1)
    last = known.run([], [check_in(9, 2, known.now)], points=1)
    assert (last.code, len(known.visits())) == (0, 1)


def test_a_refused_visit_whose_time_was_corrected_is_sent_again(known: Salon) -> None:
    known.box.referrizer.switches.points_zero = "refused"
    known.run([], [check_in(7, 1, known.now)], points=0)
    corrected = check_in(7, 1, known.now - timedelta(minutes=3))
    known.pass_time(hours=1)
    assert known.run([], [corrected]).accounting["check_ins"]["delivered"] == 1


def test_nobody_is_ever_sent_a_text(salon: Salon) -> None:
    salon.settings["visits_since"] = ago(days=30).isoformat()
    rows: list[dict[str, Any]] = [check_in(n, 1, ago(days=n)) for n in range(9)]
    salon.run(
        [contact(1)], [*rows, {"id": 99, "contact_id": 1, "is_checked_in": True, "checked_in_at": None}]
    )
    assert all("date" in seen.body for seen in salon.box.requests if seen.path.endswith("/visits"))
    assert salon.box.referrizer.journal.of("text_sent") == []
    assert datetime.fromisoformat(posted(salon)[-1]) == NOW
