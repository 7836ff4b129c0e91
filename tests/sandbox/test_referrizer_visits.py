"""Visits: dates, the minimum interval, points, messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

MORNING = "2026-03-01T09:00:00.000Z"


@pytest.fixture
def ada(referrizer: Any) -> str:
    key: str = referrizer.create(firstName="Ada", email="ada@example.com").json()["id"]
    return key


def test_a_dated_visit_gives_points_and_sends_no_text(referrizer: Any, ada: str) -> None:
    answer = referrizer.visit(ada, MORNING)
    assert answer.status_code == 201
    assert len(answer.json()["id"]) == 32
    assert [entry["points"] for entry in referrizer.effects("points_given")] == [10]
    assert referrizer.effects("text_sent") == []
    assert referrizer.box.referrizer.visits[0]["date"] == MORNING


def test_a_visit_without_a_date_messages_the_customer(referrizer: Any, ada: str) -> None:
    referrizer.visit(ada)
    assert [entry["contactId"] for entry in referrizer.effects("text_sent")] == [ada]


def test_a_visit_in_the_future_is_refused(referrizer: Any, ada: str) -> None:
    answer = referrizer.visit(ada, "2026-03-02T15:00:00.001Z")
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "VISIT_DATE_IN_FUTURE")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"date": "2026-03-01"}, "ILLEGAL_ARGUMENT"),
        ({"date": "2026-03-01T09:00:00Z"}, "ILLEGAL_ARGUMENT"),
        ({"date": "2026-02-30T09:00:00.000Z"}, "ILLEGAL_ARGUMENT"),
        ({"points": -1}, "ILLEGAL_ARGUMENT"),
        ({"points": "5"}, "ILLEGAL_ARGUMENT"),
        ({"points": 5, "amountSpent": 10}, "ILLEGAL_ARGUMENT"),
        ({"note": "x"}, "ILLEGAL_ARGUMENT"),
        ({"contactId": "short"}, "ILLEGAL_ARGUMENT"),
        ({"contactId": None}, "ILLEGAL_ARGUMENT"),
    ],
)
def test_what_does_not_fit_is_refused(referrizer: Any, ada: str, fields: dict[str, Any], code: str) -> None:
    body = {"contactId": ada, **fields}
    answer = referrizer.call("POST", "/visits", json=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
    assert not referrizer.box.referrizer.visits


def test_a_visit_needs_a_contact_id(referrizer: Any) -> None:
    assert referrizer.call("POST", "/visits", json={}).json()["errorCode"] == "MISSING_REQUIRED_FIELD"


def test_visits_nearer_than_the_interval_are_refused_in_both_directions(referrizer: Any, ada: str) -> None:
    referrizer.visit(ada, MORNING)
    for near in ("2026-03-01T12:59:00.000Z", "2026-03-01T05:01:00.000Z", MORNING):
        assert referrizer.visit(ada, near).json()["errorCode"] == "CONTACT_ALREADY_CHECKED_IN"
    assert referrizer.visit(ada, "2026-03-01T13:00:00.000Z").status_code == 201


def test_the_interval_may_be_measured_on_the_calls(referrizer: Any, ada: str) -> None:
    referrizer.box.referrizer.switches.interval_measured_on = "call_time"
    referrizer.visit(ada, MORNING)
    assert (
        referrizer.visit(ada, "2025-01-01T09:00:00.000Z").json()["errorCode"] == "CONTACT_ALREADY_CHECKED_IN"
    )
    referrizer.box.clock.advance(timedelta(minutes=240))
    assert referrizer.visit(ada, "2025-01-01T09:00:00.000Z").status_code == 201


def test_without_an_interval_a_double_visit_counts_twice_and_is_journaled(referrizer: Any, ada: str) -> None:
    referrizer.box.referrizer.switches.minimum_interval_minutes = 0
    referrizer.visit(ada, MORNING)
    assert referrizer.visit(ada, MORNING).status_code == 201
    assert len(referrizer.effects("visit_recorded")) == 1
    assert len(referrizer.effects("visit_duplicate")) == 1
    assert len(referrizer.effects("points_given")) == 2


@pytest.mark.parametrize(
    ("zero", "status", "points"), [("given", 201, []), ("ignored", 201, [10]), ("refused", 400, [])]
)
def test_what_zero_points_mean_is_a_switch(
    referrizer: Any, ada: str, zero: Any, status: int, points: list[int]
) -> None:
    referrizer.box.referrizer.switches.points_zero = zero
    assert referrizer.visit(ada, MORNING, points=0).status_code == status
    assert [entry["points"] for entry in referrizer.effects("points_given")] == points


def test_the_accounts_points_are_settings(referrizer: Any, ada: str) -> None:
    switches = referrizer.box.referrizer.switches
    switches.points_per_visit, switches.points_per_dollar, switches.minimum_interval_minutes = 3, 2, 0
    referrizer.visit(ada, MORNING)
    referrizer.visit(ada, MORNING, amountSpent=25)
    referrizer.visit(ada, MORNING, points=7)
    assert [entry["points"] for entry in referrizer.effects("points_given")] == [3, 50, 7]


@pytest.mark.parametrize(
    ("unknown", "status", "code"),
    [("not_found", 404, "NOT_FOUND"), ("illegal_argument", 400, "ILLEGAL_ARGUMENT"), ("accepted", 201, None)],
)
def test_a_visit_of_an_unknown_contact_is_a_switch(
    referrizer: Any, unknown: Any, status: int, code: str | None
) -> None:
    referrizer.box.referrizer.switches.unknown_contact = unknown
    answer = referrizer.visit("0" * 32, MORNING)
    assert (answer.status_code, answer.json().get("errorCode")) == (status, code)
