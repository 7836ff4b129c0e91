"""The form of stream maps: what no input could make right, told by stream and field.

The Singer SDK's own schema of the setting is no schema itself (`null` stands where one belongs), so that a
wrong `__else__` would break its validator; and it takes null for options that its mapper cannot do without.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import SettingsError
from target_referrizer.spelling import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALIAS = "__alias__"
REST = "__else__"
FILTER = "__filter__"
KEYS = "__key_properties__"
SOURCE = "__source__"
#: What leaves out a field or a stream.
NOTHING = (None, "__NULL__")
#: Longer expressions are told by their beginning.
_SHOWN = 120


def _is_name(given: Any) -> bool:
    return isinstance(given, str) and bool(given.strip())


def _is_text(given: Any) -> bool:
    return given is None or isinstance(given, str)


def _is_list(given: Any) -> bool:
    return given is None or (isinstance(given, list) and all(isinstance(one, str) for one in given))


#: What each option of a stream must be, and how that is told.
_OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    ALIAS: (_is_name, "it must be a name in quotes"),
    REST: (lambda given: given in NOTHING, "it must be null, which leaves out all fields that have no entry"),
    FILTER: (_is_text, "it must be an expression in quotes"),
    KEYS: (_is_list, "it must be a list of fields, such as [id]"),
    SOURCE: (_is_name, "it must be the name of a stream, in quotes"),
}
_FIELD = (_is_text, "it must be an expression in quotes, or null, which leaves the field out")


def problems(maps: Any) -> Iterator[SettingsError]:
    """Everything in the setting `stream_maps` that no input could make right, a line each."""
    for stream, fields in maps.items() if isinstance(maps, Mapping) else ():
        if stream == REST and fields not in NOTHING:
            yield mistake(None, REST, "it must be null, which leaves out all streams that have no entry")
        elif stream[:2] == "__" and stream != REST:
            yield mistake(None, stream, f"there is no such option{hint(stream, [REST])}")
        elif isinstance(fields, Mapping):
            for field, given in fields.items():
                yield from _problems_of(stream, field, given)
        elif fields not in NOTHING:
            what = "it must hold fields with their expressions, or be null, which leaves the stream out"
            yield mistake(stream, None, what)


def _problems_of(stream: str, field: str, given: Any) -> Iterator[SettingsError]:
    near = hint(field, _OPTIONS) if field[:2] == "__" and field not in _OPTIONS else ""
    has_form, asked = _OPTIONS.get(field, _FIELD)
    if near:
        yield mistake(stream, field, f"there is no such option{near}")
    elif not has_form(given):
        yield mistake(stream, field, asked)
    elif (field not in _OPTIONS or field == FILTER) and given is not None and not _is_one(given):
        yield mistake(stream, field, f"{quoted(given)} is not a Python expression")


def _is_one(expression: str) -> bool:
    """Whether this can be worked out at all, as the SDK parses it; what is to be left out need not be."""
    try:
        body = ast.parse(expression.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(body) == 1 and isinstance(body[0], ast.Expr)


def quoted(expression: str) -> str:
    """An expression in quotes, and no more of it than a line has room for."""
    return repr(expression if len(expression) <= _SHOWN else f"{expression[:_SHOWN]}…")


def mistake(stream: str | None, field: str | None, what: str) -> SettingsError:
    """An entry that cannot be used.

    Args:
        stream: Whose entry it is, None for one that is of all streams.
        field: The field or option, None where the stream's whole entry is meant.
        what: What is wrong with it.
    """
    place = ", ".join(one for one in (stream is not None and f"stream {stream!r}", field) if one)
    return SettingsError("RFZ-110", f"stream_maps, {place}: {what}")
