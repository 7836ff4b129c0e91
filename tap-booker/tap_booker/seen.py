"""Each record once: what was met already, in as much memory for a million records as for fifty thousand."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tap_booker.errors import EndlessPagesError, TemporaryFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_booker.client import Page
    from tap_booker.rows import Row

STALE_PAGES = 50
"""So many pages in a row without a record that is new: the list has no end."""

EQUAL_PAGES = 3
"""So many equal pages in a row are one page that the server repeats; two can be a drift by a whole page."""

IDS_IN_MEMORY, ROWS_IN_MEMORY = 100_000, 20_000
"""So many are kept in memory; more go to a temporary file of SQLite's, which ends with the process."""

AT_ONCE = 100
"""So many are looked up together."""

LARGEST = 2**63 - 1
"""SQLite's largest whole number; an id beyond it stays in memory."""

logger = logging.getLogger("tap-booker")


class Seen:
    """Ids that were met."""

    def __init__(self) -> None:
        self._near: set[int] = set()
        self._file: _File | None = None

    def take(self, ids: Iterable[int | None]) -> set[int]:
        """Those of these ids that are new; from now on they are not."""
        new = {one for one in ids if one is not None} - self._near
        new -= self._filed(new)
        self._near |= new
        if len(self._near) > IDS_IN_MEMORY:
            self._put_away()
        return new

    def _filed(self, some: set[int]) -> set[int]:
        """Those of these ids that are in the file."""
        found: set[int] = set()
        if self._file is None:
            return found
        ids = [one for one in some if one <= LARGEST]
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            query = f"SELECT id FROM seen WHERE id IN ({','.join('?' * len(part))})"  # noqa: S608  marks only
            found.update(self._file.read(query, part))
        return found

    def _put_away(self) -> None:
        self._file = self._file or _File("CREATE TABLE seen (id INTEGER PRIMARY KEY)")
        ids = sorted(one for one in self._near if one <= LARGEST)
        self._file.write("INSERT INTO seen VALUES (?)", ((one,) for one in ids))
        self._near.difference_update(ids)


class Merged:
    """Rows by id, of which the one that was put last counts."""

    def __init__(self) -> None:
        self._near: dict[int, Row | None] = {}
        self._file: _File | None = None

    def put(self, one: int, row: Row | None) -> None:
        """Have a row in place of any earlier one of this id; None for no row at all."""
        self._near[one] = row
        if len(self._near) > ROWS_IN_MEMORY:
            self._put_away()

    def rows(self) -> Iterator[Row]:
        """All rows."""
        if self._file is not None:
            self._put_away()
            filed = self._file.read("SELECT row FROM merged WHERE row IS NOT NULL ORDER BY id")
            yield from map(json.loads, filed)
        yield from (row for row in self._near.values() if row is not None)

    def _put_away(self) -> None:
        self._file = self._file or _File("CREATE TABLE merged (id INTEGER PRIMARY KEY, row TEXT)")
        ids = sorted(one for one in self._near if one <= LARGEST)
        pairs = ((one, None if (row := self._near.pop(one)) is None else json.dumps(row)) for one in ids)
        self._file.write("INSERT OR REPLACE INTO merged VALUES (?, ?)", pairs)


class _File:
    """A table that nobody else sees; the few runs that need one pay for loading SQLite.

    Args:
        table: Creates it.
    """

    def __init__(self, table: str) -> None:
        import sqlite3  # noqa: PLC0415

        self._failure = sqlite3.OperationalError
        with self._has_room():
            self._base = sqlite3.connect("")
            self._base.execute("PRAGMA journal_mode = OFF")
            self._base.execute(table)

    def write(self, statement: str, values: Iterable[tuple[object, ...]]) -> None:
        """Do the same with each of these values."""
        with self._has_room():
            self._base.executemany(statement, values)

    def read(self, query: str, values: Sequence[object] = ()) -> Iterator[Any]:
        """The one column that is asked for."""
        with self._has_room():
            found = self._base.execute(query, values)
            yield from (one for (one,) in found)

    @contextmanager
    def _has_room(self) -> Iterator[None]:
        """Say it in our words where the disk is full, or where no folder takes the file."""
        try:
            yield
        except self._failure as failure:
            raise TemporaryFileError(f"{TemporaryFileError().happened[:-1]} ({failure}).") from None


def new_rows(
    pages: Iterator[Page], id_of: Callable[[dict[str, Any]], int | None]
) -> Iterator[dict[str, Any]]:
    """Yield each record once: pages drift when rows change during the read, and a row may come twice.

    A page that comes three times in a row ends the list: some servers repeat the last page for ever
    (inferred).

    Args:
        pages: Pages in order.
        id_of: The id of a record, or None; rows without id are all yielded, for the caller to judge.

    Raises:
        EndlessPagesError: Many different pages, and nothing new on any of them.
    """
    seen = Seen()
    last: list[int | None] = []
    stale = equal = 0
    for page in pages:
        ids = [id_of(row) for row in page.rows]
        equal = equal + 1 if any(ids) and ids == last else 1
        if equal == EQUAL_PAGES:
            logger.warning("Booker repeats a page; it is taken as the end of the list.")
            return
        new = seen.take(ids)
        stale = 0 if page.skipped or new else stale + 1
        if stale > STALE_PAGES:
            raise EndlessPagesError(f"{STALE_PAGES} pages in a row brought nothing new.")
        for row, one in zip(page.rows, ids, strict=True):
            if one is None or one in new:
                new.discard(one)
                yield row
        last = ids
