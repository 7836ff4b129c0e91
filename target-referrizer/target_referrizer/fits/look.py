"""One look through an input: each record is mapped and judged as a run would, and nothing is kept of it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import SingerMessageType

from target_referrizer.errors import TargetError
from target_referrizer.fits.counts import Count, StreamCount
from target_referrizer.fits.ids import Ids
from target_referrizer.ledger.rows import id_text
from target_referrizer.mapping import Mapper
from target_referrizer.reader import LineReader, named
from target_referrizer.records import RECORDS, Records, Unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import IO

    from target_referrizer.settings import Settings

_EMPTY = (None, "")


class Look:
    """What an input holds.

    Attributes:
        streams: What was found, one for each stream as it goes into the target.
        unknown_contacts: Contacts that have check-ins and no record in the input.
        idle: What to say of stream maps whose stream did not come.
        ended: Why reading ended before the input did; what was found until there stays.
    """

    def __init__(self, config: Mapping[str, Any], settings: Settings) -> None:
        """Prepare.

        Args:
            config: With the stream maps, if there are any.
            settings: The same, read.
        """
        self.streams: dict[tuple[str, str], StreamCount] = {}
        self.unknown_contacts = 0
        self.idle: list[str] = []
        self.ended: TargetError | None = None
        self._reader = LineReader()
        log = logging.getLogger("target-referrizer")
        self._maps = Mapper(config, log, line_no=lambda: self._reader.line_no)
        self._records = {name: kind(settings, datetime.now(UTC)) for name, kind in RECORDS.items()}

    @property
    def fits(self) -> bool:
        """Whether a run could take all of it."""
        return bool(self.streams) and not self.ended and all(one.fits for one in self.streams.values())

    @property
    def records(self) -> int:
        """How many came."""
        return sum(one.records for one in self.streams.values())

    @property
    def fit(self) -> int:
        """How many of them can be taken."""
        return sum(one.fit for one in self.streams.values())

    def through(self, file: IO[str]) -> Look:
        """Read all of an input.

        Raises:
            TargetError: A stream map does not fit.
        """
        self._ids = Ids()
        try:
            self._read(file)
            came = "contacts" in {one.alias for one in self.streams.values()}
            self.unknown_contacts = self._ids.missing() if came else 0
        finally:
            self._ids.close()
        self.idle = list(self._maps.idle())
        return self

    @property
    def last_line(self) -> int:
        """The line that was read last."""
        return self._reader.line_no

    def _read(self, file: IO[str]) -> None:
        """Read up to the end, or to a line that is no Singer message."""
        try:
            self._reader.process_lines(file, self._callbacks())
        except TargetError as ended:
            if ended.code != "RFZ-202":
                raise
            self.ended = ended

    def _callbacks(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        return {
            SingerMessageType.SCHEMA: self._schema,
            SingerMessageType.RECORD: self._record,
            SingerMessageType.STATE: lambda _: None,
            SingerMessageType.ACTIVATE_VERSION: lambda message: self._note(message, "versions"),
            SingerMessageType.BATCH: lambda message: self._note(message, "batches"),
        }

    def _schema(self, message: dict[str, Any]) -> None:
        self._reader.assert_line_requires(message, {"stream", "schema"})
        self._reader.assert_line_requires(message["schema"], {"properties"})
        name, keys = message["stream"], message.get("key_properties") or []
        self._maps.register_raw_stream_schema(name, message["schema"], keys)
        for one in self._maps.stream_maps[name]:
            if not self._maps.leaves_out(one.stream_alias):
                mapped = tuple(one.transformed_key_properties or ())
                count = StreamCount(name, one.stream_alias, tuple(keys), mapped)
                self.streams.setdefault((name, one.stream_alias), count).mapped_keys = mapped

    def _note(self, message: dict[str, Any], what: str) -> None:
        for one in self._of(str(message.get("stream"))):
            getattr(one, what).add(self._reader.line_no)

    def _of(self, name: str) -> Iterator[StreamCount]:
        return (one for (source, _), one in self.streams.items() if source == name)

    def _record(self, message: dict[str, Any]) -> None:
        self._reader.assert_line_requires(message, {"stream", "record"})
        name = message["stream"]
        if name not in self._maps.stream_maps:
            raise TargetError("RFZ-202", f"a record of stream{named(name)} comes before its SCHEMA")
        for one in self._maps.stream_maps[name]:
            mapped = one.transform(dict(message["record"]))
            if mapped is not None and (name, one.stream_alias) in self.streams:
                self._judge(self.streams[name, one.stream_alias], mapped)

    def _judge(self, stream: StreamCount, record: dict[str, Any]) -> None:
        stream.records += 1
        for name, value in record.items():
            stream.field_of(name).add(value)
        if stream.is_known and self._is_good(stream, self._records[stream.alias], record):
            stream.fit += 1

    def _is_good(self, stream: StreamCount, records: Records, record: dict[str, Any]) -> bool:
        line = self._reader.line_no
        try:
            good = _taken(records, record)
        except Unusable as problem:
            stream.problem(problem.code, problem.reason, line)
            if problem.code == "RFZ-203":
                self._breaches(stream, records, record)
            return False
        if good is not record:
            self._changes(stream, record, good)
        if not self._ids.is_new(stream.alias, id_text(good["id"])):
            stream.twice.add(line)
        if stream.alias == "check_ins":
            self._ids.want(id_text(good["contact_id"]))
        return True

    def _breaches(self, stream: StreamCount, records: Records, record: dict[str, Any]) -> None:
        """Every field that breaks the contract; a run rejects a record at the first."""
        for place, asked in records.contract.breaches(records.lenient.read(record)):
            if place in record:
                stream.field_of(place).broken.setdefault(asked, Count()).add(self._reader.line_no)

    def _changes(self, stream: StreamCount, record: dict[str, Any], good: dict[str, Any]) -> None:
        for name, value in good.items():
            before = record[name]
            if before not in _EMPTY and (before != value or type(before) is not type(value)):
                stream.field_of(name).read.add(self._reader.line_no)


def _taken(records: Records, record: dict[str, Any]) -> dict[str, Any]:
    """A record as a run would take it; Unusable also where the run stages it and never sends it."""
    good = records.checked(record)
    row = records.row(good)
    if code := getattr(row, "reject_code", None):
        raise Unusable(code, row.reject_reason)
    return good
