"""A contact on which Referrizer always fails becomes a person's to look at, and an outage does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.asking import ask, ask_json
from tests.target_referrizer.salon import contact

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Outcome, Salon


def fails_on(salon: Salon, method: str, path: str = "contacts") -> None:
    salon.box.faults.add("500", vendor="referrizer", method=method, path=path)


def later(salon: Salon, hours: int) -> Outcome:
    """A run so many hours later, with a good contact beside the one in doubt."""
    salon.pass_time(hours=hours)
    return salon.run([contact(9)])


def test_an_update_that_is_never_answered_is_rejected_after_48_hours(salon: Salon) -> None:
    salon.run([contact(1), contact(2)])
    fails_on(salon, "PUT", salon.one(email="ada1@example.com")["id"])
    news = {"city": "Gary", "updated_at": salon.now.isoformat()}
    first = salon.run([contact(1, **news), contact(2, **news)])
    assert first.accounting["contacts"]["reasons"]["waiting"] == {"outage": 1}
    later(salon, 47)
    assert ask_json(salon, "rejects") == []
    later(salon, 2)
    assert [(one["id"], one["code"]) for one in ask_json(salon, "rejects")] == [("1", "RFZ-216")]
    assert [one for one in later(salon, 1).writes if one.startswith("PUT")] == []


def test_a_creation_that_is_never_answered_is_rejected_after_48_hours(salon: Salon) -> None:
    salon.run([contact(9)])
    fails_on(salon, "POST")
    salon.run([contact(1)])
    later(salon, 47)
    assert ask_json(salon, "rejects") == []
    later(salon, 2)
    assert [(one["id"], one["code"]) for one in ask_json(salon, "rejects")] == [("1", "RFZ-216")]
    assert later(salon, 1).writes == []


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_it_is_tried_again_when_a_person_says_so(salon: Salon, method: str) -> None:
    salon.run([contact(1)])
    fails_on(salon, method)
    key = 1 if method == "PUT" else 2
    salon.run([contact(key, city="Gary", updated_at=salon.now.isoformat())])
    later(salon, 49)
    salon.box.faults.clear()
    ask(salon, "rejects", "--retry")
    salon.run([])
    assert salon.one(email=f"ada{key}@example.com")["address"]["city"] == "Gary"
    assert ask_json(salon, "rejects") == []


def test_an_answer_in_between_starts_the_clock_anew(salon: Salon) -> None:
    salon.run([contact(1)])
    for city in ("Gary", "Joliet"):
        fails_on(salon, "PUT")
        salon.run([contact(1, city=city, updated_at=salon.now.isoformat())])
        salon.box.faults.clear()
        later(salon, 30)
        assert salon.one(email="ada1@example.com")["address"]["city"] == city
    assert ask_json(salon, "rejects") == []


def test_an_outage_of_days_rejects_nobody(salon: Salon) -> None:
    salon.run([contact(key) for key in range(30)])
    salon.box.faults.add("500", vendor="referrizer")
    news = [contact(key, city="Gary", updated_at=salon.now.isoformat()) for key in range(40)]
    for _ in range(3):
        salon.pass_time(hours=30)
        assert salon.run(news).code == 6
    assert ask_json(salon, "rejects") == []
    salon.box.faults.clear()
    assert salon.run([]).code == 0
    assert {one["address"]["city"] for one in salon.shown()} == {"Gary"}
