"""Naming a person in the report."""

from __future__ import annotations

import json

from target_referrizer.masking import masked


def known(key: str, *, unmasked: bool) -> str:
    """An id as it may be shown: some sources make them of names and addresses."""
    return str(masked("id", key, unmasked=unmasked))


def who(key: str, record: str | None, *, unmasked: bool) -> str:
    """An id, and the name that its record gives; masked unless asked for.

    Args:
        key: Id of the record.
        record: The record as the ledger keeps it, as JSON; None when it keeps none.
        unmasked: Show the whole name.
    """
    values = json.loads(record or "{}")
    found = [values.get(field) for field in ("first_name", "last_name")] if isinstance(values, dict) else []
    name = " ".join(str(masked("first_name", one, unmasked=unmasked)) for one in found if one)
    shown = known(key, unmasked=unmasked)
    return f"{shown} ({name})" if name else shown
