"""Killed at each step of each kind of write: what the next run makes of it, and what the page says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.kill_sweep import page
from tests.kill_sweep.cell import CELLS, IN_FLIGHT, Cell, Observed, observe
from tests.kill_sweep.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes() as started:
        yield started


# Both tests of a cell, and both of the requests in flight, in one worker, so that they are observed once.


def _together(cell: Cell) -> object:
    return pytest.param(cell, id=str(cell), marks=pytest.mark.xdist_group(f"kill-{cell.kind.name}"))


@pytest.fixture(scope="module", params=[_together(cell) for cell in CELLS])
def seen(request: pytest.FixtureRequest, processes: Processes) -> tuple[Cell, Observed]:
    return request.param, observe(request.param, processes)


def _in_flight(ledger: str) -> object:
    return pytest.param(ledger, marks=pytest.mark.xdist_group(f"in flight, {ledger}"))


@pytest.fixture(scope="module", params=[_in_flight("SQLite"), _in_flight("PostgreSQL")])
def in_flight(request: pytest.FixtureRequest, processes: Processes) -> dict[Cell, Observed]:
    url = request.getfixturevalue("machine") if request.param == "PostgreSQL" else None
    return {cell: observe(cell, processes, url) for cell in IN_FLIGHT}


def test_a_kill_doubles_nothing_loses_nothing_and_lets_no_state_out(seen: tuple[Cell, Observed]) -> None:
    assert seen[1].broken == []


def test_the_page_says_what_the_next_run_makes_of_a_kill(seen: tuple[Cell, Observed]) -> None:
    cell, observed = seen
    assert page.outcomes_on_the_page()[cell.step, cell.kind] == observed.outcome


def test_the_page_holds_the_table_as_the_sweep_makes_it() -> None:
    width = IN_FLIGHT[0].width
    assert page.on_the_page() == page.block(page.outcomes_on_the_page(), width)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_ledger_on_postgresql_makes_the_same_of_a_kill(
    cell: Cell, processes: Processes, server: str
) -> None:
    found = observe(cell, processes, server)
    assert (found.broken, found.outcome) == ([], page.outcomes_on_the_page()[cell.step, cell.kind])


@pytest.mark.slow
def test_a_kill_with_requests_side_by_side_breaks_no_promise(in_flight: dict[Cell, Observed]) -> None:
    assert {str(cell): found.broken for cell, found in in_flight.items() if found.broken} == {}


@pytest.mark.slow
def test_a_kill_leaves_no_more_outcomes_unknown_than_requests_were_allowed(
    in_flight: dict[Cell, Observed],
) -> None:
    assert max(found.unknown for found in in_flight.values()) == IN_FLIGHT[0].width
