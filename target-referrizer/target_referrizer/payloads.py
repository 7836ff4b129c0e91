"""Canonical contact fields → Referrizer's JSON, by the field map, and back.

Four names are seen in clients of the real API: `id`, `firstName`, `lastName`, `email`. The two opt-outs are
documented, `true` meaning unsubscribed. All other names, and that custom fields are a map by name, are
inferred: they are defaults that a setting corrects.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import SettingsError
from target_referrizer.fields import DEFAULT_FIELD_MAP
from target_referrizer.people import email_key, phone_key
from target_referrizer.spelling import hint

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_TEXTS = ("first_name", "last_name", "street", "city", "state", "zip")
_DAYS = ("birthday", "last_visit_at")
_OPT_INS = ("accepts_email", "accepts_sms")


@dataclass(frozen=True)
class FieldMap:
    """Where each canonical field stands in Referrizer's JSON.

    Attributes:
        paths: Canonical field to the one or two keys that lead to it; fields that are left out are missing.
    """

    paths: Mapping[str, tuple[str, ...]]

    @classmethod
    def parse(cls, overrides: Mapping[str, str | None] | None) -> FieldMap:
        """Merge a setting over the default.

        Args:
            overrides: Canonical field to a path; null leaves the field out. Only the first dot of a path
                separates, so a custom field's name may hold spaces and dots.

        Raises:
            SettingsError: RFZ-101 for an unknown field, a path that is none, or two fields on one path.
        """
        for field, path in (overrides or {}).items():
            _check(field, path)
        merged = {**DEFAULT_FIELD_MAP, **(overrides or {})}
        paths = {field: _split(path) for field, path in merged.items() if path is not None}
        _check_apart(paths)
        return cls(paths)

    def path(self, field: str) -> str | None:
        """The dotted path of a field, None when it is left out."""
        return ".".join(self.paths[field]) if field in self.paths else None

    def mapped(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The changes without the fields that are left out."""
        return {field: value for field, value in changes.items() if field in self.paths}

    def values(
        self, record: Mapping[str, Any], *, country: str, sync_opt_outs: bool
    ) -> tuple[dict[str, Any], list[str]]:
        """What a contact record itself has to say, in Referrizer's form.

        Args:
            record: A record of the stream `contacts`.
            country: Two letters; whose phone numbers those without `+` are.
            sync_opt_outs: Whether a *no* to e-mails or texts is carried over. A *yes* never is: `false` would
                subscribe again someone who unsubscribed in Referrizer (documented).

        Returns:
            Canonical field to wire value, empty ones left out; and what could not be read, such as
            `phone unreadable`.
        """
        found: dict[str, Any] = {field: _text(record[field]) for field in _TEXTS if _text(record.get(field))}
        unreadable = []
        for field, value, given in _checked(record, country):
            if value is not None:
                found[field] = value
            elif given:
                unreadable.append(f"{field} unreadable")
        if isinstance(record.get("is_member"), bool):
            found["is_member"] = "Y" if record["is_member"] else "N"
        if sync_opt_outs:
            found |= {field: True for field in _OPT_INS if record.get(field) is False}
        found["source_id"] = _text(record.get("id"))
        return self.mapped(found), unreadable

    def apply(self, document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """A contact as it was read, with the changes at their places and all else as it was.

        Args:
            document: Referrizer's contact; it is not touched.
            changes: Canonical field to wire value, None to empty a field.

        Raises:
            SettingsError: RFZ-101 when a path leads through something that is no object in this account.
        """
        changed = copy.deepcopy(dict(document))
        for field, value in self.mapped(changes).items():
            *containers, last = self.paths[field]
            place = changed
            for name in containers:
                place = _enter(place, name)
            place[last] = value
        return changed

    def build(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of a contact that is created; values that are None are left out."""
        return self.apply({}, {field: value for field, value in changes.items() if value is not None})

    def shown(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """What one of Referrizer's contacts shows at the mapped paths.

        Returns:
            Canonical field to value, numbers as text; a field that the contact does not show is missing, one
            that it shows as null is None.
        """
        found = {}
        for field, path in self.paths.items():
            place: Any = document
            for name in path[:-1]:
                place = place.get(name) if isinstance(place, Mapping) else None
            if isinstance(place, Mapping) and path[-1] in place:
                found[field] = _plain(place[path[-1]])
        return found


def computed(last_visit: datetime | None, group: str, zone: ZoneInfo) -> dict[str, Any]:
    """The two values that the ledger works out; they always show the truth, empty included.

    Args:
        last_visit: The instant of the last visit, with its zone.
        group: The group that follows from it.
        zone: The zone whose day is shown.
    """
    day = None if last_visit is None else last_visit.astimezone(zone).date().isoformat()
    return {"last_visit_at": day, "group": group}


def same(field: str, ours: Any, shown: Any, country: str) -> bool:
    """Whether Referrizer already shows our value, however it writes it.

    Args:
        field: Canonical field; phones, e-mails and dates have more than one way to be written.
        ours: Our wire value.
        shown: The value that Referrizer shows; None, an empty text and a missing value are one.
        country: Two letters; whose phone numbers those without `+` are.
    """
    one, other = _text(ours), _text(shown)
    if field == "phone":
        one, other = phone_key(one, country) or one, phone_key(other, country) or other
    elif field == "email" or field in _OPT_INS:
        one, other = one.casefold(), other.casefold()
    elif field in _DAYS:
        one, other = _day(one) or one, _day(other) or other
    return one == other


def visit(contact_id: str, at: datetime, points: int | None) -> dict[str, Any]:
    """The JSON of one visit.

    `date` is always there: without it the call is a live check-in and messages the customer (seen in the
    field texts of a client of the API). Without `points` the account's own rule decides.

    Args:
        contact_id: Referrizer's id of the contact.
        at: When the guest checked in, with its zone.
        points: Loyalty points, or None.
    """
    date_text = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    given = {} if points is None else {"points": points}
    return {"contactId": contact_id, "date": date_text, **given}


def _checked(record: Mapping[str, Any], country: str) -> Iterator[tuple[str, str | None, str]]:
    """The fields that must be readable: name, wire value or None, and what was given."""
    email, phone, birthday = (_text(record.get(field)) for field in ("email", "phone", "birthday"))
    yield "email", email if email_key(email) else None, email
    yield "phone", phone_key(phone, country), phone
    yield "birthday", _day(birthday), birthday


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool) else str(value)


def _day(text: str) -> str | None:
    """The calendar day that a date or a date-time names, None when it names none."""
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


def _enter(place: dict[str, Any], name: str) -> dict[str, Any]:
    """Go into a container, made when it is missing or empty; anything else must not be overwritten.

    Some servers show an empty map as an empty list.
    """
    if place.get(name) in (None, "", []):
        place[name] = {}
    inner = place[name]
    if not isinstance(inner, dict):
        raise SettingsError(
            "RFZ-101", f"field_map leads through '{name}', which is no object in this account"
        )
    return inner


def _split(path: str) -> tuple[str, ...]:
    return tuple(path.strip().split(".", 1))


def _check(field: str, path: Any) -> None:
    if field not in DEFAULT_FIELD_MAP:
        near = hint(field, DEFAULT_FIELD_MAP) or f"; there are {', '.join(DEFAULT_FIELD_MAP)}"
        raise SettingsError("RFZ-101", f"field_map has no field '{field}'{near}")
    if path is not None and not _is_path(path):
        example = "such as firstName or address.city"
        raise SettingsError("RFZ-101", f"field_map: the path of '{field}' must be a name, {example}")
    if path is not None and _split(path)[0] == "id":
        raise SettingsError("RFZ-101", f"field_map: '{field}' must not be written to Referrizer's own id")


def _is_path(path: Any) -> bool:
    return isinstance(path, str) and all(part.strip() for part in _split(path))


def _check_apart(paths: Mapping[str, tuple[str, ...]]) -> None:
    """No two fields on one path, and none on the container of another."""
    seen: dict[tuple[str, ...], str] = {}
    for field, path in sorted(paths.items(), key=lambda item: len(item[1])):
        for taken in (path[:1], path):
            if taken in seen:
                raise SettingsError("RFZ-101", f"field_map puts '{seen[taken]}' and '{field}' on one path")
        seen[path] = field
