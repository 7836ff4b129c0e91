"""The settings: names, types, defaults, and what they mean."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

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
        description="Instead of a personal access token: a JSON file with `refresh_token` and perhaps "
        "`token_url`. The tap replaces it (mode 0600, other keys kept) whenever Booker rotates the refresh "
        "token, so it must be writable. With neither of the two, the client credentials get an account "
        "token, and that a location token.",
    ),
    th.Property(
        "base_url",
        th.StringType,
        default=BOOKER_URL,
        title="API address",
        description="Address of Booker's API, without the version.",
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
        th.IntegerType(minimum=0, maximum=24 * 3650),
        default=24,
        title="Look back, hours",
        description="How far before its bookmark a later run reads again: no late change is lost.",
    ),
    th.Property(
        "trailing_days",
        th.IntegerType(minimum=0, maximum=3650),
        default=7,
        title="Trailing days",
        description="Each later run also reads all appointments that started in the last so many days, or "
        "since the run before if that is longer: a check-in, an undone one or a no-show is seen even when "
        "Booker does not count it as a change.",
    ),
    th.Property(
        "window_days",
        th.IntegerType(minimum=1, maximum=3650),
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
        description="Pages asked for at the same time, at most. More than 1 may cost a few calls more, "
        "beyond the end of a list and where one cannot be read to its end. 1 never asks for a page too many.",
    ),
    th.Property(
        "request_timeout",
        th.IntegerType(minimum=1, maximum=86_400),
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
