"""Showing that there is a value, and not what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Fields that say something about a person's habits here, and nothing about who it is.
PLAIN = frozenset(
    {
        "id", "contact_id", "is_member", "accepts_email", "accepts_sms", "last_visit_at", "group",
        "checked_in_at", "is_checked_in", "is_time_inferred", "starts_at", "as_of", "updated_at",
    }
)  # fmt: skip


def masked(field: str, value: Any, *, unmasked: bool) -> Any:
    """A value as it may be shown: as it is, or its first letter where it could tell who somebody is.

    A field that holds something else than it should may hold anything.
    """
    is_plain = field in PLAIN and isinstance(value, str | int | float) and "@" not in str(value)
    if unmasked or is_plain or value in (None, ""):
        return value
    return f"{str(value)[:1]}…" if isinstance(value, str) else "…"


def masked_record(values: Mapping[str, Any], *, unmasked: bool) -> dict[str, Any]:
    """All values of a record as they may be shown."""
    return {field: masked(field, value, unmasked=unmasked) for field, value in values.items()}
