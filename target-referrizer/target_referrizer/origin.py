"""Where a ledger begins: its sources' first runs, whether it replaces a lost one, what is history for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from target_referrizer.groups import start_of_day
from target_referrizer.ledger import index, staging

if TYPE_CHECKING:
    from target_referrizer.ledger.store import Ledger
    from target_referrizer.settings import Settings


def note_first_run(ledger: Ledger, source: str, started_at: datetime) -> None:
    """Keep the instant of this source's first start."""
    if first_run(ledger, source) is None:
        ledger.put(f"first_run:{source}", started_at.isoformat())


def first_run(ledger: Ledger, source: str) -> datetime | None:
    """The instant of this source's first run, None before it."""
    known = ledger.get(f"first_run:{source}")
    return None if known is None else datetime.fromisoformat(known)


def tell_of_rebuilding(ledger: Ledger) -> bool:
    """Whether this ledger replaces a lost one and nobody has been told yet; it then counts as told."""
    if ledger.get("rebuilt") != "untold":
        return False
    ledger.put("rebuilt", "told")
    return True


def posted_since(ledger: Ledger, settings: Settings, source: str) -> datetime | None:
    """From when on a source's check-ins are posted; None before its first run, when nothing says so."""
    since, bound = settings.since or first_run(ledger, source), history_before(ledger)
    return max(since, bound) if since and bound else since


def history_before(ledger: Ledger) -> datetime | None:
    """In a rebuilt ledger everything before this instant is history, whatever `visits_since` says."""
    at = ledger.get("history_before")
    return None if at is None else datetime.fromisoformat(at)


def note_origin(ledger: Ledger, settings: Settings, as_of: datetime) -> None:
    """Decide once, before anything is written, whether a new ledger is the account's first or a lost one.

    Our own group names on Referrizer's contacts are the trace that an earlier ledger left.
    """
    if ledger.get("origin") is not None:
        return
    names = [group.name for group in settings.policy.groups] + [settings.policy.no_visit_group]
    with ledger.transaction() as tx:
        is_lost = index.has_group(tx, names)
        if is_lost:
            index.start_from_shown(tx, lambda shown: _start_of(shown, settings))
    if is_lost:
        ledger.put("history_before", as_of.isoformat())
        ledger.put("rebuilt", "untold")
    ledger.put("origin", "lost" if is_lost else "first")


def _start_of(shown: str, settings: Settings) -> datetime | None:
    try:
        day = date.fromisoformat(shown[:10])
    except ValueError:
        return None
    return start_of_day(day, settings.policy.zone)


def settle_first_run(ledger: Ledger, source: str, run: int) -> datetime:
    """The first start, or the smallest `as_of` of the first run's check-ins if earlier; then final."""
    at = datetime.fromisoformat(ledger.get(f"first_run:{source}") or "")
    if ledger.get(f"first_run_final:{source}") is None:
        earliest = staging.earliest_as_of(ledger, source, run)
        at = min(at, earliest) if earliest else at
        ledger.put(f"first_run:{source}", at.isoformat())
        ledger.put(f"first_run_final:{source}", "yes")
    return at
