"""Records as rows of the ledger, before they are staged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class ContactRow:
    """A contact as it is staged: the canonical record, and the keys that matching looks for.

    `status` is new, unreachable, forgotten or rejected (with code and reason).
    """

    id: str
    record: str
    updated_at: datetime | None
    last_visit_at: datetime | None
    email_key: str | None
    phone_key: str | None
    first_key: str
    last_key: str
    status: str
    reject_code: str | None = None
    reject_reason: str = ""

    @classmethod
    def forgotten(cls, key: str, updated_at: datetime | None = None) -> ContactRow:
        """All that is kept of somebody who asked to be forgotten."""
        return cls(key, "{}", updated_at, None, None, None, "", "", "forgotten")


@dataclass(frozen=True)
class VisitRow:
    """A check-in as it is staged."""

    id: str
    contact_id: str
    checked_in_at: datetime | None
    is_checked_in: bool
    is_time_inferred: bool
    as_of: datetime


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def canonical(value: Any) -> str:
    """JSON text that is equal for equal values."""
    return _CANONICAL.encode(value)


def id_text(value: Any) -> str:
    """An id as the ledger keeps it: 7, 7.0 and "7" are one."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
