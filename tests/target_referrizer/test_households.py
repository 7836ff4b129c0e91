"""Thousands on one phone and last name, as businesses write where they know nothing: created side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.target_referrizer.salon import ago, contact

from target_referrizer.ledger import creating
from target_referrizer.matching import Ambiguous, Candidate, Household, Person, find

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

PHONE = "3125550000"
WORDS = ("Ada", "Bea", "Cleo", "Dora", "Edda", "Fay", "Gwen", "Hope")
FIRST = st.sampled_from(["", "a", "an", "ann", "anna", "b", "bob"])
PEOPLE = st.lists(st.tuples(FIRST, st.booleans()), max_size=8)


def person(number: int, first: str, *, has_email: bool, last: str = "walkin") -> Person:
    return Person(f"{number}@example.com" if has_email else None, PHONE, first, last)


@given(others=PEOPLE, first=FIRST, has_email=st.booleans())
def test_a_household_says_yes_exactly_where_matching_by_phone_would(
    *, others: list[tuple[str, bool]], first: str, has_email: bool
) -> None:
    asked = person(99, first, has_email=has_email)
    household = Household("walkin")
    for other, mailed in others:
        household.add(other, has_email=mailed)
    there = [person(number, other, has_email=mailed) for number, (other, mailed) in enumerate(others)]
    found = False
    for number, one in enumerate(there):
        candidate = Candidate(one.email, one.phone, one.first, one.last, str(number))
        try:
            found |= find(asked, [candidate]) is not None
        except Ambiguous:
            found = True
    assert household.may_hold(first, has_email=has_email) == found


@given(others=PEOPLE, first=FIRST, has_email=st.booleans())
def test_without_a_last_name_only_one_who_is_quite_the_same_has_to_wait(
    *, others: list[tuple[str, bool]], first: str, has_email: bool
) -> None:
    household = Household("")
    for other, mailed in others:
        household.add(other, has_email=mailed)
    assert household.may_hold(first, has_email=has_email) == (not has_email and (first, False) in others)


def walk_ins(number: int) -> list[Record]:
    """Contacts on one phone and last name; their first names disagree, and some have an e-mail."""
    return [
        contact(
            key,
            first_name=f"{WORDS[key % 8]} {WORDS[key // 8 % 8]} {WORDS[key // 64]}",
            last_name="Walk-in",
            phone=PHONE,
            email=f"walkin{key}@example.com" if key % 3 == 0 else None,
            updated_at=ago(minutes=key).isoformat(),
        )
        for key in range(number)
    ]


@pytest.mark.parametrize("number", [40, 320])
def test_the_rounds_do_not_grow_with_the_people_on_one_phone(
    salon: Salon, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    choose, rounds = creating.choose_creates, []

    def counted(*given: object) -> int:
        rounds.append(choose(*given))  # type: ignore[arg-type]
        return rounds[-1]

    monkeypatch.setattr(creating, "choose_creates", counted)
    salon.box.referrizer.switches.unique_by = "email"
    outcome = salon.run(walk_ins(number))
    assert outcome.accounting["contacts"]["created"] == number == len(salon.shown())
    assert rounds == [1, number - 1, 0]
    assert len(outcome.writes) == number
    assert len(outcome.reads) <= 2


def test_the_newest_of_those_who_may_be_one_person_is_created_and_the_others_are_linked(salon: Salon) -> None:
    """Ann, Anna and Annabel may be one; Bob and Carl are none of them."""
    salon.box.referrizer.switches.unique_by = "email"
    names = ["Annabel", "Anna", "Ann", "Bob", "Bobby", "Carl"]
    rows = [
        contact(no, first_name=name, last_name="Walk-in", phone=PHONE, email=None,
                updated_at=ago(days=no).isoformat())
        for no, name in enumerate(names)
    ]  # fmt: skip
    outcome = salon.run(rows)
    assert {one["firstName"] for one in salon.shown()} == {"Annabel", "Bob", "Carl"}
    assert outcome.accounting["contacts"]["created"] == 3
    assert outcome.accounting["contacts"]["rejected"] == 0
