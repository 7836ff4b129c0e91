"""From settings and options to a connection: checks what can be checked first, then asks the person."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tap_booker.credentials import CredentialFile
from tap_booker.errors import SettingsError, SignInError
from tap_booker.given import REQUIRED, problems_of, settings_given, with_defaults
from tap_booker.sign_in import pages
from tap_booker.sign_in.addresses import Addresses, addresses
from tap_booker.sign_in.attempt import Attempt, read_came_back, read_location_id, start
from tap_booker.sign_in.connector import Connected, Connector
from tap_booker.sign_in.desk import Desk
from tap_booker.sign_in.next_steps import Step, next_steps
from tap_booker.sign_in.problems import ProblemError
from tap_booker.sign_in.server import serving
from tap_booker.sign_in.site import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIALS = "booker-credentials.json"
"""Where the refresh token goes when no setting says so, in the current folder."""

LINGER_SECONDS = 10
"""How long the page still answers after the end: for the last page, a reload, a second tab."""

NEEDED = (
    *("subscription_key", "client_id", "client_secret", "base_url", "token_url", "scope", "timezone"),
    *("request_timeout", "use_location_token", "credentials_path"),
)


@dataclass(frozen=True)
class Options:
    """What the command line says beside the settings.

    Attributes:
        authorize_url: Booker's page for signing in, None for the usual one.
        token_url: The token call that takes the code, None for the usual one.
        redirect_uri: Where Booker sends the browser back to.
        with_pkce: Whether a code challenge is sent.
        location_id: The Location ID, where it is known already.
    """

    authorize_url: str | None
    token_url: str | None
    redirect_uri: str
    with_pkce: bool
    location_id: int | None


class SignIn:
    """A sign-in that can begin.

    Args:
        paths: Settings files; none for the environment.
        options: The command line.
        is_page: Whether a page is opened, else the terminal asks.

    Raises:
        BookerError: It could not end well: a setting is wrong, or the credential file cannot be written.
    """

    def __init__(self, paths: tuple[str, ...], options: Options, *, is_page: bool) -> None:
        self.given = settings_given(paths)
        self.settings = _needed(self.given)
        self._options = options
        self._file = CredentialFile(self.settings["credentials_path"])
        self._file.check_place()
        self.where: Addresses = addresses(
            self.settings, options.authorize_url, options.token_url, options.redirect_uri, is_page=is_page
        )
        self._connector = Connector(self.settings, self.where, self._file)

    def by_page(self, minutes: float) -> Connected:
        """Open the page, and wait until it has led to a connection.

        Raises:
            SignInError: Nobody came to the end in time.
            PageError: The page cannot be opened.
        """
        desk, site = self.page()
        with serving(self.where.port, site.answer):
            click.echo(f"Connect Booker at {self.where.page}")
            click.echo(f"The page closes when you are done, after {minutes:g} minutes, or with Ctrl-C.")
            _show_browser(self.where.page)
            found = _outcome(desk, minutes)
            self._report(found)
            with contextlib.suppress(KeyboardInterrupt):
                click.echo(f"The page closes in {LINGER_SECONDS} seconds.")
                threading.Event().wait(LINGER_SECONDS)
        return found

    def page(self) -> tuple[Desk, Site]:
        """What happens on the page, and what answers its requests."""
        desk = Desk(self._connector.connect, self._first(), with_pkce=self._options.with_pkce)
        return desk, Site(desk, self.where, self._url, self._done_page)

    def by_terminal(self) -> Connected:
        """Print the address for a browser anywhere, and take the address at which it ended.

        Raises:
            SignInError: Booker said no, or what came back was no good.
        """
        location_id = self._options.location_id or _ask_location_id(self._first())
        attempt = start(location_id, with_pkce=self._options.with_pkce)
        click.echo("Open this address in any browser, sign in to Booker, and allow access:\n")
        click.echo(f"{self._url(attempt)}\n")
        click.echo(f"The browser then goes to {self.where.back}?… and may say that nothing is there.")
        click.echo("If Booker shows an error in place of its sign-in page, have it register that address.\n")
        try:
            found = self._connector.connect(attempt, attempt.code(_ask_came_back(attempt)))
        except ProblemError as problem:
            raise SignInError(problem.line()) from None
        self._report(found)
        return found

    def _first(self) -> str:
        """The Location ID that is offered: that of the command line, else the first of the settings."""
        known = (self._options.location_id, *(self.given.get("location_ids") or ()))
        return next((str(one) for one in known if read_location_id(str(one))), "")

    def _url(self, attempt: Attempt) -> str:
        return attempt.url(self.where, str(self.settings["client_id"]), str(self.settings["scope"]))

    def _steps(self, found: Connected) -> tuple[Step, ...]:
        environment = os.environ.get("MELTANO_ENVIRONMENT")
        return next_steps(self.given, found.location.id, str(self._file.place), environment)

    def _done_page(self, nonce: str, found: Connected) -> str:
        return pages.connected(nonce, found, self._steps(found), str(self._file.place))

    def _report(self, found: Connected) -> None:
        """What was reached, and what comes next, for a terminal."""
        place = found.location
        name = place.name or "(no name)"
        zone = place.zone.key if place.zone else "time zone not known: set timezone"
        click.echo(f"Connected: {name}, location {place.id}, {zone}, {found.status}")
        click.echo(f"Access is kept in {self._file.place}, readable by you alone.\nWhat comes next:")
        for step in self._steps(found):
            click.echo(f"  {step.line}")


def _needed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a sign-in needs, checked; how the tap gets its token so far does not matter.

    Raises:
        SettingsError: One is missing or wrong.
    """
    kept = {name: given[name] for name in NEEDED if name in given}
    problems = problems_of({"location_ids": REQUIRED["location_ids"], **kept})
    if problems:
        raise SettingsError(problems)
    return with_defaults({"credentials_path": os.path.abspath(CREDENTIALS), **kept})  # noqa: PTH100  keeps links


