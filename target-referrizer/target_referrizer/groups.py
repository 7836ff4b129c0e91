"""How a last visit decides the customer group.

A policy, an instant and a zone are turned into cut-off instants once for each run. Everything else, SQL and
Python alike, only compares a last visit with these instants, so days are counted in one place.

Referrizer's published rule is the default: visited within three months, longer ago, or never (documented for
one of its own integrations). That its months are calendar months, and that the day exactly three months ago
still belongs, is inferred.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from target_referrizer.errors import SettingsError
from target_referrizer.spelling import hint

_BOUND = re.compile(r"(\d{1,5}) *(day|week|month)s?", re.ASCII | re.IGNORECASE)
_LONGEST_DAYS = 36_525
_LONGEST_NAME = 200
_DAYS_OF_UNIT = {"days": 1, "weeks": 7, "months": 31}
_EXAMPLE = "such as {name: Current customers, visited_within: 3 months}"


@dataclass(frozen=True)
class Group:
    """One group of visited contacts.

    Attributes:
        name: As it is written to Referrizer.
        amount: How many units back the group reaches; None for the last group, which has no bound.
        unit: `days` or `months`, a week being seven days; None without a bound.
    """

    name: str
    amount: int | None = None
    unit: str | None = None

    def first_day(self, today: date) -> date | None:
        """The earliest day of a last visit that belongs here on the day `today`; None means any day."""
        return None if self.amount is None else _move(today, -self.amount, self.unit)

    def day_after(self, visited: date) -> date | None:
        """The first day on which a visit of the day `visited` does not belong here any more; None: never."""
        if self.amount is None:
            return None
        # The end of a shorter month holds a visit for up to three days more than the bare sum says.
        day = _move(visited, self.amount, self.unit)
        while _move(day, -self.amount, self.unit) <= visited:
            day += timedelta(days=1)
        return day


@dataclass(frozen=True)
class CutOffs:
    """The policy as instants, for one moment.

    Attributes:
        bounds: Pairs of group and the earliest instant (UTC, inclusive) of a last visit that belongs to it,
            newest bound first; the first pair whose instant is not after the last visit decides.
        rest: The group of contacts that visited before all bounds.
        no_visit: The group of contacts without a visit.
    """

    bounds: tuple[tuple[str, datetime], ...]
    rest: str
    no_visit: str

    def group_for(self, last_visit: datetime | None) -> str:
        """The one group of a contact; a visit that lies ahead counts as the newest.

        Args:
            last_visit: The instant of the last visit, with its zone; None without one.
        """
        if last_visit is None:
            return self.no_visit
        return next((name for name, earliest in self.bounds if last_visit >= earliest), self.rest)


@dataclass(frozen=True)
class Policy:
    """The groups of an account and the zone whose days count.

    Attributes:
        groups: Shortest bound first; the last one has none.
        no_visit_group: The group of contacts without a visit.
        zone: Days are this zone's days.
    """

    groups: tuple[Group, ...]
    no_visit_group: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, groups_setting: Sequence[Any], no_visit_group: str, timezone: str) -> Policy:
        """Read the three settings.

        Args:
            groups_setting: `{name, visited_within}` for each group; the last one without `visited_within`.
            no_visit_group: The setting of this name.
            timezone: A name of the IANA time zone database.

        Raises:
            SettingsError: RFZ-101, with the setting that is wrong and how it would be right.
        """
        groups = tuple(_group(entry) for entry in groups_setting)
        no_visit_group = _name(no_visit_group, "no_visit_group")
        _check_names([*(group.name for group in groups), no_visit_group])
        _check_order(groups)
        return cls(groups, no_visit_group, zone_of("timezone", timezone))

    def fingerprint(self) -> str:
        """The policy as one stable line of JSON, equal for equal policies."""
        groups = [[group.name, group.amount, group.unit] for group in self.groups]
        return json.dumps([groups, self.no_visit_group, self.zone.key], ensure_ascii=False)

    def today(self, as_of: datetime) -> date:
        """The day that it is at the instant `as_of` in the policy's zone."""
        return as_of.astimezone(self.zone).date()

    def cut_offs(self, as_of: datetime) -> CutOffs:
        """Count the days back once, for the instant `as_of`.

        Args:
            as_of: An instant with its zone.
        """
        today = self.today(as_of)
        firsts = ((group.name, group.first_day(today)) for group in self.groups[:-1])
        bounds = tuple((name, start_of_day(first, self.zone)) for name, first in firsts if first is not None)
        return CutOffs(bounds, self.groups[-1].name, self.no_visit_group)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC.

    Where daylight saving skips midnight, the day starts at the moment of the change; where midnight comes
    twice, at the first of them.
    """
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def next_change(last_visit: datetime | None, as_of: datetime, policy: Policy) -> tuple[str, date] | None:
    """Which group follows if the contact never comes again, and on which local day.

    Args:
        last_visit: The instant of the last visit; None without one.
        as_of: The instant from which one looks ahead.
        policy: The groups.

    Returns:
        Name and day, or None when the contact stays where it is.
    """
    if last_visit is None:
        return None
    current = policy.cut_offs(as_of).group_for(last_visit)
    group = next(group for group in policy.groups if group.name == current)
    day = group.day_after(policy.today(last_visit))
    if day is None:
        return None
    return policy.cut_offs(start_of_day(day, policy.zone)).group_for(last_visit), day


def _move(day: date, amount: int, unit: str | None) -> date:
    return _add_months(day, amount) if unit == "months" else day + timedelta(days=amount)


def _add_months(day: date, months: int) -> date:
    """Move by calendar months, to the last day of the month where the day does not exist in it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _wrong(what: str) -> SettingsError:
    return SettingsError("RFZ-101", what)


