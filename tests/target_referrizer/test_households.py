"""Thousands on one phone and last name, as businesses write where they know nothing: created side by side."""

from __future__ import annotations

import tracemalloc
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.target_referrizer.salon import ago, contact

from target_referrizer.ledger import Ledger, creating, tables
from target_referrizer.matching import Ambiguous, Candidate, Household, Person, find, told_apart

if TYPE_CHECKING:
    from pathlib import Path

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


def may_be_one(one: Person, other: Person) -> bool:
    return find(one, [Candidate(other.email, other.phone, other.first, other.last, "1")]) is not None


@given(people=PEOPLE, last=st.sampled_from(["walkin", ""]), busy=st.sets(st.integers(0, 7)))
def test_whoever_is_not_created_fits_one_at_most_of_those_who_are(
    *, people: list[tuple[str, bool]], last: str, busy: set[int]
) -> None:
    chosen = told_apart(last, people, [place not in busy for place in range(len(people))])
    there = [
        person(place, first, has_email=mailed, last=last) for place, (first, mailed) in enumerate(people)
    ]
    fits = [[one for one in chosen if one != place and may_be_one(there[place], there[one])]
            for place in range(len(people))]  # fmt: skip
    assert not any(fits[place] for place in chosen)
    assert max(map(len, fits), default=0) <= 1
    assert not busy & set(chosen)
    assert chosen[:1] == ([0] if people and 0 not in busy else chosen[:1])


@given(people=PEOPLE)
def test_nobody_has_to_wait_whom_nobody_else_may_be(people: list[tuple[str, bool]]) -> None:
    there = [person(place, first, has_email=mailed) for place, (first, mailed) in enumerate(people)]
    alone = {
        place
        for place, one in enumerate(there)
        if not any(may_be_one(one, other) for other in there if other is not one)
    }
    assert alone <= set(told_apart("walkin", people, [True] * len(people)))


def test_one_who_may_be_two_of_a_household_is_linked_to_the_first_of_them(salon: Salon) -> None:
    """The last Ann may be either of the others: the second is created when it is known who the last is."""
    salon.box.referrizer.switches.unique_by = "email"
    people = [("Bob", None), ("Ann", "x@example.com"), ("Ann", "y@example.com"), ("Ann", None)]
    rows = [
        contact(no, first_name=name, last_name="Smith", phone=PHONE, email=email,
                updated_at=ago(minutes=no).isoformat())
        for no, (name, email) in enumerate(people)
    ]  # fmt: skip
    outcome = salon.run(rows)
    counts = outcome.accounting["contacts"]
    assert (counts["created"], counts["unchanged"], counts["rejected"]) == (3, 1, 0)
    assert sorted(one.get("email") or "" for one in salon.shown()) == ["", "x@example.com", "y@example.com"]


def staged(ledger: Ledger, households: int) -> None:
    """Households of seven: six whose first names disagree, and one without an e-mail who may be the sixth."""
    rows = [
        {"source": "booker", "id": f"{home:05d}-{no}", "record": "{}", "status": "new", "staged_run": 1,
         "first_key": name, "last_key": f"last{home}", "phone_key": f"+1312{home:07d}",
         "email_key": f"{home}-{no}@example.com" if no < 6 else None}
        for home in range(households)
        for no, name in enumerate([*map(str.lower, WORDS[:5]), "ann", "ann"])
    ]  # fmt: skip
    with ledger.transaction() as tx:
        tx.execute(sa.insert(tables.contact), rows)


def test_households_stay_whole_where_a_page_ends_within_one(either: Salon) -> None:
    """500 are read at a time, which is no multiple of seven."""
    with closing(Ledger(either.config()["ledger_url"])) as ledger:
        staged(ledger, 300)
        with ledger.transaction() as tx:
            assert creating.choose_creates(tx, "booker", 2) == 300 * 6
            left = sa.select(tables.contact.c.id).where(tables.contact.c.create_round == 0)
            assert {row.id[-1] for row in tx.execute(left)} == {"6"}


def test_choosing_takes_no_more_memory_for_more_households(tmp_path: Path) -> None:
    most: list[int] = []
    for number in (200, 200, 1600):  # the first compiles the statements
        with closing(Ledger(f"sqlite:///{tmp_path / str(len(most))}.db")) as ledger:
            staged(ledger, number)
            tracemalloc.start()
            try:
                with ledger.transaction() as tx:
                    assert creating.choose_creates(tx, "booker", 2) == number * 6
                most.append(tracemalloc.get_traced_memory()[1])
            finally:
                tracemalloc.stop()
    assert most[2] < 1.3 * most[1]


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
