"""Ids that were seen, in a file that the system forgets by itself: memory stays flat for any input."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b


class Ids:
    """Ids of contacts and check-ins, as hashes."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # a nameless file, gone when it is closed
        self._file.execute("PRAGMA cache_size = -8000")
        self._file.execute("BEGIN")
        for table in ("contacts", "check_ins", "wanted"):
            self._file.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY) WITHOUT ROWID")

    def is_new(self, stream: str, key: str) -> bool:
        """Whether an id of a stream comes for the first time; it then counts as seen."""
        done = self._file.execute(f"INSERT OR IGNORE INTO {stream} VALUES (?)", (_hash(key),))  # noqa: S608
        return done.rowcount == 1

    def want(self, contact_id: str) -> None:
        """Note whose check-in came."""
        self._file.execute("INSERT OR IGNORE INTO wanted VALUES (?)", (_hash(contact_id),))

    def missing(self) -> int:
        """How many contacts have check-ins, and no record."""
        query = "SELECT count(*) FROM wanted WHERE id NOT IN (SELECT id FROM contacts)"
        return int(self._file.execute(query).fetchone()[0])

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)
