"""How many contacts each group had, day by day, as the runs have counted them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_referrizer.groups import Policy

#: Runs are kept so long, and so is what they counted.
DAYS = 90
FEWEST = 14


@dataclass(frozen=True)
class History:
    """Contacts by group over time.

    Attributes:
        groups: The groups in the order in which they are shown.
        now: Contacts of each group now.
        days: The days that are shown, oldest first.
        counted: What the last run of a day counted; a day without one is not here.
        before: The day a week ago, or the last one before it that was counted; None when none was.
        counted_before: What was counted then.
    """

    groups: tuple[str, ...]
    now: dict[str, int]
    days: tuple[date, ...]
    counted: dict[date, dict[str, int]]
    before: date | None
    counted_before: dict[str, int]

    @property
    def total(self) -> int:
        """How many contacts there are now."""
        return sum(self.now.values())


def history(now: Mapping[str, int], last_of_day: Mapping[date, str], policy: Policy, today: date) -> History:
    """Put together what is known.

    Args:
        now: Contacts by group, as the ledger has them.
        last_of_day: The accounting of the last run of each day.
        policy: Order of the groups.
        today: The last day that is shown.
    """
    counted = {day: dict(json.loads(text).get("groups") or {}) for day, text in last_of_day.items()}
    span = (today - min([today, *counted])).days + 1
    shown = max(FEWEST, min(DAYS, span))
    days = tuple(today - timedelta(days=back) for back in range(shown - 1, -1, -1))
    old = max((day for day in counted if day <= today - timedelta(days=7)), default=None)
    return History(
        _order({*now, *(name for one in counted.values() for name in one)}, policy),
        dict(now),
        days,
        {day: counted[day] for day in days if day in counted},
        old,
        {} if old is None else counted[old],
    )


def _order(names: set[str], policy: Policy) -> tuple[str, ...]:
    """The policy's own groups first, also empty ones; then what an earlier policy has left."""
    own: Sequence[str] = [*(group.name for group in policy.groups), policy.no_visit_group]
    return (*own, *sorted(names - set(own)))
