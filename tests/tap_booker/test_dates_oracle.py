"""Booker's plain dates against arithmetic of one's own: the laws of the clock as numbers, no database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_booker.dates import from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)
YEARS = range(2007, 2038)  # the law of 2005 is in force


@cache
def sunday(year: int, month: int, nth: int) -> datetime:
    """Midnight of the n-th Sunday of a month, of the last one for -1; without any zone."""
    days = [date(year, month, 1) + timedelta(days=number) for number in range(31)]
    found = [day for day in days if day.month == month and day.isoweekday() == 7]
    day = found[nth - 1 if nth > 0 else nth]
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a clock on a wall


def american(standard: int) -> Callable[[datetime], timedelta]:
    """Offset of a zone of the United States at a moment of UTC (without its zone)."""

    def offset(moment: datetime) -> timedelta:
        begins = sunday(moment.year, 3, 2) + 2 * HOUR - standard * HOUR
        ends = sunday(moment.year, 11, 1) + 2 * HOUR - (standard + 1) * HOUR
        return (standard + (begins <= moment < ends)) * HOUR

    return offset


def british(moment: datetime) -> timedelta:
    return (sunday(moment.year, 3, -1) + HOUR <= moment < sunday(moment.year, 10, -1) + HOUR) * HOUR


EASTERN = american(-5)
LAWS: dict[str, Callable[[datetime], timedelta]] = {
    "America/New_York": EASTERN,
    "America/Chicago": american(-6),
    "America/Los_Angeles": american(-8),
    "America/Phoenix": lambda _: -7 * HOUR,
    "Europe/London": british,
    "Asia/Kolkata": lambda _: 5.5 * HOUR,
}


def showing(digits: datetime, law: Callable[[datetime], timedelta]) -> list[datetime]:
    """Every moment of UTC at which a clock under this law shows these digits: one, two, or none."""
    return [
        moment for hours in range(-48, 49) if (moment := digits - hours * HOUR / 2) + law(moment) == digits
    ]


def oracle(milliseconds: int, zone: str) -> datetime:
    """The moment that a plain date means: read the Eastern wall, look when the salon's wall shows that."""
    stored = datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds)  # noqa: DTZ001 - UTC throughout
    digits = stored + EASTERN(stored)
    moments = sorted(showing(digits, LAWS[zone]))
    if not moments:  # the salon's clock skips these digits: they count on from the old time, an hour late
        earlier = max(showing(digits - HOUR, LAWS[zone]))
        return earlier + HOUR
    is_second_pass = len(showing(digits, EASTERN)) > 1 and stored == max(showing(digits, EASTERN))
    return moments[-1] if is_second_pass else moments[0]


def near(moment: datetime, minutes: int) -> int:
    return int((moment.replace(tzinfo=UTC) + timedelta(minutes=minutes)).timestamp()) * 1000


CHANGES = [
    *(sunday(year, month, nth) for year in YEARS for month, nth in ((3, 2), (11, 1), (3, -1), (10, -1)))
]
MOMENTS = st.one_of(
    st.integers(near(datetime(2007, 1, 2), 0), near(datetime(2037, 12, 30), 0)),  # noqa: DTZ001 - UTC
    st.builds(near, st.sampled_from(CHANGES), st.integers(-1500, 1500)),
)


@pytest.mark.parametrize("zone", LAWS)
@settings(deadline=None, max_examples=150)
@given(milliseconds=MOMENTS)
def test_a_plain_date_is_the_moment_that_the_law_says(zone: str, milliseconds: int) -> None:
    found = from_plain(f"/Date({milliseconds}-0500)/", ZoneInfo(zone))
    assert found == oracle(milliseconds, zone).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", LAWS)
@settings(deadline=None, max_examples=150)
@given(milliseconds=MOMENTS)
def test_what_a_request_carries_shows_the_salons_wall_on_the_eastern_one(
    zone: str, milliseconds: int
) -> None:
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds)  # noqa: DTZ001 - UTC throughout
    wall = moment + LAWS[zone](moment)
    text = to_plain(moment.replace(tzinfo=UTC), ZoneInfo(zone))
    stored = datetime(1970, 1, 1) + timedelta(milliseconds=int(text[6:-2]))  # noqa: DTZ001 - UTC throughout
    skipped_by_eastern = not showing(wall, EASTERN)
    assert stored + EASTERN(stored) == wall + skipped_by_eastern * HOUR
