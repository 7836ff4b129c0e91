"""Cuts lists into pages, and remembers the pages that a fault made short."""

from __future__ import annotations

from typing import TypeVar

Row = TypeVar("Row")


class Pages:
    """A short page is followed by the rows that it lacked, and stays short when it is read again.

    So nothing is lost to a client that reads until a page is empty, and much to one that stops at a short
    page.
    """

    def __init__(self) -> None:
        self._kept: dict[str, dict[int, int]] = {}

    def page(self, rows: list[Row], number: int, size: int, *, query: str, short: bool) -> list[Row]:
        """Page `number` (from 1) of the list that `query` names; `short` halves it from now on."""
        kept = self._kept.setdefault(f"{size} {query}", {})
        if short:
            kept[number] = (size + 1) // 2
        start = (number - 1) * size - sum(size - kept[page] for page in kept if page < number)
        return rows[start : start + kept.get(number, size)]
