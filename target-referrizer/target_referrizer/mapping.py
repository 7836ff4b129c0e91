"""Stream maps: a mistake in one is a wrong setting, told by stream, field and expression.

The Singer SDK applies them. What it says of a mistake may quote a record; what is said here does not.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.mapper import CustomStreamMap, PluginMapper, RemoveRecordTransform

from target_referrizer.errors import SettingsError
from target_referrizer.spelling import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REST = "__else__"
_KEYS = "__key_properties__"
_FILTER = "__filter__"
_SOURCE = "__source__"
_OPTIONS = ("__alias__", _REST, _FILTER, _KEYS, _SOURCE)
_NULL = "__NULL__"
#: Longer expressions are told by their beginning.
_SHOWN = 120


def problems(maps: Any) -> Iterator[SettingsError]:
    """Everything in the setting `stream_maps` that no input could make right, a line each."""
    for stream, fields in maps.items() if isinstance(maps, Mapping) else ():
        for field, expression in fields.items() if isinstance(fields, Mapping) else ():
            near = hint(field, _OPTIONS) if field[:2] == "__" and field not in _OPTIONS else ""
            if near:
                yield _mistake(stream, field, f"there is no such option{near}")
            is_expression = field not in _OPTIONS or field == _FILTER
            if is_expression and isinstance(expression, str) and not _is_one(expression):
                yield _mistake(stream, field, f"{_quoted(expression)} is not a Python expression")


def _is_one(expression: str) -> bool:
    """Whether this can be worked out at all, as the SDK parses it; what is to be left out need not be."""
    try:
        body = ast.parse(expression).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(body) == 1 and isinstance(body[0], ast.Expr)


def _quoted(expression: str) -> str:
    return repr(expression if len(expression) <= _SHOWN else f"{expression[:_SHOWN]}…")


def _mistake(stream: str, field: str | None, what: str) -> SettingsError:
    place = f"stream {stream!r}" + (f", {field}" if field else "")
    return SettingsError("RFZ-110", f"stream_maps, {place}: {what}")


class Mapper(PluginMapper):
    """The SDK's mapper, which tells mistakes in our words and knows which maps found their stream."""

    def __init__(self, *args: Any, line_no: Callable[[], int], **kwargs: Any) -> None:
        """See `PluginMapper`.

        Args:
            args: See there.
            line_no: Gives the number of the line that is being read.
            kwargs: See there.
        """
        try:
            super().__init__(*args, **kwargs)
        except StreamMapConfigError as error:
            raise SettingsError("RFZ-110", f"stream_maps: {error}") from None
        self._line_no = line_no
        self._came: list[str] = []

    def register_raw_stream_schema(
        self, stream_name: str, schema: dict[str, Any], key_properties: Any
    ) -> None:
        """See `PluginMapper`.

        Raises:
            SettingsError: A map does not fit the stream.
        """
        self._came.append(stream_name)
        try:
            super().register_raw_stream_schema(stream_name, schema, key_properties)
        except (StreamMapConfigError, MapExpressionError, NotImplementedError, TypeError) as error:
            raise self._unfit(stream_name, schema, key_properties, error) from None
        for one in self.stream_maps[stream_name]:
            if isinstance(one, CustomStreamMap):
                one._eval = self._told(stream_name, one._eval)  # type: ignore[method-assign]  # noqa: SLF001

    def _unfit(self, stream: str, schema: dict[str, Any], keys: Any, error: Exception) -> SettingsError:
        for fields in self._maps_of(stream):
            dropped = {name for name, value in fields.items() if value in (None, _NULL)}
            kept = {*fields, *(() if _REST in fields else schema.get("properties", ()))} - dropped
            gone = [one for one in fields.get(_KEYS, keys) or () if one not in kept]
            if gone:
                what = f"the key {', '.join(gone)} is not among the fields that it keeps; add {_KEYS}: [id]"
                return _mistake(stream, None, what)
        said = str(error) if isinstance(error, StreamMapConfigError) else "it has the wrong form"
        return _mistake(stream, None, said)

    def _maps_of(self, stream: str) -> Iterator[Mapping[str, Any]]:
        for name, fields in self.stream_maps_dict.items():
            if isinstance(fields, Mapping) and fnmatch(stream, fields.get(_SOURCE, name)):
                yield fields

    def _told(self, stream: str, evaluate: Callable[..., Any]) -> Callable[..., Any]:
        """An evaluation whose failure says where it is, and quotes the map alone."""

        def told(expr: str, expr_parsed: Any, record: dict[str, Any], property_name: str | None) -> Any:
            try:
                return evaluate(
                    expr=expr, expr_parsed=expr_parsed, record=record, property_name=property_name
                )
            except Exception as error:  # noqa: BLE001 - whatever an expression can raise
                where = f"at line {self._line_no()} of the input"
                what = f"{_quoted(expr)} cannot be worked out {where}: {_why(error, record)}"
            raise _mistake(stream, property_name or _FILTER, what)

        return told

    def leaves_out(self, stream: str) -> bool:
        """Whether a stream of the input goes nowhere."""
        maps = self.stream_maps.get(stream, [])
        return bool(maps) and all(isinstance(one, RemoveRecordTransform) for one in maps)

    def idle(self) -> Iterator[str]:
        """What to say of each map whose stream never came."""
        for name, fields in self.stream_maps_dict.items():
            source = fields.get(_SOURCE, name) if isinstance(fields, Mapping) else name
            if not any(fnmatch(one, source) for one in self._came):
                yield f"stream_maps has {source!r}, a stream that did not come{hint(source, self._came)}"

    def near(self, stream: str) -> str:
        """Which map may be meant for a stream that none is for: `; stream_maps has 'guests'`, or nothing."""
        near = hint(stream, self.stream_maps_dict)
        return near.replace("; did you mean", "; stream_maps has").rstrip("?") if near else ""


def _why(error: Exception, record: Mapping[str, Any]) -> str:
    """What went wrong, by kind: what an error says may hold a value of the record."""
    cause = error.__cause__ or error
    kind = type(cause).__name__
    if kind == "NameNotDefined":
        name = str(getattr(cause, "name", ""))
        near = hint(name, record) or f"; where it may be missing write record.get({name!r})"
        return f"the record has no field {name!r}{near}"
    if kind == "FunctionNotDefined":
        return f"there is no function {getattr(cause, 'func_name', '')!r}"
    if kind == "AttributeDoesNotExist":
        return f"a value has no {getattr(cause, 'attr', '')!r}, such as an empty one"
    return f"{kind}, perhaps an empty value"
