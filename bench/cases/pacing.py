"""`requests_per_second`: reached, and never passed by more than a second's worth."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench import inputs, ledgers
from bench.comparing import spread
from bench.measuring import cost_of, stub
from bench.programs import TARGET
from bench.shapes import Floor, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

PER_SECOND, LATENCY, WORKERS = 100, 0.05, 16
PORTION = 100
MEAN, BUSIEST, AHEAD, SETTING = "mean", "busiest second", "most ahead of the pace", "the setting"
FLOORS = (
    Floor(MEAN, 0.95, against=SETTING),
    Floor(MEAN, 1.01, against=SETTING, is_ceiling=True),
    Floor(AHEAD, 1.0, against=SETTING, is_ceiling=True),
)


def cases(scale: float) -> list[Pacing]:
    """Creating contacts at a set pace."""
    return [Pacing(scaled(scale, PORTION)(1_500))]


@dataclass(frozen=True)
class Pacing:
    """Counted by the arrivals at the stub."""

    amount: int
    name: str = "pacing"
    title: str = f"Calls at requests_per_second {PER_SECOND}, {WORKERS} workers"

    def measure(self, runs: int) -> dict[str, Any]:
        """See `Case`."""
        seen = [paces(self._arrivals(), PER_SECOND) for _ in range(runs)]
        values = {name: spread([one[name] for one in seen]) for name in (MEAN, BUSIEST, AHEAD)}
        judged = {MEAN: values[MEAN]["median"], AHEAD: values[AHEAD]["most"], SETTING: float(PER_SECOND)}
        return {
            "title": self.title,
            "unit": "calls in a second",
            "note": f"“{AHEAD}” is by how many calls any span of time had more than its seconds allow.",
            "runs": runs,
            "records": {"target-referrizer": self.amount},
            "values": values,
            "ratios": {},
            "floors": [floor.judged(judged) for floor in FLOORS],
        }

    def _arrivals(self) -> Sequence[float]:
        with stub(latency=LATENCY) as vendors:
            more = {"concurrent_requests": WORKERS, "requests_per_second": PER_SECOND}
            config = inputs.of_target(vendors.url, ledgers.empty(), **more)
            return cost_of(
                [*TARGET, "--config", config], stdin=inputs.contacts(self.amount), by=vendors
            ).arrivals


def paces(arrivals: Sequence[float], per_second: float) -> dict[str, float]:
    """What the arrivals of calls say about their pace.

    Args:
        arrivals: Seconds, in order.
        per_second: The pace that was set.
    """
    span = arrivals[-1] - arrivals[0]
    busiest = max(bisect_right(arrivals, one + 1) - place for place, one in enumerate(arrivals))
    lead = least = 0.0
    for place, one in enumerate(arrivals):
        owed = place - per_second * (one - arrivals[0])
        least = min(least, owed)
        lead = max(lead, owed - least)
    return {MEAN: (len(arrivals) - 1) / span, BUSIEST: float(busiest), AHEAD: lead}
