"""The target's settings as they are declared: names, types, defaults, and what each means."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from target_referrizer.fields import DEFAULT_FIELD_MAP

VENDOR = "referrizer.com"

DEFAULT_GROUPS: list[dict[str, str]] = [
    {"name": "Current customers", "visited_within": "3 months"},
    {"name": "Past customers"},
]

_GROUP = th.ObjectType(
    th.Property("name", th.StringType(nullable=False), required=True, description="Name of the group"),
    th.Property(
        "visited_within",
        th.StringType(nullable=False),
        description="Reaches back so far: a number and days, weeks or months; the last group has none",
    ),
    additional_properties=False,
)


def _text(name: str, description: str, **more: Any) -> th.Property[Any]:
    return th.Property(name, th.StringType(nullable=False), description=description, **more)


def _whole(
    name: str, default: int | None, description: str, low: int = 0, high: int | None = None
) -> th.Property[Any]:
    kind = th.IntegerType(nullable=False, minimum=low, **({} if high is None else {"maximum": high}))
    return th.Property(name, kind, default=default, description=description)


def _yes_no(name: str, description: str, *, default: bool) -> th.Property[Any]:
    return th.Property(name, th.BooleanType(nullable=False), default=default, description=description)


PROPERTIES = th.PropertiesList(
    _text("api_token", "Referrizer API token, from its Integrations page", required=True, secret=True),
    _text("api_url", "Address of the API, version prefix included", default=f"https://api.{VENDOR}/v1"),
    _text(
        "ledger_url",
        "Database that keeps what was sent, SQLite or PostgreSQL. Back it up: it makes a visit unrepeatable",
        default="sqlite:///referrizer.db",
        secret=True,
    ),
    _text(
        "source",
        "Names whose ids the records carry, one for each tap that feeds this account",
        default="booker",
    ),
    th.Property(
        "sources",
        th.ArrayType(th.StringType(nullable=False), nullable=False),
        default=[],
        description="Order in which sources own fields that several of them know; default: newest wins",
    ),
    _text("timezone", "IANA zone whose days are used for groups and last visit dates", default="UTC"),
    _text(
        "source_timezone",
        "IANA zone of the source's stamps that carry none; absent: a record with such a stamp is rejected",
    ),
    th.Property(
        "local_times",
        th.ArrayType(th.StringType(nullable=False), nullable=False),
        default=[],
        description="Fields, as stream.field, whose stamps are local times of source_timezone whatever offset"
        " they carry",
    ),
    _text("default_country", "Country of phone numbers without a country code, two letters", default="US"),
    th.Property(
        "groups",
        th.ArrayType(_GROUP, nullable=False),
        default=DEFAULT_GROUPS,
        description="Last-visit groups in order, each reaching further back, the last one without a bound",
    ),
    _text("no_visit_group", "Group of contacts that have never come", default="Leads"),
    th.Property(
        "field_map",
        th.ObjectType(additional_properties=th.StringType(nullable=True), nullable=False),
        default={},
        description="Contact field to its path in Referrizer's JSON; null leaves it out. Over the default: "
        + ", ".join(f"{field} {path or 'null'}" for field, path in DEFAULT_FIELD_MAP.items()),
    ),
    _text(
        "visits_since",
        "Only check-ins at or after this instant are posted: `first_run` (of this source) or a date-time",
        default="first_run",
    ),
    _whole("points", None, "Loyalty points of each visit; absent: the account's own rule decides"),
    _whole("backfill_points", 0, "Loyalty points of visits from before the first run"),
    th.Property(
        "update_style",
        th.StringType(nullable=False, allowed_values=["merge", "patch"]),
        default="merge",
        description="merge: read the contact, change what differs, put it back; patch: send what differs",
    ),
    _whole(
        "minimum_interval_minutes",
        240,
        "Referrizer's minimum interval (Loyalty → Settings → Security), as the account has it",
    ),
    th.Property(
        "uncertain_visits",
        th.StringType(nullable=False, allowed_values=["hold", "resend"]),
        default="hold",
        description="A visit whose answer never came: hold it for a person, or resend it (points may double)",
    ),
    _yes_no("sync_opt_outs", "Carry opt-outs (only a no) from the source to Referrizer", default=False),
    _whole("concurrent_requests", 8, "Requests under way at once", low=1, high=64),
    _whole("requests_per_second", 10, "Ceiling of requests per second; 0: none"),
    _whole("request_timeout", 60, "Seconds to wait for an answer", low=1),
    _whole("outage_patience_seconds", 60, "Seconds without any success before the run stops"),
    _whole(
        "max_reject_percent", 5, "Share of rejected records that calls a person, from 20 records on", high=100
    ),
    _whole(
        "brake_percent", 50, "Share of contacts that one run may move, create or post visits for, from 20 on"
    ),
    _text(
        "report_path",
        "File that each run writes its report to, as HTML for its owner alone; absent: none is written",
    ),
    _yes_no("dry_run", "Read and plan, write nothing", default=False),
    th.Property(
        "as_of",
        th.DateTimeType(nullable=False),
        description="Pretend that it is this instant; for demonstrations, tests and plans only",
    ),
)
