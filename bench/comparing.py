"""Measuring a comparison: runs in turn, medians, ratios, floors."""

from __future__ import annotations

import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.profiling import rooms
from bench.shapes import MEMORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.measuring import Cost
    from bench.shapes import Floor, Quantity, Variant

SHORTEST = 0.1
"""Seconds: what takes no longer than starts differ among themselves says nothing of a rate."""
ENOUGH_CALLS = 100
"""Of fewer, what a call took in the stub is mostly what the stub does once."""
STARTS = 3
PROFILED = 4
"""One of so many records is enough to see where the time goes: a profiler makes all slower."""

Costs = dict[str, list["Cost"]]


@dataclass(frozen=True)
class Comparison:
    """The same quantity of several variants, all in turn, so that a busy minute meets each of them.

    Attributes:
        name: Key in the results.
        title: What it is.
        quantity: What counts.
        variants: Ours first.
        floors: What ours has to reach.
        ideal: What the latency or the setting allows, where that decides; `ideal` in floors.
        at_most_runs: Where the median of five would take too long, or where the largest value counts.
        note: What else a reader has to know.
    """

    name: str
    title: str
    quantity: Quantity
    variants: Sequence[Variant]
    floors: Sequence[Floor] = ()
    ideal: float | None = None
    at_most_runs: int | None = None
    note: str = ""

    def measure(self, runs: int) -> dict[str, Any]:
        """See `Case`."""
        return measured(self, min(runs, self.at_most_runs or runs))

    def profile(self) -> dict[str, float]:
        """Seconds of one run of ours by room, largest first; empty where time is not what counts."""
        return {} if self.quantity is MEMORY else _profile(self)


def _profile(case: Comparison) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BENCH_PROFILE"] = folder
        try:
            case.variants[0].run(case.variants[0].amount // PROFILED)
        finally:
            del os.environ["BENCH_PROFILE"]
        return rooms(Path(folder))


def measured(case: Comparison, runs: int) -> dict[str, Any]:
    """Run all variants in turn.

    Raises:
        FailedError: A command failed.
    """
    starts = {one.who: _start(case, one, min(runs, STARTS)) for one in case.variants}
    costs: Costs = {one.who: [] for one in case.variants}
    for _ in range(runs):
        for one in case.variants:
            costs[one.who].append(one.run(one.amount))
    return summary(case, costs, starts)


def _start(case: Comparison, variant: Variant, runs: int) -> float:
    """What a run of no record takes, where that is to be taken off; as a side effect all is warm."""
    if not case.quantity.is_rate:
        return 0.0
    took = statistics.median(case.quantity.of(variant.run(0)) for _ in range(runs))
    return took if case.quantity.has_start else 0.0


def summary(case: Comparison, costs: Costs, starts: Mapping[str, float]) -> dict[str, Any]:
    """What the results hold of a comparison."""
    amounts = {one.who: one.amount for one in case.variants}
    taken = {who: [case.quantity.of(cost) - starts[who] for cost in all_of] for who, all_of in costs.items()}
    if case.quantity.is_rate:
        told = {who: took for who, took in taken.items() if min(took) > SHORTEST}
        values = {who: [amounts[who] / one for one in took] for who, took in told.items()}
    else:
        values = taken
    medians = {who: statistics.median(of_one) for who, of_one in values.items()}
    known = {**medians, **({"ideal": case.ideal} if case.ideal else {})}
    memory = {who: round(max(cost.rss for cost in all_of)) for who, all_of in costs.items()}
    judged = {**known, **{f"memory of {who}": float(most) for who, most in memory.items()}}
    ours = medians.get(case.variants[0].who) if case.quantity.is_rate else None
    return {
        "title": case.title,
        "note": case.note,
        "unit": case.quantity.unit,
        "is_rate": case.quantity.is_rate,
        "runs": len(next(iter(costs.values()))),
        "records": amounts,
        "values": {who: spread(of_one) for who, of_one in values.items()},
        "too_short_to_tell": sorted(set(costs) - set(values)),
        "ideal": case.ideal,
        "ratios": {
            who: round(ours / value, 3) for who, value in known.items() if ours and value and value != ours
        },
        "memory_mb": memory,
        "seconds": {who: _seconds(all_of) for who, all_of in costs.items()},
        "calls": {who: all_of[-1].calls for who, all_of in costs.items() if all_of[-1].calls},
        "stub": {who: _stub(all_of) for who, all_of in costs.items() if _calls(all_of) >= ENOUGH_CALLS},
        "floors": [floor.judged(judged) for floor in case.floors],
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and bounds, with the digits that count."""
    median = statistics.median(values)
    digits = 0 if median >= 100 else 1 if median >= 10 else 3  # noqa: PLR2004
    return {
        "median": round(median, digits),
        "least": round(min(values), digits),
        "most": round(max(values), digits),
    }


def _seconds(costs: Sequence[Cost]) -> dict[str, float]:
    """What a run took, its start included."""
    walls, cpus = (
        statistics.median(taken) for taken in zip(*((one.wall, one.cpu) for one in costs), strict=True)
    )
    return {"wall": round(walls, 2), "cpu": round(cpus, 2)}


def _calls(costs: Sequence[Cost]) -> int:
    return sum(sum(cost.calls.values()) for cost in costs)


def _stub(costs: Sequence[Cost]) -> dict[str, float]:
    """How near the stub, which has one core, was to its limit."""
    calls = _calls(costs)
    cpu, wall = sum(cost.stub_cpu for cost in costs), sum(cost.wall for cost in costs)
    return {"ms_per_call": round(1000 * cpu / calls, 3), "busy": round(cpu / wall, 3)}
