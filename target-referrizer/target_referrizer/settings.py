"""The target's settings, checked: one typed object made of a configuration."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from phonenumbers import SUPPORTED_REGIONS

from target_referrizer import map_forms, schemas, variables
from target_referrizer.errors import SettingsError, SettingsErrors
from target_referrizer.groups import Policy, zone_of
from target_referrizer.ledger import options
from target_referrizer.payloads import FieldMap
from target_referrizer.properties import PROPERTIES, VENDOR
from target_referrizer.spelling import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from zoneinfo import ZoneInfo

logger = logging.getLogger("target-referrizer")


@dataclass(frozen=True)
class Settings:
    """The settings of one run, checked.

    Attributes:
        source_zone: Whose local times stamps without a zone are, None when they are refused.
        local_times: Fields whose stamps are such local times whatever offset they carry, as `stream.field`.
        since: Start of the visits that are posted, None for "the first run of this source".
        as_of: The instant that counts as now, None for the machine's clock.
    """

    api_token: str = field(repr=False)
    api_url: str
    ledger_url: str = field(repr=False)
    source: str
    sources: tuple[str, ...]
    country: str
    source_zone: ZoneInfo | None
    local_times: tuple[str, ...]
    policy: Policy
    field_map: FieldMap
    since: datetime | None
    points: int | None
    backfill_points: int
    update_style: str
    minimum_interval: timedelta
    resend_uncertain: bool
    sync_opt_outs: bool
    concurrent_requests: int
    requests_per_second: int
    request_timeout: int
    outage_patience_seconds: int
    max_reject_percent: int
    brake_percent: int
    report_path: str | None
    dry_run: bool
    as_of: datetime | None

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Settings:
        """Check a configuration whose defaults are filled in.

        Raises:
            SettingsError: A setting cannot be used, or `as_of` is aimed at a real account.
        """
        get = {**_defaults(), **{key: value for key, value in config.items() if value is not None}}
        read = _Reader()
        settings = cls(
            api_token=str(get["api_token"]).strip(),
            api_url=read(_url, get["api_url"]),
            ledger_url=read(options.checked, get["ledger_url"]),
            source=read(_name, "source", get["source"]),
            sources=tuple(get["sources"]),
            country=read(_country, get["default_country"]),
            source_zone=read(zone_of, "source_timezone", zone)
            if (zone := get.get("source_timezone"))
            else None,
            local_times=read(_local_times, get["local_times"], zone) or (),
            policy=read(Policy.parse, get["groups"], get["no_visit_group"], get["timezone"]),
            field_map=read(FieldMap.parse, get["field_map"]),
            since=read(_since, get["visits_since"]),
            points=get.get("points"),
            backfill_points=get["backfill_points"],
            update_style=get["update_style"],
            minimum_interval=timedelta(minutes=get["minimum_interval_minutes"]),
            resend_uncertain=get["uncertain_visits"] == "resend",
            sync_opt_outs=get["sync_opt_outs"],
            concurrent_requests=get["concurrent_requests"],
            requests_per_second=get["requests_per_second"],
            request_timeout=get["request_timeout"],
            outage_patience_seconds=get["outage_patience_seconds"],
            max_reject_percent=get["max_reject_percent"],
            brake_percent=get["brake_percent"],
            report_path=get.get("report_path") or None,
            dry_run=get["dry_run"],
            as_of=read(_instant, "as_of", get["as_of"]) if get.get("as_of") else None,
        )
        if read.errors:
            raise SettingsErrors(read.errors)
        if settings.as_of and not settings.dry_run and _is_vendors(settings.api_url):
            raise SettingsError("RFZ-108", "as_of is set while api_url is Referrizer's own address")
        return settings

    def local_fields(self, stream: str) -> set[str]:
        """Those of `local_times` that are of this stream."""
        given = (one.partition(".") for one in self.local_times)
        return {field for of, _, field in given if of == stream}


class _Reader:
    """Reads one setting after the other, and keeps what is wrong with each."""

    def __init__(self) -> None:
        self.errors: list[SettingsError] = []

    def __call__(self, parse: Callable[..., Any], *given: Any) -> Any:
        """The setting as `parse` reads it; None where it cannot."""
        try:
            return parse(*given)
        except SettingsError as error:
            self.errors.append(error)
            return None


def checked(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Settings:
    """Check a whole configuration, and say of each key that is no setting that it is none.

    So of variables that Meltano left out of the configuration, since they are those of no setting.

    Raises:
        SettingsError: One or more settings are wrong, each with its own line.
    """
    for surplus in unknown({**variables.left_out(schema), **config}, schema):
        logger.warning("%s", surplus)
    found = list(problems(config, schema))
    if config.get("flattening_enabled") and config.get("flattening_max_depth") in (None, -1):
        found.append(SettingsError("RFZ-101", "flattening_enabled needs a flattening_max_depth, such as 1"))
    if found:
        raise SettingsErrors(found)
    return Settings.parse(config)


def problems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterable[SettingsError]:
    """Everything that the shape of a configuration shows to be wrong, one error for each setting."""
    maps = config.get("stream_maps")
    own = {**config, "stream_maps": {}} if isinstance(maps, Mapping) else dict(config)
    for error in Draft202012Validator(schema).iter_errors(own):
        if error.validator == "required":
            missing = [name for name in schema["required"] if name not in config]
            yield from (SettingsError("RFZ-103", f"{name} is missing") for name in missing)
        else:
            yield SettingsError("RFZ-101", _explain(error))
    yield from map_forms.problems(maps)
    if not str(config.get("api_token", "-")).strip():
        yield SettingsError("RFZ-103", "api_token is empty")


def unknown(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterable[SettingsError]:
    """What to say of each key that is no setting; it does not stop a run."""
    for key in sorted(set(config) - set(schema["properties"])):
        yield SettingsError("RFZ-102", f"there is no setting {key!r}{hint(key, schema['properties'])}")


def _defaults() -> dict[str, Any]:
    properties = PROPERTIES.to_dict()["properties"]
    return {
        name: prop["default"]
        for name, prop in properties.items()
        if "default" in prop and prop["default"] is not None
    }


def _explain(error: Any) -> str:
    """Which setting is wrong and why, without its value where that may be a secret."""
    path = ".".join(str(part) for part in error.absolute_path)
    words = {"type": "of type", "enum": "one of", "minimum": "at least", "maximum": "at most"}
    if error.validator == "additionalProperties":
        surplus = min(set(error.instance) - set(error.schema["properties"]))
        return f"{path} has no {surplus!r}{hint(surplus, error.schema['properties'])}"
    if error.validator not in words:
        return f"{path or 'the configuration'} has the wrong form ({error.validator})"
    asked = error.validator_value
    listed = (
        ", ".join(str(one) for one in asked if one not in ("null", None))
        if isinstance(asked, list)
        else asked
    )
    near = hint(error.instance, [one for one in asked if one]) if error.validator == "enum" else ""
    return f"{path or 'the configuration'} must be {words[error.validator]} {listed}{near}"


def _is_vendors(api_url: str) -> bool:
    host = (urlsplit(api_url).hostname or "").rstrip(".")
    return host == VENDOR or host.endswith(f".{VENDOR}")


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number
        is_one = False
    if not is_one:
        raise SettingsError("RFZ-101", "api_url is not an http(s) address")
    return value.rstrip("/")


def _name(setting: str, value: str) -> str:
    if not value.strip():
        raise SettingsError("RFZ-101", f"{setting} is empty")
    return value.strip()


def _country(value: str) -> str:
    if value.upper() not in SUPPORTED_REGIONS:
        raise SettingsError("RFZ-101", f"default_country {value!r} is not a two-letter country code")
    return value.upper()


def _local_times(fields: Sequence[str], zone: str | None) -> tuple[str, ...]:
    """Fields of the contract that hold a date-time, and a zone that they are of."""
    known = [
        f"{stream}.{name}"
        for stream in schemas.STREAMS
        for name, spec in schemas.load(stream)["properties"].items()
        if spec.get("format") == "date-time"
    ]
    for one in fields:
        if one not in known:
            what = f"local_times has {one!r}, which is no date-time such as {known[0]}{hint(one, known)}"
            raise SettingsError("RFZ-101", what)
    if fields and not zone:
        raise SettingsError(
            "RFZ-101", "local_times is set, but not source_timezone, whose local times they are"
        )
    return tuple(fields)


def _since(value: str) -> datetime | None:
    return None if value == "first_run" else _instant("visits_since", value)


def _instant(setting: str, value: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise SettingsError(
            "RFZ-101", f"{setting} {value!r} is not a date-time such as 2026-03-01T00:00:00Z"
        ) from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
