"""The environment of one location's run: its own settings and secrets, and nobody else's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from orchestrate.locations import SECRET_SETTINGS, TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrate.locations import Location, Locations

# Of the orchestrator itself: its Python would be the wrong one, and its secrets are no plugin's business.
FOREIGN = ("PYTHON", "VIRTUAL_ENV", "AIRFLOW", "_AIRFLOW")
WHERE = "in the environment of whoever starts this; a .env is not read"
DRIVER = "postgresql+psycopg"
# `outcome` reads Meltano's log: it has one form, whatever the caller or the project prefer.
LOG_FORM = {"MELTANO_CLI_LOG_FORMAT": "uncolored", "MELTANO_CLI_LOG_CONFIG": "", "NO_COLOR": "1"}
COLOURS = "FORCE_COLOR"
LOG_LEVEL, TALKATIVE = "MELTANO_CLI_LOG_LEVEL", "debug"
CONTACTS_ONLY = {"MELTANO_RUN_FULL_REFRESH": "true", "TAP_BOOKER__SELECT_FILTER": '["contacts"]'}
"""As `nightly-contacts` in meltano.yml has it."""


class UnreadyError(Exception):
    """What a location needs is not in the environment; a person is needed."""


def environment(location: Location, among: Locations, given: Mapping[str, str]) -> dict[str, str]:
    """Variables for Meltano and for `referrizer-ledger`.

    Args:
        location: Whose run it is.
        among: All locations, whose secrets are kept from this one.
        given: The caller's variables.

    Raises:
        UnreadyError: A secret is missing, or is another location's as well.
    """
    secrets = {setting: given.get(name, "") for setting, name in location.secrets.items()}
    for setting, value in secrets.items():
        if not value.strip():
            raise UnreadyError(f"the variable {location.secrets[setting]} is not set {WHERE}")
    twins = [
        one.name
        for one in among.enabled
        if one.name != location.name
        and given.get(one.secrets[TOKEN]) == secrets[TOKEN]
        and one.referrizer(given) == location.referrizer(given)
    ]
    if twins:
        raise UnreadyError(f"it has the same Referrizer token as {', '.join(twins)}")
    hidden = among.secret_names()
    kept = {
        name: value
        for name, value in given.items()
        if name not in hidden and name != COLOURS and not name.startswith(FOREIGN)
    }
    level = TALKATIVE if given.get(LOG_LEVEL, "").lower() == TALKATIVE else "info"
    return (
        kept
        | dict(location.settings)
        | secrets
        | LOG_FORM
        | {
            LOG_LEVEL: level,
            "TAP_BOOKER_LOCATION_IDS": json.dumps([location.location_id]),
            "TARGET_REFERRIZER_TIMEZONE": location.timezone,
        }
        | places(location, among, given)
    )


def places(location: Location, among: Locations, given: Mapping[str, str]) -> dict[str, str]:
    """Where the ledger and Meltano's state of a location lie: two files, or one schema.

    Raises:
        UnreadyError: The variable with the server's URL is missing, or is not one of PostgreSQL.
    """
    if among.database is None:
        ledger, state = (among.folder / f"{location.name}{end}" for end in (".db", ".meltano.db"))
        urls = f"sqlite:///{ledger}", f"sqlite:///{state}"
    else:
        url = given.get(among.database, "")
        if not url.startswith(f"{DRIVER}://"):
            text = f"the variable {among.database} is not a URL that begins with {DRIVER}://"
            raise UnreadyError(text if url else f"the variable {among.database} is not set {WHERE}")
        urls = (in_schema(url, location.schema),) * 2
    return dict(zip(("TARGET_REFERRIZER_LEDGER_URL", "MELTANO_DATABASE_URI"), urls, strict=True))


def in_schema(url: str, schema: str) -> str:
    """A PostgreSQL URL whose connections find and make tables in one schema."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query["options"] = f"{query.get('options', '')} -csearch_path={schema}".strip()
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))


def hidden(variables: Mapping[str, str]) -> list[str]:
    """Values that must not be shown, the longest first so that none is shown in part."""
    values = {variables.get(setting, "") for setting in SECRET_SETTINGS}
    for name in ("TARGET_REFERRIZER_LEDGER_URL", "MELTANO_DATABASE_URI"):
        password = urlsplit(variables.get(name, "")).password or ""
        values |= {password, unquote(password)}
    return sorted(values - {""}, key=len, reverse=True)
