"""What a case is: pieces of work, how they are measured, and what ours has to reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.measuring import Cost


MOST_MEMORY = 250
"""MB."""


@dataclass(frozen=True)
class Variant:
    """One way to do the work of a case.

    Attributes:
        who: Ours, or the peer's name.
        run: Does so many records, and says what it cost.
        amount: How many records it does, enough to be timed.
    """

    who: str
    run: Callable[[int], Cost]
    amount: int = 0


@dataclass(frozen=True)
class Floor:
    """What has to be reached.

    Attributes:
        of: Whose value.
        limit: The bound, as a multiple of `against` where there is one.
        against: Whose value it is divided by.
        is_ceiling: Whether the value has to stay at or below the bound; else at or above.
        unit: What the value counts; empty for a ratio.
    """

    of: str
    limit: float
    against: str = ""
    is_ceiling: bool = False
    unit: str = ""

    def judged(self, values: Mapping[str, float]) -> dict[str, Any]:
        """The floor with what was found; without a value it is not reached."""
        found = values.get(self.of)
        if self.against:
            base = values.get(self.against)
            found = found / base if found is not None and base else None
        is_reached = found is not None and (found <= self.limit if self.is_ceiling else found >= self.limit)
        return {
            "of": self.of,
            "against": self.against,
            "unit": self.unit,
            "bound": "at most" if self.is_ceiling else "at least",
            "limit": self.limit,
            "found": None if found is None else round(found, 3),
            "share_of_limit": None if found is None else round(found / self.limit, 3),
            "is_reached": is_reached,
        }


@dataclass(frozen=True)
class Quantity:
    """What is read off the cost of a run.

    Attributes:
        unit: Its name, for a table.
        of: Takes it from a cost.
        is_rate: Whether it is records in a second of `of`.
        has_start: Whether `of` includes the start of the program; what a run of no record
            takes is then taken off a rate.
    """

    unit: str
    of: Callable[[Cost], float]
    is_rate: bool = False
    has_start: bool = True


CPU_RATE = Quantity("records per second of processor time", lambda cost: cost.cpu, is_rate=True)
WALL_RATE = Quantity("records per second", lambda cost: cost.wall, is_rate=True)
CPU = Quantity("seconds of processor time", lambda cost: cost.cpu)
MEMORY = Quantity("MB at most", lambda cost: cost.rss)


def memory(who: str) -> Floor:
    """What a process may hold at most while it does other than being measured for it."""
    return Floor(f"memory of {who}", MOST_MEMORY, is_ceiling=True, unit="MB")


def overlap(who: str) -> list[Floor]:
    """Nearly what the latency allows; more than that is noise, and no figure to be believed."""
    return [
        Floor(who, 0.9, against="ideal"),
        Floor(who, 1.02, against="ideal", is_ceiling=True),
    ]


class Case(Protocol):
    """A piece of work that is measured. Its `name` is its key in the results."""

    @property
    def name(self) -> str:
        """Key in the results."""

    @property
    def title(self) -> str:
        """What it is."""

    def measure(self, runs: int) -> dict[str, Any]:
        """Do it so many times; gives what the results hold of it."""


def scaled(scale: float, portion: int) -> Callable[[int], int]:
    """Makes a number of records smaller, in whole portions, and never less than one."""
    return lambda number: max(int(number * scale) // portion, 1) * portion
