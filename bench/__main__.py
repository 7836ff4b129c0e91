"""`make bench`: ours and the peers in turn, medians of several runs; a table, and the same as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from bench.cases import cases
from bench.measuring import FailedError, cache
from bench.tables import show

if TYPE_CHECKING:
    from bench.shapes import Case

RESULTS = cache() / "results.json"


def main() -> int:
    """Measure, print, write.

    Returns:
        0, or 1 when a command failed or a floor was missed.
    """
    given = _options().parse_args()
    chosen = [case for case in cases(given.scale) if not given.only or case.name in given.only]
    console = Console(highlight=False)
    whole: dict[str, Any] = {"machine": machine(), "runs": given.runs, "scale": given.scale, "cases": {}}
    began = time.monotonic()
    try:
        for case in chosen:
            whole["cases"][case.name] = _measured(case, given.runs, console)
    except FailedError as failure:
        console.print(str(failure), markup=False, style="red")
        return 1
    finally:
        whole["minutes"] = round((time.monotonic() - began) / 60, 1)
        given.json.write_text(json.dumps(whole, indent=2) + "\n")
        console.print(f"Written to {given.json}", markup=False)
    return int(any(not floor["is_reached"] for case in whole["cases"].values() for floor in case["floors"]))


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="bench", description="Measure the plugins beside their peers.")
    options.add_argument("--only", action="append", default=[], metavar="CASE", help="repeatable")
    options.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    options.add_argument("--scale", type=float, default=1.0, help="below 1: less work, for a quick look")
    options.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where the results go")
    return options


def _measured(case: Case, runs: int, console: Console) -> dict[str, Any]:
    began = time.monotonic()
    with console.status(case.title):
        found = case.measure(runs)
    show(found, console)
    return {**found, "took_seconds": round(time.monotonic() - began)}


def machine() -> dict[str, Any]:
    """Where and when this was measured, and which versions."""
    names = ("singer-sdk", "tap-booker", "target-referrizer")
    return {
        "date": datetime.now(UTC).date().isoformat(),
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


if __name__ == "__main__":
    sys.exit(main())
