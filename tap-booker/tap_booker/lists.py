"""The two lists of a location: that they can be read, which dates they show, and what filters are worth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_booker import queries, rows
from tap_booker.errors import BookerError
from tap_booker.finding import Finding, fail, ok, warn
from tap_booker.queries import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_booker.client import Query
    from tap_booker.location import Location
    from tap_booker.run import Run

DAY = timedelta(days=1)


def examine_lists(run: Run, location: Location) -> Iterator[Finding]:
    """A page of each list, and one of those that were modified of late."""
    checks = {"contacts": _contacts, "check-ins": _check_ins, "filter": _filter}
    for title, check in checks.items():
        name = f"{title} of {location.id}"
        try:
            yield check(run, location, name)
        except BookerError as failure:
            yield fail(name, failure)


def _contacts(run: Run, location: Location, name: str) -> Finding:
    """How many customers the first page holds."""
    raw = _page(run, queries.customers(location, None, run.settings["date_filter_style"]))
    found = [rows.contact(one, location.id, location.zone) for one in raw]
    with_email = sum(row is not None and row["email"] is not None for row in found)
    counted = _count(run, len(found), "customer")
    dates = _dates([rows.customer(one) for one in raw], "DateLastModified")
    return ok(name, f"{counted} on the first page, {with_email} with e-mail{dates}")


def _check_ins(run: Run, location: Location, name: str) -> Finding:
    """How many appointments of the trailing days the first page holds."""
    days = run.settings["trailing_days"]
    window = Window(run.now - timedelta(days=days), run.now + DAY)
    raw = _page(run, queries.appointments(location, "StartDate", window, run.settings["date_filter_style"]))
    found = [rows.check_in(one, location.id, location.zone, run.now) for one in raw]
    came = sum(row is not None and row["is_checked_in"] for row in found)
    counted = _count(run, len(found), "appointment")
    dates = _dates(raw, "StartDateTime")
    return ok(name, f"{counted} of the last {days} days on the first page, {came} checked in{dates}")


def _filter(run: Run, location: Location, name: str) -> Finding:
    """Whether a later run, which asks for what was modified, gets only that."""
    window = Window(run.now - DAY, run.now)
    raw = _page(run, queries.customers(location, window, run.settings["date_filter_style"]))
    known = [at for one in raw if (at := rows.modified_at(one, location.zone)) is not None]
    old = sum(at < window.start - queries.HOUR for at in known)
    counted = _count(run, len(raw), "customer")
    if raw and not known:
        return ok(name, f"{counted} modified in the last day; they show no date to tell by")
    if not old:
        return ok(name, f"{counted} modified in the last day, none that was modified before")
    advice = "Nothing is lost, the tap filters again; the other date_filter_style may save these calls."
    what = f"{old} of {len(raw)} customers that were asked for as modified in the last day were so before"
    return warn(name, what, advice)


def _page(run: Run, query: Query) -> list[dict[str, Any]]:
    return run.first_page(query, run.report.connection).rows


def _dates(raw: Sequence[Mapping[str, Any]], field: str) -> str:
    """Which of the two forms this date has; empty where no record shows it."""
    if any(one.get(f"{field}Offset") for one in raw):
        return "; dates say their offset"
    return (
        "; dates are of the old form, read by the Eastern rule" if any(one.get(field) for one in raw) else ""
    )


def _count(run: Run, number: int, what: str) -> str:
    """A count, and whether there is surely more."""
    more = ", more follow," if number >= run.settings["page_size"] else ""
    return f"{number} {what}{'' if number == 1 else 's'}{more}"
