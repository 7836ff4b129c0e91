"""The table of the sweep, on standard output and in `docs/operating.md`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.kill_sweep.steps import Kind, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
BEGIN = "<!-- made by `make kill-sweep` from here -->\n"
END = "<!-- to here -->\n"

Outcomes = dict[tuple[Step, Kind], str]


def block(outcomes: Mapping[tuple[Step, Kind], str], unknown: int) -> str:
    """What stands between the markers.

    Args:
        outcomes: Words for each cell.
        unknown: How many outcomes a kill left unknown at most while four requests were allowed at a time.
    """
    rows = [
        "| killed right after | " + " | ".join(kind.words for kind in Kind) + " |",
        "|---" * (1 + len(Kind)) + "|",
        *(
            f"| {step:d} {step.words} | " + " | ".join(outcomes[step, kind] for kind in Kind) + " |"
            for step in Step
        ),
    ]
    flight = (
        f"With six contacts due and `concurrent_requests: 4`, a kill left {unknown} outcomes unknown at most."
    )
    return "\n".join([*rows, "", flight, ""])


def on_the_page() -> str:
    """What stands between the markers now."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def outcomes_on_the_page() -> Outcomes:
    """The words for each cell that the page has."""
    rows = [line.strip("| ").split(" | ") for line in on_the_page().splitlines() if line[2:3].isdigit()]
    return {
        (step, kind): words
        for step, (_, *row) in zip(Step, rows, strict=True)
        for kind, words in zip(Kind, row, strict=True)
    }


def renew(text: str) -> None:
    """Put a block between the markers."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + begin + text + END + rest.partition(END)[2], encoding="utf-8")
