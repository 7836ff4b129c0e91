"""Singer files and settings: the same for everybody who is measured."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.measuring import cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
TEXT, FLAG = {"type": ["string", "null"]}, {"type": ["boolean", "null"]}
MOMENT = {"type": ["string", "null"], "format": "date-time"}
CONTACT = {
    "id": {"type": "integer"},
    "location_id": {"type": "integer"},
    **dict.fromkeys(("first_name", "last_name", "email", "phone", "street", "city", "state", "zip"), TEXT),
    "birthday": {"type": ["string", "null"], "format": "date"},
    **dict.fromkeys(("is_member", "accepts_email", "accepts_sms", "is_forgotten", "is_active"), FLAG),
    **dict.fromkeys(("created_at", "updated_at", "last_visit_at"), MOMENT),
}


def contact(number: int) -> dict[str, Any]:
    """A contact as tap-booker emits it."""
    person = {
        "first_name": f"Ada{number}",
        "last_name": "Byron",
        "email": f"ada{number}@example.com",
        "phone": f"312{number % 10_000_000:07d}",
        "birthday": "1980-01-02",
    }
    address = {"street": f"{number} Main St", "city": "Chicago", "state": "IL", "zip": "60601"}
    flags = {"is_member": bool(number % 3), "accepts_email": True, "accepts_sms": True}
    times = {
        "created_at": "2020-01-01T15:00:00+00:00",
        "updated_at": (NOW - timedelta(days=number % 300)).isoformat(),
        "last_visit_at": (NOW - timedelta(days=number % 400)).isoformat(),
    }
    state = {"is_forgotten": False, "is_active": True}
    return {"id": number, "location_id": 3749, **person, **address, **flags, **state, **times}


def _lines(number: int) -> Iterator[dict[str, Any]]:
    stream = {"stream": "contacts"}
    schema = {"type": "object", "properties": CONTACT}
    yield {"type": "SCHEMA", **stream, "schema": schema, "key_properties": ["id"]}
    for one in range(1, number + 1):
        yield {"type": "RECORD", **stream, "record": contact(one), "time_extracted": NOW.isoformat()}
    yield {"type": "STATE", "value": {"bookmarks": {"contacts": {}}}}


def contacts(number: int) -> Path:
    """A Singer file of so many contacts, made once."""
    path = cache() / f"contacts-{number}.jsonl"
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w") as file:
            file.writelines(json.dumps(line) + "\n" for line in _lines(number))
        part.rename(path)
    return path


def settings(name: str, **values: Any) -> str:
    """A file of settings; gives its path."""
    path = cache() / f"{name}.json"
    path.write_text(json.dumps(values))
    return str(path)


def of_tap(url: str, **more: Any) -> str:
    """Settings of tap-booker against the stub."""
    names = ("subscription_key", "client_id", "client_secret", "personal_access_token")
    return settings(
        "tap", **{**dict.fromkeys(names, "bench"), "location_ids": [3749], "base_url": url, **more}
    )


def of_target(url: str, **more: Any) -> str:
    """Settings of target-referrizer against the stub, with a ledger that is not there yet."""
    for old in cache().glob("ledger.db*"):
        old.unlink()
    values = {"api_token": "bench", "api_url": f"{url}/v1", "ledger_url": f"sqlite:///{cache()}/ledger.db"}
    return settings("target", **{**values, "timezone": "America/Chicago", "requests_per_second": 0, **more})
