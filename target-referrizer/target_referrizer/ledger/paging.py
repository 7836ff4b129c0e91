"""Going through many rows, some at a time: what is held in memory does not grow with the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

PAGE = 500


def in_pages(tx: sa.Connection, query: sa.Select[Any], key: sa.Column[str]) -> Iterator[sa.Row[Any]]:
    """All rows of a query in the order of a key that each has another of; they may be changed meanwhile.

    Args:
        tx: The transaction.
        query: The key is one of its columns.
        key: What the rows are told apart by, a text.
    """
    after = ""
    while page := tx.execute(query.where(key > after).order_by(key).limit(PAGE)).all():
        yield from page
        after = getattr(page[-1], key.name)
