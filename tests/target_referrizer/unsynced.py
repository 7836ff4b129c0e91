"""Ledgers of tests, which wait for no disk.

Only a loss of power shows whether a ledger was synced: what a killed process has written, the operating
system has. A test cannot bring that about, and waiting for the disk took most of the time of an opening.
"""

from __future__ import annotations

from typing import Any

from target_referrizer.ledger import store

as_shipped = store._sqlite_pragmas
"""What every ledger in a file is opened with; test_ledger.py opens one so."""


def _unsynced(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # else the next line waits
    as_shipped(connection, _record)
    connection.execute("PRAGMA synchronous=OFF")


def wait_for_no_disk() -> None:
    """From now on, in this process and those that are forked from it."""
    store._sqlite_pragmas = _unsynced
