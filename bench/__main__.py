"""`make bench`: ours and the peers in turn, medians of several runs; a table, and the same as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.cases import Case, cases
from bench.measuring import FailedError, cache

SHORTEST = 0.1
"""Seconds."""
RESULTS = cache() / "results.json"


def main() -> int:
    """Measure, print, write.

    Returns:
        0, or 1 when a command failed or a floor was missed.
    """
    options = argparse.ArgumentParser(prog="bench", description="Measure the plugins beside their peers.")
    options.add_argument("--only", action="append", default=[], metavar="CASE", help="repeatable")
    options.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    options.add_argument("--scale", type=float, default=1.0, help="below 1: less work, for a quick look")
    options.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where the results go")
    given = options.parse_args()
    chosen = [case for case in cases(given.scale) if not given.only or case.name in given.only]
    console = Console(highlight=False)
    try:
        found = {case.name: measured(case, given.runs, console) for case in chosen}
    except FailedError as failure:
        console.print(str(failure), markup=False, style="red")
        return 1
    whole = {"machine": machine(), "runs": given.runs, "scale": given.scale, "cases": found}
    given.json.write_text(json.dumps(whole, indent=2) + "\n")
    console.print(f"Written to {given.json}", markup=False)
    return int(any(not floor["is_reached"] for case in found.values() for floor in case["floors"]))


def machine() -> dict[str, Any]:
    """Where this was measured."""
    names = ("singer-sdk", "tap-booker", "target-referrizer")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_at_start": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def measured(case: Case, runs: int, console: Console) -> dict[str, Any]:
    """All variants in turn, so that a busy minute of the machine meets each of them.

    Raises:
        FailedError: A command failed.
    """
    seconds: dict[str, list[float]] = {variant.who: [] for variant in case.variants}
    memory: dict[str, float] = {}
    with console.status(case.title):
        starts = {
            variant.who: statistics.median(getattr(variant.run(0), case.by) for _ in range(3))
            for variant in case.variants
        }
        for _ in range(runs):
            for variant in case.variants:
                cost = variant.run(variant.amount)
                seconds[variant.who].append(getattr(cost, case.by) - starts[variant.who])
                memory[variant.who] = max(memory.get(variant.who, 0), cost.rss)
    found = _summary(case, seconds, memory)
    _show(case, found, console)
    return found


def _summary(case: Case, seconds: dict[str, list[float]], memory: dict[str, float]) -> dict[str, Any]:
    amounts = {variant.who: variant.amount for variant in case.variants}
    # What takes no longer than starts differ among themselves says nothing.
    told = {who: took for who, took in seconds.items() if min(took) > SHORTEST}
    rates = {who: sorted(amounts[who] / one for one in took) for who, took in told.items()}
    medians = {who: statistics.median(of_one) for who, of_one in rates.items()}
    ours = medians.get(case.variants[0].who)
    against = {**medians, **({"ideal": case.ideal} if case.ideal else {})}
    ratios = {who: ours / rate for who, rate in against.items() if ours and rate != ours}
    return {
        "title": case.title,
        "seconds": case.by,
        "ratios": {who: round(ratio, 3) for who, ratio in ratios.items()},
        "records_per_second": {
            who: {"median": round(medians[who]), "least": round(of[0]), "most": round(of[-1])}
            for who, of in rates.items()
        },
        "too_short_to_tell": sorted(set(seconds) - set(told)),
        "ideal": case.ideal,
        "memory_mb": {who: round(mb) for who, mb in memory.items()},
        "records": amounts,
        "floors": [
            {"against": who, "floor": floor, "is_reached": ratios.get(who, 0) >= floor}
            for who, floor in case.floors.items()
        ],
    }


def _show(case: Case, found: dict[str, Any], console: Console) -> None:
    table = Table(title=case.title, title_justify="left", box=None)
    for name in ("", "ours ÷ this", f"records per second of {case.by}", "least to most", "MB"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=not name)
    for who, rate in found["records_per_second"].items():
        span = f"{rate['least']:,} to {rate['most']:,}"
        ratio = f"{found['ratios'][who]:.2f}" if who in found["ratios"] else ""
        table.add_row(who, ratio, f"{rate['median']:,}", span, f"{found['memory_mb'][who]}")
    for who in found["too_short_to_tell"]:
        table.add_row(who, "", "too short to tell", "", f"{found['memory_mb'][who]}")
    if "ideal" in found["ratios"]:
        table.add_row("the latency's limit", f"{found['ratios']['ideal']:.2f}", f"{case.ideal:,.0f}", "", "")
    console.print(table)
    for one in found["floors"]:
        reached = "reached" if one["is_reached"] else "MISSED"
        console.print(f"floor: {one['floor']} times {one['against']}, {reached}")
    console.print()


if __name__ == "__main__":
    sys.exit(main())
