"""The command `booker-connect`: everything about the way to Booker that is not reading."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

import click

from tap_booker.doctor import Doctor
from tap_booker.errors import SignInError
from tap_booker.failing import run_command
from tap_booker.finding import verdict, worst
from tap_booker.manual import Manual, ManualGroup
from tap_booker.sign_in.addresses import BACK
from tap_booker.sign_in.start import Options, SignIn
from tap_booker.spelling import Choice

INTERRUPTED = 130


SETTINGS = (
    "From each --config FILE, which stands before the command; without one, from TAP_BOOKER_* of the "
    "environment. `tap-booker --about` describes all."
)


class WithDefault(ManualGroup):
    """Takes options that are not the group's own as those of `sign-in`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for; without a name, `sign-in`."""
        return super().resolve_command(ctx, ["sign-in", *args] if args[0].startswith("-") else args)


@click.group(
    cls=WithDefault,
    invoke_without_command=True,
    context_settings={"ignore_unknown_options": True},
    changes="The credential file on this machine. Nothing at Booker.",
    settings=SETTINGS,
    exits={"0": "done", "1": "anything else; the last line says what", "2": "a wrong call or setting"},
    examples={
        "booker-connect --config tap.json": "Sign in on a page of this machine",
        "booker-connect --config tap.json --no-browser": "Sign in from a machine without a browser",
        "booker-connect --config tap.json doctor": "See whether all is well",
        "meltano invoke tap-booker:connect": "Sign in in a Meltano project, with its settings",
    },
)
@click.version_option(package_name="tap-booker", message="%(prog)s v%(version)s")
@click.option(
    "--config", multiple=True, metavar="FILE",
    help="Settings of tap-booker as JSON; may be repeated.",
)  # fmt: skip
@click.pass_context
def connect(context: click.Context, config: tuple[str, ...]) -> None:
    """Look after the way to Booker; without a command, sign in to it.

    Options that are not listed here are those of `sign-in`.
    """
    context.obj = config
    if context.invoked_subcommand is None:
        context.invoke(sign_in)


@connect.command(
    "sign-in",
    cls=Manual,
    changes="The credential file, once the location could be read with what Booker gave. Nothing at Booker.",
    settings=f"{SETTINGS} Needed: subscription_key, client_id, client_secret.",
    exits={
        "0": "connected",
        "1": "anything else, such as a no at Booker, or nobody who came to the end in time",
        "2": "a wrong call or setting",
        "130": "stopped by Ctrl-C; nothing was changed",
    },
    examples={
        "booker-connect --config tap.json": "Sign in on a page of this machine",
        "booker-connect --config tap.json sign-in --location-id 3749": "With the Location ID filled in",
        "booker-connect --config tap.json sign-in --no-browser": "On a server: open the address elsewhere",
    },
)
@click.option(
    "--no-browser", is_flag=True, help="Print the address to open anywhere, and take the one it leads to."
)
@click.option(
    "--location-id",
    type=click.IntRange(1, 999_999_999),
    metavar="ID",
    help="The Location ID, to save typing it.",
)
@click.option(
    "--redirect-uri", envvar="TAP_BOOKER_REDIRECT_URI", default=BACK, show_default=True, metavar="URL",
    help="Where Booker sends the browser afterwards; registered for the application to the letter.",
)  # fmt: skip
@click.option(
    "--authorize-url", envvar="TAP_BOOKER_AUTHORIZE_URL", metavar="URL",
    help="Booker's page for signing in.  [default: https://signin.booker.com/auth/connect/authorize, or what "
    "belongs to another base_url]",
)  # fmt: skip
@click.option(
    "--token-url", metavar="URL",
    help="The token call that takes the code.  [default: the setting token_url, else beside Booker's page]",
)  # fmt: skip
@click.option(
    "--pkce/--no-pkce",
    default=True,
    show_default=True,
    help="Send a code challenge, which some servers refuse.",
)
@click.option(
    "--minutes", type=click.FloatRange(0, 24 * 60, min_open=True), default=15, show_default=True,
    help="How long the page waits for you.",
)  # fmt: skip
@click.pass_obj
def sign_in(  # noqa: PLR0913  one argument for each option
    config: tuple[str, ...],
    *,
    no_browser: bool,
    location_id: int | None,
    redirect_uri: str,
    authorize_url: str | None,
    token_url: str | None,
    pkce: bool,
    minutes: float,
) -> None:
    """Sign in to Booker, and keep access in the credential file.

    Opens a page on 127.0.0.1 that leads through it: START, the Location ID, Activate Integration, Booker's
    own page for signing in and allowing, and back. The file is that of the setting credentials_path, else
    booker-credentials.json here; only you can read it.
    """
    options = Options(authorize_url, token_url, redirect_uri, pkce, location_id)
    signing = SignIn(config, options, is_page=not no_browser)
    try:
        signing.by_terminal() if no_browser else signing.by_page(minutes)
    except (KeyboardInterrupt, click.Abort):
        if no_browser and not sys.stdin.isatty():
            raise SignInError("There was nobody to answer.") from None
        click.echo("\nStopped; nothing was changed.", err=True)
        sys.exit(INTERRUPTED)


@connect.command(
    cls=Manual,
    changes="The credential file, when Booker replaces the refresh token. Nothing at Booker.",
    settings=SETTINGS,
    exits={
        "0": "a run can do its work, also with warnings",
        "1": "something else is wrong, such as Booker not answering",
        "2": "a person must mend a setting",
    },
    examples={
        "booker-connect --config tap.json doctor": "Look before the first run, and whenever one fails",
        "booker-connect --config tap.json doctor --format json": "Hand the findings to a script",
        "meltano invoke tap-booker:doctor": "The same in a Meltano project, with its settings",
    },
)
@click.option(
    "--format", "shape", type=Choice(["table", "json"]), default="table", show_default=True,
    help="For people or scripts.",
)  # fmt: skip
@click.pass_obj
def doctor(config: tuple[str, ...], shape: str) -> None:
    """Check settings, credentials, locations and clock; a line each.

    Each line says `ok`, `warn` or `FAIL`, and what to do. It reads a few pages; Booker may bill the calls,
    whose number stands in the last line.
    """
    asked, found = Doctor(config), []
    for finding in asked.examine():
        found.append(finding)
        if shape == "table":
            click.echo(finding.line())
    if shape == "table":
        click.echo(f"{verdict(found)}; calls made: {asked.calls}")
    else:
        click.echo(json.dumps([one.as_dict() for one in found], ensure_ascii=False, indent=2))
    sys.exit(worst(found))


def main() -> NoReturn:
    """The `booker-connect` command."""
    run_command(connect)
