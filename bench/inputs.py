"""Singer files and settings: the same for everybody who is measured."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bench.measuring import cache
from bench.vendors import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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
LONG_AGO = "2024-01-01T00:00:00Z"
"""Before all visits: with `visits_since` there, each is posted."""


def contact(number: int, *, is_changed: bool = False) -> dict[str, Any]:
    """A contact as tap-booker emits it."""
    person = {
        "first_name": f"Ada{number}",
        "last_name": "Lovelace" if is_changed else "Byron",
        "email": f"ada{number}@example.com",
        "phone": f"312{number % 10_000_000:07d}",
        "birthday": "1980-01-02",
    }
    address = {"street": f"{number} Main St", "city": "Chicago", "state": "IL", "zip": "60601"}
    flags = {"is_member": bool(number % 3), "accepts_email": True, "accepts_sms": True}
    updated = NOW if is_changed else NOW - timedelta(days=number % 300 + 1)
    times = {"created_at": "2020-01-01T15:00:00+00:00", "updated_at": updated.isoformat()}
    state = {"is_forgotten": False, "is_active": True, "last_visit_at": _last_visit(number)}
    return {"id": number, "location_id": 3749, **person, **address, **flags, **state, **times}


def _last_visit(number: int) -> str:
    return (NOW - timedelta(days=number % 400, hours=1)).isoformat()


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


def _file(
    stream: str, fields: dict[str, Any], record: Callable[[int], dict[str, Any]], number: int, kind: str = ""
) -> Path:
    path = cache() / f"{kind}{stream}-{number}.jsonl"
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w") as file:
            file.writelines(json.dumps(line) + "\n" for line in _lines(stream, fields, record, number))
        part.rename(path)
    return path


def _lines(
    stream: str, fields: dict[str, Any], record: Callable[[int], dict[str, Any]], number: int
) -> Iterator[dict[str, Any]]:
    schema = {"type": "object", "properties": fields}
    yield {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["id"]}
    for one in range(1, number + 1):
        yield {"type": "RECORD", "stream": stream, "record": record(one), "time_extracted": NOW.isoformat()}
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
