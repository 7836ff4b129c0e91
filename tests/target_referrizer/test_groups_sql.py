"""The group in SQL, in Python and on a plain calendar is one and the same, in any zone, on both databases."""

from __future__ import annotations

import calendar
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_referrizer.groups import Policy
from target_referrizer.ledger import Ledger, tables
from target_referrizer.ledger.desired import group_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Among them zones that change their clocks at midnight, by half an hour, or that once left a day out.
ZONES = [
    "UTC", "America/New_York", "America/Chicago", "Europe/London", "Asia/Kolkata", "America/Havana",
    "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati",
]  # fmt: skip
POLICIES = [
    [("Current customers", 3, "months"), ("Past customers", 0, "")],
    [
        ("Fresh", 30, "days"),
        ("Warm", 9, "weeks"),
        ("Cool", 3, "months"),
        ("Cold", 12, "months"),
        ("Lost", 0, ""),
    ],
    [("Today", 1, "days"), ("Month", 1, "months"), ("Older", 0, "")],
    [("Customers", 0, "")],
]
SECONDS = st.integers(1_262_304_000, 1_893_456_000)  # 2010 to 2030
DAYS = st.one_of(
    st.dates(date(2010, 1, 1), date(2030, 1, 1)),
    st.builds(lambda year, month: date(year, month, calendar.monthrange(year, month)[1]),
              st.integers(2010, 2029), st.integers(1, 12)),
    st.sampled_from([date(2025, 3, 9), date(2025, 11, 2), date(2025, 3, 30), date(2024, 2, 29),
                     date(2025, 9, 7), date(2025, 4, 25), date(2011, 12, 31), date(2025, 4, 6)]),
)  # fmt: skip


def setting(groups: Sequence[tuple[str, int, str]]) -> list[dict[str, str]]:
    *bounded, last = groups
    return [
        *({"name": name, "visited_within": f"{amount} {unit}"} for name, amount, unit in bounded),
        {"name": last[0]},
    ]


def back(day: date, amount: int, unit: str) -> date:
    """So long before a day, counted one by one on a calendar."""
    if unit != "months":
        return date.fromordinal(day.toordinal() - amount * (7 if unit == "weeks" else 1))
    year, month = day.year, day.month
    for _ in range(amount):
        month -= 1
        if month == 0:
            year, month = year - 1, 12
    last = max(number for number in calendar.Calendar().itermonthdays(year, month))
    return date(year, month, min(day.day, last))


def oracle(groups: Sequence[tuple[str, int, str]], visit: datetime | None, now: datetime, zone: str) -> str:
    """Two dates on the wall of the salon, and nothing else."""
    if visit is None:
        return "Leads"
    came, today = (moment.astimezone(ZoneInfo(zone)).date() for moment in (visit, now))
    for name, amount, unit in groups[:-1]:
        if came >= back(today, amount, unit):
            return name
    return groups[-1][0]


@st.composite
def cases(draw: Any) -> tuple[list[tuple[str, int, str]], str, datetime, list[datetime | None]]:
    """A policy, a zone, a now, and last visits: anywhere, and close to where a group begins."""
    groups, zone = draw(st.sampled_from(POLICIES)), draw(st.sampled_from(ZONES))
    day, seconds = draw(DAYS), draw(st.integers(0, 86_399))
    now = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    now += timedelta(seconds=seconds)
    visits: list[datetime | None] = [None, now, *draw(st.lists(SECONDS.map(_instant), max_size=3))]
    for _, amount, unit in groups[:-1]:
        edge = back(now.astimezone(ZoneInfo(zone)).date(), amount, unit)
        begins = datetime(edge.year, edge.month, edge.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        away = draw(st.lists(st.integers(-90_000_000, 90_000_000), min_size=1, max_size=3))
        visits += [begins + timedelta(milliseconds=one) for one in (*away, 0, -1, 1)]
    return groups, zone, now, visits


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def agree(ledger: Ledger, case: Any) -> None:
    """SQL, Python and the calendar name the same group for each last visit."""
    groups, zone, now, visits = case
    cut_offs = Policy.parse(setting(groups), "Leads", zone).cut_offs(now)
    remote = tables.remote_contact
    rows = [{"id": str(at), "index_no": 1, "latest_visit_at": visit} for at, visit in enumerate(visits)]
    with ledger.transaction() as tx:
        tx.execute(sa.delete(remote))
        tx.execute(sa.insert(remote), rows)
        in_sql = {
            int(row.id): row.group
            for row in tx.execute(sa.select(remote.c.id, group_of(cut_offs).label("group")))
        }
    for at, visit in enumerate(visits):
        expected = oracle(groups, visit, now, zone)
        assert (in_sql[at], cut_offs.group_for(visit)) == (expected, expected), (visit, now, zone)


@pytest.fixture(scope="module")
def in_memory() -> Iterator[Ledger]:
    with closing(Ledger("sqlite://")) as ledger:
        yield ledger


@settings(max_examples=300)
@given(case=cases())
def test_sqlite_python_and_a_calendar_agree(in_memory: Ledger, case: Any) -> None:
    agree(in_memory, case)


@pytest.mark.slow
def test_postgresql_python_and_a_calendar_agree(server: str) -> None:
    with closing(Ledger(server)) as ledger:

        @settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
        @given(case=cases())
        def every(case: Any) -> None:
            agree(ledger, case)

        every()
