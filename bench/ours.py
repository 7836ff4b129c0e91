"""The commands of both plugins, as the cases start them.

    python -m bench.ours tap --config tap.json

With BENCH_PROFILE naming a folder, each process leaves there what took its time (see `bench.profiling`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def begin_of(command: str) -> Callable[[], object]:
    """What the console script of a command calls; only what is measured is loaded."""
    if command == "tap":
        from tap_booker.start import main  # noqa: PLC0415

        return main
    if command == "staging":
        from bench.staging import main as stage  # noqa: PLC0415

        return stage
    from target_referrizer import start  # noqa: PLC0415

    return {"target": start.target, "ledger": start.ledger}[command]


if __name__ == "__main__":
    named = sys.argv.pop(1)
    if folder := os.environ.get("BENCH_PROFILE"):
        from bench.profiling import profiled

        profiled(begin_of(named), Path(folder) / f"{named}-{os.getpid()}.prof")
    else:
        begin_of(named)()
