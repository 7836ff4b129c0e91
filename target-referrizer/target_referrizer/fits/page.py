"""What a look through an input found, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_referrizer.errors import CATALOGUE
from target_referrizer.reader import named
from target_referrizer.spelling import hint
from target_referrizer.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_referrizer.fits.counts import Count, FieldCount, StreamCount
    from target_referrizer.fits.look import Look

_NO_ZONE = "has no time zone"


def lines(look: Look) -> Iterator[str]:
    """All of it but the maps to copy."""
    for stream in look.streams.values():
        yield from _stream(stream)
    yield from _waiting(look)
    yield from look.idle
    yield from ended(look)
    if not look.streams and not look.ended:
        yield "the input holds no stream; is any selected in the tap?"


def ended(look: Look) -> Iterator[str]:
    """Where reading ended before the input did."""
    if look.ended:
        why = look.ended.what.removeprefix(f"line {look.last_line} of the input ").removeprefix("is ")
        yield f"reading ended at line {look.last_line}: {why}; nothing from there on is counted"


def broken(look: Look) -> Iterator[str]:
    """What cannot be taken of streams of the contract, and what waits."""
    for stream in look.streams.values():
        yield from _problems(stream)
    yield from _waiting(look)


def _waiting(look: Look) -> Iterator[str]:
    if look.unknown_contacts:
        who = counted(look.unknown_contacts, "contact")
        yield f"check-ins of {who} without a record in this input wait, unless an earlier run brought them"


def _problems(stream: StreamCount) -> Iterator[str]:
    for (code, reason), count in stream.problems.items():
        yield _row(f"{code} {CATALOGUE[code].title}", count.times, f"{reason}; {_first(count)}")


def unfit(look: Look) -> str:
    """What does not fit, in a line."""
    strange = [named(one.alias).strip() for one in look.streams.values() if not one.is_known]
    unknown = f"; unknown streams: {', '.join(filter(None, strange))}" if strange else ""
    keyed = [one.alias for one in look.streams.values() if one.is_known and not one.is_by_id]
    keys = f"; a key that is not id alone: {', '.join(keyed)}" if keyed else ""
    batches = "; BATCH messages" if any(one.batches.times for one in look.streams.values()) else ""
    return f"{look.fit:,} of {counted(look.records, 'record')} of the input fit{unknown}{keys}{batches}"


def cautions(maps: Mapping[str, Mapping[str, str] | None], left: Mapping[str, str]) -> Iterator[str]:
    """What to know of maps before they are copied, and why streams are left out."""
    for name, fields in maps.items():
        if fields is None:
            yield f"  stream {name} is left out: {left[name]}"
            continue
        if fields["id"].startswith("sha256("):
            yield f"  stream {name}: its key is an e-mail or phone; who changes it comes as somebody new"
        if fields.get("__alias__", name) == "check_ins" and "is_checked_in" not in fields:
            yield f"  stream {name}: every row counts as a visit unless is_checked_in is mapped"


def zoneless(look: Look) -> int:
    """In how many values a time zone is missing."""
    return sum(
        count.times
        for stream in look.streams.values()
        for found in stream.fields.values()
        for reason, count in found.broken.items()
        if reason.startswith(_NO_ZONE)
    )


def _stream(stream: StreamCount) -> Iterator[str]:
    name = f"stream {stream.name}" + (f" as {stream.alias}" if stream.alias != stream.name else "")
    if not stream.is_known:
        near = hint(stream.alias, ("contacts", "check_ins"))
        yield f"{name}: none of the contract's ({counted(stream.records, 'record')}){near}"
        yield f"  its fields: {', '.join(stream.fields) or 'none'}"
    else:
        yield f"{name}: {stream.fit:,} of {counted(stream.records, 'record')} fit"
        yield from _fields(stream)
        yield from _problems(stream)
    if stream.twice.times:
        yield _row("id came before", stream.twice.times, f"the newer counts; {_first(stream.twice)}")
    yield from _nested(stream)
    if stream.batches.times:
        yield _row("BATCH messages", stream.batches.times, "refused (RFZ-215)")
    if stream.versions.times:
        yield _row("ACTIVATE_VERSION", stream.versions.times, "nobody is deleted in Referrizer")


def _nested(stream: StreamCount) -> Iterator[str]:
    nested = {name: found.inner for name, found in stream.fields.items() if found.is_nested}
    if nested:
        yield f"  objects or lists, which no field takes: {', '.join(nested)}"
    for name in (name for name, inner in nested.items() if inner):
        yield f'    a map reaches into one by "(record.get({name!r}) or {{}}).get({nested[name]!r})"'


def _fields(stream: StreamCount) -> Iterator[str]:
    kept = {name: found for name, found in stream.fields.items() if name in stream.contract}
    for name, found in kept.items():
        yield _row(name, found.filled, _remark(found))
    over = [f"{name}{_near(name, stream)}" for name in stream.fields if name not in kept]
    if over:
        yield f"  passed over: {', '.join(over)}"
    if not stream.is_by_id:
        yield f"  its key is {', '.join(stream.mapped_keys)}, and not id alone: refused (RFZ-111)"
    if stream.missing():
        yield f"  missing, and required: {', '.join(stream.missing())}"


def _remark(found: FieldCount) -> str:
    said = [f"{count.times:,} broken, {_first(count)}: {why}" for why, count in found.broken.items()]
    read = [f"{found.read.times:,} read as what is meant, {_first(found.read)}"] if found.read.times else []
    return "; ".join(said + read)


def _row(name: str, number: int, remark: str) -> str:
    """A line of a table, in which names stand as they are written."""
    return f"  {name:<34} {number:>9,}{f'   {remark}' if remark else ''}"


def _near(name: str, stream: StreamCount) -> str:
    near = hint(name, [one for one in stream.contract if one not in stream.fields])
    return near.replace("; did you mean", " (perhaps").replace("?", ")") if near else ""


def _first(count: Count) -> str:
    return f"first in line {count.first_line:,}"
