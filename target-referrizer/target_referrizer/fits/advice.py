"""Stream maps that make another system's streams those of the contract, ready to copy."""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from target_referrizer.fits.words import NEEDED, fields_for, is_personal, stream_for

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from target_referrizer.fits.counts import StreamCount

#: Names that mean something else in an expression of the SDK.
_TAKEN = frozenset({"_", "self", "record", "config", "fake", "None", "True", "False"})


_NOBODY = "nothing in it says who somebody is, or that somebody came"


def maps_for(
    streams: Iterable[StreamCount], mapped: Collection[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """By stream of the input, the map that it needs; one that is no contact and no check-in is left out.

    Args:
        streams: What was found.
        mapped: Streams that have a map already, which is left to its owner.

    Returns:
        The maps, and by each stream that is left out the reason.
    """
    streams = list(streams)
    strange = [one for one in streams if one.name not in mapped and _needs_a_map(one)]
    guesses = [(_meant(one), one) for one in strange]
    found: dict[str, Any] = {}
    left: dict[str, str] = {}
    taken = {one.alias: one.name for one in streams if one not in strange}
    for stream, one in sorted(guesses, key=lambda guess: (not guess[1].is_known, -len(_fields(*guess)))):
        fields = _fields(stream, one)
        if stream is None or not fields or stream in taken:
            if not one.is_known:
                left[one.name] = _second(stream, taken[stream]) if stream and fields else _NOBODY
                found[one.name] = None
            continue
        taken[stream] = one.name
        alias = {} if stream == one.name else {"__alias__": stream}
        found[one.name] = {**alias, "__key_properties__": ["id"], "__else__": None, **fields}
    return dict(sorted(found.items())), left


def _second(stream: str, first: str) -> str:
    """Why another stream of people stays out: its ids could be those of others in the first."""
    return f"{first} is taken as {stream} already; load this one in runs with a `source` of its own"


def _needs_a_map(stream: StreamCount) -> bool:
    return not stream.is_known or not stream.is_by_id or bool(stream.missing())


def _meant(stream: StreamCount) -> str | None:
    return stream.alias if stream.is_known else stream_for(stream.name, _known(stream), stream.keys)


def _known(stream: StreamCount) -> list[str]:
    fields = stream.fields.items()
    return [name for name, found in fields if not (name.startswith("_sdc_") or found.is_nested)]


def _fields(meant: str | None, stream: StreamCount) -> dict[str, str]:
    """Expressions by field of the contract; none where a field is missing that it cannot do without."""
    if meant is None:
        return {}
    found = fields_for(meant, stream.name, _known(stream), stream.keys)
    given = {field: _expression(name, stream) for field, name in found.items()}
    if len(stream.keys) > 1:
        key = " + '-' + ".join(f"str({_expression(one, stream)})" for one in stream.keys)
        given = {"id": key, **{field: name for field, name in given.items() if field != "id"}}
    if any(map(is_personal, stream.keys)):  # ids stand in logs
        key = given["id"]
        given["id"] = f"sha256({key})" if len(stream.keys) > 1 else f"sha256(str({key})) if {key} else None"
    return given if all(one in given for one in NEEDED[meant]) else {}


def _expression(name: str, stream: StreamCount) -> str:
    """A field as an expression reads it: by its name, where that is one and every record has it."""
    is_name = name.isidentifier() and not iskeyword(name) and name not in _TAKEN
    is_always = name in stream.fields and stream.fields[name].present == stream.records
    return name if is_name and is_always else f"record.get({name!r})"
