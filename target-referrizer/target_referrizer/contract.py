"""Whether a record keeps the stream contract, and what breaks it.

`jsonschema` has the word. Nearly every record is good, and jsonschema-rs tells so many times as fast, with
the checks of formats that `jsonschema` has; only what it does not pass is looked at by `jsonschema`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from jsonschema import Draft202012Validator

from target_referrizer import schemas
from target_referrizer.lenient import what_is_wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORMATS = Draft202012Validator.FORMAT_CHECKER


class Contract:
    """The contract of one stream."""

    def __init__(self, stream: str) -> None:
        schema = schemas.load(stream)
        self._slow = Draft202012Validator(schema, format_checker=_FORMATS)
        formats = {name: _checked(name) for name in _FORMATS.checkers}
        self._fast = jsonschema_rs.Draft202012Validator(schema, formats=formats, validate_formats=True)

    def breach(self, record: Any) -> str | None:
        """What breaks the contract where, and what it asks for, without the value; None if nothing does."""
        if self.is_surely_kept(record):
            return None
        error = next(self._slow.iter_errors(record), None)
        return in_words(error) if error else None

    def breaches(self, record: Any) -> Iterator[tuple[str, str]]:
        """Everything that breaks the contract: where, and what it asks for."""
        for error in self._slow.iter_errors(record):
            yield ".".join(str(part) for part in error.absolute_path), _asked(error)

    def is_surely_kept(self, record: Any) -> bool:
        """The quick look; it says no also of what it cannot read, such as half a character."""
        try:
            return self._fast.is_valid(record)
        except ValueError:
            return False


def _checked(name: str) -> Any:
    """Whether a text has this form; a row's times are often the same, and those of the run always are."""
    return lru_cache(maxsize=1000)(lambda value: _FORMATS.conforms(value, name))


def in_words(error: Any) -> str:
    """What `jsonschema` found, without the value."""
    place = ".".join(str(part) for part in error.absolute_path) or "the record"
    return f"{place}: {_asked(error)}"


def _asked(error: Any) -> str:
    """What the contract asks for, without the value that broke it."""
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{', '.join(missing)} is missing"
    asked = error.validator_value
    if error.validator in {"type", "format"}:
        kinds = " or ".join([asked] if isinstance(asked, str) else asked)
        article = "an" if kinds.startswith("integer") else "a"
        form = error.schema.get("format")
        known = what_is_wrong(form, error.instance) if form else None
        return known or f"must be {article} {kinds}"
    return f"does not keep to {error.validator} {asked}"
