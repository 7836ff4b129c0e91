"""What a run read and what it cost: one tally for each stream and location."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from copy import copy
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING

from tap_booker.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_booker.errors import BookerError

COLUMNS = ("stream", "location", "rows", "pages", "calls", "skipped", "ignored", "outcome")


@dataclass
class Tally:
    """Counts of one stream of one location; safe to count into from several threads.

    Attributes:
        stream: Stream name, or `connection` for what both streams share (tokens, the location itself).
        location: Booker's Location ID, or None.
        rows: Records emitted.
        pages: Pages received, the empty last one included.
        calls: HTTP requests sent, retries and token calls included (calls may be billed).
        skipped: Broken records left out.
        ignored: Rows that no one can use: an appointment without a customer, a customer that is null.
        failure: Why the location failed, or None.
        is_done: Whether it was read to its end.
        progress: Whom to tell how far it is.
    """

    stream: str
    location: int | None = None
    rows: int = 0
    pages: int = 0
    calls: int = 0
    skipped: int = 0
    ignored: int = 0
    failure: BookerError | None = None
    is_done: bool = False
    progress: Progress = field(default_factory=Progress, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _part: tuple[float, float] = field(default=(0.0, 1.0), repr=False)
    _part_pages: int = field(default=0, repr=False)
    _expected_pages: float = field(default=0.0, repr=False)

    def add(self, *, pages: int = 0, calls: int = 0, skipped: int = 0) -> None:
        """Count what a worker did."""
        with self._lock:
            self.pages += pages
            self.calls += calls
            self.skipped += skipped
        if pages:
            self.progress.at(self._what, self.pages, self.rows, self._share)

    def begin(self) -> None:
        """Say that this is asked for now."""
        self.progress.at(self._what, self.pages, self.rows)

    def part(self, start: float, end: float) -> None:
        """Read this part of the whole from now on, each bound from 0 to 1; both 0 where nobody knows."""
        with self._lock:
            self._part, self._part_pages, self._expected_pages = (start, end), 0, 0.0

    def used(self, expected: float) -> None:
        """Count a page of this part as read.

        Args:
            expected: Pages of this part, as Booker counts them; 0 where it does not.
        """
        with self._lock:
            self._part_pages += 1
            self._expected_pages = expected or self._expected_pages

    @property
    def _share(self) -> float:
        """How much of the whole was read, from 0 to 1; 0 when nobody knows."""
        start, end = self._part
        done = min(1.0, self._part_pages / self._expected_pages) if self._expected_pages else 0.0
        return start + (end - start) * done

    @property
    def _what(self) -> str:
        return f"{self.stream} of {self.location}"

    def as_dict(self) -> dict[str, str | int | None]:
        """The tally for machines."""
        return {
            "stream": self.stream,
            "location": self.location,
            "rows": self.rows,
            "pages": self.pages,
            "calls": self.calls,
            "skipped": self.skipped,
            "ignored": self.ignored,
            "outcome": self._outcome(),
        }

    def told(self) -> str:
        """The tally in words: `contacts of 3749: rows 100, pages 2, calls 2, ok`."""
        whole = {**self.as_dict(), "location": None, "stream": None, "outcome": None}
        counts = ", ".join(f"{name} {number}" for name, number in whole.items() if number)
        of = f" of {self.location}" if self.location else ""
        return f"{self.stream}{of}: {counts or 'nothing read'}, {self._outcome()}"

    def _outcome(self) -> str:
        """`ok`, the code of the failure, or `interrupted` by what ended the whole run."""
        if self.failure is not None:
            return self.failure.code
        return "ok" if self.is_done else "interrupted"


class Report:
    """All tallies of a run."""

    def __init__(self, progress: Progress, tallies: Sequence[Tally] = ()) -> None:
        self._progress = progress
        self._tallies = [*tallies] or [Tally("connection", is_done=True)]
        self.connection = self._tallies[0]

    def tally(self, stream: str, location: int) -> Tally:
        """Open the tally of one stream of one location."""
        tally = Tally(stream, location, progress=self._progress)
        self._tallies.append(tally)
        return tally

    def taken(self) -> Report:
        """As it stands now: pages that were asked for in advance may still come and be counted."""
        return Report(self._progress, [copy(tally) for tally in self._tallies])

    @property
    def failures(self) -> list[BookerError]:
        """What went wrong, in the order in which it did."""
        return [tally.failure for tally in self._tallies if tally.failure is not None]

    def failure_lines(self) -> Iterator[str]:
        """What went wrong where, and what to do about it; a failure that several reads share stands once."""
        reads = [tally for tally in self._tallies if tally.failure and tally is not self.connection]
        for failure in dict.fromkeys(tally.failure for tally in reads):
            where = ", ".join(f"{one.stream} of {one.location}" for one in reads if one.failure is failure)
            yield f"{failure} ({where})"

    @property
    def exit_code(self) -> int:
        """0 when all went well, 2 when a person must mend a setting, else 1."""
        return max((failure.exit_code for failure in self.failures), default=0)

    @property
    def calls(self) -> int:
        """HTTP requests sent in all."""
        return sum(tally.calls for tally in self._tallies)

    def line(self, exit_code: int = 0, seconds: float = 0.0) -> str:
        """The report as one line of JSON, with how the run ended and how long it took."""
        about = {"exit_code": exit_code, "duration_seconds": round(seconds, 1), "calls": self.calls}
        return json.dumps({**about, "reads": [tally.as_dict() for tally in self._tallies]})

    def table(self) -> str:
        """The report for a terminal, one line for each tally; in words where the table would not fit."""
        rows = [COLUMNS, *(tuple(map(_cell, tally.as_dict().values())) for tally in self._tallies)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        lines = [line.rstrip() for line in lines]
        if max(map(len, lines)) > (columns := _columns()):
            lines = [
                line
                for tally in self._tallies
                for line in wrap(tally.told(), columns, subsequent_indent="  ")
            ]
        return "\n".join([*lines, f"calls made in all: {self.calls}"])


def _columns() -> int:
    """Columns of the terminal that shows standard error."""
    if "COLUMNS" not in os.environ and sys.stderr is not None and sys.stderr.isatty():
        return os.get_terminal_size(sys.stderr.fileno()).columns
    return shutil.get_terminal_size().columns


def _cell(value: str | int | None) -> str:
    """One cell of the table."""
    return "-" if value is None else str(value)
