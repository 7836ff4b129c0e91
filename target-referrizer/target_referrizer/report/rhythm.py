"""How often a source runs, when it rests, and which of its runs did not come."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

#: From so many gaps on, their median says how often a run is expected; so many of the last ones count.
ENOUGH_GAPS, LAST_GAPS = 5, 24
SHORTEST = timedelta(minutes=5)
#: What a source has kept is looked for in so many days.
LOOKED_BACK = 28
#: So many days, or days of one week, must say the same before an hour is one of rest.
ENOUGH_DAYS, ENOUGH_WEEKS = 3, 2
#: At an hour of rest fewer than one in so many had a run: nights off that are new stay missing for weeks.
SELDOM = 4
#: Runs must lie so near on both sides of a day of rest: else it is a day of a stall.
NEAR = timedelta(days=3)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rhythm:
    """When runs of a source began and ended, and what follows for the next ones.

    Attributes:
        began: When each run began, in the order of time.
        ended: When each was over; until then no other can begin.
        zone: Whose hours and days a schedule keeps.
        every: How often a run is expected; None while there are too few to say.
    """

    began: Sequence[datetime]
    ended: Sequence[datetime]
    zone: ZoneInfo
    every: timedelta | None

    def missing(self, now: datetime, since: datetime | None = None) -> Iterator[datetime]:
        """When a run was expected and none came.

        One that is half as late again as it may be counts; one does not where another was under way, or
        where the source rests.

        Args:
            now: Up to when.
            since: From when on; the first run, when None.
        """
        if self.every is None:
            return
        for (before, after), over in zip(pairwise([*self.began, now]), self.ended, strict=True):
            start = max(over, since) if since else over
            due = before + self.every * max((start - before) // self.every, 1)
            while due <= after - self.every / 2:
                if due > over and due >= (since or due) and not self.rests(due):
                    yield due
                due += self.every

    def next_due(self) -> datetime | None:
        """When the next run is expected; None where nothing says so."""
        if self.every is None:
            return None
        due = end = self.began[-1] + self.every
        while due < end + 8 * _DAY:
            if due > self.ended[-1] and not self.rests(due):
                return due
            due += self.every
        # No hour is kept: then a silence that is longer than any of the last weeks says something.
        recent = [at for at in self.began if at > end - LOOKED_BACK * _DAY]
        return self.began[-1] + max(
            (after - before for before, after in pairwise(recent)), default=self.every
        )

    def is_overdue(self, now: datetime) -> bool:
        """Whether the next run is late by more than the time that it may take to come."""
        due = self.next_due()
        return due is not None and self.every is not None and now - due > self.every

    def rests(self, due: datetime) -> bool:
        """Whether the days before have seldom had a run at this hour: all days that ran, or this weekday.

        Only days count on which the source was alive, so that a long silence never becomes the rule.
        """
        local = due.astimezone(self.zone)
        same = [local - _DAY * back for back in range(1, LOOKED_BACK + 1)]
        known = [at for at in same if self._is_known(at)]
        days = [self._is_kept(at) for at in known if self._ran_that_day(at)]
        if _is_rest(days, ENOUGH_DAYS):
            return True
        weeks = [at for at in known if at.weekday() == local.weekday()]
        return _is_rest([self._is_kept(at) for at in weeks if self._ran_around(at)], ENOUGH_WEEKS)

    def _is_known(self, at: datetime) -> bool:
        """Whether the source was there already."""
        return _instant(at) >= self.began[0]

    def _is_kept(self, at: datetime) -> bool:
        half = (self.every or _DAY) / 2
        return self._has_run(_instant(at) - half, _instant(at) + half)

    def _ran_that_day(self, at: datetime) -> bool:
        start = datetime.combine(at.date(), time(), self.zone)
        return self._has_run(_instant(start), _instant(start + _DAY))

    def _ran_around(self, at: datetime) -> bool:
        here = _instant(at)
        return self._has_run(here - NEAR, here) and self._has_run(here, here + NEAR)

    def _has_run(self, start: datetime, end: datetime) -> bool:
        """Whether a run began at or after an instant and before another."""
        found = bisect_left(self.began, start)
        return found < len(self.began) and self.began[found] < end


def rhythm(runs: Sequence[tuple[datetime, datetime]], zone: ZoneInfo) -> Rhythm:
    """The rhythm of runs, each from when until when, in the order of time."""
    began = [at for at, _ in runs]
    return Rhythm(began, [max(both) for both in runs], zone, cadence(began))


def cadence(instants: Sequence[datetime]) -> timedelta | None:
    """How often runs come: the median of the last gaps, None while there are too few of them."""
    gaps = [after - before for before, after in pairwise(instants) if after > before][-LAST_GAPS:]
    return max(median_low(gaps), SHORTEST) if len(gaps) >= ENOUGH_GAPS else None


def _is_rest(kept: Sequence[bool], enough: int) -> bool:
    return len(kept) >= enough and sum(kept) * SELDOM < len(kept)


def _instant(local: datetime) -> datetime:
    """An instant of the zone as one of UTC: times of one zone are compared by their clocks, not by time."""
    return local.astimezone(UTC)
