"""A mistake of the program: one line that says where and never what, and nothing lost or doubled by it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

import pytest
import sqlalchemy as sa
from tests.target_referrizer.processes import (
    check_end,
    check_recovery,
    last_exit_code,
    lines,
    mishap,
    people,
    ran,
)
from tests.target_referrizer.salon import check_in, contact

from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


@pytest.mark.parametrize(
    ("statement", "nth", "in_doubt"),
    [("INSERT INTO contact", 1, 0), ("INSERT INTO remote_contact", 2, 0), ("UPDATE visit SET status", 6, 4)],
    ids=["staging", "creating", "posting"],
)
def test_a_mistake_is_told_without_what_it_quotes(
    salon: Salon, monkeypatch: pytest.MonkeyPatch, statement: str, nth: int, in_doubt: int
) -> None:
    monkeypatch.setenv("LOGLEVEL", "DEBUG")
    salon.box.referrizer.switches.unique_by = "none"
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    text = lines(people(8), [check_in(key, key, salon.now) for key in range(8)])
    ended = ran(salon, text, mishap("mistake", statement, nth), concurrent_requests=2)
    check_end(ended, 1, "RFZ-902")
    assert "RFZ-902 ValueError at " in ended.last
    for quoted in ("Rosalind", "Franklin", "private.example", "0177"):
        assert quoted not in ended.err
    assert last_exit_code(salon) == 1
    check_recovery(salon, 8, 8, may_hold=in_doubt, again=text if "INTO contact" in statement else "")


def mistaken(*_: object) -> NoReturn:
    raise ValueError("Rosalind Franklin, rosalind@private.example, 312-555-0177")


@pytest.mark.parametrize(
    ("place", "about", "in_doubt"),
    [
        ("creates.computed", "contact 7", 0),
        ("referrizer.Referrizer.create_contact", "while talking to Referrizer", 1),
    ],
    ids=["before it is sent", "while it is sent"],
)
def test_only_what_may_have_been_sent_is_in_doubt_after_a_mistake(
    salon: Salon, monkeypatch: pytest.MonkeyPatch, place: str, about: str, in_doubt: int
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(f"target_referrizer.{place}", mistaken)
        outcome = salon.run([contact(7)])
    assert (outcome.code, outcome.writes) == (1, [])
    assert f"RFZ-902 {about}: ValueError at {__name__}:" in outcome.log
    assert "Rosalind" not in outcome.log + outcome.err
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        intents = ledger.rows(sa.select(tables.contact.c.create_intent_at))
    assert [row.create_intent_at is not None for row in intents] == [bool(in_doubt)]
    assert salon.run([]).code == 0
    assert len(salon.shown()) == 1
