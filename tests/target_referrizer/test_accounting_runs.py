"""Every record is accounted for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import ago, check_in, contact

from target_referrizer.errors import TargetError
from target_referrizer.summary import Summary

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Outcome, Salon

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
    salon.run([contact(1, is_member="yes"), contact(2, email=None, phone="x")])
    outcome = salon.run([contact(1), contact(2, updated_at=salon.now.isoformat())])
    assert outcome.accounting["contacts"]["created"] == 2
    assert salon.run([contact(1)]).accounting["contacts"]["rejected"] == 0


def test_unreachable_people_do_not_count_as_records_of_the_percentage(salon: Salon) -> None:
    unreachable = [contact(key, email=None) for key in range(100)]
    bad = [contact(key, email=None, phone="x") for key in range(200, 202)]
    assert salon.run([*unreachable, *bad, *(contact(key) for key in range(300, 318))]).code == 3


def test_no_json_line_when_the_settings_are_wrong(salon: Salon) -> None:
    outcome = salon.run([contact(1)], api_token="nope")
    assert "{" not in outcome.err


def test_a_sum_that_is_wrong_is_an_error() -> None:
    summary = Summary(
        {"contacts": 2, "check_ins": 0}, {"contacts": {"created": {"": 1}}, "check_ins": {}}, {}
    )
    with pytest.raises(TargetError, match="RFZ-901"):
        summary.check()
