"""How cost grows with the number of contacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bench import inputs, ledgers
from bench.fitting import fitted
from bench.measuring import Cost, Stub, cache, cost_of, stub
from bench.programs import TAP, TARGET
from bench.shapes import memory
from bench.vendors import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SIZES = (1_000, 10_000, 100_000)
SMALLEST = 10
SHARE = 100
"""One of so many contacts changes, and one of so many comes, in the hour."""
FIRST, REFRESH, HOUR = "first load", "full refresh", "hour with 1 % changed"
PHASES = (FIRST, REFRESH, HOUR)
QUANTITIES = ("booker_calls", "referrizer_calls", "cpu", "wall", "memory_mb", "ledger_mb")
NOTE = (
    "One run of each size: the largest takes minutes, and what is fitted spans two powers of ten. The stub "
    "answers at once and no pace is set, so time is what the plugins take, not what the vendors do."
)
STATES = [cache() / f"state-{nth}.json" for nth in range(3)]


def cases(scale: float) -> list[Growth]:
    """One case of all sizes."""
    return [Growth(sorted({max(int(size * scale), SMALLEST) for size in SIZES}))]


@dataclass(frozen=True)
class Growth:
    """Both plugins in a pipe: each size is loaded, refreshed, and an hour later some have changed."""

    sizes: Sequence[int]
    name: str = "growth"
    title: str = "tap-booker | target-referrizer, first load to next hour, one check-in of each contact"

    def measure(self, runs: int) -> dict[str, Any]:
        """See `Case`. One run of each: the largest one takes minutes."""
        del runs
        fixed = life(0)
        lives = {size: life(size) for size in self.sizes}
        largest = f"both, {self.sizes[-1]:,} contacts"
        most = max(one["memory_mb"] for one in lives[self.sizes[-1]].values())
        fits = {
            phase: {
                quantity: fitted(
                    {size: one[phase][quantity] for size, one in lives.items()}, fixed[phase][quantity]
                )
                for quantity in QUANTITIES
            }
            for phase in PHASES
        }
        return {
            "title": self.title,
            "note": NOTE,
            "runs": 1,
            "fixed": fixed,
            "sizes": {str(size): one for size, one in lives.items()},
            "fits": fits,
            "floors": [memory(largest).judged({f"memory of {largest}": float(most)})],
        }


def life(contacts: int) -> dict[str, dict[str, Any]]:
    """A first load, the same again, and an hour in which one of a hundred changed and one came."""
    news = -(-contacts // SHARE)
    with stub(customers=contacts, check_ins=contacts) as vendors:
        ledger = ledgers.empty()
        first = _run(vendors, ledger, timedelta(0), None, STATES[0])
        refresh = _run(vendors, ledger, timedelta(minutes=10), None, STATES[1])
        vendors.ask("news", customers=news, check_ins=news)
        hour = _run(vendors, ledger, timedelta(hours=1), STATES[1], STATES[2])
    return {FIRST: first, REFRESH: refresh, HOUR: hour}


def _run(vendors: Stub, ledger: str, later: timedelta, before: Path | None, after: Path) -> dict[str, Any]:
    as_of = (NOW + later).isoformat()
    tap = [*TAP, "--config", inputs.of_tap(vendors.url, as_of=as_of)]
    tap += ["--state", str(before)] if before else []
    target = [*TARGET, "--config", inputs.of_target(vendors.url, ledger, as_of=as_of)]
    return _told(cost_of(tap, target, stdout=after, by=vendors))


def _told(cost: Cost) -> dict[str, Any]:
    at_booker = ("token", "update", "location", "customers", "appointments")
    booker = sum(number for kind, number in cost.calls.items() if kind.split()[1] in at_booker)
    return {
        "booker_calls": booker,
        "referrizer_calls": sum(cost.calls.values()) - booker,
        "cpu": round(cost.cpu, 2),
        "wall": round(cost.wall, 2),
        "memory_mb": round(cost.rss),
        "ledger_mb": round(ledgers.size() / 1e6, 2),
        "calls": cost.calls,
    }
