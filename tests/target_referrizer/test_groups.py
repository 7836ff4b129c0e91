"""Exactly one group for each contact, by local days, in any zone and across daylight saving."""

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_referrizer.errors import SettingsError
from target_referrizer.groups import Policy, next_change, start_of_day

ZONES = ["America/New_York", "America/Chicago", "America/Phoenix", "Europe/London", "Asia/Kolkata"]
DEFAULT = [{"name": "Current customers", "visited_within": "3 months"}, {"name": "Past customers"}]
SPA = [
    {"name": "Fresh", "visited_within": "30 days"},
    {"name": "Warm", "visited_within": "9 weeks"},
    {"name": "Cool", "visited_within": "3 months"},
    {"name": "Cold", "visited_within": "12 months"},
    {"name": "Lost"},
]
INSTANTS = st.integers(1_672_531_200, 1_861_920_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def policy(groups: list[Any] | None = None, zone: str = "America/Chicago") -> Policy:
    return Policy.parse(DEFAULT if groups is None else groups, "Leads", zone)


def days_back(today: date, bound: str) -> date:
    """Plain arithmetic on calendar dates, written without the product's helpers."""
    amount, unit = int(bound.split(maxsplit=1)[0]), bound.split()[1]
    if unit.startswith("day"):
        return date.fromordinal(today.toordinal() - amount)
    if unit.startswith("week"):
        return date.fromordinal(today.toordinal() - 7 * amount)
    year, month = today.year, today.month
    for _ in range(amount):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


def oracle(groups: list[dict[str, Any]], last_visit: datetime, as_of: datetime, zone: str) -> str:
    today = as_of.astimezone(ZoneInfo(zone)).date()
    visited = last_visit.astimezone(ZoneInfo(zone)).date()
    for group in groups[:-1]:
        if visited >= days_back(today, group["visited_within"]):
            return str(group["name"])
    return str(groups[-1]["name"])


@given(INSTANTS, INSTANTS, st.sampled_from(ZONES))
def test_the_group_is_what_plain_dates_say(last_visit: datetime, as_of: datetime, zone: str) -> None:
    assert policy(SPA, zone).cut_offs(as_of).group_for(last_visit) == oracle(SPA, last_visit, as_of, zone)


@given(INSTANTS, st.sampled_from(ZONES), st.sampled_from(SPA[:-1]), st.integers(-172_800, 172_800))
def test_the_group_is_right_around_each_bound(
    as_of: datetime, zone: str, group: dict[str, Any], away: int
) -> None:
    edge = days_back(as_of.astimezone(ZoneInfo(zone)).date(), group["visited_within"])
    midnight = datetime(edge.year, edge.month, edge.day, tzinfo=ZoneInfo(zone))
    last_visit = midnight.astimezone(UTC) + timedelta(seconds=away)
    assert policy(SPA, zone).cut_offs(as_of).group_for(last_visit) == oracle(SPA, last_visit, as_of, zone)


@given(INSTANTS, INSTANTS, st.sampled_from(ZONES))
def test_the_next_change_is_the_first_day_that_plain_dates_name(
    last_visit: datetime, as_of: datetime, zone: str
) -> None:
    tz = ZoneInfo(zone)
    found = next_change(last_visit, as_of, policy(SPA, zone))
    now_in = oracle(SPA, last_visit, as_of, zone)
    if found is None:
        assert now_in == "Lost"
        return
    name, day = found
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=tz)
    assert day > as_of.astimezone(tz).date()
    assert name == oracle(SPA, last_visit, noon, zone) != now_in
    assert oracle(SPA, last_visit, noon - timedelta(days=1), zone) == now_in


@pytest.mark.parametrize(("year", "first"), [(2023, date(2023, 2, 28)), (2024, date(2024, 2, 29))])
def test_three_months_before_31_may_is_the_last_of_february(year: int, first: date) -> None:
    zone = ZoneInfo("America/Chicago")
    cut_offs = policy().cut_offs(datetime(year, 5, 31, 23, 59, tzinfo=zone))
    opening = datetime(first.year, first.month, first.day, tzinfo=zone)
    assert cut_offs.bounds == (("Current customers", opening.astimezone(UTC)),)
    assert cut_offs.group_for(opening) == "Current customers"
    assert cut_offs.group_for(opening - timedelta(milliseconds=1)) == "Past customers"


def test_without_a_visit_it_is_the_no_visit_group() -> None:
    cut_offs = policy().cut_offs(datetime(2026, 3, 2, tzinfo=UTC))
    assert cut_offs.group_for(None) == cut_offs.no_visit == "Leads"
    assert cut_offs.rest == "Past customers"
    assert next_change(None, datetime(2026, 3, 2, tzinfo=UTC), policy()) is None


def test_a_visit_that_lies_ahead_is_in_the_first_group() -> None:
    as_of = datetime(2026, 3, 2, tzinfo=UTC)
    assert policy(SPA).cut_offs(as_of).group_for(as_of + timedelta(days=400)) == "Fresh"


