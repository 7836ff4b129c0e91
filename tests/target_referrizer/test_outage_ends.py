"""Referrizer away, token revoked, rate limit: exit code, last line, no state, and the next run finishes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.processes import (
    at_request,
    check_end,
    check_recovery,
    last_exit_code,
    lines,
    people,
    ran,
)
from tests.target_referrizer.salon import check_in

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

NUMBER = 12


@pytest.fixture
def open_salon(salon: Salon) -> Salon:
    """A salon whose Referrizer would take everything twice."""
    salon.box.referrizer.switches.unique_by = "none"
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.settings |= {"outage_patience_seconds": 1, "concurrent_requests": 2}
    return salon


def check_ins(salon: Salon) -> list[Record]:
    return [check_in(key, key, salon.now) for key in range(NUMBER)]


def everything(salon: Salon) -> str:
    """So many people, each with a visit."""
    return lines(people(NUMBER), check_ins(salon))


def test_referrizer_is_away_from_the_start(open_salon: Salon) -> None:
    open_salon.box.stop()
    ended = ran(open_salon, everything(open_salon))
    check_end(ended, 6, "RFZ-601")
    assert last_exit_code(open_salon) == 6
    open_salon.box.start()
    check_recovery(open_salon, NUMBER, NUMBER)


@pytest.mark.parametrize("path", ["contacts", "visits"])
def test_referrizer_goes_away_in_the_middle(open_salon: Salon, path: str) -> None:
    closing = threading.Thread(target=open_salon.box.stop)
    at_request(open_salon, "POST", path, 4, closing.start)
    ended = ran(open_salon, everything(open_salon), requests_per_second=20)
    closing.join()
    check_end(ended, 6, "RFZ-601")
    assert last_exit_code(open_salon) == 6
    assert len(open_salon.shown() if path == "contacts" else open_salon.visits()) < NUMBER
    open_salon.box.start()
    check_recovery(open_salon, NUMBER, NUMBER, may_hold=2)


@pytest.mark.parametrize("path", ["contacts", "visits"])
def test_the_token_is_revoked_in_the_middle(open_salon: Salon, path: str) -> None:
    open_salon.box.faults.add("401", vendor="referrizer", method="POST", path=path, nth=[*range(4, 99)])
    ended = ran(open_salon, everything(open_salon))
    check_end(ended, 2, "RFZ-104")
    assert last_exit_code(open_salon) == 2
    assert len(open_salon.shown() if path == "contacts" else open_salon.visits()) == 3
    open_salon.box.faults.clear()
    check_recovery(open_salon, NUMBER, NUMBER)


@pytest.mark.parametrize(
    ("pause", "catalogue"), [({"retry_after": 3600}, "RFZ-602"), ({}, "RFZ-601")], ids=["hour", "endless"]
)
@pytest.mark.parametrize("path", ["contacts", "visits"])
def test_the_rate_limit_lasts_longer_than_the_run_may_wait(
    open_salon: Salon, path: str, pause: dict[str, Any], catalogue: str
) -> None:
    limit = {"vendor": "referrizer", "method": "POST", "path": path, "nth": [*range(4, 999)]}
    open_salon.box.faults.add("429", **limit, **pause)
    ended = ran(open_salon, everything(open_salon))
    check_end(ended, 6, catalogue)
    assert last_exit_code(open_salon) == 6
    assert len(open_salon.shown() if path == "contacts" else open_salon.visits()) == 3
    open_salon.box.faults.clear()
    check_recovery(open_salon, NUMBER, NUMBER)
