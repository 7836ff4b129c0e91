"""Writing to the table `meta`, also while another source does: who comes second waits, and never fails."""

from __future__ import annotations

import sqlalchemy as sa

# As text, which both databases understand.
_ADD = "INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO "
_PUT = sa.text(_ADD + "UPDATE SET value = excluded.value")
_PUT_ONCE = sa.text(_ADD + "NOTHING")


def put(tx: sa.Connection, key: str, value: str) -> None:
    """Set a value."""
    tx.execute(_PUT, {"key": key, "value": value})


def put_once(tx: sa.Connection, key: str, value: str) -> None:
    """Set a value where there is none yet."""
    tx.execute(_PUT_ONCE, {"key": key, "value": value})
