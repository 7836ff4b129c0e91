"""The kill sweep: `python -m tests.kill_sweep`, or `make kill-sweep`.

Kills the target at each step of each kind of write, on SQLite and PostgreSQL, and says what the next run made
of it. Exits with 1 when a promise is broken or the two databases differ; else it renews the page.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.kill_sweep import page
from tests.kill_sweep.cell import CELLS, IN_FLIGHT, observe
from tests.kill_sweep.processes import Processes
from tests.target_referrizer import postgres

if TYPE_CHECKING:
    from tests.kill_sweep.cell import Cell, Observed

Sweep = dict["Cell", "Observed"]


def main() -> int:
    """Sweep, print, renew the page; gives the exit code."""
    folder = postgres.binaries()
    with ExitStack() as stack:
        processes = stack.enter_context(Processes())
        sweeps = {"SQLite": sweep("SQLite", processes, None)}
        if folder is not None:
            url = stack.enter_context(postgres.server(folder))
            sweeps["PostgreSQL"] = sweep("PostgreSQL", processes, url)
    first = sweeps["SQLite"]
    text = page.block(
        {(cell.step, cell.kind): first[cell].outcome for cell in CELLS},
        max(found[cell].unknown for found in sweeps.values() for cell in IN_FLIGHT),
    )
    say(f"\n{text}")
    broken = [line for name, found in sweeps.items() for line in failures(name, found)]
    broken += differences(sweeps)
    for line in broken:
        say(line)
    if broken:
        say(f"{len(broken)} promises broken; docs/operating.md is left as it was.")
        return 1
    page.renew(text)
    say(f"Every promise kept on {' and '.join(sweeps)}; docs/operating.md has this table.")
    if folder is None:
        say("PostgreSQL was NOT swept: this machine has no server.")
        return int(os.environ.get("REQUIRE_SERVICES") == "1")
    return 0


def say(text: str = "", end: str = "\n") -> None:
    """Print at once: a sweep takes minutes."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def sweep(name: str, processes: Processes, server: str | None) -> Sweep:
    """Observe all cells on one database, with a dot for each."""
    say(f"{name} ", end="")
    found = {}
    for cell in (*CELLS, *IN_FLIGHT):
        found[cell] = observe(cell, processes, server)
        say("!" if found[cell].broken else ".", end="")
    say()
    return found


def failures(name: str, found: Sweep) -> list[str]:
    """A line for each broken promise."""
    return [f"{name}, {cell}: {promise}" for cell, seen in found.items() for promise in seen.broken]


def differences(sweeps: dict[str, Sweep]) -> list[str]:
    """A line for each cell in which the databases differ; how requests overlap is nobody's promise."""
    first, *others = sweeps.values()
    return [
        f"{cell}: SQLite says “{first[cell].outcome}”, PostgreSQL “{other[cell].outcome}”"
        for other in others
        for cell in CELLS
        if other[cell].outcome != first[cell].outcome
    ]


if __name__ == "__main__":
    sys.exit(main())
