"""Salted marks: how a person who was forgotten is recognised without being known.

A mark says nothing about a person to somebody who does not have the person's id, e-mail or phone already. The
salt is one ledger's own. Persons are recognised as `matching` recognises them: by e-mail unless the first
names disagree, and by phone and last name where not both have an e-mail. Since names cannot be compared once
they are hashed, every beginning of the first name has a digest of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from target_referrizer.ledger.notes import put, put_once
from target_referrizer.ledger.tables import mark, meta

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SALT = "mark_salt"
_CHANGE = "marks_changed"  # another value in `meta` after each change
_STATE = sa.select(meta.c.key, meta.c.value).where((meta.c.key == SALT) | (meta.c.key == _CHANGE))
# Whoever keeps marks of one person at the same moment as somebody else waits, and keeps them once.
_KEEP = sa.text("INSERT INTO mark (digest, whom) VALUES (:digest, :whom) ON CONFLICT (digest) DO NOTHING")
_READ = "marks"  # where a connection keeps what it read
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
        """Read all marks; again only when they have changed since this connection read them last."""
        found: dict[str, str] = dict(tx.execute(_STATE).tuples().all())
        if SALT not in found:
            return cls("", {})
        state = (found[SALT], found.get(_CHANGE))
        if tx.info.get(_READ, (None,))[0] != state:
            whom = {row.digest: row.whom for row in tx.execute(sa.select(mark))}
            tx.info[_READ] = state, cls(found[SALT], whom)
        marks: Self = tx.info[_READ][1]
        return marks

    @classmethod
    def begin(cls, tx: sa.Connection) -> Self:
        """Read all marks, and make the salt where there is none yet."""
        if not cls.load(tx).salt:
            put_once(tx, SALT, secrets.token_hex(32))
        return cls.load(tx)

    def add(self, tx: sa.Connection, digests: Iterable[str], whom: str) -> None:
        """Keep marks of one person."""
        new = sorted(set(digests) - set(self.whom))
        if new:
            _changed(tx)  # before the marks, as in `take_away`: whoever locks in another order may deadlock
            tx.execute(_KEEP, [{"digest": digest, "whom": whom} for digest in new])
        self.whom.update(dict.fromkeys(new, whom))

    def take_away(self, tx: sa.Connection, whom: str) -> int:
        """Keep no marks of one person any more; gives how many there were."""
        _changed(tx)
        return int(tx.execute(sa.delete(mark).where(mark.c.whom == whom)).rowcount)

    def of_record(self, source: str, contact_id: str) -> str:
        """The digest of a record's id."""
        return self._digest("record", source, contact_id)

    def of_remote(self, remote_id: str) -> str:
        """The digest of the id of a Referrizer contact."""
        return self._digest("referrizer", remote_id)

    def of_person(self, person: Any) -> Iterator[str]:
        """All digests that a person is recognised by under another id."""
        if person.email_key:
            yield from self._named("email", person.email_key, "", person.first_key)
        if person.phone_key and person.last_key:
            kind = "phone of one with an e-mail" if person.email_key else "phone"
            yield from self._named(kind, person.phone_key, person.last_key, person.first_key)

    def find_email(self, email_key: str) -> str | None:
        """Who is forgotten and had this e-mail, None when nobody had."""
        return self.whom.get(self._digest("email", email_key, ""))

    def find_person(self, person: Any) -> str | None:
        """Who is forgotten and must be this person, under whatever id; None when nobody is."""
        if not self.whom:
            return None
        kinds = ["phone"] if person.email_key else ["phone", "phone of one with an e-mail"]
        looks = [("email", person.email_key, "")]
        looks += [(kind, person.phone_key, person.last_key) for kind in kinds if person.last_key]
        found = (self._find_named(kind, key, last, person.first_key) for kind, key, last in looks if key)
        return next((whom for whom in found if whom), None)

    def _named(self, kind: str, key: str, last: str, first: str) -> Iterator[str]:
        yield self._digest(kind, key, last)
        yield self._digest(kind, key, last, "whole", first)
        yield from (self._digest(kind, key, last, "begins", first[:end]) for end in range(len(first) + 1))

    def _find_named(self, kind: str, key: str, last: str, first: str) -> str | None:
        """First names agree when either begins the other; an empty one begins every other."""
        if self._digest(kind, key, last) not in self.whom:
            return None
        beginnings = (self._digest(kind, key, last, "whole", first[:end]) for end in range(len(first) + 1))
        digests = (self._digest(kind, key, last, "begins", first), *beginnings)
        return next((self.whom[one] for one in digests if one in self.whom), None)

    def _digest(self, *parts: str) -> str:
        return hmac.new(self.salt.encode(), "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:40]

    def veiled_id(self, source: str, contact_id: str) -> str:
        """The id that a forgotten record has in the ledger from then on."""
        return VEILED + self.of_record(source, contact_id)

    def is_forgotten(self, source: str, contact_id: str) -> bool:
        """Whether this record's person is forgotten."""
        return bool(self.whom) and self.of_record(source, contact_id) in self.whom

    def is_remote_forgotten(self, remote_id: str, person: Any) -> bool:
        """Whether one of Referrizer's contacts is somebody who is forgotten."""
        return bool(self.whom) and (
            self.of_remote(remote_id) in self.whom or self.find_person(person) is not None
        )


def _changed(tx: sa.Connection) -> None:
    """Let everybody read the marks anew; what was read here goes, also should this be rolled back."""
    tx.info.pop(_READ, None)
    put(tx, _CHANGE, secrets.token_hex(8))
