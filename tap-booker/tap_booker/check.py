"""`tap-booker --test`: tells a newcomer, line by line, whether the settings lead to data."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_booker import queries, rows
from tap_booker.errors import BookerError, FatalError
from tap_booker.queries import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_booker.location import Location
    from tap_booker.run import Run

logger = logging.getLogger("tap-booker")


def check(run: Run, say: Callable[[str], None]) -> int:
    """Read each location and the first page of both lists, and say what came.

    Args:
        run: The run.
        say: Prints one line.

    Returns:
        The exit code: 0 when all could be read.
    """
    worst = 0
    say(f"Booker at {run.settings['base_url']}, as of {run.now.isoformat()}")
    for location_id in run.settings["location_ids"]:
        say(f"Location {location_id}")
        try:
            for line in _location_lines(run, run.location(location_id)):
                say(f"  ok    {line}")
        except BookerError as failure:
            say(f"  FAIL  {failure.code}")
            logger.critical("%s", failure)
            worst = max(worst, failure.exit_code)
            if isinstance(failure, FatalError):
                break
    say(f"{'All is well' if worst == 0 else 'Not ready'}; calls made: {run.report.calls}")
    return worst


def _location_lines(run: Run, location: Location) -> Iterator[str]:
    """What can be read at one location."""
    zone = location.zone.key if location.zone else "unknown, set timezone if dates need it"
    yield f"business    {location.name or '(no name)'}"
    yield f"time zone   {zone} (Booker says: {location.zone_text})"
    yield f"contacts    {_contacts(run, location)}"
    yield f"check-ins   {_check_ins(run, location)}"


def _contacts(run: Run, location: Location) -> str:
    """How many customers the first page holds."""
    query = queries.customers(location, None, run.settings["date_filter_style"])
    page = run.first_page(query, run.report.connection)
    found = [rows.contact(raw, location.id, location.zone) for raw in page.rows]
    with_email = sum(row["email"] is not None for row in found)
    return f"{_count(run, len(found), 'customer')} on the first page, {with_email} with e-mail"


def _check_ins(run: Run, location: Location) -> str:
    """How many appointments of the trailing days the first page holds."""
    days = run.settings["trailing_days"]
    window = Window(run.now - timedelta(days=days), run.now + timedelta(days=1))
    query = queries.appointments(location, "StartDate", window, run.settings["date_filter_style"])
    page = run.first_page(query, run.report.connection)
    found = [rows.check_in(raw, location.id, location.zone, run.now) for raw in page.rows]
    came = sum(row is not None and row["is_checked_in"] for row in found)
    counted = _count(run, len(found), "appointment")
    return f"{counted} of the last {days} days on the first page, {came} checked in"


def _count(run: Run, number: int, what: str) -> str:
    """A count, and whether there is surely more."""
    more = ", more follow," if number >= run.settings["page_size"] else ""
    return f"{number} {what}{'' if number == 1 else 's'}{more}"
