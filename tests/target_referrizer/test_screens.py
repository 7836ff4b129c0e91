"""Tables keep their numbers below each other on every screen, whatever the groups are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from tests.target_referrizer.asking import ask
from tests.target_referrizer.salon import ago, contact

from target_referrizer.terminal import columns, row

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

#: Signs of two columns, of none (an accent and a joiner of their own), and a name as long as a narrow screen.
GROUPS = ["最近のお客様", "cafe\N{COMBINING ACUTE ACCENT} clients", "x" * 22]


@pytest.mark.parametrize("wide", [40, 60, 80, 200])
def test_numbers_of_groups_stand_below_each_other(
    salon: Salon, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = GROUPS
    salon.settings["groups"] = [{"name": first, "visited_within": "3 months"}, {"name": second}]
    salon.settings["no_visit_group"] = third
    monkeypatch.setenv("COLUMNS", str(wide))
    visits = [ago(days=10).isoformat(), ago(days=300).isoformat(), None]
    outcome = salon.run([contact(key, last_visit_at=visit) for key, visit in enumerate(visits, 1)])
    for said in (ask(salon, "status").stdout, outcome.err):
        rows = [line for line in said.splitlines() if line.startswith("  - ")]
        assert [line for line in rows if any(name in line for name in GROUPS)] == rows[-3:]
        assert {cell_len(line) for line in rows} == {min(wide, 42)}


def test_what_a_terminal_would_obey_counts_as_it_is_shown() -> None:
    assert row("a\x1b[2J", 1, 12) == f"  - a\\x1b[2J{1:>16}"


def test_a_name_that_is_too_long_keeps_its_number() -> None:
    assert row("n" * 90, 1_000).endswith(f"{'n' * 90} 1,000")


def test_where_only_the_errors_are_looked_at_their_terminal_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert columns() == 80  # nobody looks