def _outcome(desk: Desk, minutes: float) -> Connected:
    """Wait for the end; a last answer of Booker that is being dealt with still counts, in time or not.

    Raises:
        SignInError: Nobody came to the end in time.
        KeyboardInterrupt: Somebody stopped the command, and nothing came of it.
    """
    stopped: KeyboardInterrupt | None = None
    try:
        desk.is_done.wait(minutes * 60)
    except KeyboardInterrupt as pressed:
        stopped = pressed
    if desk.is_busy:
        click.echo("Booker is being asked; a moment. (Ctrl-C stops at once.)")
    desk.close()
    if desk.connected is not None:
        return desk.connected
    if stopped:
        raise stopped
    raise SignInError(f"Nobody finished the sign-in within {minutes:g} minutes.")


def _show_browser(page: str) -> None:
    """Open a browser where there is a screen; a text browser would take the terminal."""
    has_screen = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if has_screen:
        threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()


def _ask_location_id(first: str) -> int:
    """Ask until it can be one; `first` is taken where nothing is typed."""
    hint = f"a number; Enter for {first}" if first else "a number, such as 3749"
    while True:
        found = read_location_id(_ask(f"Location ID ({hint})", first))
        if found is not None:
            return found
        click.echo(pages.NO_ID)


def _ask_came_back(attempt: Attempt) -> dict[str, str]:
    """Ask until the address belongs to this attempt."""
    while True:
        came_back = read_came_back(_ask("Paste the whole address that the browser shows then"))
        is_answer = "code" in came_back or "error" in came_back
        if is_answer and came_back.get("state") == attempt.state:
            return came_back
        if is_answer and "state" in came_back:
            click.echo(
                "That is from another sign-in. Use the address printed above, and paste what it leads to."
            )
        elif "state" in came_back:
            click.echo(
                "That leads to Booker. Open it in a browser, allow access, and paste the address it ends at."
            )
        else:
            click.echo("That is not it: it starts with the address above and holds code=… and state=….")


def _ask(question: str, default: str = "") -> str:
    """Ask on a line of its own: Meltano passes on whole lines alone, and would keep any other question."""
    while True:
        click.echo(f"{question}:")
        line = sys.stdin.readline()
        if not line:
            raise click.Abort
        if line.strip() or default:
            return line.strip() or default
