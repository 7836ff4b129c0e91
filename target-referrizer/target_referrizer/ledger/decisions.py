"""What a person decides about records that wait for one: held visits and rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_referrizer.ledger.tables import contact, meta, rejection, remote_contact, visit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_referrizer.ledger.store import Ledger


def resend(ledger: Ledger, source: str, ids: Sequence[str]) -> int:
    """Have held visits sent again by the next run; gives how many of the ids were held."""
    again = {
        "status": "open",
        "remote_contact_id": None,
        "sent_at": None,
        "intent_at": None,
        "settled_at": None,
    }
    return _settle_held(ledger, source, ids, settled_run=None, points=None, **again)


def confirm(ledger: Ledger, source: str, ids: Sequence[str], now: datetime) -> int:
    """Take held visits as delivered: a person has seen them in Referrizer; gives how many were held."""
    return _settle_held(ledger, source, ids, status="delivered", settled_at=now)


def _settle_held(ledger: Ledger, source: str, ids: Sequence[str], **values: object) -> int:
    held = (visit.c.source == source) & (visit.c.status == "held") & visit.c.id.in_(list(ids))
    with ledger.transaction() as tx:
        return int(tx.execute(sa.update(visit).where(held).values(**values)).rowcount)


def retry(ledger: Ledger, source: str, now: datetime) -> int:
    """Have the next run try again all rejects that the ledger holds as records; gives how many.

    The index is read anew then: what was ambiguous may have been merged in Referrizer.
    """
    with ledger.transaction() as tx:
        rejected = (contact.c.source == source) & contact.c.reject_code.is_not(None)
        linked = sa.select(contact.c.remote_id).where(rejected, contact.c.remote_id.is_not(None))
        tx.execute(sa.update(remote_contact).where(remote_contact.c.id.in_(linked)).values(refused=None))
        new = rejected & (contact.c.status == "rejected")
        new &= contact.c.email_key.is_not(None) | contact.c.phone_key.is_not(None)
        tx.execute(sa.update(contact).where(new).values(status="new", dirty=True, create_intent_at=None))
        tx.execute(
            sa.update(contact).where(rejected, contact.c.status != "rejected").values(reject_code=None)
        )
        visits = (visit.c.source == source) & (visit.c.status == "rejected")
        again = {"status": "open", "reason": None, "waiting_since": None}
        tx.execute(sa.update(visit).where(visits).values(**again))
        tx.execute(sa.delete(meta).where(meta.c.key == "index_at"))
        open_ones = (rejection.c.source == source) & rejection.c.settled_at.is_(None)
        known = sa.or_(
            rejection.c.id.in_(sa.select(contact.c.id).where(contact.c.source == source)),
            rejection.c.id.in_(sa.select(visit.c.id).where(visit.c.source == source)),
        )
        cleared = sa.update(rejection).where(open_ones, known).values(settled_at=now, record=None)
        return int(tx.execute(cleared).rowcount)
