"""Charts as plain SVG: few elements, true to scale, told apart by pattern as well as by colour.

All are 360 units wide, so that their letters stay readable on a phone. Each says in words what it shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_referrizer.report.markup import Safe, join, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WIDTH = 360
HEIGHT = 190
LEFT, TOP, BOTTOM = 56, 12, 24
CELL, ROW, LABEL = 12.5, 15, 56
#: So many fills there are; one more series than these begins again with the first.
FILLS = 8
_PATTERN = ("", "M0 6L6 0", "M0 3H6", "M2 2h2v2h-2z", "M3 0V6", "M0 0L6 6", "M0 6L6 0M0 0L6 6", "M0 3H3")
_STEPS = (1, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Series:
    """One quantity over all places of a chart; None where nothing is known."""

    fill: str
    values: Sequence[int | None]


def fills() -> Safe:
    """The fills that all charts of a page share."""
    defined = [_fill(f"s{no}", f"f{no}", cut) for no, cut in enumerate(_PATTERN)]
    defined += [_fill("partly", "partly", "M0 6L6 0"), _crossed("failed")]
    return tag("svg", tag("defs", *defined), width=0, height=0, class_="fills", aria_hidden="true")


def _fill(name: str, class_: str, cut: str) -> Safe:
    lines = tag("path", d=cut, class_="cut") if cut else None
    box = tag("rect", width=6, height=6, class_=class_)
    return tag("pattern", box, lines, id=name, width=6, height=6, patternUnits="userSpaceOnUse")


def _crossed(name: str) -> Safe:
    """One cross over all of what is filled, however large that is."""
    box = tag("rect", width=1, height=1, class_=name)
    cross = tag("path", d="M.2 .2L.8 .8M.8 .2L.2 .8", class_="cross")
    return tag("pattern", box, cross, id=name, width=1, height=1, patternContentUnits="objectBoundingBox")


def fill(number: int) -> str:
    """The name of a fill."""
    return f"s{number % FILLS}"


def swatch(name: str) -> Safe:
    """What a fill looks like, beside the words that say what it means."""
    box = tag("rect", x=0.5, y=0.5, width=13, height=13, rx=2, class_=f"on-{name}")
    return tag("svg", box, class_="swatch", viewBox="0 0 14 14", width=14, height=14, aria_hidden="true")


def ceiling(highest: int) -> int:
    """The next number above that reads well: one digit, and zeros; mostly one that can be halved."""
    size = 1
    while size * 10 <= highest:
        size *= 10
    return next(size * step for step in _STEPS if size * step >= highest)


def compact(value: int) -> str:
    """A number for an axis, at most seven signs long up to a thousand millions."""
    return f"{value:,}" if value < 1_000_000 else f"{value / 1_000_000:g} M"  # noqa: PLR2004 - a million


def share_bar(shares: Sequence[tuple[str, int]], title: str, told: str) -> Safe:
    """One bar that is the whole, cut into shares: fill and size of each."""
    whole = sum(size for _, size in shares)
    parts, at = [tag("rect", width=WIDTH, height=20, class_="empty")], 0.0
    for name, size in shares:
        wide = WIDTH * size / whole if whole else 0
        if size:
            parts.append(tag("rect", x=_n(at), width=_n(wide), height=20, class_=f"on-{name}"))
        at += wide
    return _svg(20, title, told, *parts)


def bars(series: Sequence[Series], labels: Sequence[str], title: str, told: str) -> Safe:
    """Bars side by side, the series stacked in each.

    Args:
        series: From the bottom up; all as long as `labels`.
        labels: What each place is called; the first, the middle and the last are written down.
        title: What the chart is.
        told: What it shows, in words.
    """
    sums = [sum(one.values[no] or 0 for one in series) for no in range(len(labels))]
    top = ceiling(max(sums, default=0))
    return _svg(HEIGHT, title, told, *_axis(top), *_stacks(series, len(labels), top), *_below(labels))


def _axis(top: int) -> Iterator[Safe]:
    for value in (0, top // 2, top) if top % 2 == 0 else (0, top):
        y = _y(value, top)
        yield tag("path", d=f"M{LEFT} {_n(y)}H{WIDTH}", class_="line")
        yield tag("text", compact(value), x=LEFT - 6, y=_n(y + 4), text_anchor="end")


def _y(value: float, top: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top


def _stacks(series: Sequence[Series], places: int, top: int) -> Iterator[Safe]:
    """One path for each series, however many bars it has."""
    step = (WIDTH - LEFT) / max(places, 1)
    wide = step * 0.8
    below = [0] * places
    for one in series:
        drawn = []
        for no, value in enumerate(one.values):
            if value:
                low, high = _y(below[no], top), _y(below[no] + value, top)
                drawn.append(
                    f"M{_n(LEFT + step * no + step * 0.1)} {_n(high)}h{_n(wide)}V{_n(low)}h-{_n(wide)}z"
                )
                below[no] += value
        if drawn:
            yield tag("path", d="".join(drawn), class_=f"on-{one.fill}")


def _below(labels: Sequence[str]) -> Iterator[Safe]:
    """The first label to the left, the last to the right, and one between them where there is room."""
    step = (WIDTH - LEFT) / max(len(labels), 1)
    places = sorted({0, len(labels) // 2, len(labels) - 1}) if labels else []
    for no in places:
        anchor = "start" if no == 0 else "end" if no == len(labels) - 1 else "middle"
        x = LEFT + step * (no + {"start": 0, "middle": 0.5, "end": 1}[anchor])
        yield tag("text", labels[no], x=_n(x), y=HEIGHT - 6, text_anchor=anchor)


def grid(
    rows: Sequence[str],
    cells: Mapping[tuple[int, int], tuple[str, str]],
    title: str,
    told: str,
    last: int = 23,
) -> Safe:
    """Days below each other, each with its hours.

    Args:
        rows: What each row is called.
        cells: Row and hour to a state, which is a class of the style, and what to say of it.
        title: What the chart is.
        told: What it shows, in words.
        last: The last hour of the last row; later ones are still to come and have no place.
    """
    ends = [*[23] * (len(rows) - 1), last]
    hours = [tag("text", f"{hour:02}", x=_n(LABEL + hour * CELL), y=11) for hour in (0, 6, 12, 18)]
    named = [tag("text", row, x=LABEL - 8, y=30 + no * ROW, text_anchor="end") for no, row in enumerate(rows)]
    empty = "".join(
        _box(no, hour) for no in range(len(rows)) for hour in range(ends[no] + 1) if (no, hour) not in cells
    )
    drawn = [_cell(place, state, said) for place, (state, said) in sorted(cells.items())]
    back = tag("path", d=empty, class_="empty") if empty else None
    return _svg(20 + len(rows) * ROW, title, told, *hours, *named, back, *drawn)


def _box(row: int, hour: int) -> str:
    return f"M{_n(LABEL + hour * CELL)} {20 + row * ROW}h10.5v12h-10.5z"


def _cell(place: tuple[int, int], state: str, said: str) -> Safe:
    return tag("path", tag("title", said), d=_box(*place), class_=f"on-{state}")


def _svg(height: int, title: str, told: str, *inside: object) -> Safe:
    words = (tag("title", title), tag("desc", told))
    return tag(
        "svg", *words, join(*inside), class_="chart", viewBox=f"0 0 {WIDTH} {height}", role="img",
        aria_label=f"{title}. {told}",
    )  # fmt: skip


def _n(value: float) -> str:
    """A coordinate: a hundredth of a unit is nothing that anyone sees."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
