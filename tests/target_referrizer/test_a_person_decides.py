"""Held visits and rejects: what a person sees of them, and what becomes of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.target_referrizer.asking import ask, ask_json
from tests.target_referrizer.salon import check_in, contact

from target_referrizer.ledger import tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


@pytest.fixture
def doubtful(known: Salon) -> Salon:
    """A salon with one visit whose answer was cut off after Referrizer had counted it."""
    known.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", nth=1)
    assert known.run([], [check_in(7, 1, known.now)], points=25).code == 3
    known.box.faults.clear()
    return known


def died_while_sending(salon: Salon) -> None:
    """Leave visit 7 as a process leaves it that is killed with the request under way."""
    sending = sa.update(tables.visit).where(tables.visit.c.id == "7").values(status="sending", reason=None)
    salon.edit_ledger(sending)


def test_a_held_visit_is_shown_with_all_that_is_known(doubtful: Salon) -> None:
    (found,) = ask_json(doubtful, "held")
    assert found == {
        "id": "7",
        "contact_id": "1",
        "referrizer_contact": doubtful.one(email="ada1@example.com")["id"],
        "at": "2026-03-03T03:00:00+00:00",
        "points": 25,
        "tried_at": "2026-03-03T03:00:00+00:00",
        "run": 2,
        "why": "a broken connection",
        "undone": False,
    }
    said = ask(doubtful, "held").stdout
    assert "25 points; tried 2026-03-02 21:00 -06:00: a broken connection" in said
    assert "--confirm ID if it does, --resend ID if not" in said


def test_a_visit_of_a_run_that_died_says_so(doubtful: Salon) -> None:
    died_while_sending(doubtful)
    assert "the run died before it had the answer" in ask(doubtful, "held").stdout


def test_a_held_visit_that_was_undone_meanwhile_says_so(doubtful: Salon) -> None:
    doubtful.pass_time(hours=1)
    undone = {"is_checked_in": False, "checked_in_at": None, "as_of": doubtful.now.isoformat()}
    doubtful.run([], [{**check_in(7, 1, doubtful.now), **undone}])
    assert "; undone since" in ask(doubtful, "held").stdout


@pytest.mark.parametrize("died", [False, True])
def test_a_confirmed_visit_is_never_sent_again(doubtful: Salon, died: bool) -> None:  # noqa: FBT001
    if died:
        died_while_sending(doubtful)
    ask(doubtful, "held", "--confirm", "7")
    assert doubtful.run([], [check_in(7, 1, doubtful.now)]).code == 0
    assert len(doubtful.visits()) == 1


@pytest.mark.parametrize("died", [False, True])
def test_a_visit_that_a_person_resends_is_sent_once_more(doubtful: Salon, died: bool) -> None:  # noqa: FBT001
    if died:
        died_while_sending(doubtful)
    doubtful.box.referrizer.visits.clear()
    doubtful.box.referrizer.visits._by_contact.clear()
    ask(doubtful, "held", "--resend", "7")
    assert ask_json(doubtful, "held") == []
    assert doubtful.run([]).code == 0
    assert len(doubtful.visits()) == 1
    assert doubtful.run([]).writes == []


def test_a_visit_cannot_be_both_resent_and_confirmed(doubtful: Salon) -> None:
    asked = ask(doubtful, "held", "--resend", "7", "--confirm", "7")
    assert asked.exit_code == 2
    assert "7 cannot be both resent and confirmed" in asked.output
    assert [one["id"] for one in ask_json(doubtful, "held")] == ["7"]


def test_a_reject_is_shown_with_its_record_masked_unless_asked_for(salon: Salon) -> None:
    salon.run([contact(1, first_name="Augusta", email=None, phone="0142")])
    (found,) = ask_json(salon, "rejects")
    assert (found["first_run"], found["last_run"], found["record"]["first_name"]) == (1, 1, "A…")
    assert "Augusta" not in ask(salon, "rejects").stdout
    assert "phone 0142" in ask(salon, "rejects", "--show-personal-data").stdout


def test_a_reject_says_since_which_run(salon: Salon) -> None:
    broken = contact(1, email=None, phone="0142")
    for _ in range(3):
        salon.run([contact(2), broken])
    (found,) = ask_json(salon, "rejects")
    assert (found["first_run"], found["last_run"]) == (1, 3)
    assert "(since run 1)" in ask(salon, "rejects").stdout
