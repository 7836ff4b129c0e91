"""What many locations cost: `python -m bench.scaling` makes docs/scaling.md, with `--measure` of new figures.

One made-up location is run through Meltano as `python -m orchestrate` does it; the rest is arithmetic.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measuring import ROOT, cache
from bench.scaling_page import page
from demo.project import Project
from orchestrate.locations import TOKEN, Location, Locations
from orchestrate.outcome import Verdict
from orchestrate.running import Runner
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

FIGURES, PAGE = ROOT / "bench" / "scaling.json", ROOT / "docs" / "scaling.md"
CONTACTS, RUNS, LOOKED_AT = 2000, 3, 200
OPENING = datetime(2026, 3, 2, 15, tzinfo=UTC)


@dataclass
class Salon:
    """One location under measurement."""

    box: Sandbox
    folder: Path
    project: Path

    def runner(self) -> tuple[Runner, Location]:
        """As of now on the salon's clock."""
        now = self.box.clock.now.isoformat()
        location = Location(
            "one",
            3749,
            "America/Chicago",
            enabled=True,
            secrets={TOKEN: "ONE"},
            settings={
                "TAP_BOOKER_BASE_URL": self.box.booker_url,
                "TAP_BOOKER_AS_OF": now,
                "TARGET_REFERRIZER_API_URL": self.box.referrizer_url,
                "TARGET_REFERRIZER_AS_OF": now,
            },
            line=1,
        )
        booker = self.box.booker.credentials
        given = Project(self.project, self.folder).environment(
            {
                "MELTANO_ENVIRONMENT": "sandbox",
                "ONE": self.box.referrizer.token,
                "TAP_BOOKER_SUBSCRIPTION_KEY": booker.subscription_key,
                "TAP_BOOKER_CLIENT_ID": booker.client_id,
                "TAP_BOOKER_CLIENT_SECRET": booker.client_secret,
                "TAP_BOOKER_PERSONAL_ACCESS_TOKEN": booker.personal_access_token,
            }
        )
        return Runner(self.project, Locations(self.folder, None, [location]), given), location

    def run(self, *, contacts_only: bool = False) -> dict[str, float]:
        """The cost of one pass that must be done."""
        runner, location = self.runner()
        self.box.requests.clear()

        def work() -> None:
            found = runner.run(location, contacts_only=contacts_only)
            if found.verdict is not Verdict.DONE:
                raise SystemExit(str(found))

        cost = _cost(work)
        seen = [request.vendor for request in self.box.requests]
        return cost | {vendor: seen.count(vendor) for vendor in ("booker", "referrizer")}

    def hour(self, *, news: bool) -> dict[str, float]:
        """The same an hour later."""
        self.box.clock.advance(timedelta(hours=1))
        if news:
            self.box.salon.hour_of_news(seed=1)
        return self.run()

    def looks(self) -> dict[str, float]:
        """What the watch costs for each of many locations in one look; here all have the same ledger."""
        runner, location = self.runner()
        many = [replace(location, name=f"one-{number}") for number in range(LOOKED_AT)]
        for one in many:
            (self.folder / f"{one.name}.db").symlink_to("one.db")
        cost = _cost(lambda: runner.health(many, "2h"))
        for one in many:
            (self.folder / f"{one.name}.db").unlink()
        return {what: round(value / LOOKED_AT, 4) for what, value in cost.items()}

    def plain(self) -> dict[str, float]:
        """The two plugins in a pipe without Meltano, from the same state on."""
        runner, location = self.runner()
        variables = runner.environment(location)
        said = subprocess.run(
            [
                str(self.project / ".venv/bin/meltano"),
                "state",
                "get",
                "sandbox:tap-booker-to-target-referrizer:one",
            ],
            cwd=self.project,
            env=variables,
            check=True,
            capture_output=True,
            text=True,
        )
        state = self.folder / "state.json"
        state.write_text(json.dumps(json.loads(said.stdout)["singer_state"]))
        tap, target = 'tap-booker --config=ENV --state="$0" 2>/dev/null', "target-referrizer --config=ENV"
        pipe = f"{tap} | {target} >/dev/null 2>&1"
        return _cost(
            lambda: subprocess.run(["sh", "-c", pipe, str(state)], env=variables, check=True)  # noqa: S607
        )

    def rows(self) -> tuple[int, int]:
        """Rows of the ledger, and bytes of both databases."""
        with closing(sqlite3.connect(self.folder / "one.db")) as ledger:
            tables = ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            count = sum(ledger.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in tables)  # noqa: S608
            ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count, sum(path.stat().st_size for path in self.folder.glob("*.db"))


def _cost(work: Callable[[], object]) -> dict[str, float]:
    """Processor seconds of the processes that some work starts, and seconds of the clock."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": round(cpu, 2), "seconds": round(time.monotonic() - began, 1)}


def _median(several: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(one[key] for one in several) for key in several[0]}


def measure() -> dict[str, Any]:
    """All figures of one location."""
    project = cache() / "scaling"
    with tempfile.TemporaryDirectory() as own:
        laid = Project(project, Path(own))
        laid.lay_out()
        laid.install()
        (project / ".venv").unlink(missing_ok=True)
        (project / ".venv").symlink_to(Path(sys.executable).parent.parent)
        with Sandbox(contacts=CONTACTS, seed=7, zone="America/Chicago", now=OPENING) as box:
            salon = Salon(box, Path(own), project)
            runs = {"first": salon.run()}
            runs["news"] = _median([salon.hour(news=True) for _ in range(RUNS)])
            runs["quiet"] = _median([salon.hour(news=False) for _ in range(RUNS)])
            runs["night"] = salon.run(contacts_only=True)
            runs["plain"] = _median([salon.plain() for _ in range(RUNS)])
            runs["watch"] = _median([salon.looks() for _ in range(RUNS)])
            rows, size = salon.rows()
    return {
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "contacts": CONTACTS,
        "rows": rows,
        "bytes": size,
        "largest_process_mb": math.ceil(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "runs": runs,
    }


def main() -> int:
    """Measure if asked to, and write or show the page."""
    parser = argparse.ArgumentParser("python -m bench.scaling", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure anew, and keep the figures")
    parser.add_argument("--core-hour", type=float, help="price of an hour of one core; shows the page only")
    parser.add_argument("--gigabyte-month", type=float, help="price of a GB of database for a month")
    parser.add_argument("--million-calls", type=float, help="price of a million calls to Booker")
    given = parser.parse_args()
    if given.measure:
        FIGURES.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    own = {name: value for name, value in vars(given).items() if name != "measure" and value is not None}
    if own:
        sys.stdout.write(page(figures, **own))
    else:
        PAGE.write_text(page(figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
