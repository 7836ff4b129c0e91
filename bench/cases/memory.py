"""How much memory it takes, however much there is to read, to take in, or to plan."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.target_referrizer import postgres

from bench import inputs, ledgers
from bench.comparing import Comparison
from bench.measuring import Cost, Stub, cache, cost_of, stub
from bench.programs import LEDGER, STAGING, TAP
from bench.shapes import MEMORY, Floor, Variant, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from bench.shapes import Case

FEW, MANY = 50_000, 1_000_000
PORTION = 100
MOST_GROWTH, MOST_OF_TARGET = 1.3, 250
PLAN = cache() / "plan.json"


def cases(scale: float) -> list[Case]:
    """Few records beside many: of the tap, and of the target on each kind of ledger."""
    of = scaled(scale, PORTION)
    sizes = of(FEW), of(MANY)
    found: list[Case] = [_of_tap(*sizes), OfTarget("SQLite", *sizes)]
    if postgres.binaries() is None:
        sys.stderr.write("There is no PostgreSQL here: memory_target_postgresql is left out.\n")
        return found
    return [*found, OfTarget("PostgreSQL", *sizes)]


def _floors(phases: tuple[str, ...], few: int, many: int) -> list[Floor]:
    return [
        Floor(_who(phase, many), MOST_GROWTH, against=_who(phase, few), is_ceiling=True) for phase in phases
    ]


def _who(phase: str, amount: int) -> str:
    return f"{phase}, {amount:,}"


def _of_tap(few: int, many: int) -> Comparison:
    phases = {
        "contacts": lambda amount: stub(customers=amount),
        "check_ins": lambda amount: stub(check_ins=amount),
    }
    variants = [
        Variant(_who(phase, amount), _reading(vendors), amount)
        for phase, vendors in phases.items()
        for amount in (many, few)
    ]
    title, floors = "Memory of tap-booker, a first load", _floors(tuple(phases), few, many)
    return Comparison("memory_tap", title, MEMORY, variants, floors, at_most_runs=1)


def _reading(vendors_with: Callable[[int], AbstractContextManager[Stub]]) -> Callable[[int], Cost]:
    def run(amount: int) -> Cost:
        with vendors_with(amount) as vendors:
            return cost_of([*TAP, "--config", inputs.of_tap(vendors.url)], by=vendors)

    return run


@dataclass
class _Desk:
    """A ledger and a stub: what is planned has been staged before, and what is refreshed too."""

    vendors: Stub
    empty: Callable[[], str]
    amount: int = 0
    ledger: str = ""
    planned: dict[str, Any] = field(default_factory=dict)

    def stage(self, amount: int) -> Cost:
        self.ledger, self.amount = self.empty(), amount
        return self._take(amount)

    def refresh(self, amount: int) -> Cost:
        self._have_staged(amount)
        return self._take(amount)

    def plan(self, amount: int) -> Cost:
        self._have_staged(amount)
        line = [*LEDGER, "--config", self._settings(), "plan", "--format", "json"]
        cost = cost_of(line, stdout=PLAN, by=self.vendors)
        self.planned[str(amount)] = json.loads(PLAN.read_text())
        return cost

    def _have_staged(self, amount: int) -> None:
        if self.amount != amount:
            self.stage(amount)

    def _take(self, amount: int) -> Cost:
        return cost_of([*STAGING, "--config", self._settings()], stdin=inputs.contacts(amount))

    def _settings(self) -> str:
        return inputs.of_target(self.vendors.url, self.ledger)


@dataclass(frozen=True)
class OfTarget:
    """The target on one kind of ledger."""

    backend: str
    few: int
    many: int

    @property
    def name(self) -> str:
        """See `Case`."""
        return f"memory_target_{self.backend.lower()}"

    @property
    def title(self) -> str:
        """See `Case`."""
        return f"Memory of target-referrizer, {self.backend}"

    def measure(self, runs: int) -> dict[str, Any]:
        """See `Case`. What was planned stands beside it."""
        with self._place() as empty, stub() as vendors:
            desk = _Desk(vendors, empty)
            found = self.comparison(desk).measure(runs)
        kinds = ("creates", "updates", "visits")
        planned = {amount: {kind: plan[kind] for kind in kinds} for amount, plan in desk.planned.items()}
        return {**found, "planned": planned}

    def comparison(self, desk: _Desk) -> Comparison:
        """Each phase with few and with many records."""
        phases = {"staging": desk.stage, "full refresh": desk.refresh, "plan": desk.plan}
        variants = [
            Variant(_who(phase, amount), run, amount)
            for amount in (self.many, self.few)
            for phase, run in phases.items()
        ]
        most = [Floor(_who(phase, self.many), MOST_OF_TARGET, is_ceiling=True, unit="MB") for phase in phases]
        floors = [*_floors(tuple(phases), self.few, self.many), *most]
        return Comparison(self.name, self.title, MEMORY, variants, floors, at_most_runs=1)

    @contextmanager
    def _place(self) -> Iterator[Callable[[], str]]:
        """Gives what makes an empty ledger there."""
        folder = postgres.binaries()
        if self.backend == "SQLite" or folder is None:
            yield ledgers.empty
            return
        with postgres.server(folder) as url:

            def empty() -> str:
                postgres.empty(url)
                return url

            yield empty
