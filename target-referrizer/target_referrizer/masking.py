"""Showing that there is a value, and not what it is."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from target_referrizer.terminal import commands

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_referrizer.groups import Policy

#: Fields that say something about a person's habits here, and nothing about who it is, by what they hold.
_IDS = frozenset({"id", "contact_id"})
_YES_OR_NO = frozenset({"is_member", "accepts_email", "accepts_sms", "is_checked_in", "is_time_inferred"})
_MOMENTS = frozenset({"last_visit_at", "checked_in_at", "starts_at", "as_of", "updated_at"})
_ID = re.compile(r"(?=.*[0-9])[A-Za-z0-9_.:-]{1,64}")
_DAY_FIRST = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]+([Zz]|[+-][0-9:]+)?)?")


def masked(field: str, value: Any, *, unmasked: bool, groups: Collection[str] = ()) -> Any:
    """A value as it may be shown: as it is, or its first letter where it could tell who somebody is.

    A field that holds something else than it should may hold anything.

    Args:
        field: Canonical name.
        value: What stands in it.
        unmasked: Show it as it is.
        groups: Names that are ours, and not a person's.
    """
    if unmasked or value in (None, "") or _is_plain(field, value, groups):
        return value
    return f"{value[:1]}…" if isinstance(value, str) and not commands(value[0]) else "…"


def masked_record(
    values: Mapping[str, Any], *, unmasked: bool, groups: Collection[str] = ()
) -> dict[str, Any]:
    """All values of a record as they may be shown."""
    return {field: masked(field, value, unmasked=unmasked, groups=groups) for field, value in values.items()}


def group_names(policy: Policy) -> frozenset[str]:
    """The names of groups that are ours."""
    return frozenset({policy.no_visit_group, *(group.name for group in policy.groups)})


def _is_plain(field: str, value: Any, groups: Collection[str]) -> bool:
    """Whether a field that says nothing about a person holds what it should."""
    if field in _YES_OR_NO:  # in Referrizer a member is Y or N
        return isinstance(value, bool) or value in ("Y", "N")
    if field in _MOMENTS:
        return isinstance(value, str) and _is_moment(value)
    if field in _IDS:
        return isinstance(value, str | int | float) and _ID.fullmatch(str(value)) is not None
    return field == "group" and isinstance(value, str) and value in groups


def _is_moment(text: str) -> bool:
    try:
        return _DAY_FIRST.fullmatch(text) is not None and bool(datetime.fromisoformat(text.upper()))
    except ValueError:
        return False
