"""Tables of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_referrizer.report.markup import Safe, number, short, tag
from target_referrizer.report.words import plain
from target_referrizer.summary import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Brief(str):
    """A few signs that stay on one line, such as a day."""

    __slots__ = ()


class Figure(str):
    """A number that is written already, such as a share."""

    __slots__ = ()


def table(caption: str, heads: Sequence[object], rows: Sequence[Sequence[object]]) -> Safe:
    """A table whose first column names the rows; numbers stand to the right. Without a row, its caption."""
    if not rows:
        return tag("p", tag("b", caption), class_="wide")
    sides = [_side(one) for one in rows[0]]
    head = tag(
        "tr", *(tag("th", one, scope="col", class_=side) for one, side in zip(heads, sides, strict=True))
    )
    body = [
        tag("tr", tag("th", row[0], scope="row", class_=_side(row[0])), *map(_cell, row[1:])) for row in rows
    ]
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", inner, class_="wide", tabindex=0, role="region", aria_label=caption)


def _side(value: object) -> str | None:
    return "number" if isinstance(value, int | Figure) else "brief" if isinstance(value, Brief) else None


def _cell(value: object) -> Safe:
    return tag("td", number(value) if isinstance(value, int) else value, class_=_side(value))


def folded(summary: str, *inside: object) -> Safe:
    """What is there for whoever wants it."""
    return tag("details", tag("summary", summary), *inside)


def accounting(counts: Mapping[str, Any]) -> Iterator[Safe]:
    """The accounting of a run, a table for each stream, and one of what else was done."""
    for stream, words in STREAMS.items():
        of_stream = counts.get(stream) or {}
        caption = f"{stream.replace('_', '-').capitalize()}: {number(of_stream.get('read', 0))} read"
        yield _became(caption, [row for word in words if (row := _word(of_stream, word))])
    others = {**(counts.get("besides") or {}), **(counts.get("backlog") or {})}
    if any(others.values()):
        rows = [(plain(name), count) for name, count in others.items() if count]
        yield table("Besides, and from earlier runs", ("what", "number"), rows)


def _became(caption: str, rows: Sequence[tuple[str, int, str]]) -> Safe:
    """What records became; why, only where any word has a reason."""
    if any(why for _, _, why in rows):
        return table(caption, ("became", "number", "why"), rows)
    return table(caption, ("became", "number"), [row[:2] for row in rows])


def _word(counts: Mapping[str, Any], word: str) -> tuple[str, int, str] | None:
    if not counts.get(word):
        return None
    reasons = (counts.get("reasons") or {}).get(word) or {}
    why = ", ".join(f"{short(plain(str(reason)))} {count:,}" for reason, count in sorted(reasons.items()))
    return plain(word), counts[word], why
