"""The ledger's versions, forwards only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_referrizer.errors import TargetError
from target_referrizer.ledger.tables import SCHEMA_VERSION, meta, metadata

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "schema_version"

#: What turns a ledger of version n into one of version n + 1, by n.
STEPS: dict[int, Callable[[sa.Connection], None]] = {}


def upgrade(tx: sa.Connection) -> None:
    """Bring a ledger to this program's version; a newer one is refused untouched.

    Raises:
        TargetError: The ledger was written by a newer program.
    """
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
    return None if value is None else int(value)
