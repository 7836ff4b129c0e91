"""Wrong settings, each with one clear line: what the schema refuses, and what a schema cannot see."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

from singer_sdk.plugin_base import JSONSchemaValidator

from tap_booker import map_forms
from tap_booker.dates import moment_of
from tap_booker.errors import BookerError, SettingError
from tap_booker.location import known_zone
from tap_booker.spelling import hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from jsonschema.exceptions import ValidationError


NO_SETTINGS = ("loglevel", "redirect_uri", "authorize_url")
"""What else has a variable with the tap's prefix: the log level, and options of `booker-connect`."""

BY_MELTANO = "MELTANO_EXTRACTOR_NAME"
"""The variable that only Meltano gives a tap, and all that it starts."""

NEARLY = 0.85
"""How alike two names are, of 1, one of which is the other misspelt."""

READABLE_YEARS = range(1990, 9000)
"""Dates of settings outside these years are mistakes, and calendars end soon after."""


def tidy(config: Mapping[str, Any]) -> dict[str, Any]:
    """Bring settings into the form that the schema describes, without judging them.

    White space around a value is dropped, a copied key often has some; empty values count as not given; a
    lone location id becomes a list, digits become numbers, each id stands once; an access token that is
    percent-encoded is decoded (seen: the portal shows it so).
    """
    plain = {name: value.strip() if isinstance(value, str) else value for name, value in config.items()}
    given = {name: value for name, value in plain.items() if value is not None and value != ""}
    ids = given.get("location_ids")
    if isinstance(ids, (int, str)):
        ids = [ids]
    if isinstance(ids, list):
        numbers = [_number(one) for one in ids]
        given["location_ids"] = [one for place, one in enumerate(numbers) if one not in numbers[:place]]
    for name in ("base_url", "token_url"):
        if isinstance(given.get(name), str):
            given[name] = given[name].rstrip("/")
    token = given.get("personal_access_token")
    if isinstance(token, str) and re.search("%[0-9A-Fa-f]{2}", token):
        given["personal_access_token"] = unquote(token)
    return given


def surplus_variables(known: Mapping[str, Mapping[str, Any]], prefix: str) -> dict[str, str]:
    """Variables that no setting has, by the name they would give it; Meltano's own are left out."""
    names = {name.removeprefix(prefix).lower(): name for name in os.environ if name.startswith(prefix)}
    taken = {*known, *NO_SETTINGS}
    found = {name: os.environ[of] for name, of in names.items() if name not in taken and name[:1] != "_"}
    if BY_MELTANO in os.environ:
        return {name: said for name, said in found.items() if not _is_meltanos(name, known)}
    return found


def left_out(known: Mapping[str, Mapping[str, Any]], prefix: str) -> dict[str, str]:
    """Such variables where Meltano called: the file that it makes of the settings holds none of them."""
    return surplus_variables(known, prefix) if BY_MELTANO in os.environ else {}


