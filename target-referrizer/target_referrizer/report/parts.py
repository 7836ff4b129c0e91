"""What the sections of the report are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_referrizer.report import charts
from target_referrizer.report.markup import Safe, join, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_referrizer.typed import Commands


def section(heading: str, *inside: object, wide: bool = False) -> Safe:
    """A part of the page."""
    return tag("section", tag("h2", heading), *inside, class_="whole" if wide else None)


def para(*inside: object, quiet: bool = False) -> Safe:
    """A paragraph."""
    return tag("p", *inside, class_="quiet" if quiet else None)


def legend(entries: Sequence[tuple[str, object]]) -> Safe:
    """What each fill means."""
    return tag("ul", *(tag("li", charts.swatch(name), " ", said) for name, said in entries), class_="legend")


def with_code(commands: Commands, said: str) -> list[object]:
    """Text in which what stands between backticks is code, and commands are as they are typed here."""
    parts = commands.told(said).split("`")
    return [tag("code", part) if no % 2 else part for no, part in enumerate(parts)]


def with_note(said: object, note: object) -> Safe:
    """Two lines in one cell: there is no room for more columns on a phone."""
    return join(tag("div", said), tag("div", note, class_="quiet"))
