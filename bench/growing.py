"""The section of the page about how cost grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench import million
from bench.causes import CAUSES
from bench.fitting import FLAT, NEAR, SHARE
from target_referrizer.properties import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMES = {
    "booker_calls": "calls to Booker",
    "referrizer_calls": "calls to Referrizer",
    "cpu": "processor time, s",
    "wall": "time, s",
    "memory_mb": "largest memory, MB",
    "ledger_mb": "ledger, MB",
}


def section(cases: Mapping[str, Any]) -> Iterator[str]:
    """Tables, the fits, and what they mean; nothing where it was not measured."""
    found = cases.get("growth")
    if found is None:
        return
    sizes = list(found["sizes"])
    yield "## How cost grows\n"
    yield f"{found['title']}. {found['note']}\n"
    yield "The fit is `fixed + each * contacts ^ power`, by"
    yield "least squares of the logarithms; *fixed* is the same run without a contact. A size that adds less"
    yield f"than {SHARE:.0%} to that is left out. A power within {NEAR} of 1 is linear; what grows less than"
    yield f"by {FLAT - 1:.0%} is flat.\n"
    yield f"| | | fixed | {' | '.join(f'{int(size):,}' for size in sizes)} | power | off by | |"
    yield f"|---|---|{'---:|' * (len(sizes) + 3)}---|"
    for phase, fits in found["fits"].items():
        for quantity, fit in fits.items():
            values = " | ".join(f"{found['sizes'][size][phase][quantity]:,}" for size in sizes)
            yield f"| {phase} | {NAMES[quantity]} | {fit['fixed']:,} | {values} | {_fit(fit)} |"
    yield ""
    yield from _meaning(found["fits"])
    yield _paced(found)
    yield from million.section(cases, found)


def _fit(fit: Mapping[str, Any]) -> str:
    if fit["power"] is None:
        return f"| | {fit['verdict']}"
    return f"{fit['power']:.2f} | {fit['off']:.0%} | {fit['verdict']}"


def _meaning(fits: Mapping[str, Any]) -> Iterator[str]:
    yield "What grows with what:\n"
    for phase, of_phase in fits.items():
        for quantity, fit in of_phase.items():
            what = f"{phase}, {NAMES[quantity].split(',')[0]}"
            yield f"- {what} ({fit['verdict']}): {CAUSES[phase, quantity].of(fit['verdict'])}."
    more = _named(fits, "not linear: more")
    less = _named(fits, "not linear: less")
    yield ""
    yield f"More than linear: {more or 'nothing'}."
    yield f"Less than linear: {less or 'nothing'}."
    yield "All else is linear, or does not grow.\n"


def _named(fits: Mapping[str, Any], verdict: str) -> str:
    found = [
        f"{phase}, {NAMES[quantity].split(',')[0]}"
        for phase, of_phase in fits.items()
        for quantity, fit in of_phase.items()
        if fit["verdict"] == verdict
    ]
    return "; ".join(found)


def _paced(found: Mapping[str, Any]) -> str:
    """What the pace that is set unless told otherwise makes of the largest first load."""
    pace = PROPERTIES.to_dict()["properties"]["requests_per_second"]["default"]
    size = max(map(int, found["sizes"]))
    calls = found["sizes"][str(size)]["first load"]["referrizer_calls"]
    return (
        f"Computed: at `requests_per_second` {pace}, as it is unless told otherwise, the {calls:,} calls of "
        f"a first load of {size:,} contacts take {calls / pace / 60:,.0f} minutes, whatever the plugins do.\n"
    )
