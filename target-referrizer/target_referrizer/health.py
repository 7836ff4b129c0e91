"""Whether a source is kept in step, as a monitor asks it: has a run been done lately, or does one get on?"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from target_referrizer.ledger import journal
from target_referrizer.progress import span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from target_referrizer.ledger.store import Ledger

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Age(click.ParamType[timedelta]):
    """A length of time on the command line: `90m`, `2h`, `1d`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """See click."""
        found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no age such as 90m, 2h or 1d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


@dataclass(frozen=True)
class Health:
    """What a monitor wants to know.

    Attributes:
        is_well: Whether a run was done lately, or one that is under way got on lately.
        finding: Why, in a sentence.
        last_done_at: When a run last ended with everything delivered that could be (exit codes 0 and 3).
        last_exit_code: How the last run ended, whatever it came to; -1 for one that died.
    """

    is_well: bool
    finding: str
    last_done_at: str | None
    last_exit_code: int | None

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """For people, and for monitors that show one line."""
        yield f"{'ok' if self.is_well else 'NOT OK'}: {self.finding}"


def health_of(ledger: Ledger, source: str, now: datetime, max_age: timedelta) -> Health:
    """Look at the runs of a source.

    Args:
        ledger: Where to look.
        source: Whose runs.
        now: The instant to count back from.
        max_age: How long ago is lately.
    """
    done, last = journal.last_done(ledger, source), journal.last_ended(ledger, source)
    running = journal.last_sync(ledger, source)
    is_running = running is not None and running.exit_code is None and ledger.locks.is_held(source)
    ended = [] if done is None else [f"the last one was done {_ago(now, done.finished_at)}"]
    if last is not None and (done is None or last.id > done.id):
        ended.append(f"the last one ended with exit code {last.exit_code}")
    known = {
        "last_done_at": None if done is None else done.finished_at.isoformat(),
        "last_exit_code": None if last is None else last.exit_code,
    }
    if running is not None and is_running:
        moved = running.progressed_at or running.started_at
        how = f"run {running.id} is under way ({journal.how_far(running)}) and got on {_ago(now, moved)}"
        return Health(is_well=now - moved <= max_age, finding=how, **known)
    is_well = done is not None and now - done.finished_at <= max_age
    finding = "; ".join(ended) or "no run has been done yet"
    return Health(is_well=is_well, finding=f"source {source}: {finding}", **known)


def _ago(now: datetime, then: datetime) -> str:
    return f"{span(max(0.0, (now - then).total_seconds()))} ago"
