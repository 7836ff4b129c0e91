"""The ledger's versions, forwards only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_referrizer.errors import TargetError
from target_referrizer.ledger.marks import Marks
from target_referrizer.ledger.tables import SCHEMA_VERSION, meta, metadata

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "schema_version"


def _to_2(tx: sa.Connection) -> None:
    """Marks in place of the rows of people who were forgotten, and how long a write has been in doubt."""
    tx.execute(
        sa.text("CREATE TABLE mark (digest VARCHAR(64) NOT NULL PRIMARY KEY, whom VARCHAR(64) NOT NULL)")
    )
    marks = Marks.begin(tx)
    for remote_id in list(tx.scalars(sa.text("SELECT id FROM remote_contact WHERE is_forgotten"))):
        marks.add(tx, [marks.of_remote(remote_id)], marks.of_remote(remote_id))
    tx.execute(sa.text("DELETE FROM remote_contact WHERE is_forgotten"))
    tx.execute(sa.text("ALTER TABLE remote_contact DROP COLUMN is_forgotten"))
    tx.execute(sa.text("ALTER TABLE run ADD COLUMN command VARCHAR(20) DEFAULT 'run' NOT NULL"))
    tx.execute(sa.text("ALTER TABLE run ADD COLUMN progressed_at TIMESTAMP"))
    tx.execute(sa.text("ALTER TABLE contact ADD COLUMN create_sent TEXT"))
    tx.execute(sa.text("ALTER TABLE remote_contact ADD COLUMN sent TEXT"))
    for table in ("contact", "remote_contact"):
        tx.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN unsettled_since TIMESTAMP"))


#: What turns a ledger of version n into one of version n + 1, by n. A step speaks SQL of its own, not of the
#: tables as they are today.
STEPS: dict[int, Callable[[sa.Connection], None]] = {1: _to_2}


def upgrade(tx: sa.Connection) -> None:
    """Bring a ledger to this program's version; a newer one is refused untouched.

    On a server, where several may open one ledger at once, they take turns.

    Raises:
        TargetError: The ledger was written by a newer program, or says no version that there can be.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtext('target-referrizer:' || current_schema()))")
        )
    found = _version(tx)
    if found is None:
        metadata.create_all(tx)
        tx.execute(sa.insert(meta).values(key=KEY, value=str(SCHEMA_VERSION)))
        return
    if found > SCHEMA_VERSION:
        raise TargetError("RFZ-402", f"the ledger has version {found}, this program knows {SCHEMA_VERSION}")
    for version in range(found, SCHEMA_VERSION):
        STEPS[version](tx)
        tx.execute(sa.update(meta).where(meta.c.key == KEY).values(value=str(version + 1)))


def _version(tx: sa.Connection) -> int | None:
    if not sa.inspect(tx).has_table("meta"):
        return None
    value = tx.scalar(sa.select(meta.c.value).where(meta.c.key == KEY))
    if value is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        raise TargetError("RFZ-403", "the ledger says no version that there can be")
    return int(value)
