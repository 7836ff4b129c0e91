"""The accounting of a run: it must add up; a table for people, one JSON line for machines."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import TargetError
from target_referrizer.terminal import as_json, in_words, plain, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_referrizer.ledger.accounting import Counts

CONTACT_WORDS = ("created", "updated", "unchanged", "skipped", "waiting", "rejected", "superseded")
CHECK_IN_WORDS = (
    "delivered", "already_delivered", "merged", "history", "skipped", "waiting", "held", "rejected",
    "superseded",
)  # fmt: skip
STREAMS = {"contacts": CONTACT_WORDS, "check_ins": CHECK_IN_WORDS}


@dataclass(frozen=True)
class Summary:
    """What became of a run's records.

    Attributes:
        read: Records read, by stream.
        counts: By stream, word and reason ("" where a word has none).
        besides: Contacts without a record in this input that were written, by reason.
        backlog: Work from earlier runs that was delivered now.
        groups: Linked contacts by group.
        calls: Requests made, by kind.
    """

    read: Mapping[str, int]
    counts: Mapping[str, Counts]
    besides: Mapping[str, int]
    backlog: Mapping[str, int]
    groups: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)

    def number(self, stream: str, word: str) -> int:
        """How many records of a stream ended as `word`."""
        return sum(self.counts[stream].get(word, {}).values())

    def check(self) -> None:
        """Raise TargetError RFZ-901 unless the words add up to what was read."""
        for stream, words in STREAMS.items():
            found = sum(self.number(stream, word) for word in words)
            if found != self.read[stream]:
                raise TargetError(
                    "RFZ-901", f"{stream}: {self.read[stream]} records read, {found} accounted for"
                )

    def as_json(self) -> dict[str, Any]:
        """The summary for machines: words in snake_case, and why under `reasons`."""
        return {
            **{stream: self._stream(stream) for stream in STREAMS},
            "besides": dict(self.besides),
            "backlog": dict(self.backlog),
            "groups": dict(self.groups),
            "calls": dict(self.calls),
        }

    def _stream(self, stream: str) -> dict[str, Any]:
        words = {word: self.number(stream, word) for word in STREAMS[stream]}
        why = {word: {k: n for k, n in inner.items() if k} for word, inner in self.counts[stream].items()}
        return {
            "read": self.read[stream],
            **words,
            "reasons": {word: inner for word, inner in why.items() if inner},
        }

    def lines(self) -> Iterator[str]:
        """The table for people; a log that drops leading blanks leaves the dashes."""
        for stream, words in STREAMS.items():
            title = f"{stream.replace('_', '-')} read"
            yield row(title, self.read[stream], 30, lead="")
            for word in words:
                why = ", ".join(
                    f"{in_words(k)} {n:,}" for k, n in sorted(self.counts[stream].get(word, {}).items()) if k
                )
                yield from _rows({word: self.number(stream, word)}, why)
        for title, numbers in (
            ("contacts without a record here", self.besides),
            ("backlog (from earlier runs)", self.backlog),
            ("groups now", dict(sorted(self.groups.items()))),
        ):
            if any(numbers.values()):
                yield title
                yield from _rows(numbers)

    def show(self, about: Mapping[str, Any]) -> None:
        """Print the table and the JSON line to standard error; `about` says which run it was."""
        for line in self.lines():
            print(plain(line), file=sys.stderr)  # noqa: T201 - the table is for whoever runs it
        line = as_json({**about, **self.as_json()})
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - for whoever reads the log by machine


def _rows(numbers: Mapping[str, int], why: str = "") -> Iterator[str]:
    yield from (row(name, number, remark=why) for name, number in numbers.items() if number)
