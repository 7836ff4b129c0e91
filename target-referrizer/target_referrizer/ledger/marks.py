"""Salted marks: how a person who was forgotten is recognised without being known.

A mark says nothing about a person to somebody who does not have the person's id, e-mail or phone already. The
salt is one ledger's own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from target_referrizer.ledger.tables import mark, meta

if TYPE_CHECKING:
    from collections.abc import Iterable

SALT = "mark_salt"
VEILED = "forgotten-"  # begins the ids of forgotten records


@dataclass(frozen=True)
class Marks:
    """The marks of a ledger, as they are at one moment; those who asked to be forgotten are few.

    Attributes:
        salt: Of this ledger; empty while nobody has been forgotten.
        whom: Digest to what all marks of one person have in common.
    """

    salt: str
    whom: dict[str, str]

    @classmethod
    def load(cls, tx: sa.Connection) -> Self:
        """Read all marks."""
        salt = tx.scalar(sa.select(meta.c.value).where(meta.c.key == SALT))
        if salt is None:
            return cls("", {})
        return cls(salt, {row.digest: row.whom for row in tx.execute(sa.select(mark))})

    @classmethod
    def begin(cls, tx: sa.Connection) -> Self:
        """Read all marks, and make the salt where there is none yet."""
        if not cls.load(tx).salt:
            tx.execute(sa.insert(meta).values(key=SALT, value=secrets.token_hex(32)))
        return cls.load(tx)

    def add(self, tx: sa.Connection, digests: Iterable[str], whom: str) -> None:
        """Keep marks of one person."""
        for digest in set(digests) - set(self.whom):
            tx.execute(sa.insert(mark).values(digest=digest, whom=whom))
            self.whom[digest] = whom

    def of_record(self, source: str, contact_id: str) -> str:
        """The digest of a record's id."""
        return self._digest("record", source, contact_id)

    def of_remote(self, remote_id: str) -> str:
        """The digest of the id of a Referrizer contact."""
        return self._digest("referrizer", remote_id)

    def of_email(self, email_key: str) -> str:
        """The digest of an e-mail that is one person's."""
        return self._digest("email", email_key)

    def of_names(self, email_key: str | None, phone_key: str | None, *names: str) -> list[str]:
        """Digests of an e-mail or phone that several share, together with the names."""
        keys = {"named-email": email_key, "named-phone": phone_key}
        return [self._digest(kind, key, *names) for kind, key in keys.items() if key]

    def _digest(self, *parts: str) -> str:
        return hmac.new(self.salt.encode(), "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:40]

    def find_person(
        self, email_key: str | None, phone_key: str | None, first_key: str, last_key: str
    ) -> str | None:
        """Who is forgotten and goes by these keys, under whatever id; None when nobody does."""
        digests = [self.of_email(email_key)] if email_key else []
        digests += self.of_names(email_key, phone_key, first_key, last_key)
        return next((self.whom[one] for one in digests if one in self.whom), None)

    def veiled_id(self, source: str, contact_id: str) -> str:
        """The id that a forgotten record has in the ledger from then on."""
        return VEILED + self.of_record(source, contact_id)

    def is_forgotten(self, source: str, contact_id: str) -> bool:
        """Whether this record's person is forgotten."""
        return self.of_record(source, contact_id) in self.whom

    def is_remote_forgotten(self, row: dict[str, Any]) -> bool:
        """Whether a row of the index, one of Referrizer's contacts, is somebody who is forgotten."""
        if not self.whom:
            return False
        keys = (row["email_key"], row["phone_key"], row["first_key"], row["last_key"])
        return self.of_remote(row["id"]) in self.whom or self.find_person(*keys) is not None
