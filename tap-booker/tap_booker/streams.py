"""The two streams: which windows are read, which rows come out, when a bookmark moves.

The bookmark of both streams is the instant of the run, for each location by itself. It never comes from a
record: a date mistyped into the future would move it there, and an appointment has no date of modification.
"""

from __future__ import annotations

import abc
import logging
from contextlib import closing
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.streams import Stream

from tap_booker import emitting, measures, queries, rows, schemas
from tap_booker.dates import moment_of
from tap_booker.errors import BookerError, FatalError, StateError
from tap_booker.queries import Window
from tap_booker.seen import Merged, Seen
from tap_booker.stopping import STOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context

    from tap_booker.client import Query
    from tap_booker.location import Location
    from tap_booker.report import Tally
    from tap_booker.rows import Row
    from tap_booker.run import Run

DEFAULT_HISTORY = timedelta(days=365)
DAY = timedelta(days=1)
FIRST_YEAR = 1990
"""No run was before it: an older bookmark is a mistake, and times far from now are no dates."""


class BookerStream(Stream):
    """A stream of one list of Booker, location by location.

    Args:
        tap: The tap, which owns the run.
    """

    primary_keys: ClassVar[tuple[str, ...]] = ("id",)
    endpoint: ClassVar[str]

    @abc.abstractmethod
    def read(self, location: Location, bookmark: datetime | None, tally: Tally) -> Iterator[Row]:
        """Read what is new at a location since its bookmark; all of it when there is none."""

    @property
    def run(self) -> Run:
        """The run that this stream is part of."""
        run: Run = self._tap.run  # type: ignore[attr-defined]
        return run

    @property
    def partitions(self) -> list[dict[str, Any]] | None:
        """One partition of the state for each location of the settings; others in the state stay."""
        return [{"location_id": location_id} for location_id in self.config["location_ids"]]

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:
        """Rows of one location. A failure costs this location its new bookmark, and stops no other."""
        if self.run.stopped_by is not None:
            return
        location_id = int((context or {})["location_id"])
        tally = self.run.report.tally(self.name, location_id)
        tally.begin()
        try:
            for row in self.read(self.run.location(location_id), self._bookmark(context), tally):
                STOP.check()
                tally.rows += 1
                yield row
        except BookerError as failure:
            tally.failure = failure.with_traceback(None)  # else it would keep all that was read alive
            if isinstance(failure, FatalError):
                self.run.stopped_by = failure
            else:
                text = "%s, location %d: %s No more is read of it; the bookmark stays."
                self.logger.warning(text, self.name, location_id, failure.happened)
        else:
            tally.is_done = True
            self._advance(context)
        finally:
            measures.requests_made(tally, type(self).endpoint)

    def _bookmark(self, context: Context | None) -> datetime | None:
        """Where the last good run of this location stood; never later than now."""
        if self.forced_replication_method == "FULL_TABLE":
            return None
        value = self.get_context_state(context).get("replication_key_value")
        if value is None:
            return None
        moment = moment_of(value, None) if isinstance(value, str) else None
        if moment is None or moment.year < FIRST_YEAR:
            raise StateError(f"The bookmark of {self.name} is no date-time of a run.")
        return min(moment, self.run.now)

    def _advance(self, context: Context | None) -> None:
        """Move the bookmark of a location that was read to its end, and say so at once."""
        state = self.get_context_state(context)
        state["replication_key"] = type(self).replication_key
        state["replication_key_value"] = self.run.now.isoformat()
        self.state_manager.is_flushed = False
        self._write_state_message()

    def _later_window(self, bookmark: datetime) -> Window:
        """The window of modification of a later run."""
        return Window(bookmark - timedelta(hours=self.config["lookback_hours"]), self.run.now)

    def log(self, message: str, *args: object, level: int = logging.INFO, **kwargs: Any) -> None:
        """Say what the SDK says, save that something was unhandled: the command ends with a better line."""
        if level < logging.ERROR:
            super().log(message, *args, level=level, **kwargs)

    @cached_property
    def _is_plain(self) -> bool:
        return emitting.is_plain(self)

    def _write_record_message(self, record: dict[str, Any]) -> None:
        """Write a row as it is; as the SDK does where a catalog or a map wants something else of it."""
        if not self._is_plain:
            super()._write_record_message(record)
            return
        self._tap.message_writer.write_line(emitting.record_line(self.name, record))  # type: ignore[attr-defined]
        self.state_manager.is_flushed = False

    def _process_record(
        self,
        record: dict[str, Any],
        child_context: Context | None = None,
        partition_context: Context | None = None,
    ) -> None:
        """Add nothing to a row: it has its location, and no stream has children."""

    # The SDK's own bookkeeping takes bookmarks from records and leaves markers in the state; both stay out.

    def _increment_stream_state(
        self, latest_record: Mapping[str, Any], *, context: Context | None = None
    ) -> None:
        """Take no bookmark from a record."""

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Leave no marker in the state."""

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Leave no marker in the state."""


