"""The part of the page about more contacts than are delivered: staged and planned, the rest computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STAGED = ("memory_target_sqlite", "memory_target_postgresql")
RUN, PLAN = "whole run, all new", "plan"
COMPUTED = {
    "booker_calls": "calls to Booker",
    "referrizer_calls": "calls to Referrizer",
    "cpu": "processor time, s",
    "ledger_mb": "ledger, MB",
}
NEAR = 0.1
"""A fit that is further off than this somewhere is not carried on beyond the sizes that it was made of."""


def section(cases: Mapping[str, Any], growth: Mapping[str, Any]) -> Iterator[str]:
    """What was measured with the largest number, then what its delivery and later runs would take."""
    amounts = [int(size) for name in STAGED for size in cases.get(name, {}).get("ledger_mb", ())]
    if not amounts:
        return
    amount = max(amounts)
    yield f"### {amount:,} contacts\n"
    for name in STAGED:
        if str(amount) in cases.get(name, {}).get("ledger_mb", ()):
            yield from _measured(cases[name], amount)
    yield from _computed(growth, amount)


def _measured(case: Mapping[str, Any], amount: int) -> Iterator[str]:
    plan = case["planned"][str(amount)]
    run, only_plan = (
        {kind: case[kind][f"{phase}, {amount:,}"] for kind in ("seconds", "memory_mb")}
        for phase in (RUN, PLAN)
    )
    calls = plan["creates"] + 2 * plan["updates"] + plan["visits"]
    yield f"{case['title']}: staged, matched, planned and accounted for in {run['seconds']['cpu']:,} s of"
    yield f"processor time and {run['memory_mb']:,} MB; then the ledger has"
    yield f"{case['ledger_mb'][str(amount)]:,} MB."
    yield f"`plan` alone: {only_plan['seconds']['cpu']:,} s, {only_plan['memory_mb']:,} MB. It says"
    yield f"{plan['creates']:,} creates, {plan['updates']:,} updates of two calls each,"
    yield f"{plan['visits']:,} visits: {calls:,} calls, and a page of the"
    yield "index for each hundred contacts that Referrizer has already.\n"


def _computed(growth: Mapping[str, Any], amount: int) -> Iterator[str]:
    """The fits, carried on."""
    yield f"Computed for {amount:,} contacts with a check-in each, from the sizes above: by the fit where it"
    yield f"is off by at most {NEAR:.0%}, else by the straight line through the two largest sizes.\n"
    yield f"| | {' | '.join(COMPUTED.values())} |"
    yield f"|---|{'---:|' * len(COMPUTED)}"
    for phase, fits in growth["fits"].items():
        points = {int(size): one[phase] for size, one in growth["sizes"].items()}
        values = (
            carried_on({size: one[kind] for size, one in points.items()}, fits[kind], amount)
            for kind in COMPUTED
        )
        yield f"| {phase} | {' | '.join(f'{value:,.0f}' for value in values)} |"
    yield ""


def carried_on(points: Mapping[int, float], fit: Mapping[str, Any], amount: int) -> float:
    """A cost at a size beyond those that it was measured at.

    Args:
        points: The cost by size, at least two.
        fit: See `bench.fitting`.
        amount: The size.
    """
    if fit["power"] is not None and fit["off"] <= NEAR:
        return float(fit["fixed"] + fit["each"] * amount ** fit["power"])
    less, most = sorted(points)[-2:]
    slope = (points[most] - points[less]) / (most - less)
    return points[most] + max(slope, 0) * (amount - most)
