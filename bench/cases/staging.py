"""Taking records in, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import inputs, ledgers
from bench.comparing import Comparison
from bench.measuring import Cost, cost_of
from bench.programs import JSONL, STAGING, STOCK_TARGET
from bench.shapes import CPU_RATE, Floor, Variant, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

PORTION = 100
NOWHERE = "http://127.0.0.1:9"


def cases(scale: float) -> list[Comparison]:
    """Contacts, none of them known yet."""
    of = scaled(scale, PORTION)
    return [
        Comparison(
            "staging",
            "Staging contacts: validated, fingerprinted, stored",
            CPU_RATE,
            [
                Variant("target-referrizer", _staging(_ours), of(200_000)),
                Variant("target-jsonl", _staging(lambda: JSONL), of(200_000)),
                Variant("idle SDK target, validating", _idle(validate=True), of(50_000)),
                Variant("idle SDK target, not validating", _idle(validate=False), of(200_000)),
            ],
            [Floor("target-referrizer", 1.0, against="target-jsonl")],
        )
    ]


def _staging(command: Callable[[], list[str]]) -> Callable[[int], Cost]:
    return lambda amount: cost_of(command(), stdin=inputs.contacts(amount))


def _idle(*, validate: bool) -> Callable[[int], Cost]:
    return _staging(lambda: [*STOCK_TARGET, "idle", "--config", inputs.settings("idle", validate=validate)])


def _ours() -> list[str]:
    return [*STAGING, "--config", inputs.of_target(NOWHERE, ledgers.empty())]
