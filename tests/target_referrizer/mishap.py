"""The target in a process of its own, in which something breaks just before a statement of its ledger.

Run as `python mishap.py BREAKAGE STATEMENT NTH -- ARGUMENTS`. What breaks is real: limit, signal and refusals
are the operating system's and SQLite's.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import Any

import sqlalchemy as sa

from target_referrizer.target import main


def fill(_: Any) -> None:
    """No file can grow or be written any more."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def fill_database(connection: Any) -> None:
    """SQLite finds no room for another page, as on a full disk."""
    connection.execute("PRAGMA max_page_count = 1")


def close_to_writing(connection: Any) -> None:
    """SQLite may only read, as on a disk that was mounted read-only."""
    connection.execute("PRAGMA query_only = 1")


def ask_to_stop(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def interrupt(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def be_mistaken(_: Any) -> None:
    """A mistake of the program whose text quotes a person."""
    raise ValueError("Rosalind Franklin, rosalind@private.example, 312-555-0177")


BREAKAGES = {
    "mistake": be_mistaken,
    "disk": fill,
    "full": fill_database,
    "read-only": close_to_writing,
    "SIGTERM": ask_to_stop,
    "SIGINT": interrupt,
}


def prepare(breakage: str, statement: str, nth: int) -> None:
    left = [nth]

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def _(_connection: Any, cursor: Any, text: str, *_more: Any) -> None:
        if text.lstrip().startswith(statement):
            left[0] -= 1
            if left[0] == 0:
                BREAKAGES[breakage](cursor)


if __name__ == "__main__":
    split = sys.argv.index("--")
    given, sys.argv[1:] = sys.argv[1:split], sys.argv[split + 1 :]
    prepare(given[0], given[1], int(given[2]))
    main()
