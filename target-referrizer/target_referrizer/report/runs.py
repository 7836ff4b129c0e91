"""The runs of a source in time: how each went, how often one is expected, and which did not come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

#: What a run can have come to, the worst first: of several in one hour the worst is shown.
STATES = ("failed", "missing", "partly", "running", "done")
#: Runs that ended with these have done their work, all but something that is said.
PARTLY = frozenset({3, 5, 6})
#: From so many gaps on, their median says how often a run is expected; so many of the last ones count.
ENOUGH_GAPS, LAST_GAPS = 5, 24
SHORTEST = timedelta(minutes=5)
DAYS = 14


@dataclass(frozen=True)
class RunSeen:
    """One run.

    Attributes:
        number: Its number in the ledger.
        at: The instant that counted as now for it.
        code: How it ended; None while it is under way.
        state: One of `STATES`, but never missing.
    """

    number: int
    at: datetime
    code: int | None
    state: str


@dataclass(frozen=True)
class Strip:
    """The last days, hour by hour.

    Attributes:
        days: The days that are shown, oldest first.
        cells: States of the runs of an hour of a day, the worst first; an hour without any is not here.
        counts: How many runs of each state these days had.
        cadence: How often a run is expected; None while there are too few to say.
    """

    days: tuple[date, ...]
    cells: dict[tuple[date, int], tuple[str, ...]]
    counts: Counter[str]
    cadence: timedelta | None


def state_of(code: int | None, *, is_running: bool) -> str:
    """What a run has come to, by its exit code."""
    if code is None:
        return "running" if is_running else "failed"
    return "done" if code == 0 else "partly" if code in PARTLY else "failed"


def cadence(instants: Sequence[datetime]) -> timedelta | None:
    """How often runs come: the median of the last gaps, None while there are too few of them."""
    gaps = [after - before for before, after in pairwise(instants) if after > before][-LAST_GAPS:]
    return max(median_low(gaps), SHORTEST) if len(gaps) >= ENOUGH_GAPS else None


def missing(instants: Sequence[datetime], every: timedelta, now: datetime) -> Iterator[datetime]:
    """When a run was expected and none came; one that is half as late again as it may be counts."""
    for before, after in pairwise([*instants, now]):
        due = before + every
        while due <= after - every / 2:
            yield due
            due += every


def strip(runs: Sequence[RunSeen], now: datetime, zone: ZoneInfo) -> Strip:
    """The last days of the runs, which are in the order of time."""
    every = cadence([one.at for one in runs])
    seen = [(one.at, one.state) for one in runs]
    if every:
        seen += [(at, "missing") for at in missing([one.at for one in runs], every, now)]
    today = now.astimezone(zone).date()
    first = max([today - timedelta(days=DAYS - 1), *(one.at.astimezone(zone).date() for one in runs[:1])])
    return _strip(seen, first, today, zone, every)


def _strip(
    seen: Sequence[tuple[datetime, str]], first: date, today: date, zone: ZoneInfo, every: timedelta | None
) -> Strip:
    cells: dict[tuple[date, int], list[str]] = {}
    for at, state in seen:
        local = at.astimezone(zone)
        if first <= local.date() <= today:
            cells.setdefault((local.date(), local.hour), []).append(state)
    ranked = {place: tuple(sorted(states, key=STATES.index)) for place, states in cells.items()}
    days = tuple(first + timedelta(days=no) for no in range((today - first).days + 1))
    return Strip(days, ranked, Counter(state for states in cells.values() for state in states), every)


def is_stalled(runs: Sequence[RunSeen], every: timedelta | None, now: datetime) -> bool:
    """Whether the next run is overdue by more than the time that it may take to come."""
    return bool(runs and every and runs[-1].state != "running" and now - runs[-1].at > every * 2)
