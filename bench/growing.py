"""The section of the page about how cost grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.fitting import FLAT, NEAR, SHARE

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
CAUSES = {
    (
        "first load",
        "booker_calls",
    ): "a page for each hundred contacts; check-ins by slices of 30 days, each a page for "
    "each hundred and at least one, so that few contacts pay for the slices of a year",
    (
        "first load",
        "referrizer_calls",
    ): "one write for each new contact; the index is read once, a page for each "
    "hundred that Referrizer has already",
    ("first load", "cpu"): "each record is validated, stored, matched, sent and confirmed",
    ("first load", "wall"): "one write for each contact, and Booker's pages before",
    ("first load", "ledger_mb"): "a row for each contact, check-in, link and event",
    ("full refresh", "booker_calls"): "as in the first load",
    ("full refresh", "referrizer_calls"): "nothing differs, so nothing is sent",
    ("full refresh", "cpu"): "each record is read, validated and compared",
    ("full refresh", "wall"): "Booker's pages, and comparing",
    ("full refresh", "ledger_mb"): "nothing new is kept",
    (
        "hour with 1 % changed",
        "booker_calls",
    ): "pages of what changed, and of the check-ins of the last seven days",
    (
        "hour with 1 % changed",
        "referrizer_calls",
    ): "a read and a write for each contact that changed or came, and a write for each visit",
    (
        "hour with 1 % changed",
        "cpu",
    ): "the changed ones, the check-ins of seven days, and aging, which is one pass in the database",
    ("hour with 1 % changed", "wall"): "the same",
    ("hour with 1 % changed", "ledger_mb"): "the news",
}
MEMORY = "records pass through in portions; what grows is what is kept of each"
STAGED = "memory_target_sqlite"


def section(cases: Mapping[str, Any]) -> Iterator[str]:
    """Tables, the fits, and what they mean; nothing where it was not measured."""
    found = cases.get("growth")
    if found is None:
        return
    sizes = list(found["sizes"])
    yield "## How cost grows\n"
    yield f"{found['title']}. One run of each size. The fit is `fixed + each * contacts ^ power`, by"
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
    yield from _million(cases, found["fits"])


def _fit(fit: Mapping[str, Any]) -> str:
    if fit["power"] is None:
        return f"| | {fit['verdict']}"
    return f"{fit['power']:.2f} | {fit['off']:.0%} | {fit['verdict']}"


def _meaning(fits: Mapping[str, Any]) -> Iterator[str]:
    yield "What grows with what:\n"
    for phase, of_phase in fits.items():
        for quantity, fit in of_phase.items():
            cause = MEMORY if quantity == "memory_mb" else CAUSES[phase, quantity]
            yield f"- {phase}, {NAMES[quantity].split(',')[0]} ({fit['verdict']}): {cause}."
    more = _named(fits, "not linear: more")
    less = _named(fits, "not linear: less")
    yield ""
    yield f"More than linear: {more or 'nothing'}."
    yield f"Less than linear, where a part that is nearly fixed thins out: {less or 'nothing'}."
    yield "All else is linear, or does not grow.\n"


def _named(fits: Mapping[str, Any], verdict: str) -> str:
    found = [
        f"{phase}, {NAMES[quantity].split(',')[0]}"
        for phase, of_phase in fits.items()
        for quantity, fit in of_phase.items()
        if fit["verdict"] == verdict
    ]
    return "; ".join(found)


def _million(cases: Mapping[str, Any], fits: Mapping[str, Any]) -> Iterator[str]:
    """The largest number that was staged and planned, and what its delivery would take."""
    staged = cases.get(STAGED, {})
    if not staged.get("planned"):
        return
    amount = max(map(int, staged["planned"]))
    plan = staged["planned"][str(amount)]
    seconds, memory = (
        {phase: staged[kind][f"{phase}, {amount:,}"] for phase in ("staging", "plan")}
        for kind in ("seconds", "memory_mb")
    )
    calls = plan["creates"] + 2 * plan["updates"] + plan["visits"]
    fit = fits["first load"]["referrizer_calls"]
    index = "a page of the index for each hundred contacts that Referrizer has already"
    yield f"{amount:,} contacts, staged and planned: {seconds['staging']['cpu']:,} s of processor time and"
    yield f"{memory['staging']:,} MB to stage, {seconds['plan']['cpu']:,} s and {memory['plan']:,} MB to"
    yield f"plan. Delivering them would take {calls:,} calls: {plan['creates']:,} creates,"
    yield f"{plan['updates']:,} updates of two calls each, {plan['visits']:,} visits; and {index}."
    if fit["power"] is not None:
        fits_say = fit["fixed"] + fit["each"] * amount ** fit["power"]
        yield f"The fit of a first load says {fits_say:,.0f} calls."
    yield ""
