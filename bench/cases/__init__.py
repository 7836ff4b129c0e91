"""What is measured: a room for each kind of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.cases import delivering, hourly, reading, staging, starting

if TYPE_CHECKING:
    from bench.shapes import Case

ROOMS = (reading, delivering, staging, hourly, starting)


def cases(scale: float) -> list[Case]:
    """All cases; `scale` makes them smaller, to see whether they work."""
    return [case for room in ROOMS for case in room.cases(scale)]
