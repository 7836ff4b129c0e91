"""Stream maps: a mistake in one is a wrong setting, told by stream, field and expression.

The Singer SDK applies them. What it says of a mistake may quote a record; what is said here does not.
Where an expression fails for what one record holds, that record is rejected, and the others go on.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import StreamMapConfigError
from singer_sdk.mapper import CustomStreamMap, PluginMapper, RemoveRecordTransform

from target_referrizer.map_forms import ALIAS, FILTER, KEYS, NOTHING, REST, SOURCE, mistake, quoted
from target_referrizer.records import Unmapped
from target_referrizer.spelling import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from logging import Logger

    from target_referrizer.errors import SettingsError

#: What the target calls a stream that goes nowhere; maps may give its own name to another one.
_NOWHERE = "left out: "
_JSON = (str, int, float, list, dict, type(None))
#: What no record can mend, whatever its values are.
_NEVER = frozenset({"FeatureNotAvailable", "FunctionNotDefined", "OperatorNotDefined"})
_VALUES: tuple[object, ...] = (str, int, float, list, dict, dt.datetime, dt.timedelta, dt.tzinfo, dt, json)
_ATTRIBUTES = frozenset(name for value in _VALUES for name in dir(value))


class Mapper(PluginMapper):
    """The SDK's mapper, which tells mistakes in our words and knows which maps found their stream."""

    def __init__(self, config: Mapping[str, Any], logger: Logger, *, line_no: Callable[[], int]) -> None:
        """See `PluginMapper`.

        Args:
            config: See there, checked; it is left as it is, while the SDK takes entries out of it.
            logger: See there.
            line_no: Gives the number of the line that is being read.
        """
        own: dict[str, Any] = copy.deepcopy(dict(config))
        maps = own.get("stream_maps") or {}
        own["stream_maps"] = {stream: _stripped(fields) for stream, fields in maps.items()}
        super().__init__(own, logger)
        self._line_no = line_no
        self._came: dict[str, None] = {}  # in order
        self._failed: list[tuple[str, str]] = []

    def register_raw_stream_schema(
        self, stream_name: str, schema: dict[str, Any], key_properties: Any
    ) -> None:
        """See `PluginMapper`.

        Raises:
            SettingsError: A map does not fit the stream.
        """
        self._came[stream_name] = None
        self._check_aliases(stream_name)
        as_sent = copy.deepcopy(schema)
        fields = set(schema["properties"])  # the SDK adds to them what maps make
        try:
            super().register_raw_stream_schema(stream_name, _plain(schema), key_properties)
        except StreamMapConfigError as error:
            raise self._unfit(stream_name, schema, key_properties, error) from None
        # The SDK compares the next SCHEMA with it, to see whether it is another.
        self.stream_maps[stream_name][0].raw_schema = as_sent
        for one, given in zip(self.stream_maps[stream_name], self._given(stream_name), strict=True):
            if "id" in given and KEYS not in given:
                one.transformed_key_properties = ["id"]  # the map says what it is
            if isinstance(one, RemoveRecordTransform):
                one.stream_alias = f"{_NOWHERE}{stream_name}"
            elif isinstance(one, CustomStreamMap) and "_eval" not in vars(one):
                one._eval = self._told(stream_name, fields, one._eval)  # type: ignore[method-assign]  # noqa: SLF001
                one.transform = self._whole(one.transform)  # type: ignore[method-assign]

    def _check_aliases(self, stream: str) -> None:
        """See that each map gives its stream a name; one that is no field's is what it says."""
        for fields in self._maps_of(stream):
            if ALIAS in fields and SOURCE not in fields:
                try:
                    alias: Any = self._eval_stream(fields[ALIAS], stream)
                except Exception:  # noqa: BLE001 - whatever an expression can raise
                    alias = None
                if not isinstance(alias, str) or not alias:
                    what = f"{quoted(fields[ALIAS])} is neither a name nor an expression that gives one"
                    raise mistake(stream, ALIAS, what)

    def _unfit(self, stream: str, schema: dict[str, Any], keys: Any, error: Exception) -> SettingsError:
        for fields in self._maps_of(stream):
            dropped = {name for name, value in fields.items() if value in NOTHING}
            kept = {*fields, *(() if REST in fields else schema.get("properties", ()))} - dropped
            gone = [one for one in fields.get(KEYS, keys) or () if one not in kept]
            if gone:
                what = f"the key {', '.join(gone)} is not among the fields that it keeps; add {KEYS}: [id]"
                return mistake(stream, None, what)
        return mistake(stream, None, str(error))

    def _maps_of(self, stream: str) -> Iterator[Mapping[str, Any]]:
        for name, fields in self.stream_maps_dict.items():
            if isinstance(fields, Mapping) and fnmatch(stream, fields.get(SOURCE, name)):
                yield fields

    def _given(self, stream: str) -> list[Mapping[str, Any]]:
        """The entries of each of a stream's maps, in their order: the stream's own first, then its copies."""
        own: Mapping[str, Any] = {}
        copies: list[Mapping[str, Any]] = []
        for name, fields in self.stream_maps_dict.items():
            if isinstance(fields, Mapping) and SOURCE in fields:
                copies += [fields] if _is_for(fields[SOURCE], stream) else []
            elif _is_for(name, stream):
                own = fields if isinstance(fields, Mapping) else {}
        return [own, *copies]

    def _told(self, stream: str, fields: Collection[str], evaluate: Callable[..., Any]) -> Callable[..., Any]:
        """An evaluation whose failure quotes the map alone, and ends the run only where no record could do.

        Args:
            stream: Whose map it is.
            fields: Those that its SCHEMA has.
            evaluate: The SDK's own.
        """

        def told(expr: str, expr_parsed: Any, record: dict[str, Any], property_name: str | None) -> Any:
            try:
                return evaluate(
                    expr=expr, expr_parsed=expr_parsed, record=record, property_name=property_name
                )
            except Exception as error:  # noqa: BLE001 - whatever an expression can raise
                known = {*fields, *({"self"} if property_name in fields else ())}
                why, is_for_all = _why(error, record), _fails_for_all(error, known)
            if is_for_all:
                where = f"at line {self._line_no()} of the input"
                what = f"{quoted(expr)} cannot be worked out {where}: {why}"
                raise mistake(stream, property_name or FILTER, what)
            place = property_name or FILTER
            self._failed.append((place, f"{quoted(expr)} cannot be worked out: {why}"))
            return True if property_name is None else None  # the record goes on, to be rejected by its id

        return told

    def _whole(self, transform: Callable[..., Any]) -> Callable[..., Any]:
        """A map whose record says that one of its expressions failed."""

        def whole(record: dict[str, Any]) -> Any:
            self._failed.clear()
            mapped = transform(record)
            for name, value in (mapped or {}).items():
                if not isinstance(value, _JSON):
                    mapped[name] = self._in_json(name, value)
            if not self._failed:
                return mapped
            place, why = self._failed[0]
            return Unmapped(mapped or {}, f"{place}: {why}", self._line_no())

        return whole

    def _in_json(self, name: str, value: Any) -> Any:
        """What an expression gave as JSON has it: Python's dates as text, decimals as numbers."""
        if isinstance(value, dt.date | dt.time):
            return value.isoformat()
        if isinstance(value, Decimal) and value.is_finite():
            return int(value) if value == value.to_integral_value() else float(value)
        self._failed.append((name, f"it gives a {type(value).__name__}, which is no text, number or date"))
        return None

    def minds(self, stream: str, field: str) -> bool:
        """Whether the maps say what becomes of a stream's records that have a field, or leave all out."""
        given = self._given(stream)
        is_out = all(isinstance(one, RemoveRecordTransform) for one in self.stream_maps.get(stream, [None]))
        return is_out or any(field in str(expression) for one in given for expression in one.values())

    @staticmethod
    def leaves_out(stream: str) -> bool:
        """Whether a stream, as the maps call it, goes nowhere."""
        return stream.startswith(_NOWHERE)

    def idle(self) -> Iterator[str]:
        """What to say of each map whose stream never came."""
        for name, fields in self.stream_maps_dict.items():
            source = fields.get(SOURCE, name) if isinstance(fields, Mapping) else name
            if not any(fnmatch(one, source) for one in self._came):
                yield f"stream_maps has {source!r}, a stream that did not come{hint(source, self._came)}"

    def near(self, stream: str) -> str:
        """Which map may be meant for a stream that none is for: `; stream_maps has 'guests'`, or nothing."""
        near = hint(stream, self.stream_maps_dict)
        return near.replace("; did you mean", "; stream_maps has").rstrip("?") if near else ""


def _is_for(name: str, stream: str) -> bool:
    return name == stream or fnmatch(stream, name)


def _stripped(fields: Any) -> Any:
    """Expressions as they are worked out: blanks around one are nothing."""
    if not isinstance(fields, Mapping):
        return fields
    return {name: given.strip() if isinstance(given, str) else given for name, given in fields.items()}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A SCHEMA as the SDK's maps can read it: what a field may be can be `true`, `required` can be null."""
    fields = {name: spec if isinstance(spec, dict) else {} for name, spec in schema["properties"].items()}
    return {name: value for name, value in schema.items() if name != "required"} | {"properties": fields}


def _fails_for_all(error: Exception, fields: Collection[str]) -> bool:
    """Whether an expression fails by what it is, and not by what a record holds.

    Args:
        error: Why it failed.
        fields: Those that the stream's SCHEMA has; where it names none, any field may be one.
    """
    cause = error.__cause__ or error
    kind = type(cause).__name__
    if kind == "NameNotDefined":
        return bool(fields) and getattr(cause, "name", "") not in fields
    if kind == "AttributeDoesNotExist":
        return getattr(cause, "attr", "") not in _ATTRIBUTES
    return kind in _NEVER


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
