"""Where a ledger begins: its sources' first runs, whether it replaces a lost one, what is history for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import SettingsError
from target_referrizer.groups import start_of_day
from target_referrizer.ledger import index, staging
from target_referrizer.outcomes import Refused, Unknown

if TYPE_CHECKING:
    from target_referrizer.context import Context
    from target_referrizer.ledger.store import Ledger
    from target_referrizer.settings import Settings

#: So many contacts are read by id to see whether a list that shows no groups hides them.
PROBES = 10


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


def was_rebuilt(ledger: Ledger) -> bool:
    """Whether this ledger replaces a lost one."""
    return ledger.get("rebuilt") is not None


def posted_since(ledger: Ledger, settings: Settings, source: str) -> datetime | None:
    """From when on a source's check-ins are posted; None before its first run, when nothing says so."""
    since, bound = settings.since or first_run(ledger, source), history_before(ledger)
    return max(since, bound) if since and bound else since


def history_before(ledger: Ledger) -> datetime | None:
    """In a rebuilt ledger everything before this instant is history, whatever `visits_since` says."""
    at = ledger.get("history_before")
    return None if at is None else datetime.fromisoformat(at)


def is_known(ledger: Ledger) -> bool:
    """Whether it has been decided what this ledger is."""
    return ledger.get("origin") is not None


def is_blind(ledger: Ledger) -> bool:
    """Whether the list of contacts shows less of them than reading each by its id does."""
    return ledger.get("list_is_blind") is not None


def decide(context: Context) -> None:
    """Decide once, before anything is written, whether a new ledger is the account's first or a lost one.

    Our own group names on Referrizer's contacts are the trace that an earlier ledger left. Whether a list
    shows custom fields is unknown; where it shows none, some contacts are read by id: those that were just
    linked, since they can be ours, else any. Until one that was linked has been looked at, it stays open.
    """
    ledger, policy = context.ledger, context.settings.policy
    if is_known(ledger) or ledger.get("index_at") is None:
        return
    names = {group.name for group in policy.groups} | {policy.no_visit_group}
    with ledger.transaction() as tx:
        is_lost = index.has_group(tx, names)
        unsure = context.maps_group and index.has_foreign(tx) and not index.shows(tx, "group", foreign=True)
        linked = index.some_foreign(tx, PROBES, linked=True) if unsure else []
        others = index.some_foreign(tx, PROBES, linked=False) if unsure and not linked else []
    if others and ledger.get("origin_probed"):
        return
    if any(_group_by_id(context, one) in names for one in (*linked, *others)):
        is_lost = True
        ledger.put("list_is_blind", "yes")
    if not is_lost and others:
        ledger.put("origin_probed", "yes")
        return
    if is_lost:
        begin_history(ledger, context.settings, context.as_of)
        ledger.put("rebuilt", "untold")
    ledger.put("origin", "lost" if is_lost else "first")


def begin_history(ledger: Ledger, settings: Settings, as_of: datetime) -> None:
    """From here on: what Referrizer shows is where last visits start from, and earlier visits are history."""
    with ledger.transaction() as tx:
        index.start_from_shown(tx, lambda shown: start_of(shown, settings))
    ledger.put("history_before", as_of.isoformat())


def post_since(ledger: Ledger, source: str, instant: datetime) -> None:
    """A person's word: check-ins of a source from this instant on are visits like any other."""
    if history_before(ledger) is not None:
        ledger.put("history_before", instant.isoformat())
    ledger.put(f"first_run:{source}", instant.isoformat())
    ledger.put(f"first_run_final:{source}", "yes")


def _group_by_id(context: Context, remote_id: str) -> Any:
    try:
        document = context.client.get_contact(remote_id)
    except (Refused, SettingsError, Unknown):
        return None
    return context.settings.field_map.shown(document).get("group")


def start_of(shown: str, settings: Settings) -> datetime | None:
    """The instant that a shown last visit date stands for, None when it is no date."""
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
