"""Tables of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_referrizer.report.markup import Safe, number, tag
from target_referrizer.report.words import plain
from target_referrizer.summary import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


def table(caption: str, heads: Sequence[object], rows: Iterable[Sequence[object]]) -> Safe:
    """A table whose first column names the rows; whole numbers stand to the right."""
    head = tag("tr", *(tag("th", one, scope="col", class_=_side(no)) for no, one in enumerate(heads)))
    body = [tag("tr", _row_head(row[0]), *map(_cell, row[1:])) for row in rows]
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", inner, class_="wide", tabindex=0, role="region", aria_label=caption)


def _side(column: int) -> str | None:
    return None if column == 0 else "value"


def _row_head(value: object) -> Safe:
    return tag("th", value, scope="row")


def _cell(value: object) -> Safe:
    if isinstance(value, int):
        return tag("td", number(value), class_="number")
    return tag("td", value)


def folded(summary: str, *inside: object) -> Safe:
    """What is there for whoever wants it."""
    return tag("details", tag("summary", summary), *inside)


def accounting(counts: Mapping[str, Any]) -> Iterator[Safe]:
    """The accounting of a run, a table for each stream, and one of what else was done."""
    for stream, words in STREAMS.items():
        of_stream = counts.get(stream) or {}
        yield table(
            f"{plain(stream).replace(' ', '-').capitalize()}: {number(of_stream.get('read', 0))} read",
            ("became", "number", "why"),
            [row for word in words if (row := _word(of_stream, word))],
        )
    others = {**(counts.get("besides") or {}), **(counts.get("backlog") or {})}
    if any(others.values()):
        rows = [(plain(name), count) for name, count in others.items() if count]
        yield table("Besides, and from earlier runs", ("what", "number"), rows)


def _word(counts: Mapping[str, Any], word: str) -> tuple[object, ...] | None:
    if not counts.get(word):
        return None
    reasons = (counts.get("reasons") or {}).get(word) or {}
    why = ", ".join(f"{plain(str(reason))} {count:,}" for reason, count in sorted(reasons.items()))
    return plain(word), counts[word], why
