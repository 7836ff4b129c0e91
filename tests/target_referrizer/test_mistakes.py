"""A mistake of the program: one line that says where and never what, and nothing lost or doubled by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.processes import (
    check_end,
    check_recovery,
    last_exit_code,
    lines,
    mishap,
    people,
    ran,
)
from tests.target_referrizer.salon import check_in

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
