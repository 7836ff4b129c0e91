"""What files, spreadsheets and databases write instead of what the stream contract asks for.

Only what has one meaning is read as that; everything else is left for the contract to refuse. A record that
keeps the contract never comes here, unless a setting names fields whose stamps are not what they say.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_referrizer import schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from zoneinfo import ZoneInfo

_YES = frozenset({"true", "t", "yes", "y", "1"})
_NO = frozenset({"false", "f", "no", "n", "0"})
#: Where an empty cell has two meanings: an empty "attended" beside a planned time is a guest who never came.
_SAID = frozenset({"is_checked_in", "is_forgotten"})
#: Numbers beyond this are not exact as a spreadsheet keeps them, and no phone, postal code or id.
_EXACT = 10**15
_DAY = r"\d{4}-\d{2}-\d{2}"
_SLASHED = r"\d{4}/\d{2}/\d{2}"
_STAMP = re.compile(
    rf"({_DAY}|{_SLASHED})"
    r"(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII | re.IGNORECASE,
)
#: What the contract itself takes stays as it is.
_GOOD = re.compile(rf"{_DAY}T\d{{2}}:\d{{2}}:\d{{2}}(\.\d+)?(Z|[+-]\d{{2}}:\d{{2}})", re.ASCII)
#: What becomes of a long number in a table that keeps numbers with a point; the contract takes it as text.
_TAILED = re.compile(r"(\+?\d+)\.0", re.ASCII)
_DIGITS = ("phone", "zip")
_MIDNIGHT = re.compile(r"00:00(:00(\.0+)?)?")


class Lenient:
    """How one stream of one source is read."""

    def __init__(self, stream: str, zone: ZoneInfo | None = None, local: Collection[str] = ()) -> None:
        """Prepare for a stream.

        Args:
            stream: `contacts` or `check_ins`.
            zone: Whose local times stamps without a zone are; None: nobody knows.
            local: Fields whose stamps are local times of that zone, whatever offset they carry.
        """
        self._zone, self.local = zone, frozenset(local)
        properties = schemas.load(stream)["properties"]
        self._readers = {name: reader for name, spec in properties.items() if (reader := self._reader(spec))}
        self._readers |= dict.fromkeys(_SAID & set(properties), _yes_or_no)
        self._digits = tuple(name for name in _DIGITS if name in properties)
        self._readers |= dict.fromkeys(self._digits, _digits)

    def _reader(self, spec: dict[str, Any]) -> Callable[[Any], Any] | None:
        kinds = {"date": _date, "date-time": self._date_time}
        if "format" in spec:
            return kinds[spec["format"]]
        if "boolean" in spec["type"]:
            return _boolean
        if "integer" in spec["type"]:  # an id: a text is kept as it is, `12.0` is no `12` there
            return _optional if "null" in spec["type"] else None
        return _text

    def is_needed(self, record: dict[str, Any]) -> bool:
        """Whether a record that keeps the contract may say something else than what it means."""
        return bool(self.local) or any(str(record.get(name)).endswith(".0") for name in self._digits)

    def read(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record like the given one, with every value that has one meaning in the contract's own form."""
        read = dict(record)
        for name, reader in self._readers.items():
            if name in read:
                read[name] = self._as_local(read[name]) if name in self.local else reader(read[name])
        return read

    def _date_time(self, value: Any) -> Any:
        """A stamp with its zone; one without, or a mere day, is one of the given zone.

        Where clocks were put back a local time is the first of the two that it can be; one that was skipped
        is moved on by what was skipped.
        """
        found = _found(value)
        if found is None:
            return _optional(value)
        day, time, zone = _day(found), found[2] or "00:00", found[3]
        if _GOOD.fullmatch(value) or (zone is None and self._zone is None):
            return value
        offset = "+00:00" if zone and zone.upper() in {"Z", "UTC"} else zone or ""
        try:
            stamp = datetime.fromisoformat(f"{day}T{time}{offset}")
        except ValueError:
            return value
        return _written(stamp if zone else stamp.replace(tzinfo=self._zone)) or value

    def _as_local(self, value: Any) -> Any:
        found = _found(value)
        return self._date_time(f"{_day(found)}T{found[2] or '00:00'}") if found else self._date_time(value)


def _found(value: Any) -> re.Match[str] | None:
    return _STAMP.fullmatch(value.strip()) if isinstance(value, str) else None


def _day(found: re.Match[str]) -> str:
    """The day of a stamp; with slashes, too, a day that begins with its year has one meaning."""
    return found[1].replace("/", "-")


def _written(stamp: datetime) -> str | None:
    try:
        return stamp.astimezone(UTC).isoformat()
    except OverflowError:
        return None


def _optional(value: Any) -> Any:
    """Files have no null: an empty cell is one."""
    return None if isinstance(value, str) and not value.strip() else value


def _boolean(value: Any) -> Any:
    return _optional(_yes_or_no(value))


def _yes_or_no(value: Any) -> Any:
    """A boolean that has to be said: an empty text is none."""
    if isinstance(value, str):
        word = value.strip().casefold()
        return True if word in _YES else False if word in _NO else value
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else value


def _text(value: Any) -> Any:
    """A spreadsheet's number for a text of digits; a zero that it has dropped before them is lost."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(int(value)) if is_number and abs(value) < _EXACT and value == int(value) else value


def _digits(value: Any) -> Any:
    found = _TAILED.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else _text(value)


def _date(value: Any) -> Any:
    found = _found(value)
    is_day = found and (found[2] is None or _MIDNIGHT.fullmatch(found[2]))
    return _day(found) if found and is_day else _optional(value)


def what_is_wrong(kind: str, value: Any) -> str | None:
    """What is wrong with what looks like a date-time, or like a day; None where nothing is known.

    Args:
        kind: The contract's format, `date` or `date-time`.
        value: What is there instead.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"must be a {kind}; a number is none: map it"
    found = _found(value)
    if kind == "date-time" and found and not found[3]:
        return "has no time zone; the setting source_timezone says whose local time it is"
    if kind == "date" and found and found[2]:
        return "must be a date; it has a time of day"
    return None
