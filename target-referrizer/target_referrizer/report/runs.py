"""The runs of a source in time: how each went, how often one is expected, and which did not come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from target_referrizer.groups import start_of_day
from target_referrizer.report.rhythm import Rhythm, rhythm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

#: What a run can have come to, the worst first: of several in one hour the worst is shown.
STATES = ("failed", "missing", "partly", "running", "done")
#: Runs that ended with these have done their work, all but something that is said.
PARTLY = frozenset({3, 5, 6})
#: Stands for the exit code of a run that was done and had nothing to read: its tap failed at once, perhaps.
UNFED = -2
DAYS = 14


@dataclass(frozen=True)
class RunSeen:
    """One run.

    Attributes:
        number: Its number in the ledger.
        at: The instant that counted as now for it.
        code: How it ended, or `UNFED`; None while it is under way.
        state: One of `STATES`, but never missing.
        until: When it was over, or got on last.
    """

    number: int
    at: datetime
    code: int | None
    state: str
    until: datetime


@dataclass(frozen=True)
class Strip:
    """The last days, hour by hour.

    Attributes:
        days: The days that are shown, oldest first.
        cells: States of the runs of an hour of a day, the worst first; an hour without any is not here.
        counts: How many runs of each state these days had.
        by_day: The same for each day.
        now: The hour that it is: later ones of the last day are still to come.
        rhythm: How often a run is expected, and when.
    """

    days: tuple[date, ...]
    cells: dict[tuple[date, int], tuple[str, ...]]
    counts: Counter[str]
    by_day: dict[date, Counter[str]]
    now: int
    rhythm: Rhythm

    @property
    def cadence(self) -> timedelta | None:
        """How often a run is expected; None while there are too few to say."""
        return self.rhythm.every

    def is_stalled(self, now: datetime) -> bool:
        """Whether the next run is overdue."""
        return bool(self.rhythm.began) and self.rhythm.is_overdue(now)


def state_of(code: int | None, *, is_running: bool) -> str:
    """What a run has come to, by its exit code."""
    if code is None:
        return "running" if is_running else "failed"
    return "done" if code == 0 else "partly" if code in PARTLY | {UNFED} else "failed"


def troubles(runs: Sequence[RunSeen]) -> Iterator[tuple[RunSeen, ...]]:
    """Runs that were not done, newest first: those that ended alike, and with no other between, together."""
    for (_, state), some in groupby(reversed(runs), key=lambda one: (one.code, one.state)):
        if state in {"failed", "partly"}:
            yield tuple(some)


def strip(runs: Sequence[RunSeen], now: datetime, zone: ZoneInfo) -> Strip:
    """The last days of the runs, which are in the order of time."""
    known = rhythm([(one.at, now if one.state == "running" else one.until) for one in runs], zone)
    today = now.astimezone(zone)
    first = today.date() - timedelta(days=DAYS - 1)
    first = max([first, *(one.at.astimezone(zone).date() for one in runs[:1])])
    seen = [(one.at, one.state) for one in runs]
    seen += [(at, "missing") for at in known.missing(now, start_of_day(first, zone))]
    days = tuple(first + timedelta(days=no) for no in range((today.date() - first).days + 1))
    return _strip(seen, days, today.hour, known)


def _strip(seen: Sequence[tuple[datetime, str]], days: tuple[date, ...], hour: int, known: Rhythm) -> Strip:
    cells: dict[tuple[date, int], list[str]] = {}
    by_day: dict[date, Counter[str]] = {of_day: Counter() for of_day in days}
    for at, state in seen:
        local = at.astimezone(known.zone)
        if local.date() in by_day:
            cells.setdefault((local.date(), local.hour), []).append(state)
            by_day[local.date()][state] += 1
    ranked = {place: tuple(sorted(states, key=STATES.index)) for place, states in cells.items()}
    return Strip(days, ranked, sum(by_day.values(), Counter()), by_day, hour, known)
