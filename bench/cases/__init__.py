"""What is measured: a room for each kind of work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.cases import delivering, growth, hourly, memory, pacing, reading, staging, starting

if TYPE_CHECKING:
    from bench.shapes import Case

ROOMS: tuple[Any, ...] = (reading, delivering, pacing, staging, hourly, starting, memory, growth)


def cases(scale: float) -> list[Case]:
    """All cases; `scale` makes them smaller, to see whether they work."""
    return [case for room in ROOMS for case in room.cases(scale)]


def left_out() -> list[str]:
    """What can not be measured here, and why."""
    return memory.left_out()
