"""How times, runs and their ends are called in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_referrizer.errors import CATALOGUE
from target_referrizer.ledger.journal import DIED

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

    from target_referrizer.report.figures import Figures

BY_SIGNAL = 128
#: What an exit code says of a run, and what it asks for.
ENDS = {
    DIED: ("died before it could say how it went", "Nothing: the next run goes on from there."),
    1: ("failed", "Read the log line with RFZ-…: it says what happened and what to do."),
    2: ("stopped: settings must be corrected", "Correct what the log line with RFZ-1… names, and run again."),
    3: ("done, but a person is needed", "See what waits for a person."),
    5: ("done but for what the brake withheld", CATALOGUE["RFZ-501"].action),
    6: ("stopped: Referrizer was unavailable", CATALOGUE["RFZ-601"].action),
}


def ended(code: int | None) -> tuple[str, str]:
    """How a run ended and what to do about it."""
    if code is None:
        return ENDS[DIED]
    if code >= BY_SIGNAL:
        return f"stopped by signal {code - BY_SIGNAL}", CATALOGUE["RFZ-603"].action
    return ENDS.get(code, ENDS[1]) if code else ("done", "")


def verdict(figures: Figures) -> tuple[str, str, str]:
    """How it stands: a state of the style, a headline, and what to do."""
    last = figures.last
    if last is None:
        return "partly", "There has been no run yet", "The first run of the sync fills this page."
    if last.state == "running":
        return "running", "A run is under way", "Make this report again when it has ended."
    if figures.stalled and figures.strip.cadence:
        what = f"The sync has stalled: no run since {clock(figures.local(last.at))}"
        how = (
            f"One is expected every {every(figures.strip.cadence)}. Look whether what starts the runs is on."
        )
        return "failed", what, how
    if last.state == "failed":
        said, advice = ended(last.code)
        return "failed", f"The last run {said}", advice
    return _of_a_good_run(figures, last.code)


def _of_a_good_run(figures: Figures, code: int | None) -> tuple[str, str, str]:
    people = sum(one.count for one in figures.waiting if one.needs_person)
    said, advice = ended(code)
    if code and not (code == 3 and people):  # noqa: PLR2004 - a person is needed: who, is said below
        return "partly", f"The last run {said}", advice
    if people:
        things = "1 thing waits" if people == 1 else f"{people:,} things wait"
        return "partly", f"The sync runs; {things} for a person", "What to do is said below."
    return "done", "All is in order", "Nothing waits for a person."


def clock(local: datetime) -> str:
    """A local instant: `2 Mar 2026, 09:00`."""
    return f"{day(local)} {local.year}, {local:%H:%M}"


def day(local: date) -> str:
    """A day of this year: `2 Mar`."""
    return f"{local.day} {local:%b}"


def every(gap: timedelta) -> str:
    """A gap between two runs: `hour`, `15 minutes`, `24 hours`."""
    minutes = max(round(gap.total_seconds() / 60), 1)
    hours = round(minutes / 60)
    if abs(minutes - hours * 60) <= 5 * hours:  # a few minutes more or less, as runs take
        return "hour" if hours == 1 else f"{hours} hours"
    return f"{minutes} minutes"


def plain(word: str) -> str:
    """A word of the accounting for people."""
    return word.replace("_", " ")
