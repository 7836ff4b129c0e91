"""`make bench`: ours and the peers in turn, medians of several runs; a table, and the same as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from bench.cases import cases, left_out
from bench.comparing import Comparison
from bench.measuring import ROOT, FailedError, cache
from bench.tables import show

if TYPE_CHECKING:
    from bench.shapes import Case

RESULTS = cache() / "results.json"
WIDTH = 120
"""Columns where nobody looks: a log."""


def main() -> int:
    """Measure, print, write.

    Returns:
        0, or 1 when a command failed or a floor was missed.
    """
    given = _options().parse_args()
    chosen = [case for case in cases(given.scale) if not given.only or case.name in given.only]
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    kept = json.loads(given.json.read_text())["cases"] if given.only and given.json.exists() else {}
    found: dict[str, Any] = {}
    about: dict[str, Any] = {"machine": machine(), "peers": peers(), "left_out": left_out()}
    told = commit()
    console.print(f"{', '.join(f'{name} {one}' for name, one in about['machine'].items())}; commit {told}")
    for missing in left_out():
        console.print(f"Left out: {missing}.")
    for case in chosen:
        try:
            found[case.name] = {**_measured(case, given, console), "commit": told}
        except (FailedError, subprocess.CalledProcessError) as failure:
            console.print(f"{case.title}: {failure}", markup=False, style="red")
            continue
        given.json.write_text(json.dumps({**about, "cases": {**kept, **found}}, indent=2) + "\n")
    console.print(f"Written to {given.json}", markup=False)
    is_good = all(floor["is_reached"] for case in found.values() for floor in case["floors"])
    return int(not is_good or len(found) < len(chosen))


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="bench", description="Measure the plugins beside their peers.")
    options.add_argument("--only", action="append", default=[], metavar="CASE", help="repeatable")
    options.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    options.add_argument("--scale", type=float, default=1.0, help="below 1: less work, for a quick look")
    options.add_argument("--profile", action="store_true", help="also see where the time of ours goes")
    options.add_argument(
        "--json", type=Path, default=RESULTS, metavar="FILE",
        help="where the results go; with --only, the other cases that it holds stay",
    )  # fmt: skip
    return options


def _measured(case: Case, given: argparse.Namespace, console: Console) -> dict[str, Any]:
    began = time.monotonic()
    load = round(os.getloadavg()[0], 1)
    with console.status(case.title):
        found = case.measure(given.runs)
        profile = {"profile": case.profile()} if given.profile and isinstance(case, Comparison) else {}
    show(found, console)
    took = round(time.monotonic() - began)
    when = {"date": datetime.now(UTC).date().isoformat(), "scale": given.scale, "load_at_start": load}
    return {**found, **profile, **when, "took_seconds": took}


def peers() -> dict[str, str]:
    """The versions of the peers that have an environment of their own."""
    pins = [line for file in (ROOT / "bench" / "peers").glob("*.txt") for line in file.read_text().split()]
    versions = dict(pin.split("==") for pin in pins if "==" in pin)
    return {name: versions[name] for name in ("dlt", "target-jsonl")}


def commit() -> str:
    """What is measured, with `-dirty` where something was changed since; empty where Git does not know."""
    line = ["git", "describe", "--always", "--dirty"]
    try:
        return subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine() -> dict[str, Any]:
    """Where this was measured, and which versions."""
    names = ("singer-sdk", "tap-booker", "target-referrizer")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
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
