"""Singer files and settings: the same for everybody who is measured."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measuring import cache
from bench.vendors import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ID, TEXT, FLAG = {"type": "integer"}, {"type": ["string", "null"]}, {"type": ["boolean", "null"]}
MOMENT = {"type": ["string", "null"], "format": "date-time"}
CONTACT = {
    **dict.fromkeys(("id", "location_id"), ID),
    **dict.fromkeys(("first_name", "last_name", "email", "phone", "street", "city", "state", "zip"), TEXT),
    "birthday": {"type": ["string", "null"], "format": "date"},
    **dict.fromkeys(("is_member", "accepts_email", "accepts_sms", "is_forgotten", "is_active"), FLAG),
    **dict.fromkeys(("created_at", "updated_at", "last_visit_at"), MOMENT),
}
CHECK_IN = {
    **dict.fromkeys(("id", "contact_id", "location_id"), ID),
    **dict.fromkeys(("checked_in_at", "starts_at", "as_of"), MOMENT),
    **dict.fromkeys(("is_checked_in", "is_time_inferred"), FLAG),
    "status": TEXT,
}
OF_EACH = 5
"""Records of a contact where visits come with it: itself and its visits."""
MADE_BY = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
LONG_AGO = "2024-01-01T00:00:00Z"
"""Before all visits: with `visits_since` there, each is posted."""


FIRST_NAMES = ("Ada", "Bob", "Zo\u00eb", "Carla", "Jos\u00e9", "Dan", "Eve")
LAST_NAMES = (
    "Byron",
    "Smith",
    "M\u00fcller",
    "Jones",
    "O'Neil",
    "N\u00fa\u00f1ez",
    "Brown",
    "Green",
    "White",
)
PHONES = ("{:03d}{:03d}{:04d}", "({:03d}) {:03d}-{:04d}", "({:03d}) {:03d}-{:04d}", "+1{:03d}{:03d}{:04d}")
"""As salons write them: not all of what is measured may go a quick way."""


def contact(number: int, *, is_changed: bool = False) -> dict[str, Any]:
    """A contact as tap-booker emits it."""
    has_email, has_phone = number % 20 != 7, number % 20 != 13  # noqa: PLR2004 - no one lacks both
    person = {
        "first_name": f"{FIRST_NAMES[number % len(FIRST_NAMES)]}{number}",
        "last_name": "Lovelace" if is_changed else LAST_NAMES[number % len(LAST_NAMES)],
        "email": f"ada{number}@example.com" if has_email else None,
        "phone": _phone(number) if has_phone else None,
        "birthday": "1980-01-02" if number % 3 else None,
    }
    address = {
        "street": f"{number} Main St" if number % 4 else None,
        "city": "Chicago",
        "state": "IL",
        "zip": "60601",
    }
    flags = {"is_member": bool(number % 3), "accepts_email": True, "accepts_sms": True}
    updated = NOW if is_changed else NOW - timedelta(days=number % 300 + 1)
    times = {"created_at": "2020-01-01T15:00:00+00:00", "updated_at": updated.isoformat()}
    state = {"is_forgotten": False, "is_active": True, "last_visit_at": _last_visit(number)}
    return {"id": number, "location_id": 3749, **person, **address, **flags, **state, **times}


def _last_visit(number: int) -> str:
    return (NOW - timedelta(days=number % 400, hours=1)).isoformat()


def _phone(number: int) -> str:
    """A number of that contact alone."""
    middle, last = divmod(number % 10_000_000, 10_000)
    return PHONES[number % len(PHONES)].format(312, middle, last)


def check_in(number: int) -> dict[str, Any]:
    """The last visit of the contact of that number, as tap-booker emits it."""
    ids = {"id": number, "contact_id": number, "location_id": 3749}
    times = {"checked_in_at": _last_visit(number), "starts_at": _last_visit(number), "as_of": NOW.isoformat()}
    return {**ids, **times, "is_checked_in": True, "is_time_inferred": False, "status": "Completed"}


def contacts(number: int) -> Path:
    """A Singer file of so many contacts, made once."""
    return _file("contacts", CONTACT, contact, number)


def changed(number: int) -> Path:
    """The same people, married meanwhile."""
    return _file("contacts", CONTACT, lambda one: contact(one, is_changed=True), number, "changed-")


def visits(number: int) -> Path:
    """A Singer file of one check-in of each of so many contacts."""
    return _file("check_ins", CHECK_IN, check_in, number)


def together(records: int) -> Path:
    """Contacts and their visits in one file, so many records in all: those of each contact latest first."""
    people = records // OF_EACH
    visits = OF_EACH - 1
    lines = chain(
        _lines("contacts", CONTACT, map(contact, range(1, people + 1))),
        _lines("check_ins", CHECK_IN, (_earlier(one, visits) for one in range(1, visits * people + 1))),
    )
    return _kept("together", records, lines)


def _earlier(number: int, visits: int) -> dict[str, Any]:
    """One of the visits of a contact, each a day before the one with the number before it."""
    person, nth = divmod(number - 1, visits)
    at = (NOW - timedelta(days=person % 300 + nth, hours=1)).isoformat()
    ids = {"id": number, "contact_id": person + 1}
    return {**check_in(number), **ids, "checked_in_at": at, "starts_at": at}


def _file(
    stream: str, fields: dict[str, Any], record: Callable[[int], dict[str, Any]], number: int, kind: str = ""
) -> Path:
    return _kept(f"{kind}{stream}", number, _lines(stream, fields, map(record, range(1, number + 1))))


def _kept(name: str, number: int, lines: Iterable[dict[str, Any]]) -> Path:
    """The file of that name that this code has made before, else made now."""
    path = cache() / f"{name}-{number}-{MADE_BY}.jsonl"
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        part.rename(path)
    return path


def _lines(
    stream: str, fields: dict[str, Any], records: Iterable[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    schema = {"type": "object", "properties": fields}
    yield {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["id"]}
    for one in records:
        yield {"type": "RECORD", "stream": stream, "record": one, "time_extracted": NOW.isoformat()}
    yield {"type": "STATE", "value": {"bookmarks": {stream: {}}}}


def settings(name: str, **values: Any) -> str:
    """A file of settings; gives its path."""
    path = cache() / f"{name}.json"
    path.write_text(json.dumps(values))
    return str(path)


def of_tap(url: str, **more: Any) -> str:
    """Settings of tap-booker against the stub."""
    names = ("subscription_key", "client_id", "client_secret", "personal_access_token")
    base = {
        **dict.fromkeys(names, "bench"),
        "location_ids": [3749],
        "base_url": url,
        "as_of": NOW.isoformat(),
    }
    return settings("tap", **{**base, **more})


def of_target(url: str, ledger: str, **more: Any) -> str:
    """Settings of target-referrizer against the stub."""
    values = {"api_token": "bench", "api_url": f"{url}/v1", "ledger_url": ledger, "as_of": NOW.isoformat()}
    how = {"timezone": "America/Chicago", "requests_per_second": 0, "brake_percent": 100}
    return settings("target", **{**values, **how, **more})
