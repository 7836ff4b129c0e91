"""The contacts of one Referrizer account: what may be written, what is unique, what a write wipes."""

from __future__ import annotations

import hashlib
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sandbox.referrizer.errors import RefusedError

if TYPE_CHECKING:
    from sandbox.referrizer.journal import Journal
    from sandbox.referrizer.switches import ReferrizerSwitches

EMPTY: dict[str, Any] = {
    "firstName": None,
    "lastName": None,
    "email": None,
    "phone": None,
    "birthday": None,
    "gender": None,
    "address": {"street": None, "city": None, "state": None, "zip": None, "country": None},
    "unsubscribedFromEmail": False,
    "unsubscribedFromText": False,
    "customFields": {},
}
READ_ONLY = ("id", "loyaltyPoints", "numberOfVisits", "lastVisit")
IDENTITY = ("id", "firstName", "lastName", "email")
_E164 = re.compile(r"\+[1-9]\d{6,14}")


class Contacts(dict[str, dict[str, Any]]):
    """Contacts by id, each as the API shows it in full.

    `add` seeds one from a test, without a journal entry; a plain ``del`` makes one vanish as an owner would.
    """

    def __init__(self, switches: ReferrizerSwitches, journal: Journal) -> None:
        super().__init__()
        self._switches, self._journal = switches, journal
        self._by_value: dict[tuple[str, str], dict[str, None]] = {}
        self._made = 0

    def add(self, **fields: Any) -> dict[str, Any]:
        """Put a contact into the account, e.g. ``add(firstName="Ada", email="a@b.org")``; returns it."""
        made = _merged({"id": self._next_id(), **deepcopy(EMPTY)}, fields)
        self[made["id"]] = made
        self._index(made)
        return made

    def create(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Create a contact (or, when the account upserts, update the one that it collides with).

        Raises:
            RefusedError: A value is missing, not valid or taken.
        """
        wanted = _merged(deepcopy(EMPTY), _writable(fields))
        self._check(wanted)
        if taken := self._holder(wanted, None):
            if not self._switches.post_upserts:
                raise RefusedError(
                    self._switches.duplicate_on_create, "A contact with this e-mail or phone exists"
                )
            return self.change(taken, fields, merge=True)
        made = self.add(**wanted)
        self._journal.note("contact_created", made["id"])
        return made

    def change(self, key: str, fields: dict[str, Any], *, merge: bool) -> dict[str, Any]:
        """Change a contact: merged into what it has, or replacing it as a whole.

        Raises:
            RefusedError: A value is missing, not valid or taken.
        """
        old, given = self[key], _writable(fields)
        new = {"id": key, **_merged(deepcopy({k: old[k] for k in EMPTY} if merge else EMPTY), given)}
        self._check(new)
        if self._holder(new, key):
            raise RefusedError(self._switches.duplicate_on_update, "Another contact has this e-mail or phone")
        self._note_change(old, new)
        self[key] = new
        self._index(new)
        return new

    def _check(self, contact: dict[str, Any]) -> None:
        needs = self._switches.required
        present = {name for name in ("email", "phone") if contact[name]}
        if not present or (needs != "email_or_phone" and needs not in present):
            raise RefusedError("MISSING_REQUIRED_FIELD", f"Required: {needs.replace('_', ' ')}")
        phone = contact["phone"]
        if phone and self._switches.phone_format == "e164" and not _E164.fullmatch(phone):
            raise RefusedError("ILLEGAL_ARGUMENT", "phone must be in the form +15550100123")
        for name in contact["customFields"]:
            if name not in self._switches.custom_fields:
                raise RefusedError("INVALID_CUSTOM_FIELD_NAME", f"There is no custom field {name}")

    def _holder(self, contact: dict[str, Any], but: str | None) -> str | None:
        """The id of another contact that has the same unique value; the first one made."""
        names = {"both": ("email", "phone"), "none": ()}.get(
            self._switches.unique_by, (self._switches.unique_by,)
        )
        for value in ((name, _folded(contact[name])) for name in names if contact[name]):
            for key in self._by_value.get(value, ()):
                holds = key in self and _folded(self[key][value[0]] or "") == value[1]
                if holds and key != but:
                    return key
        return None

    def _index(self, contact: dict[str, Any]) -> None:
        for name in ("email", "phone"):
            if contact[name]:
                self._by_value.setdefault((name, _folded(contact[name])), {})[contact["id"]] = None

    def _next_id(self) -> str:
        self._made += 1
        return hashlib.md5(f"contact {self._made}".encode(), usedforsecurity=False).hexdigest()

    def _note_change(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        before, after = flat(old), flat(new)
        changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
        note, key = self._journal.note, old["id"]
        for name in changed:
            if name.startswith("unsubscribed"):
                note("unsubscribed" if after[name] else "resubscribed", key, field=name)
            elif after.get(name) in {None, ""}:
                note("field_wiped", key, field=name)
        if changed:
            note("contact_updated", key, fields=changed)
        else:
            note("update_without_change", key)


def flat(contact: dict[str, Any]) -> dict[str, Any]:
    """A contact with the parts of its address and its custom fields as names with a dot."""
    inner = {k: v for k, v in contact.items() if isinstance(v, dict)}
    parts = {f"{k}.{name}": value for k, values in inner.items() for name, value in values.items()}
    return {**{k: v for k, v in contact.items() if k not in inner}, **parts}


def _writable(fields: dict[str, Any]) -> dict[str, Any]:
    """What a write may change; a null map counts as an empty one."""
    kept = {k: v for k, v in fields.items() if k not in READ_ONLY}
    for name in ("unsubscribedFromEmail", "unsubscribedFromText"):
        if kept.get(name, False) is None:
            del kept[name]
    return {k: ({} if v is None and isinstance(EMPTY[k], dict) else v) for k, v in kept.items()}


def _merged(base: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """`base` with the fields laid over it, one level deep for address and custom fields."""
    for name, value in fields.items():
        base[name] = (
            {**base[name], **value} if isinstance(base.get(name), dict) and value is not None else value
        )
    return base


def _folded(value: str) -> str:
    return value.strip().casefold()
