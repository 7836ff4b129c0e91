"""The form of stream maps, told by stream and field.

The Singer SDK's own schema of the setting is no schema itself (`null` stands where one belongs), so that a
wrong `__else__` would break its validator; and it takes null for options that its mapper cannot do without.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import PluginMapper

from tap_booker.errors import SettingError
from tap_booker.spelling import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALIAS = "__alias__"
REST = "__else__"
FILTER = "__filter__"
SOURCE = "__source__"
STREAMS = ("contacts", "check_ins")
"""What a map can be for."""

NOTHING = (None, "__NULL__")
"""What leaves out a field or a stream."""


def _is_name(given: Any) -> bool:
    return isinstance(given, str) and bool(given.strip())


def _is_text(given: Any) -> bool:
    return given is None or isinstance(given, str)


def _is_list(given: Any) -> bool:
    return given is None or (isinstance(given, list) and all(isinstance(one, str) for one in given))


OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    ALIAS: (_is_name, "must be a name in quotes."),
    REST: (lambda given: given in NOTHING, "must be null, which leaves out all fields that have no entry."),
    FILTER: (_is_text, "must be an expression in quotes."),
    "__key_properties__": (_is_list, "must be a list of fields, such as [id]."),
    SOURCE: (_is_name, "must be the name of a stream, in quotes."),
}
"""What each option of a stream must be, and how that is told."""

FIELD = (_is_text, "must be an expression in quotes, or null, which leaves the field out.")


def problems(maps: Any) -> Iterator[SettingError]:
    """Each entry of the setting `stream_maps` that cannot be used, whatever the records hold."""
    for stream, fields in maps.items() if isinstance(maps, Mapping) else ():
        if stream == REST and fields not in NOTHING:
            yield _wrong(REST, "must be null, which leaves out all streams that have no entry.")
        elif stream[:2] == "__" and stream != REST:
            yield _wrong(stream, f"is no option{hint(stream, [REST]) or '.'}")
        elif isinstance(fields, Mapping):
            for field, given in fields.items():
                yield from _problems_of(f"{stream}.{field}", field, given)
            if _is_name(fields.get(ALIAS)) and SOURCE not in fields:
                yield from _alias_problems(stream, fields[ALIAS])
        elif fields not in NOTHING:
            yield _wrong(
                stream, "must hold fields with their expressions, or be null (leave the stream out)."
            )


def _problems_of(place: str, field: str, given: Any) -> Iterator[SettingError]:
    """What is wrong with one entry of a stream."""
    near = hint(field, OPTIONS) if field[:2] == "__" and field not in OPTIONS else ""
    has_form, asked = OPTIONS.get(field, FIELD)
    if near:
        yield _wrong(place, f"is no option{near}")
    elif not has_form(given):
        yield _wrong(place, asked)
    elif (field not in OPTIONS or field == FILTER) and given is not None and not _is_expression(given):
        yield _wrong(place, "is not a Python expression.")


def _alias_problems(stream: str, alias: str) -> Iterator[SettingError]:
    """An alias is a name or an expression of the stream's; the SDK works it out as it reads the stream."""
    for name in STREAMS:
        if fnmatch(name, stream):
            try:
                given: Any = PluginMapper._eval_stream(alias, name)  # noqa: SLF001  there is no other way
            except Exception:  # noqa: BLE001  whatever an expression can raise
                given = None
            if not isinstance(given, str) or not given:
                yield _wrong(f"{stream}.{ALIAS}", "is neither a name nor an expression that gives one.")
                return


def _is_expression(text: str) -> bool:
    """Whether this can be worked out at all, as the SDK parses it."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(body) == 1 and isinstance(body[0], ast.Expr)


def _wrong(place: str, what: str) -> SettingError:
    """An entry that cannot be used; what it holds is not quoted."""
    return SettingError(f"The setting stream_maps, {place}, {what}")
