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
    """Marks in place of the rows of people who were forgotten; how long a write has been in doubt.

    And indexes by which an hour without news finds at once that there is nothing to do.
    """
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
    yes, no = ("1", "0") if tx.dialect.name == "sqlite" else ("true", "false")
    tx.execute(sa.text(f"ALTER TABLE run ADD COLUMN has_news BOOLEAN DEFAULT {yes} NOT NULL"))
    unfed = "accounting LIKE '%\"has_news\": false%'"
    tx.execute(sa.text(f"UPDATE run SET has_news = {no} WHERE {unfed}"))  # noqa: S608 - no value of others
    for index in ("contact_dirty", "contact_status", "contact_staged", "visit_status", "visit_staged"):
        tx.execute(sa.text(f"DROP INDEX {index}"))
    linked = f"is_linked = {yes} AND is_gone = {no}"
    news = "desired != confirmed OR birthday IS NOT NULL OR intent_at IS NOT NULL"
    news = f"({news} OR unsettled_since IS NOT NULL OR confirmed_group IS NULL)"
    unposted = f"is_checked_in = {yes} AND status IN ('open', 'waiting')"
    undone = f"is_checked_in = {no} AND undone_at IS NOT NULL"
    for index in (
        "contact_status ON contact (status, source)",
        "contact_staged ON contact (staged_run, source)",
        "contact_created ON contact (created_run, source)",
        f"contact_dirty ON contact (source, dirty, status, remote_id) WHERE dirty = {yes}",
        "contact_unlinked ON contact (source, id) WHERE status IN ('new', 'lost', 'gone')",
        "contact_creating ON contact (source) WHERE create_round > 0 OR create_tries > 0",
        "visit_status ON visit (status, source)",
        "visit_staged ON visit (staged_run, source)",
        "visit_settled ON visit (settled_run, source, status)",
        f"visit_unposted ON visit (source, checked_in_at) WHERE {unposted}",
        f"visit_undone ON visit (source, is_checked_in, contact_id) WHERE {undone}",
        "remote_written ON remote_contact (written_run)",
        f"remote_group ON remote_contact (confirmed_group, latest_visit_at) WHERE {linked}",
        f"remote_age ON remote_contact (id, confirmed_group, latest_visit_at) WHERE {linked}",
        f"remote_news ON remote_contact (is_linked, id) WHERE {linked} AND {news}",
        "event_at ON event (at)",
    ):
        tx.execute(sa.text(f"CREATE INDEX {index}"))


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