def _name(value: Any, setting: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{setting} must be a name that is not empty")
    if len(value.strip()) > _LONGEST_NAME:
        raise _wrong(f"{setting} has more than {_LONGEST_NAME} characters")
    return value.strip()


def _group(entry: Any) -> Group:
    """Read one entry of the setting."""
    if not isinstance(entry, Mapping) or not {"name"} <= set(entry) <= {"name", "visited_within"}:
        raise _wrong(f"each entry of groups needs name and, all but the last, visited_within, {_EXAMPLE}")
    name = _name(entry["name"], "the name in groups")
    bound = entry.get("visited_within")
    if bound is None:
        return Group(name)
    match = _BOUND.fullmatch(str(bound).strip())
    if match is None or int(match[1]) == 0:
        raise _wrong(f"group '{name}': visited_within is a number of days, weeks or months, {_EXAMPLE}")
    amount, unit = int(match[1]), f"{match[2].lower()}s"
    if amount * _DAYS_OF_UNIT[unit] > _LONGEST_DAYS:
        raise _wrong(f"group '{name}': visited_within reaches back more than a hundred years")
    return Group(name, amount * 7, "days") if unit == "weeks" else Group(name, amount, unit)


def _check_names(names: Sequence[str]) -> None:
    folded = [name.casefold() for name in names]
    twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if twice is not None:
        raise _wrong(f"the group name '{twice}' is used twice among groups and no_visit_group")


def _check_order(groups: Sequence[Group]) -> None:
    """Each bound reaches further back than the one before, on every day; only the last has none."""
    if not groups:
        raise _wrong("groups is empty; it needs at least a last group without visited_within")
    for group in groups[:-1]:
        if group.amount is None:
            raise _wrong(f"group '{group.name}' has no visited_within, but only the last group may have none")
    if groups[-1].amount is not None:
        raise _wrong(f"the last group '{groups[-1].name}' has a bound; add a last one without visited_within")
    for nearer, further in pairwise(groups[:-1]):
        if not all((further.first_day(day) or day) < (nearer.first_day(day) or day) for day in _four_years()):
            raise _wrong(
                f"groups must reach further back one after the other: '{further.name}' ({further.amount}"
                f" {further.unit}) is not always longer than '{nearer.name}' ({nearer.amount} {nearer.unit})"
            )


@cache
def _four_years() -> tuple[date, ...]:
    """Days of four years, one a leap year, that show every length of calendar months: firsts and ends."""
    days = (date(2023, 1, 1) + timedelta(days=number) for number in range(4 * 365 + 1))
    return tuple(day for day in days if day.day == 1 or day.day > 27)  # noqa: PLR2004 - all months have so many


def zone_of(setting: str, timezone: str) -> ZoneInfo:
    """The zone that a setting names.

    Raises:
        SettingsError: There is none of that name.
    """
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        near = hint(timezone, available_timezones())
        raise _wrong(f"{setting} '{timezone}' is not a name such as America/Chicago or UTC{near}") from None
