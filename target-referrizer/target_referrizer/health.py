"""Whether a source is kept in step, as a monitor asks it: has a run been done lately, or does one get on?"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer.doctor.reading import reading
from target_referrizer.ledger import journal
from target_referrizer.ledger.failures import LedgerFailure, failure
from target_referrizer.ledger.locks import AdvisoryLocks, FileLocks
from target_referrizer.ledger.store import file_of, parse_url
from target_referrizer.progress import span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from target_referrizer.settings import Settings

#: Clocks of two machines that share a ledger may differ by so much without anything being wrong.
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Health:
    """What a monitor wants to know.

    Attributes:
        is_well: Whether a run was done lately, or one that is under way got on lately.
        finding: Why, in a sentence.
        last_done_at: When a run last ended with everything delivered that could be (exit codes 0 and 3).
        last_news_at: When the last of these ended that got anything to read: a tap that fails at once leaves
            the target an empty input, and nothing to complain about.
        last_exit_code: How the last run ended, whatever it came to; -1 for one that died.
    """

    is_well: bool
    finding: str
    last_done_at: str | None
    last_news_at: str | None
    last_exit_code: int | None

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """For people, and for monitors that show one line."""
        yield f"{'ok' if self.is_well else 'NOT OK'}: {self.finding}"


class Glance:
    """A ledger that is only looked at: no lock of it is taken, nothing is waited for, nothing changes."""

    def __init__(self, tx: sa.Connection, path: Path | None) -> None:
        self._tx, self._path = tx, path

    def rows(self, statement: sa.Executable) -> list[sa.Row[Any]]:
        """All rows of a query."""
        return list(self._tx.execute(statement))

    def is_held(self, source: str) -> bool:
        """Whether some run of this source holds its lock."""
        if self._path is not None:
            return FileLocks(self._path).is_seen_held(source)
        schema = str(self._tx.scalar(sa.text("SELECT current_schema()")))
        return AdvisoryLocks(lambda: nullcontext(self._tx), schema).is_held(source)


def look(settings: Settings, now: datetime, max_age: timedelta) -> Health:
    """Look at the runs of the settings' source; a ledger that cannot be read is not well.

    Args:
        settings: Which ledger, and whose runs.
        now: The instant to count back from, by the machine's clock, as the ledger's own instants are.
        max_age: How long ago is lately.
    """
    url = parse_url(settings.ledger_url)
    path = file_of(url)
    if path is not None and not path.exists():
        return _blind(f"there is no ledger yet at {path.absolute()}")
    try:
        with reading(url, path) as tx:
            return health_of(Glance(tx, path), settings.source, now, max_age)
    except (*LedgerFailure, OSError) as error:
        return _blind(failure(error, "cannot be read").what)


def _blind(why: str) -> Health:
    return Health(is_well=False, finding=why, last_done_at=None, last_news_at=None, last_exit_code=None)


def health_of(ledger: Glance, source: str, now: datetime, max_age: timedelta) -> Health:
    """See `look`."""
    done, last = journal.last_done(ledger, source), journal.last_ended(ledger, source)
    running, fed = journal.last_sync(ledger, source), journal.last_with_news(ledger, source)
    known = {
        "last_done_at": None if done is None else done.finished_at.isoformat(),
        "last_news_at": None if fed is None else fed.finished_at.isoformat(),
        "last_exit_code": None if last is None else last.exit_code,
    }
    if running is not None and running.exit_code is None and ledger.is_held(source):
        moved = running.progressed_at or running.started_at
        how_far = journal.how_far(running.phase, running.progress, running.total)
        how = f"run {running.id} is under way ({how_far}) and got on {_ago(now, moved)}"
        return Health(_is_lately(now, moved, max_age), f"source {source}: {how}", **known)
    ended = [] if done is None else [f"the last one was done {_ago(now, done.finished_at)}"]
    if done is not None and (fed is None or fed.id < done.id):
        ended.append(f"it got nothing to read, see the tap; {_fed(now, fed)}")
    if last is not None and (done is None or last.id > done.id):
        ended.append(f"the last one ended with exit code {last.exit_code}")
    if running is not None and running.exit_code is None:
        known["last_exit_code"] = journal.DIED
        ended.append("the last one died")
    is_well = fed is not None and _is_lately(now, fed.finished_at, max_age)
    return Health(is_well, f"source {source}: {'; '.join(ended) or 'no run has been done yet'}", **known)


def _fed(now: datetime, fed: sa.Row[Any] | None) -> str:
    if fed is None:
        return "no run has got anything yet"
    return f"the last one that got something was done {_ago(now, fed.finished_at)}"


def _is_lately(now: datetime, then: datetime, max_age: timedelta) -> bool:
    """Whether it was; an instant to come is none: then a clock is wrong, and nothing can be said."""
    return -CLOCKS_DIFFER <= now - then <= max_age


def _ago(now: datetime, then: datetime) -> str:
    seconds = (now - then).total_seconds()
    if seconds < -CLOCKS_DIFFER.total_seconds():
        return f"{span(-seconds)} in the future: a clock is wrong"
    return f"{span(max(0.0, seconds))} ago"
