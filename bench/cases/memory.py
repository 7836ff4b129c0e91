"""How much memory it takes, however much there is to read, to take in, or to plan."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from tests.target_referrizer import postgres

from bench import inputs, ledgers
from bench.comparing import Comparison
from bench.measuring import Cost, FailedError, Stub, cache, cost_of, stub
from bench.programs import LEDGER, TAP, TARGET
from bench.shapes import MEMORY, MOST_MEMORY, Floor, Variant, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bench.shapes import Case

FEW, MANY = 50_000, 1_000_000
PORTION = 100
MOST_GROWTH = 1.3
BRAKE, WITHHELD = 50, 5
"""The setting as it is unless told otherwise, and how a run ends then that had more to do."""
FIRST, REFRESH, PLANNED, HISTORY = "whole run, all new", "whole run, nothing new", "plan", "check-ins before"
ONE_RUN = (
    "One run: the largest memory differs little from run to run, and five of a million would take hours."
)
WHOLE = (
    "Whole runs over a ledger that has completed one: all is staged, matched, planned and accounted for; the "
    "brake, as it is unless told otherwise, keeps the creates back (exit code 5), so that there are no calls."
)
PLAN = cache() / "plan.json"


def cases(scale: float) -> list[Case]:
    """Few records beside many: of the tap, and of the target on each kind of ledger."""
    of = scaled(scale, PORTION)
    sizes = of(FEW), of(MANY)
    backends = ["SQLite"] if postgres.binaries() is None else ["SQLite", "PostgreSQL"]
    return [_of_tap(*sizes), *(OfTarget(backend, *sizes) for backend in backends)]


def left_out() -> list[str]:
    """What can not be measured here, and why."""
    return [] if postgres.binaries() else ["memory of target-referrizer on PostgreSQL, which is not here"]


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
    return Comparison("memory_tap", title, MEMORY, variants, floors, at_most_runs=1, note=ONE_RUN)


def _reading(vendors_with: Callable[[int], AbstractContextManager[Stub]]) -> Callable[[int], Cost]:
    def run(amount: int) -> Cost:
        with vendors_with(amount) as vendors:
            return cost_of([*TAP, "--config", inputs.of_tap(vendors.url)], by=vendors)

    return run


@dataclass(frozen=True)
class Place:
    """Where a ledger is kept: gives the address of an empty one, and the bytes that it has."""

    empty: Callable[[], str]
    size: Callable[[], int]


@dataclass
class _Desk:
    """A ledger that has completed a run, and a stub that nothing is to be sent to.

    The brake keeps back all creates. So a run stages, matches, plans and accounts for everything, on the real
    ledger, without the calls, which would take hours and no memory of their own.
    """

    vendors: Stub
    place: Place
    amount: int = 0
    ledger: str = ""
    planned: dict[str, Any] = field(default_factory=dict)
    ledger_mb: dict[str, float] = field(default_factory=dict)

    def first(self, amount: int) -> Cost:
        self.ledger, self.amount = self.place.empty(), amount
        # A source without a contact has its first load yet to come; 3: the stub had it by an earlier ledger.
        self._run(inputs.contacts(1), 0, 3)
        cost = self._withheld(inputs.contacts(amount))
        self.ledger_mb[str(amount)] = round(self.place.size() / 1e6, 1)
        return cost

    def again(self, amount: int) -> Cost:
        self._have(amount)
        return self._withheld(inputs.contacts(amount))

    def history(self, amount: int) -> Cost:
        self._have(amount)
        return self._withheld(inputs.visits(amount))

    def plan(self, amount: int) -> Cost:
        self._have(amount)
        line = [*LEDGER, "--config", self._settings(), "plan", "--format", "json"]
        cost = cost_of(line, stdout=PLAN, by=self.vendors)
        self.planned[str(amount)] = json.loads(PLAN.read_text())
        return cost

    def _have(self, amount: int) -> None:
        if self.amount != amount:
            self.first(amount)

    def _withheld(self, given: Path) -> Cost:
        cost = self._run(given, WITHHELD)
        if sent := {kind for kind in cost.calls if kind != "GET contacts"}:
            raise FailedError(f"the brake was to keep everything back, but there were {sorted(sent)}")
        return cost

    def _run(self, given: Path, *ends: int) -> Cost:
        line = [*TARGET, "--config", self._settings()]
        return cost_of(line, stdin=given, by=self.vendors, ends=ends)

    def _settings(self) -> str:
        return inputs.of_target(self.vendors.url, self.ledger, brake_percent=BRAKE)


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
        with self._place() as place, stub() as vendors:
            desk = _Desk(vendors, place)
            found = self.comparison(desk).measure(runs)
        kinds = ("creates", "updates", "visits")
        planned = {amount: {kind: plan[kind] for kind in kinds} for amount, plan in desk.planned.items()}
        return {**found, "planned": planned, "ledger_mb": desk.ledger_mb}

    def comparison(self, desk: _Desk) -> Comparison:
        """Each phase with few and with many records."""
        phases = {FIRST: desk.first, REFRESH: desk.again, PLANNED: desk.plan, HISTORY: desk.history}
        variants = [
            Variant(_who(phase, amount), run, amount)
            for amount in (self.many, self.few)
            for phase, run in phases.items()
        ]
        most = [Floor(_who(phase, self.many), MOST_MEMORY, is_ceiling=True, unit="MB") for phase in phases]
        floors = [*_floors(tuple(phases), self.few, self.many), *most]
        note = f"{WHOLE} {ONE_RUN}"
        return Comparison(self.name, self.title, MEMORY, variants, floors, at_most_runs=1, note=note)

    @contextmanager
    def _place(self) -> Iterator[Place]:
        """Where its ledgers are."""
        folder = postgres.binaries()
        if self.backend == "SQLite" or folder is None:
            yield Place(ledgers.empty, ledgers.size)
            return
        with postgres.server(folder) as url:

            def empty() -> str:
                postgres.empty(url)
                return url

            yield Place(empty, lambda: _size(url))


def _size(url: str) -> int:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    engine.dispose()
    return int(found)
