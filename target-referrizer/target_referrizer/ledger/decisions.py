"""What a person decides about records that wait for one: held visits and rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_referrizer.ledger import outbox
from target_referrizer.ledger.journal import settle
from target_referrizer.ledger.tables import contact, meta, remote_contact, visit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_referrizer.ledger.store import Ledger


def resend(ledger: Ledger, source: str, ids: Sequence[str]) -> int:
    """Have held visits sent again by the next run; gives how many of the ids were held."""
    return _settle_held(ledger, source, ids, **{**outbox.OPEN_AGAIN, "reason": outbox.RESENT})


def confirm(ledger: Ledger, source: str, ids: Sequence[str], now: datetime) -> int:
    """Take held visits as delivered: a person has seen them in Referrizer; gives how many were held."""
    return _settle_held(ledger, source, ids, status="delivered", reason=None, settled_at=now)


def _settle_held(ledger: Ledger, source: str, ids: Sequence[str], **values: object) -> int:
    waits = visit.c.status.in_(("held", "sending"))  # of a run that died: nothing else is under way now
    held = (visit.c.source == source) & waits & visit.c.id.in_(list(ids))
    with ledger.transaction() as tx:
        return int(tx.execute(sa.update(visit).where(held).values(**values)).rowcount)


def retry(ledger: Ledger, source: str, now: datetime) -> int:
    """Have the next run try again what it can: refused contacts and visits, and contacts that were gone.

    Records that broke the contract are not kept as records; a good version of them comes from the tap. The
    index is read anew: what was ambiguous may have been merged in Referrizer. Gives how many rejects.
    """
    with ledger.transaction() as tx:
        contacts = _contacts_again(tx, source, now)
        rejected = (visit.c.source == source) & (visit.c.status == "rejected")
        ids = {"contacts": contacts, "check_ins": list(tx.scalars(sa.select(visit.c.id).where(rejected)))}
        tx.execute(sa.update(visit).where(rejected).values(status="open", reason=None, waiting_since=None))
        gone = (contact.c.source == source) & (contact.c.status == "gone")
        tx.execute(sa.update(contact).where(gone).values(status="lost", dirty=True))
        tx.execute(sa.delete(meta).where(meta.c.key == "index_at"))
        for stream, some in ids.items():
            settle(tx, source, stream, some, now)
        return sum(map(len, ids.values()))


def _contacts_again(tx: sa.Connection, source: str, now: datetime) -> list[str]:
    """Reopen contacts that Referrizer refused, or that could not be linked or created; gives their ids.

    One whose creation Referrizer has acknowledged is only looked for.
    """
    refused = (contact.c.source == source) & contact.c.reject_code.is_not(None)
    reachable = contact.c.email_key.is_not(None) | contact.c.phone_key.is_not(None)
    unlinked = refused & (contact.c.status == "rejected") & reachable
    linked = refused & (contact.c.status == "linked")
    ids = list(tx.scalars(sa.select(contact.c.id).where(unlinked | linked)))
    remotes = sa.select(contact.c.remote_id).where(linked)
    tx.execute(sa.update(remote_contact).where(remote_contact.c.id.in_(remotes)).values(refused=None))
    tx.execute(sa.update(contact).where(linked).values(reject_code=None))
    begun = sa.case((contact.c.create_acknowledged, sa.literal(now, contact.c.create_intent_at.type)))
    new = {"status": "new", "reject_code": None, "dirty": True, "create_intent_at": begun}
    tx.execute(sa.update(contact).where(unlinked).values(**new))
    return ids