class Contacts(BookerStream):
    """Customers of the locations: all at first, then those that were modified."""

    name = "contacts"
    replication_key = "updated_at"
    endpoint = queries.CUSTOMERS
    schema: ClassVar[dict[str, Any]] = schemas.CONTACTS

    def read(self, location: Location, bookmark: datetime | None, tally: Tally) -> Iterator[Row]:
        """Customers, filtered by Booker and again here, in case Booker ignores the filter."""
        window = self._later_window(bookmark) if bookmark else None
        query = queries.customers(location, window, self.config["date_filter_style"])
        for raw in self.run.rows(query, tally, rows.customer_id):
            row = rows.contact(raw, location.id, location.zone)
            if row is None:
                tally.ignored += 1
            elif window is None or _is_since(window.start, rows.modified_at(raw, location.zone)):
                yield row


class CheckIns(BookerStream):
    """Appointments that came to pass, or should have by now."""

    name = "check_ins"
    replication_key = "as_of"
    endpoint = queries.APPOINTMENTS
    schema: ClassVar[dict[str, Any]] = schemas.CHECK_INS

    def read(self, location: Location, bookmark: datetime | None, tally: Tally) -> Iterator[Row]:
        """History by start date at first; later what was modified, and the last days by start date."""
        if bookmark is None:
            yield from self._history(location, tally)
        else:
            yield from self._later(location, bookmark, tally)

    def _history(self, location: Location, tally: Tally) -> Iterator[Row]:
        """The first run, slice by slice.

        A row belongs to whichever slice brings it first: whether Booker cuts at the instant or at the day is
        not known, so the slices' own ends are not held against it. Ids are kept, rows are not.
        """
        span = Window(self._start(location), self.run.now + DAY)
        parts = list(queries.slices(span, self.config["window_days"]))
        seen, whole = Seen(), span.end - span.start
        asked = [self._by_start(location, part) for part in parts]
        with closing(self.run.lists(asked, tally, rows.appointment_id)) as lists:
            for part, found in zip(parts, lists, strict=True):
                tally.part((part.start - span.start) / whole, (part.end - span.start) / whole)
                for one, row in self._mapped(found, location, span, tally):
                    if row is not None and seen.take((one,)):
                        yield row

    def _later(self, location: Location, bookmark: datetime, tally: Tally) -> Iterator[Row]:
        """Both windows of a later run, merged by id: what was read later is newer.

        So the second is begun only when the first was read to its end.
        """
        tally.part(0, 0)  # two windows, and nobody knows which is the longer one
        modified = self._later_window(bookmark)
        # What was to come at the bookmark and never changed since is in no window of modification.
        start = min(self.run.now - timedelta(days=self.config["trailing_days"]), modified.start)
        trailing = Window(start, self.run.now + DAY)
        style = self.config["date_filter_style"]
        query = queries.appointments(location, "DateLastModified", modified, style)
        parts = queries.slices(trailing, self.config["window_days"])
        merged = Merged()
        for one, row in self._mapped(self.run.rows(query, tally, rows.appointment_id), location, None, tally):
            merged.put(one, row)
        asked = [self._by_start(location, part) for part in parts]
        with closing(self.run.lists(asked, tally, rows.appointment_id)) as lists:
            for found in lists:
                for one, row in self._mapped(found, location, trailing, tally):
                    merged.put(one, row)
        yield from merged.rows()

    def _by_start(self, location: Location, window: Window) -> Query:
        """The search for appointments that start in a window."""
        return queries.appointments(location, "StartDate", window, self.config["date_filter_style"])

    def _mapped(
        self, found: Iterable[dict[str, Any]], location: Location, window: Window | None, tally: Tally
    ) -> Iterator[tuple[int, Row | None]]:
        """Ids and rows of a list, None for what has not come to pass; a window holds exactly, by start."""
        for raw in found:
            one = rows.appointment_id(raw)
            if one is None or rows.guest_id(raw) is None:
                tally.ignored += 1
            elif window is None or window.holds(rows.starts_at(raw, location.zone)):
                yield one, rows.check_in(raw, location.id, location.zone, self.run.now)

    def _start(self, location: Location) -> datetime:
        """Where the history begins."""
        setting = self.config.get("start_date")
        return (moment_of(setting, location.zone) if setting else None) or self.run.now - DEFAULT_HISTORY


def _is_since(start: datetime, moment: datetime | None) -> bool:
    """Whether a customer was modified since; one without such a date always counts."""
    return moment is None or moment >= start
