"""How times, runs and their ends are called in the report."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from target_referrizer.errors import CATALOGUE
from target_referrizer.ledger.journal import DIED
from target_referrizer.report.runs import UNFED
from target_referrizer.terminal import counted, in_words

if TYPE_CHECKING:
    from datetime import date, datetime

    from target_referrizer.report.figures import Figures
    from target_referrizer.report.runs import RunSeen

BY_SIGNAL = 128
NEEDS_PERSON = 3
#: A run that is under way may stand still so long at least: it may wait for an answer, or for its turn.
PATIENCE = timedelta(hours=1)
#: What an exit code says of a run, and what it asks for.
ENDS = {
    DIED: ("died before it could say how it went", "Nothing: the next run goes on from there."),
    UNFED: (
        "got nothing to read",
        "Ask what keeps the tap: its log line with BKR-…, or its command `doctor`. Groups age all the same.",
    ),
    1: ("failed", "Read the log line with RFZ-…: it says what happened and what to do."),
    2: ("stopped: settings must be corrected", "Correct what the log line with RFZ-1… names, and run again."),
    3: ("was done, but a person is needed", "See what waits for a person."),
    5: ("was done but for what the brake withheld", CATALOGUE["RFZ-501"].action),
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
        return _of_a_running_one(figures, last)
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


def _of_a_running_one(figures: Figures, last: RunSeen) -> tuple[str, str, str]:
    """A run that gets on is well, however long it takes; one that stands still keeps all others away."""
    began, moved = clock(figures.local(last.at)), clock(figures.local(last.until))
    if figures.now - last.until > max(2 * (figures.strip.cadence or PATIENCE), PATIENCE):
        what = f"The run since {began} has stood still since {moved}"
        return "failed", what, "End its process and run again: the next run goes on from there."
    return "running", f"A run is under way since {began}", "Make this report again when it has ended."


def _of_a_good_run(figures: Figures, code: int | None) -> tuple[str, str, str]:
    people = sum(one.count for one in figures.waiting if one.is_urgent)
    gone = sum(one.count for one in figures.waiting if one.kind == "gone")
    if code and code != NEEDS_PERSON:
        said, advice = ended(code)
        return "partly", f"The last run {said}", advice
    if figures.rebuilt_now:
        entry = CATALOGUE["RFZ-303"]
        return "partly", "The ledger was new and has been rebuilt", entry.action
    if people:
        waits = f"{counted(people, 'thing waits', 'things wait')} for a person"
        return "partly", f"The sync runs; {waits}", "What to do is said below."
    if gone:
        who = counted(gone, "contact is", "contacts are")
        advice = "Nothing, where they were deleted on purpose; below is what to do where they were not."
        return "done", f"The sync runs; {who} gone from Referrizer", advice
    return "done", "All is in order", "Nothing waits for a person."


def clock(local: datetime) -> str:
    """A local instant: `2 Mar 2026, 09:00`."""
    return f"{day(local)} {local.year}, {local:%H:%M}"


def moment(local: datetime) -> str:
    """A local instant of the last days: `2 Mar, 09:00`."""
    return f"{day(local)}, {local:%H:%M}"


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
    return in_words(word)
