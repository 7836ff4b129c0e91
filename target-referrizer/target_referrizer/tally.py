"""Counting a run's records, and whether the counts call a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_referrizer.errors import NeedsPerson
from target_referrizer.ledger import accounting, journal, outbox
from target_referrizer.summary import STREAMS, Summary
from target_referrizer.terminal import counted

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from target_referrizer.context import Context

#: From so many records on, the share of rejects calls a person.
REJECTS_FROM = 20


@dataclass
class Tally:
    """What only staging knows: how much was read, superseded, or could not be staged, by stream."""

    read: Counter[str] = field(default_factory=Counter)
    superseded: Counter[str] = field(default_factory=Counter)
    invalid: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in STREAMS})

    def summarise(self, tx: sa.Connection, context: Context, since: datetime, left: str) -> Summary:
        """The accounting of a run whose delivery has ended.

        Args:
            tx: The transaction.
            context: The run.
            since: Check-ins before it are history.
            left: Why what is left undelivered was left: `outage` or `brake`.
        """
        counts = {
            "contacts": accounting.contacts(
                tx, context.source, context.run, context.cut_offs, groups=context.maps_group, left=left
            ),
            "check_ins": accounting.check_ins(tx, context.source, context.run, since, left),
        }
        for stream, found in counts.items():
            rejected = Counter(found.get("rejected", {})) + self.invalid[stream]
            found |= {"rejected": dict(rejected), "superseded": {"": self.superseded[stream]}}
        return Summary(
            {stream: self.read[stream] for stream in STREAMS},
            counts,
            accounting.besides(tx, context.source, context.run),
            accounting.backlog(tx, context.source, context.run),
            accounting.by_group(tx),
            context.client.calls,
        )


def person_needed(tx: sa.Connection, context: Context, summary: Summary) -> NeedsPerson | None:
    """Held visits, or more new rejects than the settings allow; known ones do not count again."""
    if number := outbox.count_held(tx, context.source):
        return NeedsPerson("RFZ-301", f"{counted(number, 'visit')} held, whose answer never came")
    rejects = journal.new_rejections(tx, context.source, context.run)
    unreachable = sum(counts.get("skipped", {}).get("unreachable", 0) for counts in summary.counts.values())
    records = sum(summary.read.values()) - unreachable
    if records >= REJECTS_FROM and rejects * 100 > records * context.settings.max_reject_percent:
        return NeedsPerson("RFZ-302", f"{rejects} of {records} records were rejected")
    return None
