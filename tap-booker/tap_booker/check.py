"""Whether settings lead to data, line by line: `tap-booker --test`, and most of `booker-connect doctor`."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tap_booker.credentials import CredentialFile
from tap_booker.errors import (
    BookerError,
    ClockError,
    CredentialFileError,
    RefusedError,
    RetriableError,
    SettingError,
    TimedOutError,
    UnreachableError,
)
from tap_booker.finding import Finding, fail, ok, verdict, warn, worst
from tap_booker.lists import examine_lists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_booker.location import Location
    from tap_booker.run import Run

CLOCK_WARNS, CLOCK_FAILS = 60, 300
#: After these the next question would cost as much time again.
AWAY = {UnreachableError.code, TimedOutError.code}
TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check(run: Run, say: Callable[[str], None]) -> int:
    """Look, and say what came.

    Args:
        run: The run.
        say: Prints one line.

    Returns:
        The exit code: 0 when all could be read.
    """
    found = []
    say(f"Booker at {run.settings['base_url']}, as of {run.now.isoformat()}")
    for finding in examine(run):
        found.append(finding)
        say(finding.line())
    say(f"{verdict(found)}; calls made: {run.report.calls}")
    return worst(found)


def examine(run: Run) -> Iterator[Finding]:
    """The credential file, address and token, each location, and the clock; each whatever the others say.

    Where Booker does not answer at all, it is not asked again: it would cost the same time for each location.
    """
    file = _credential_file(run)
    if file is not None:
        yield file
        if file.exit_code:
            yield warn(
                "token", "not asked for: a new refresh token could not be kept", "Mend the file first."
            )
            return
    try:
        run.get_token()
    except BookerError as failure:
        yield from _no_token(run, failure)
    else:
        yield ok("address", f"{_host(run)} answers")
        yield ok("token", f"given for {_grant(run)}")
        yield from _locations(run)
    if run.has_answered:
        yield _clock(run.clock_ahead)


def _credential_file(run: Run) -> Finding | None:
    """Who may read the file, and whether it can be replaced; None where no file is used.

    A token that Booker replaces and that cannot be kept locks the tap out, so this comes before every call.
    """
    path = run.settings.get("credentials_path")
    if not path or run.settings.get("personal_access_token"):
        return None
    name = "credential file"
    try:
        file = CredentialFile(path)
        file.read()
        if not os.access(file.place.parent, os.W_OK | os.X_OK):
            raise CredentialFileError("No file can be made in the folder of credentials_path.")  # noqa: TRY301
    except CredentialFileError as failure:
        return fail(name, failure)
    if file.place.stat().st_mode & TO_OTHERS:
        return warn(name, "others may read it", f"chmod 600 {file.place}", "BKR-105")
    return ok(name, "readable by its owner alone, and can be replaced")


def _no_token(run: Run, failure: BookerError) -> Iterator[Finding]:
    """Whether it is the address or the credentials that do not lead to a token."""
    if isinstance(failure, RefusedError):
        yield ok("address", f"{_host(run)} answers")
        yield fail("token", failure)
    elif isinstance(failure, SettingError) or _is_silent(failure):
        yield fail("address", failure, _advice(failure))
        yield warn("token", "not tried", "Mend the address first.")
    else:
        yield fail("token", failure)
    yield warn("locations", "not asked without a token", "Mend the token first.")


def _is_silent(failure: BookerError) -> bool:
    """Whether there was no answer at all: not even an HTTP status."""
    return isinstance(failure, RetriableError) and failure.status is None


def _advice(failure: BookerError) -> str:
    if isinstance(failure, UnreachableError):
        return "Check base_url and token_url, and this machine's network, name service, proxy and clock."
    if isinstance(failure, RetriableError):
        return "Run later; `tap-booker --test=connection` waits as long as a run does."
    return "Check base_url: Booker's is the default; and token_url, which need not be set."


def _host(run: Run) -> str:
    return urlsplit(str(run.settings["base_url"])).netloc.rpartition("@")[2]


def _grant(run: Run) -> str:
    """By what the token was asked for."""
    if run.settings.get("personal_access_token"):
        return "the personal access token"
    return "the credential file" if run.settings.get("credentials_path") else "the client credentials"


def _locations(run: Run) -> Iterator[Finding]:
    """Each location: that it is there, its zone, and its two lists."""
    is_away = False
    for location_id in run.settings["location_ids"]:
        name = f"location {location_id}"
        if is_away:
            yield warn(name, "not asked: Booker does not answer any more", "Run later.")
            continue
        try:
            location = run.location(location_id)
        except BookerError as failure:
            is_away = _is_silent(failure)
            yield fail(name, failure, _advice(failure) if is_away else "")
            continue
        yield ok(name, location.name or "(no name)")
        yield _zone(run, location)
        for finding in examine_lists(run, location):
            yield finding
            is_away |= finding.code in AWAY


def _zone(run: Run, location: Location) -> Finding:
    name, stated = f"time zone of {location.id}", f"Booker says: {location.zone_text}"
    if location.zone is None:
        advice = "Set timezone to the location's zone, for example America/Chicago."
        return warn(name, f"not known ({stated})", advice, "BKR-104")
    own = "the setting timezone goes before; " if run.settings.get("timezone") else ""
    return ok(name, f"{location.zone.key} ({own}{stated})")


def _clock(ahead: float | None) -> Finding:
    """This machine's clock against Booker's."""
    if ahead is None:
        return warn("clock", "no answer has a Date to compare with", "Compare this machine's clock by hand.")
    if abs(ahead) <= CLOCK_WARNS:
        return ok("clock", "agrees with Booker's")
    side = "ahead of" if ahead > 0 else "behind"
    found = fail("clock", ClockError(f"this machine's clock is {abs(ahead):,.0f} s {side} Booker's"))
    return found if abs(ahead) > CLOCK_FAILS else warn("clock", found.finding, found.what_to_do, found.code)