def test_today_is_a_day_of_the_zone() -> None:
    as_of = datetime(2026, 3, 2, 3, tzinfo=UTC)
    assert policy(zone="America/Chicago").today(as_of) == date(2026, 3, 1)
    assert policy(zone="Asia/Kolkata").today(as_of) == date(2026, 3, 2)


def test_a_day_whose_midnight_is_skipped_starts_at_the_change() -> None:
    assert start_of_day(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")) == datetime(
        2018, 11, 4, 3, tzinfo=UTC
    )


def test_a_day_whose_midnight_comes_twice_starts_at_the_first() -> None:
    assert start_of_day(date(2025, 11, 2), ZoneInfo("America/Havana")) == datetime(2025, 11, 2, 4, tzinfo=UTC)


def test_singular_units_and_capitals_are_read() -> None:
    groups = [
        {"name": "A", "visited_within": "1 Day"},
        {"name": "B", "visited_within": " 1 month "},
        {"name": "C"},
    ]
    assert [(group.amount, group.unit) for group in policy(groups).groups] == [
        (1, "days"),
        (1, "months"),
        (None, None),
    ]


def test_one_group_without_a_bound_is_a_policy() -> None:
    assert policy([{"name": "Customers"}]).cut_offs(datetime(2026, 1, 1, tzinfo=UTC)).bounds == ()


def test_equal_policies_have_one_fingerprint() -> None:
    week = [{"name": "A", "visited_within": "1 week"}, {"name": "B"}]
    days = [{"name": "A", "visited_within": "7 days"}, {"name": "B", "visited_within": None}]
    assert policy(week).fingerprint() == policy(days).fingerprint()


@pytest.mark.parametrize(
    "other",
    [
        policy(zone="Europe/London"),
        policy(SPA),
        Policy.parse(DEFAULT, "Prospects", "America/Chicago"),
        policy([{"name": "Current customers", "visited_within": "90 days"}, {"name": "Past customers"}]),
    ],
)
def test_another_policy_has_another_fingerprint(other: Policy) -> None:
    assert other.fingerprint() != policy().fingerprint()


def bounded(*bounds: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = [
        {"name": f"G{at}", "visited_within": bound} for at, bound in enumerate(bounds)
    ]
    return [*groups, {"name": "Rest"}]


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ([], "groups is empty"),
        ([{"name": "A", "visited_within": "3 months"}], "the last group 'A' has a bound"),
        ([{"name": "A"}, {"name": "B"}], "group 'A' has no visited_within"),
        ([{"visited_within": "3 months"}, {"name": "B"}], "needs name"),
        ([{"name": " "}], "not empty"),
        ([{"name": "A" * 201}], "more than 200 characters"),
        ([{"name": "A", "visited_within": "3 months", "colour": "red"}, {"name": "B"}], "needs name"),
        (["A"], "needs name"),
        (
            [{"name": "A", "visited_within": "3 moons"}, {"name": "B"}],
            "group 'A': visited_within is a number",
        ),
        ([{"name": "A", "visited_within": 90}, {"name": "B"}], "group 'A': visited_within is a number"),
        (bounded("0 days"), "visited_within is a number"),
        (bounded("9999 months"), "more than a hundred years"),
        (bounded("60 days", "30 days"), "'G1' (30 days) is not always longer than 'G0' (60 days)"),
        (bounded("7 days", "1 week"), "not always longer"),
        (bounded("30 days", "1 month"), "not always longer"),
        (bounded("1 month", "30 days"), "not always longer"),
        (bounded("89 days", "3 months"), "not always longer"),
        ([{"name": "leads", "visited_within": "1 day"}, {"name": "B"}], "'leads' is used twice"),
        ([{"name": "B", "visited_within": "1 day"}, {"name": "B"}], "'B' is used twice"),
    ],
)
def test_a_wrong_policy_is_refused_with_the_reason(groups: list[Any], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        policy(groups)
    assert caught.value.code == "RFZ-101"
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "bounds", [("27 days", "1 month", "32 days"), ("28 days", "2 months"), ("88 days", "3 months")]
)
def test_mixed_units_are_fine_where_they_are_never_in_doubt(bounds: tuple[str, ...]) -> None:
    assert len(policy(bounded(*bounds)).groups) == len(bounds) + 1


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", None])
def test_an_unknown_zone_is_refused(zone: Any) -> None:
    with pytest.raises(SettingsError, match="is not a name such as America/Chicago"):
        Policy.parse(DEFAULT, "Leads", zone)


@pytest.mark.parametrize("name", ["", "  ", None])
def test_the_no_visit_group_needs_a_name(name: Any) -> None:
    with pytest.raises(SettingsError, match="no_visit_group must be a name"):
        Policy.parse(DEFAULT, name, "UTC")
