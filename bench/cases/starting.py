"""How long it takes until a command can say anything."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.comparing import Comparison
from bench.measuring import Cost, cost_of
from bench.programs import BARE_SDK
from bench.shapes import CPU, Floor, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = ("tap-booker", "target-referrizer", "referrizer-ledger", "booker-connect")
BARE = "bare import of singer_sdk"
LIMIT = 1.3


def cases(_: float) -> list[Comparison]:
    """The console scripts, as they are installed; byte code is there from the first, uncounted run on."""
    variants = [Variant(f"{name} --help", _help(name)) for name in COMMANDS]
    floors = [Floor(one.who, LIMIT, against=BARE, is_ceiling=True) for one in variants]
    bare = Variant(BARE, lambda _: cost_of(BARE_SDK))
    return [Comparison("start_up", "Starting: --help of each command", CPU, [*variants, bare], floors)]


def _help(name: str) -> Callable[[int], Cost]:
    script = str(Path(sys.executable).with_name(name))

    def run(_: int) -> Cost:
        return cost_of([script, "--help"])

    return run
