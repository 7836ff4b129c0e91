"""Every record is accounted for, by the right word, on every exit that promises it."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import ago, check_in, contact, singer

from target_referrizer.errors import TargetError
from target_referrizer.ledger import Ledger, accounting, tables
from target_referrizer.summary import CHECK_IN_WORDS, CONTACT_WORDS, Summary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Outcome, Record, Salon


WORDS = {
    "contacts": ["created", "updated", "unchanged", "skipped", "waiting", "rejected", "superseded"],
    "check_ins": [
        "delivered",
        "already_delivered",
        "merged",
        "history",
        "skipped",
        "waiting",
        "held",
        "rejected",
        "superseded",
    ],
}


NOT_COME: dict[str, Any] = {"is_checked_in": False, "checked_in_at": None}


def words(outcome: Outcome, stream: str = "check_ins") -> dict[str, int]:
    """The words that are not zero, checked against what was read."""
    counts = outcome.accounting[stream]
    found = {
        name: number
        for name, number in counts.items()
        if isinstance(number, int) and number and name != "read"
    }
    assert sum(found.values()) == counts["read"]
    return found


def json_lines(outcome: Outcome) -> int:
    return sum(line.startswith("{") for line in outcome.err.splitlines())


def adds_up(outcome: Outcome, contacts: int, check_ins: int) -> None:
    counts = outcome.accounting
    for stream, read in (("contacts", contacts), ("check_ins", check_ins)):
        assert counts[stream]["read"] == read
        assert sum(counts[stream][word] for word in WORDS[stream]) == read
        for word, why in counts[stream]["reasons"].items():
            assert sum(why.values()) == counts[stream][word]


def person(die: random.Random) -> dict[str, Any]:
    key = die.randrange(12)
    kinds: list[dict[str, Any]] = [
        {},
        {"email": None, "phone": "312-555-01" + f"{key:02}"},
        {"email": None},
        {"email": None, "phone": "x"},
        {"is_member": "maybe"},
        {"is_forgotten": True},
        {"email": f"home{key % 3}@example.com", "first_name": die.choice(["Ada", "Clara"])},
        {"updated_at": ago(days=die.randrange(9)).isoformat(), "city": die.choice(["Gary", "Chicago"])},
    ]
    return contact(key, **die.choices(kinds, [6, 2, 1, 1, 1, 0.3, 2, 4])[0])


def visit(die: random.Random, salon: Salon) -> dict[str, Any]:
    at = die.choice([ago(days=die.randrange(300)), salon.now, ago(minutes=die.randrange(900))])
    kinds: list[dict[str, Any]] = [
        {},
        {"is_checked_in": False, "checked_in_at": None},
        {"checked_in_at": None},
        {"contact_id": None},
        {"as_of": ago(days=1).isoformat()},
    ]
    came = check_in(die.randrange(20), die.randrange(14), at)
    return {**came, **die.choices(kinds, [9, 3, 1, 1, 1])[0]}


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_adds_up_run_after_run(salon: Salon, seed: int) -> None:
    die = random.Random(seed)
    for _ in range(4):
        people = [person(die) for _ in range(die.randrange(25))]
        visits = [visit(die, salon) for _ in range(die.randrange(30))]
        outcome = salon.run(people, visits, max_reject_percent=100)
        assert outcome.code == 0, outcome.log
        adds_up(outcome, len(people), len(visits))
        assert salon.run([]).writes == []
        salon.pass_time(hours=die.randrange(1, 200))
    dates = [(one["contactId"], one["date"]) for one in salon.visits()]
    assert len(dates) == len(set(dates))


def test_of_two_records_with_one_id_the_newer_counts_else_the_later_line(salon: Salon) -> None:
    rows = [
        contact(1, city="New", updated_at=ago(days=1).isoformat()),
        contact(1, city="Old", updated_at=ago(days=2).isoformat()),
        contact(2, city="First", updated_at=None),
        contact(2, city="Second", updated_at=None),
    ]
    outcome = salon.run(rows)
    assert [one["address"]["city"] for one in salon.shown()] == ["New", "Second"]
    assert outcome.accounting["contacts"]["superseded"] == 2


def test_an_older_record_of_a_later_run_does_not_undo_a_newer_one(salon: Salon) -> None:
    salon.run([contact(1, city="New")], [check_in(7, 1, ago(days=1), as_of=salon.now.isoformat())])
    old = {"is_checked_in": False, "checked_in_at": None, "as_of": ago(days=2).isoformat()}
    outcome = salon.run(
        [contact(1, city="Old", updated_at=ago(days=3).isoformat())], [check_in(7, 1, ago(days=1), **old)]
    )
    assert salon.one()["address"]["city"] == "New"
    assert salon.group() == "Current customers"
    assert (outcome.accounting["contacts"]["superseded"], outcome.accounting["check_ins"]["superseded"]) == (
        1,
        1,
    )


def test_many_rejects_call_a_person_once_and_few_records_never_do(salon: Salon) -> None:
    bad = [contact(key, email=None, phone="x") for key in range(100, 102)]
    assert salon.run([*bad, *(contact(key) for key in range(10))]).code == 0
    fresh = [contact(key, email=None, phone="x") for key in range(200, 203)]
    good = [contact(key) for key in range(20)]
    assert salon.run([*fresh, *good]).code == 3
    assert salon.run([*fresh, *good]).code == 0


def test_a_newer_good_record_clears_a_reject(salon: Salon) -> None:
    salon.run([contact(1, is_member="maybe"), contact(2, email=None, phone="x")])
    outcome = salon.run([contact(1), contact(2, updated_at=salon.now.isoformat())])
    assert outcome.accounting["contacts"]["created"] == 2
    assert salon.run([contact(1)]).accounting["contacts"]["rejected"] == 0


def test_unreachable_people_do_not_count_as_records_of_the_percentage(salon: Salon) -> None:
    unreachable = [contact(key, email=None) for key in range(100)]
    bad = [contact(key, email=None, phone="x") for key in range(200, 202)]
    assert salon.run([*unreachable, *bad, *(contact(key) for key in range(300, 318))]).code == 3


def test_a_sum_that_is_wrong_is_an_error() -> None:
    summary = Summary(
        {"contacts": 2, "check_ins": 0}, {"contacts": {"created": {"": 1}}, "check_ins": {}}, {}, {}
    )
    with pytest.raises(TargetError, match="RFZ-901"):
        summary.check()


# Once, on each exit that promises it


def test_the_words_are_those_of_the_contract(salon: Salon) -> None:
    counts = salon.run([contact(1)], [check_in(7, 1, salon.now)]).accounting
    assert list(counts["contacts"]) == ["read", *CONTACT_WORDS, "reasons"]
    assert list(counts["check_ins"]) == ["read", *CHECK_IN_WORDS, "reasons"]


def test_the_table_for_people_says_the_same_as_the_line_for_machines(salon: Salon) -> None:
    outcome = salon.run([contact(1), contact(2, email=None)], [check_in(7, 1, ago(days=3))])
    table = [line.split() for line in outcome.err.splitlines() if not line.startswith("{")]
    assert ["contacts", "read", "2"] in table
    assert ["-", "created", "1"] in table
    assert ["-", "skipped", "1", "unreachable", "1"] in table
    assert ["-", "history", "1"] in table


def test_a_done_run_prints_one_line_also_without_any_input(salon: Salon) -> None:
    outcome = salon.run_lines([])
    assert (outcome.code, json_lines(outcome), outcome.accounting["contacts"]["read"]) == (0, 1, 0)


def test_a_run_that_needs_a_person_prints_one_line(salon: Salon) -> None:
    salon.box.faults.add("cut_after", vendor="referrizer", path="visits")
    outcome = salon.run([contact(1)], [check_in(7, 1, salon.now)])
    assert (outcome.code, json_lines(outcome), outcome.accounting["exit_code"]) == (3, 1, 3)
    assert outcome.accounting["started_at"] == salon.now.isoformat()
    assert outcome.accounting["duration_seconds"] == 0
    assert words(outcome) == {"held": 1}


def test_a_braked_run_prints_one_line_and_says_what_waits_for_the_brake(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    outcome = salon.run(
        [contact(key, first_name=f"Ada{key}") for key in range(1, 30)], [check_in(7, 1, salon.now)]
    )
    assert (outcome.code, json_lines(outcome)) == (5, 1)
    assert outcome.accounting["contacts"]["reasons"]["waiting"] == {"brake": 28}
    assert words(outcome) == {"delivered": 1}


def test_a_run_that_met_an_outage_prints_one_line_and_says_so(salon: Salon) -> None:
    salon.run([contact(1), contact(2)])
    salon.pass_time(hours=1)
    salon.box.faults.add("503", vendor="referrizer")
    changed = contact(1, city="Gary", updated_at=salon.now.isoformat())
    outcome = salon.run([changed, contact(2), contact(3)], [check_in(7, 2, salon.now)])
    assert (outcome.code, json_lines(outcome)) == (6, 1)
    assert outcome.accounting["contacts"]["reasons"]["waiting"]["outage"] >= 2
    assert outcome.accounting["check_ins"]["reasons"]["waiting"] == {"outage": 1}


@pytest.mark.parametrize("settings", [{"api_token": "refused"}, {"field_map": {"city": "customFields.Town"}}])
def test_a_run_with_wrong_settings_prints_none_and_rejects_nobody(
    salon: Salon, settings: dict[str, Any]
) -> None:
    outcome = salon.run([contact(1, city="Gary")], state={"seen": 1}, **settings)
    assert (outcome.code, json_lines(outcome), outcome.states) == (2, 0, [])


def test_a_dry_run_prints_its_plan_and_no_accounting(salon: Salon) -> None:
    outcome = salon.run([contact(1)], dry_run=True)
    assert (json_lines(outcome), outcome.plan["creates"]) == (1, 1)
    assert '"source"' not in outcome.err


# Where two words fit, the first holds


def test_unreachable_comes_before_not_a_visit_and_before_history(salon: Salon) -> None:
    rows = [check_in(7, 1, ago(days=9)), check_in(8, 1, ago(days=9), **NOT_COME)]
    outcome = salon.run([contact(1, email=None)], rows)
    assert outcome.accounting["check_ins"]["reasons"]["skipped"] == {"unreachable": 2}


def test_not_a_visit_comes_before_history_and_before_delivered(salon: Salon) -> None:
    came = check_in(7, 1, salon.now)
    salon.run([contact(1)], [came])
    salon.pass_time(hours=1)
    undone = {**came, **NOT_COME, "as_of": salon.now.isoformat()}
    outcome = salon.run([], [undone, check_in(8, 1, ago(days=9), is_checked_in=False)])
    assert words(outcome) == {"skipped": 2}


def test_history_comes_before_already_delivered(salon: Salon) -> None:
    came = check_in(7, 1, ago(days=2))
    salon.run([contact(1)], [came], visits_since=ago(days=3).isoformat())
    assert len(salon.visits()) == 1
    assert words(salon.run([], [came], visits_since=ago(days=1).isoformat())) == {"history": 1}


def test_history_comes_before_waiting_for_a_contact(salon: Salon) -> None:
    assert words(salon.run([], [check_in(7, 5, ago(days=2))])) == {"history": 1}


def test_check_ins_of_forgotten_and_gone_people_are_skipped_with_the_reason(salon: Salon) -> None:
    salon.run([contact(1), contact(2)])
    salon.pass_time(hours=1)
    del salon.box.referrizer.contacts[salon.one(email="ada2@example.com")["id"]]
    forgotten = {"id": 1, "is_forgotten": True, "updated_at": salon.now.isoformat()}
    outcome = salon.run([forgotten], [check_in(7, 1, salon.now), check_in(8, 2, salon.now)])
    assert outcome.accounting["check_ins"]["reasons"]["skipped"] == {"forgotten": 1, "gone": 1}
    assert words(outcome, "contacts") == {"skipped": 1}


def test_a_record_that_owns_no_field_counts_as_unchanged(salon: Salon) -> None:
    parent = contact(1, first_name="Maria", email="home@example.com")
    child = contact(2, first_name="Luis", email="home@example.com", updated_at=ago(days=1).isoformat())
    assert words(salon.run([parent, child]), "contacts") == {"created": 1, "unchanged": 1}
    salon.pass_time(hours=1)
    news = salon.now.isoformat()
    outcome = salon.run([{**parent, "city": "Gary", "updated_at": news}, {**child, "updated_at": news}])
    assert words(outcome, "contacts") == {"updated": 1, "unchanged": 1}


def test_an_update_whose_answer_never_came_does_not_wait_for_a_brake_that_nobody_pulled(salon: Salon) -> None:
    salon.run([contact(1), contact(2)])
    salon.pass_time(hours=1)
    key = salon.one(email="ada1@example.com")["id"]
    salon.box.faults.add("cut_before", vendor="referrizer", method="PUT", path=key)
    news = salon.now.isoformat()
    outcome = salon.run([contact(one, city="Gary", updated_at=news) for one in (1, 2)])
    assert words(outcome, "contacts") == {"updated": 1, "waiting": 1}
    assert outcome.accounting["contacts"]["reasons"]["waiting"] == {"outage": 1}


# Superseded


def test_the_newer_as_of_wins_whatever_the_order_of_the_lines(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=2)
    newer, older = salon.now.isoformat(), (salon.now - timedelta(hours=1)).isoformat()
    came, undone = check_in(7, 1, salon.now, as_of=older), check_in(7, 1, salon.now, as_of=newer) | NOT_COME
    assert words(salon.run([], [undone, came])) == {"superseded": 1, "skipped": 1}
    assert salon.visits() == []


def test_a_row_in_another_batch_of_the_same_input_is_superseded_too(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_referrizer.sinks.ContractSink.MAX_SIZE_DEFAULT", 2)
    rows = [contact(key, updated_at=None, city=city) for city in ("First", "Second") for key in range(5)]
    outcome = salon.run(rows)
    assert words(outcome, "contacts") == {"created": 5, "superseded": 5}
    assert {one["address"]["city"] for one in salon.shown()} == {"Second"}


def test_an_equally_old_record_of_a_later_run_counts(salon: Salon) -> None:
    salon.run([contact(1, city="First")])
    assert words(salon.run([contact(1, city="Second")]), "contacts") == {"updated": 1}


# Rejects


def bad(*keys: int) -> list[Record]:
    return [contact(key, email=None, phone="unreadable") for key in keys]


def good(*keys: int) -> list[Record]:
    return [contact(key, first_name=f"Ada{key}") for key in keys]


@pytest.mark.parametrize(("records", "code"), [(19, 0), (20, 3)])
def test_rejects_call_a_person_from_twenty_records_on(salon: Salon, records: int, code: int) -> None:
    outcome = salon.run([*bad(100, 101), *good(*range(records - 2))])
    assert (outcome.code, "RFZ-302" in outcome.log) == (code, code == 3)


def test_exactly_the_allowed_share_of_rejects_is_allowed(salon: Salon) -> None:
    assert salon.run([*bad(100), *good(*range(19))]).code == 0


def test_rejects_of_both_streams_count_together(salon: Salon) -> None:
    timeless = {"id": 7, "contact_id": 1, "checked_in_at": None, "is_checked_in": True}
    assert salon.run([*bad(100), *good(*range(18))], [timeless]).code == 3


def test_known_rejects_beside_a_new_one_raise_no_alarm_by_themselves(salon: Salon) -> None:
    salon.run([*bad(*range(100, 110)), *good(*range(10))])
    outcome = salon.run([*bad(*range(100, 111)), *good(*range(10))])
    assert (outcome.code, outcome.accounting["contacts"]["rejected"]) == (0, 11)


def test_a_reject_that_was_mended_and_breaks_again_is_a_new_one(salon: Salon) -> None:
    people = good(*range(18))
    assert salon.run([*bad(100, 101), *people]).code == 3
    assert salon.run([*good(100, 101), *people]).code == 0
    broken = [{**one, "is_member": "perhaps"} for one in good(100, 101)]
    assert salon.run([*broken, *people]).code == 3


def test_a_record_without_an_id_is_rejected_and_the_others_are_delivered(salon: Salon) -> None:
    nameless = {"first_name": "Nobody", "email": "nobody@example.com"}
    outcome = salon.run_lines(singer("contacts", [nameless, contact(1), {"id": None}]))
    assert words(outcome, "contacts") == {"created": 1, "rejected": 2}
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-204": 2}


def test_the_share_is_a_setting(salon: Salon) -> None:
    assert salon.run([*bad(*range(100, 115)), *good(*range(5))], max_reject_percent=75).code == 0


# Backlog


def test_work_that_earlier_runs_left_stands_in_a_table_of_its_own(salon: Salon) -> None:
    salon.run(good(1, 2))
    salon.pass_time(hours=1)
    changed = contact(1, first_name="Ada1", city="Gary", updated_at=salon.now.isoformat())
    with_outage = {"outage_patience_seconds": 0}
    salon.box.faults.add("503", vendor="referrizer")
    assert salon.run([changed, *good(3)], [check_in(7, 2, salon.now)], **with_outage).code == 6
    salon.box.faults.clear()
    outcome = salon.run([])
    assert {key: number for key, number in outcome.accounting["backlog"].items() if number} == {
        "contacts_created": 1,
        "contacts_updated": 2,
        "visits_delivered": 1,
    }
    assert "backlog (from earlier runs)" in outcome.err
    assert not any(salon.run([]).accounting["backlog"].values())


def test_contacts_written_without_a_record_of_their_own_are_counted_by_reason(salon: Salon) -> None:
    salon.run([*good(1), *(contact(key, last_visit_at=ago(days=85).isoformat()) for key in (2, 3))])
    salon.pass_time(days=30)
    outcome = salon.run([], [check_in(7, 1, salon.now)])
    assert outcome.accounting["besides"] == {"updated_by_their_check_ins": 1, "moved_as_time_passed": 2}
    assert outcome.accounting["backlog"]["contacts_updated"] == 0
    assert "- moved as time passed" in outcome.err
    assert "- updated by their check-ins" in outcome.err


def test_a_reject_that_is_known_is_not_new_when_only_time_has_passed(salon: Salon) -> None:
    people = [contact(key, last_visit_at=ago(days=60).isoformat()) for key in range(30)]
    salon.run(people)
    for number in range(3):
        salon.owner_adds(firstName="Clara", email=f"taken{number}@example.com")
    taken = [
        contact(key, email=f"taken{key}@example.com", last_visit_at=ago(days=60).isoformat(),
                updated_at=salon.now.isoformat())
        for key in range(3)
    ]  # fmt: skip
    everybody = [*taken, *people[3:]]
    assert salon.run(everybody).code == 3
    assert salon.run(everybody).code == 0
    salon.pass_time(days=60)
    aged = salon.run(everybody, brake_percent=100)
    assert (aged.code, aged.accounting["contacts"]["rejected"]) == (0, 3)


def test_an_empty_group_and_none_are_counted_together(tmp_path: Path) -> None:
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger, ledger.transaction() as tx:
        rows = [
            {"id": str(number), "index_no": 1, "is_linked": True, "confirmed_group": group}
            for number, group in enumerate([None, None, "", "Leads"])
        ]
        tx.execute(sa.insert(tables.remote_contact), rows)
        assert accounting.by_group(tx) == {"not written yet": 3, "Leads": 1}
