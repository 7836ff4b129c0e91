"""What was found in the streams of an input: counts and line numbers, and never a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_referrizer import schemas
from target_referrizer.fits.words import is_word
from target_referrizer.records import is_by_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

#: So many fields, or kinds of breaches, of one stream are told apart.
MOST = 500


@dataclass
class Count:
    """How often something was seen, and in which line first."""

    times: int = 0
    first_line: int = 0

    def add(self, line: int) -> None:
        """Once more."""
        self.times += 1
        self.first_line = self.first_line or line


@dataclass
class FieldCount:
    """One field of a stream.

    Attributes:
        present: Records that have it, empty or not.
        filled: Records in which it is not empty.
        is_nested: Whether an object or a list was seen in it, which no field of the contract takes.
        inner: A field of such an object that the contract may have by this name.
        read: Values that were read leniently.
        broken: Breaches of the contract, by what it asks for.
    """

    present: int = 0
    filled: int = 0
    is_nested: bool = False
    inner: str = ""
    read: Count = field(default_factory=Count)
    broken: dict[str, Count] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """Count a value."""
        self.present += 1
        self.filled += value not in (None, "")
        if isinstance(value, dict | list):
            self.is_nested = True
            self.inner = self.inner or next(filter(is_word, value), "")


@dataclass
class StreamCount:
    """One stream as it goes into the target, after mapping.

    Attributes:
        name: As the input calls it.
        alias: As the maps call it.
        keys: Its key, as its SCHEMA says.
        mapped_keys: Its key, as the maps say.
        records: How many came.
        fit: How many of them keep the contract.
        fields: What was found in each field, by name; of the contract's own ones once mapped.
        problems: Records that cannot be taken, by catalogue code and reason.
        twice: Records with an id that came before.
        versions: ACTIVATE_VERSION messages.
        batches: BATCH messages.
    """

    name: str
    alias: str
    keys: tuple[str, ...] = ()
    mapped_keys: tuple[str, ...] = ()
    records: int = 0
    fit: int = 0
    fields: dict[str, FieldCount] = field(default_factory=dict)
    problems: dict[tuple[str, str], Count] = field(default_factory=dict)
    twice: Count = field(default_factory=Count)
    versions: Count = field(default_factory=Count)
    batches: Count = field(default_factory=Count)

    @property
    def is_known(self) -> bool:
        """Whether the contract has it."""
        return self.alias in schemas.STREAMS

    @property
    def fits(self) -> bool:
        """Whether all of it can be taken."""
        return self.is_known and self.is_by_id and self.fit == self.records and not self.batches.times

    @property
    def is_by_id(self) -> bool:
        """Whether its key is `id`."""
        return is_by_id(self.mapped_keys)

    @property
    def contract(self) -> Collection[str]:
        """The contract's fields."""
        return schemas.load(self.alias)["properties"] if self.is_known else ()

    def missing(self) -> list[str]:
        """Required fields that no record has."""
        required = schemas.load(self.alias)["required"] if self.is_known else ()
        return [one for one in required if self.records and one not in self.fields]

    def field_of(self, name: str) -> FieldCount:
        """The count of a field; beyond a bound all further ones are one."""
        name = name if len(self.fields) < MOST or name in self.fields else "…"
        return self.fields.setdefault(name, FieldCount())

    def problem(self, code: str, reason: str, line: int) -> None:
        """Count a record that cannot be taken."""
        key = (code, reason)
        key = key if len(self.problems) < MOST or key in self.problems else (code, "…")
        self.problems.setdefault(key, Count()).add(line)

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "stream": self.name,
            "as": self.alias,
            "in_contract": self.is_known,
            "key": list(self.mapped_keys),
            "fits": self.fits,
            "records": self.records,
            "records_that_fit": self.fit,
            "missing_fields": self.missing(),
            "fields": [_field_json(name, one, name in self.contract) for name, one in self.fields.items()],
            "problems": list(self._problems_json()),
            "ids_again": vars(self.twice),
            "activate_version": vars(self.versions),
            "batch": vars(self.batches),
        }

    def _problems_json(self) -> Iterator[dict[str, Any]]:
        for (code, reason), count in self.problems.items():
            yield {"code": code, "reason": reason, "records": count.times, "first_line": count.first_line}


def _field_json(name: str, found: FieldCount, is_kept: bool) -> dict[str, Any]:  # noqa: FBT001 - a column
    broken = [
        {"reason": reason, "records": count.times, "first_line": count.first_line}
        for reason, count in found.broken.items()
    ]
    read = {"records": found.read.times, "first_line": found.read.first_line}
    seen = {"in_contract": is_kept, "filled": found.filled, "is_nested": found.is_nested}
    return {"name": name, **seen, "read_as": read, "broken": broken}
