"""The settings: their schema, and the checks that a schema cannot make."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from singer_sdk import typing as th

from tap_booker.errors import BookerError, SettingError
from tap_booker.location import known_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from jsonschema.exceptions import ValidationError

BOOKER_URL = "https://api.booker.com"

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "location_ids",
        th.ArrayType(th.IntegerType(minimum=1)),
        required=True,
        title="Location IDs",
        description="Booker's Location ID of each location to read, for example [3749]. At least one.",
    ),
    th.Property(
        "subscription_key",
        th.StringType,
        required=True,
        secret=True,
        title="Subscription key",
        description="Key of the Merchant API from Booker's developer portal; it goes with every call.",
    ),
    th.Property(
        "client_id",
        th.StringType,
        required=True,
        title="Client id",
        description="Client id of your application in Booker's developer portal.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        required=True,
        secret=True,
        title="Client secret",
        description="Client secret of the same application.",
    ),
    th.Property(
        "personal_access_token",
        th.StringType,
        secret=True,
        title="Personal access token",
        description="The simplest way in for one merchant: a token with Merchant level from Booker. "
        "May be pasted percent-encoded, as the portal shows it.",
    ),
    th.Property(
        "credentials_path",
        th.StringType,
        title="Credential file",
        description="Instead of a personal access token: the JSON file that `booker-connect` writes. The tap "
        "replaces it (mode 0600) whenever Booker rotates the refresh token, so it must be writable. With "
        "neither of the two, the client credentials get an account token, and that a location token.",
    ),
    th.Property(
        "base_url",
        th.StringType,
        default=BOOKER_URL,
        title="API address",
        description="Address of Booker's API, without a path of a version.",
    ),
    th.Property(
        "token_url",
        th.StringType,
        title="Token address",
        description="Address of the token call. Default: {base_url}/v5/auth/connect/token, or what the "
        "credential file says.",
    ),
    th.Property(
        "scope",
        th.StringType,
        default="merchant",
        title="Scope",
        description="OAuth scope to ask for; reading a business needs `merchant`.",
    ),
    th.Property(
        "use_location_token",
        th.BooleanType,
        title="Use a location token",
        description="Exchange the account's token for one of each location. Default: only when neither a "
        "personal access token nor a credential file is set. Brands with many locations may need it.",
    ),
    th.Property(
        "timezone",
        th.StringType,
        title="Time zone",
        description="IANA zone, for example America/Chicago, in place of what Booker says.",
    ),
    th.Property(
        "start_date",
        th.StringType,
        title="Start of the check-in history",
        description="Date (that day's start at the location) or date-time from which the first run reads "
        "check-ins. Default: 365 days back. Contacts are always read completely at first.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1),
        default=100,
        title="Page size",
        description="Records for each call. Calls may be billed, so large is cheap.",
    ),
    th.Property(
        "lookback_hours",
        th.IntegerType(minimum=0),
        default=24,
        title="Look back, hours",
        description="How far before its bookmark a later run reads again: no late change is lost.",
    ),
    th.Property(
        "trailing_days",
        th.IntegerType(minimum=0),
        default=7,
        title="Trailing days",
        description="Each later run also reads all appointments that started in the last so many days: a "
        "check-in, an undone one or a no-show is seen even when Booker does not count it as a change.",
    ),
    th.Property(
        "window_days",
        th.IntegerType(minimum=1),
        default=30,
        title="Window, days",
        description="The first run reads the check-in history in slices of so many days.",
    ),
    th.Property(
        "date_filter_style",
        th.StringType,
        allowed_values=["offset", "dotnet"],
        default="offset",
        title="Style of date filters",
        description="How the bounds of a window are sent: `offset` (ISO 8601 with offset) or `dotnet` "
        "(/Date(…)/ by Booker's Eastern rule). Change it when Booker refuses or ignores the other.",
    ),
    th.Property(
        "concurrent_requests",
        th.IntegerType(minimum=1, maximum=64),
        default=4,
        title="Concurrent requests",
        description="Pages asked for at the same time, at most. 1 never asks for a page too many.",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1),
        default=90,
        title="Time limit of a request, seconds",
        description="How long to wait for one answer.",
    ),
    th.Property(
        "skip_broken_records",
        th.BooleanType,
        default=False,
        title="Skip broken records",
        description="Go on without a record that Booker cannot deliver, and report its position. Default: "
        "such a record stops its location, and the bookmark stays.",
    ),
    th.Property(
        "as_of",
        th.StringType,
        title="As of",
        description="Date-time that replaces the clock, for demos and tests. Refused against Booker's own "
        "addresses.",
    ),
).to_dict()
"""JSON Schema of the settings."""

SECRETS = frozenset(name for name, spec in SCHEMA["properties"].items() if spec.get("secret"))


def tidy(config: Mapping[str, Any]) -> dict[str, Any]:
    """Bring settings into the form that the schema describes, without judging them.

    Empty values count as not given; a lone location id becomes a list, digits become numbers; an access token
    that is percent-encoded is decoded (seen: the portal shows it so).
    """
    given = {name: value for name, value in config.items() if value is not None and value != ""}
    ids = given.get("location_ids")
    if isinstance(ids, (int, str)):
        given["location_ids"] = [ids]
    if isinstance(given.get("location_ids"), list):
        given["location_ids"] = list(dict.fromkeys(_number(one) for one in given["location_ids"]))
    for name in ("base_url", "token_url"):
        if isinstance(given.get(name), str):
            given[name] = given[name].strip().rstrip("/")
    token = given.get("personal_access_token")
    if isinstance(token, str) and re.search("%[0-9A-Fa-f]{2}", token):
        given["personal_access_token"] = unquote(token)
    return given


def unknown(config: Mapping[str, Any], known: list[str]) -> Iterator[str]:
    """Describe each setting that does not exist, with the nearest one that does."""
    for name in config:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; `tap-booker --about` lists those that do."
            yield f"There is no setting {name}{hint}"


def schema_problems(errors: Iterable[ValidationError]) -> list[BookerError]:
    """Say what the schema refuses, one line for each setting, without the value: it may be a secret."""
    texts = {_setting_of(error): f"The setting {_setting_of(error)} {_wish(error)}." for error in errors}
    return [SettingError(text) for text in texts.values()]


def _setting_of(error: ValidationError) -> str:
    """The setting that an error of the schema is about."""
    if error.path:
        return str(error.path[0])
    missing = re.match("'(.*?)' is a required", error.message)
    return missing[1] if missing else "?"


def _wish(error: ValidationError) -> str:
    """What the schema wants."""
    wanted: Any = error.validator_value
    if error.validator == "required":
        return "is missing"
    if error.validator == "type":
        kinds = [wanted] if isinstance(wanted, str) else [kind for kind in wanted if kind != "null"]
        return f"must be of type {' or '.join(kinds)}"
    words = {"minimum": "must be at least", "maximum": "must be at most", "enum": "must be one of"}
    shown = ", ".join(str(one) for one in wanted if one) if isinstance(wanted, list) else wanted
    return f"{words.get(str(error.validator), 'must satisfy ' + str(error.validator))} {shown}"


def value_problems(config: Mapping[str, Any], now: datetime) -> Iterator[BookerError]:
    """Checks beyond the schema, each wrong setting once.

    Args:
        config: Tidy settings whose types are right.
        now: The clock.
    """
    if not config["location_ids"]:
        yield SettingError("The setting location_ids is empty.")
    for name in ("base_url", "token_url"):
        if config.get(name) and not _is_address(config[name]):
            yield SettingError(f"The setting {name} must be an address that starts with https:// or http://.")
    if config.get("personal_access_token") and config.get("credentials_path"):
        yield SettingError("Both personal_access_token and credentials_path are set; one of them must go.")
    if config.get("timezone") and known_zone(config["timezone"]) is None:
        yield SettingError("The setting timezone must be an IANA zone such as America/Chicago.")
    if config.get("as_of"):
        yield from _as_of_problems(config)
    if config.get("start_date"):
        yield from _start_problems(config["start_date"], now)


def _as_of_problems(config: Mapping[str, Any]) -> Iterator[BookerError]:
    """`as_of` must be readable, and never meets a real account."""
    if moment_of(config["as_of"], None) is None:
        yield SettingError("The setting as_of must be a date-time such as 2026-03-02T15:00:00Z.")
    host = (urlsplit(config["base_url"]).hostname or "") if _is_address(config["base_url"]) else ""
    if host == "booker.com" or host.endswith(".booker.com"):
        yield SettingError("The setting as_of is refused against Booker's own address.", code="BKR-103")


def _start_problems(text: str, now: datetime) -> Iterator[BookerError]:
    """`start_date` must be readable and lie in the past."""
    start = moment_of(text, None)
    if start is None:
        yield SettingError("The setting start_date must be a date or date-time such as 2025-01-31.")
    elif start > now:
        yield SettingError("The setting start_date lies in the future.")


def moment_of(text: str, zone: ZoneInfo | None) -> datetime | None:
    """Read a date or date-time of the settings or the state.

    Args:
        text: ISO 8601; a bare date means its first moment.
        zone: Zone of a text without offset; None means UTC.

    Returns:
        The instant in UTC, or None when the text is none.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone or UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_address(text: str) -> bool:
    """Whether this can be the address of a server."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
    except ValueError:
        return False


def _number(value: object) -> object:
    """An id as a number, when it is one in quotes."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value
