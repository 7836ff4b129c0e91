"""Everything that the report shows, asked of the ledger in one transaction; never a list of all contacts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer import origin
from target_referrizer.ledger import accounting, journal
from target_referrizer.ledger.tables import contact, run
from target_referrizer.report.history import DAYS, History, history
from target_referrizer.report.moves import Moves, moves
from target_referrizer.report.runs import UNFED, RunSeen, Strip, state_of, strip, troubles
from target_referrizer.report.visits import VisitDays, visit_days
from target_referrizer.report.waiting import Look, Waiting, waiting

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from target_referrizer.ledger import Ledger
    from target_referrizer.settings import Settings
    from target_referrizer.typed import Commands


@dataclass(frozen=True)
class Figures:
    """What the report shows.

    Attributes:
        now: The instant for which it is true.
        zone: Whose days and hours are shown.
        sources: All sources of the ledger; the one of the settings, which runs and visits are of, first.
        last: The newest run.
        stalled: Whether the next run is overdue.
        troubles: Runs that were not done; those after each other that ended alike together, newest first.
        counted: Number and accounting of the newest run that has one.
        commands: How commands are typed.
        rebuilt_now: Whether the only run that got through was the first on a ledger that replaces a lost one.
    """

    now: datetime
    zone: ZoneInfo
    sources: tuple[str, ...]
    last: RunSeen | None
    stalled: bool
    strip: Strip
    troubles: tuple[tuple[RunSeen, ...], ...]
    history: History
    moves: Moves
    visits: VisitDays
    waiting: tuple[Waiting, ...]
    counted: tuple[int, dict[str, Any]] | None
    unmasked: bool
    commands: Commands
    rebuilt_now: bool

    def local(self, instant: datetime) -> datetime:
        """An instant as the clocks of the zone show it."""
        return instant.astimezone(self.zone)


@dataclass
class _Runs:
    """What is left of all runs after one look at each."""

    mine: list[RunSeen]
    last_of_day: dict[date, str]
    counted: tuple[int, str] | None = None


def gather(
    ledger: Ledger, settings: Settings, now: datetime, commands: Commands, *, unmasked: bool
) -> Figures:
    """Ask the ledger for everything.

    Args:
        ledger: Where to look.
        settings: Source, groups and zone.
        now: The instant that counts as now; a run that is later counts instead.
        commands: How commands are typed.
        unmasked: Show names.
    """
    last = journal.last_sync(ledger, settings.source)
    now = max(now, last.as_of) if last is not None else now
    is_running = last is not None and last.exit_code is None and ledger.locks.is_held(settings.source)
    since = origin.posted_since(ledger, settings, settings.source)
    is_rebuilt = origin.was_rebuilt(ledger)
    with ledger.transaction() as tx:
        look = Look(tx, settings, now, since, is_running, unmasked)
        return _figures(look, _runs(look), commands, is_rebuilt=is_rebuilt)


def _figures(look: Look, runs: _Runs, commands: Commands, *, is_rebuilt: bool) -> Figures:
    policy, now = look.settings.policy, look.as_of
    today = policy.today(now)
    of_days = strip(runs.mine, now, policy.zone)
    through = [one for one in runs.mine if one.state in {"done", "partly"}]
    return Figures(
        now=now,
        zone=policy.zone,
        sources=_sources(look),
        last=runs.mine[-1] if runs.mine else None,
        stalled=of_days.is_stalled(now),
        strip=of_days,
        troubles=tuple(troubles([one for one in runs.mine if policy.today(one.at) in of_days.days])),
        history=history(accounting.by_group(look.tx), runs.last_of_day, policy, today),
        moves=moves(look.tx, now - timedelta(days=7), unmasked=look.unmasked),
        visits=visit_days(look.tx, look.settings.source, today, policy.zone, look.since),
        waiting=tuple(waiting(look)),
        counted=(runs.counted[0], json.loads(runs.counted[1])) if runs.counted else None,
        unmasked=look.unmasked,
        commands=commands,
        rebuilt_now=is_rebuilt and len(through) == 1,
    )


def _runs(look: Look) -> _Runs:
    """All runs in the order of time; of what they counted, only the last of each day is kept."""
    columns = (
        "id",
        "source",
        "as_of",
        "started_at",
        "progressed_at",
        "finished_at",
        "exit_code",
        "has_news",
        "accounting",
    )
    query = sa.select(*(run.c[name] for name in columns))
    recent = (run.c.command == "run") & (run.c.as_of >= look.as_of - timedelta(days=DAYS))
    found = _Runs([], {})
    for row in look.tx.execute(query.where(recent).order_by(run.c.as_of, run.c.id)):
        if row.source == look.settings.source:
            found.mine.append(_seen(row, is_running=look.is_running))
            found.counted = (row.id, row.accounting) if row.accounting else found.counted
        if row.accounting:
            found.last_of_day[look.settings.policy.today(row.as_of)] = row.accounting
    return found


def _seen(row: Any, *, is_running: bool) -> RunSeen:
    took = (row.finished_at or row.progressed_at or row.started_at) - row.started_at
    code = row.exit_code
    if code == 0 and not row.has_news:
        code = UNFED
    state = state_of(code, is_running=is_running)
    return RunSeen(row.id, row.as_of, code, state, row.as_of + max(took, timedelta()))


def _sources(look: Look) -> tuple[str, ...]:
    own = look.settings.source
    others = {row.source for row in look.tx.execute(sa.select(run.c.source).distinct())}
    others |= {row.source for row in look.tx.execute(sa.select(contact.c.source).distinct())}
    return (own, *sorted(others - {own}))
