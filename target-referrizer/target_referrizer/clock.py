"""Instants: by the machine's clock, and as people read them. In JSON they are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def machine_clock() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


def told(instant: datetime | str | None, zone: ZoneInfo) -> str:
    """An instant for people, by the clocks of the business: `2026-03-02 09:00 -06:00`.

    Args:
        instant: What is to be told, also as ISO 8601; None gives an empty text.
        zone: The zone of the setting `timezone`.
    """
    if instant is None:
        return ""
    given = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    local = given.astimezone(zone)
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M} {offset[:3]}:{offset[3:5]}"