def _is_meltanos(name: str, known: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether Meltano makes or reads a variable of this name.

    It makes one of each part of an object (`stream_maps_contacts`). A plugin that inherits from another has
    those of its settings and extras under its own name (`london_timezone`, `london__select`), which may begin
    as the other's; but what is nearly a setting itself is a typing error (`start__date`).
    """
    objects = [of for of, spec in known.items() if "object" in spec.get("type", ())]
    if any(f"_{of}_" in f"_{name}" for of in objects):
        return True
    ends = [of for of in known if name.endswith(f"_{of}")]
    if not ends and "__" not in name:
        return False
    near = hint(name, known, alike=NEARLY)
    return not near or any(repr(of) in near for of in ends)


def unknown(config: Mapping[str, Any], known: list[str]) -> Iterator[BookerError]:
    """Describe each setting that does not exist, with the nearest one that does."""
    for name in config:
        if name not in known:
            yield SettingError(f"There is no setting {name}{hint(name, known) or '.'}", code="BKR-107")


def form_problems(config: dict[str, Any], schema: Mapping[str, Any]) -> list[BookerError]:
    """What the form of settings shows to be wrong; the SDK's validator fills in defaults as it looks.

    Args:
        config: Tidy settings; they get the defaults.
        schema: Of all settings. Of stream maps it is only asked whether they are an object.
    """
    maps = {"type": ["object", "null"]}
    asked = {**schema, "properties": {**schema["properties"], "stream_maps": maps}}
    found = schema_problems(JSONSchemaValidator(asked).iter_errors(config))
    return [*found, *map_forms.problems(config.get("stream_maps"))]


def schema_problems(errors: Iterable[ValidationError]) -> list[BookerError]:
    """Say what the schema refuses, one line for each setting, without the value: it may be a secret."""
    texts = {_setting_of(error): f"The setting {_setting_of(error)} {_wish(error)}" for error in errors}
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
        return "is missing."
    if error.validator == "type":
        kinds = [wanted] if isinstance(wanted, str) else [kind for kind in wanted if kind != "null"]
        return f"must be of type {' or '.join(kinds)}."
    words = {"minimum": "must be at least", "maximum": "must be at most", "enum": "must be one of"}
    shown = ", ".join(str(one) for one in wanted if one) if isinstance(wanted, list) else wanted
    near = hint(error.instance, [one for one in wanted if one]) if error.validator == "enum" else ""
    return f"{words.get(str(error.validator), 'must satisfy ' + str(error.validator))} {shown}{near or '.'}"


def value_problems(config: Mapping[str, Any], now: datetime) -> Iterator[BookerError]:
    """Checks beyond the schema, each wrong setting once.

    Args:
        config: Tidy settings whose types are right.
        now: The clock; `as_of` goes before it.
    """
    if not config["location_ids"]:
        yield SettingError("The setting location_ids is empty.")
    for name in ("base_url", "token_url"):
        if config.get(name) and not _is_address(config[name]):
            yield SettingError(f"The setting {name} must be an address that starts with https:// or http://.")
    if config.get("flattening_enabled") and config.get("flattening_max_depth") in (None, -1):
        yield SettingError("The setting flattening_enabled needs a flattening_max_depth, such as 1.")
    if not re.fullmatch("[!-~]+", config["subscription_key"]):
        yield SettingError("The setting subscription_key holds characters that no header may carry.")
    if config.get("personal_access_token") and config.get("credentials_path"):
        yield SettingError("Both personal_access_token and credentials_path are set; one of them must go.")
    if config.get("timezone") and known_zone(config["timezone"]) is None:
        near = hint(config["timezone"], available_timezones()) or "."
        yield SettingError(f"The setting timezone must be an IANA zone such as America/Chicago{near}")
    if config.get("as_of"):
        yield from _as_of_problems(config)
    if config.get("start_date"):
        yield from _start_problems(config["start_date"], _moment(config.get("as_of") or "") or now)


def _as_of_problems(config: Mapping[str, Any]) -> Iterator[BookerError]:
    """`as_of` must be readable, and never meets a real account."""
    if _moment(config["as_of"]) is None:
        yield SettingError("The setting as_of must be a date-time such as 2026-03-02T15:00:00Z.")
    host = (urlsplit(config["base_url"]).hostname or "") if _is_address(config["base_url"]) else ""
    if host == "booker.com" or host.endswith(".booker.com"):
        yield SettingError("The setting as_of is refused against Booker's own address.", code="BKR-103")


def _start_problems(text: str, now: datetime) -> Iterator[BookerError]:
    """`start_date` must be readable and lie in the past."""
    start = _moment(text)
    if start is None:
        yield SettingError("The setting start_date must be a date or date-time such as 2025-01-31.")
    elif start > now:
        yield SettingError("The setting start_date lies in the future.")


def _moment(text: str) -> datetime | None:
    """The instant of a setting, None when it is none that can be meant."""
    moment = moment_of(text, None)
    return moment if moment and moment.year in READABLE_YEARS else None


def _is_address(text: str) -> bool:
    """Whether this can be the address of a server."""
    try:
        parts = urlsplit(text)
        is_plain = not (parts.query or parts.fragment)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and is_plain
    except ValueError:
        return False


def _number(value: object) -> object:
    """An id as a number, when it is one in quotes."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value
