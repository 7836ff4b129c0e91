"""Which check-ins become visits: each once, with its date, in time order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import NOW, POSTED, UNDONE, ago, check_in, contact, custom

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


def posted(salon: Salon) -> list[str]:
    return [one["date"] for one in salon.visits()]


def test_a_visit_has_its_date_and_texts_nobody(linked: Salon) -> None:
    linked.run([], [check_in(7, 1, linked.now - timedelta(minutes=5))])
    assert [one["date"] for one in linked.visits()] == ["2026-03-02T15:55:00.000Z"]
    assert linked.box.referrizer.journal.of("text_sent") == []


def test_an_appointment_is_one_visit_for_ever(linked: Salon) -> None:
    came = check_in(7, 1, linked.now)
    linked.run([], [came])
    linked.run([], [came])
    linked.pass_time(hours=1)
    linked.run([], [{**came, **UNDONE, "as_of": linked.now.isoformat()}])
    linked.pass_time(hours=1)
    again = linked.run([], [check_in(7, 1, linked.now, as_of=linked.now.isoformat())])
    assert len(linked.visits()) == 1
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


def test_a_check_in_waits_for_its_contact(linked: Salon) -> None:
    first = linked.run([], [check_in(7, 5, linked.now)])
    assert first.accounting["check_ins"]["reasons"]["waiting"] == {"no_contact_yet": 1}
    later = linked.run([contact(5)])
    assert (len(linked.visits()), later.accounting["backlog"]["visits_delivered"]) == (1, 1)


def test_visits_of_a_contact_are_posted_in_time_order(linked: Salon) -> None:
    linked.box.referrizer.switches.minimum_interval_minutes = 0
    linked.pass_time(hours=9)
    linked.run([], [check_in(key, 1, linked.now - timedelta(hours=key)) for key in (2, 5, 1, 4, 3)])
    dates = [one["date"] for one in linked.visits()]
    assert (len(dates), dates) == (5, sorted(dates))


def test_two_check_ins_at_one_instant_are_one_visit_without_a_second_call(linked: Salon) -> None:
    outcome = linked.run([], [check_in(7, 1, linked.now), check_in(8, 1, linked.now)])
    assert outcome.writes.count("POST /visits") == 1
    assert outcome.accounting["check_ins"]["merged"] == 1


def test_a_check_in_without_a_time_is_rejected_and_never_sent_as_now(linked: Salon) -> None:
    outcome = linked.run([], [{"id": 7, "contact_id": 1, "checked_in_at": None, "is_checked_in": True}])
    assert outcome.accounting["check_ins"]["reasons"]["rejected"] == {"RFZ-211": 1}
    assert linked.visits() == []


def test_without_the_flag_a_time_says_that_the_guest_came(linked: Salon) -> None:
    came, missed = (
        {"id": key, "contact_id": 1, "checked_in_at": at}
        for key, at in ((7, linked.now.isoformat()), (8, None))
    )
    counts = linked.run([], [came, missed]).accounting["check_ins"]
    assert (counts["delivered"], counts["reasons"]["skipped"]) == (1, {"not_a_visit": 1})


def test_no_show_with_a_time_is_no_visit(linked: Salon) -> None:
    linked.run([], [check_in(7, 1, linked.now, is_checked_in=False)])
    assert linked.visits() == []


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
    known.run(people, rows, concurrent_requests=6, brake_percent=10_000)
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
    assert first.fate("skipped") == {"unreachable": 2}
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


def test_nobody_is_ever_sent_a_text(salon: Salon) -> None:
    salon.settings["visits_since"] = ago(days=30).isoformat()
    rows: list[dict[str, Any]] = [check_in(n, 1, ago(days=n)) for n in range(9)]
    salon.run(
        [contact(1)], [*rows, {"id": 99, "contact_id": 1, "is_checked_in": True, "checked_in_at": None}]
    )
    assert all("date" in seen.body for seen in salon.box.requests if seen.path.endswith("/visits"))
    assert salon.box.referrizer.journal.of("text_sent") == []
    assert datetime.fromisoformat(posted(salon)[-1]) == NOW
