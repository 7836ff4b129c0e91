"""JSON Schemas of the two streams."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

# Booker's ids fit into 64 bits. Said so, warehouses have BIGINT; unsaid, some take the widest type they know.
ID = th.IntegerType(maximum=2**63 - 1)


def _field(name: str, kind: Any, description: str, *, required: bool = False) -> th.Property[Any]:
    """One field."""
    return th.Property(name, kind, required=required, description=description)


CONTACTS: dict[str, Any] = th.PropertiesList(
    _field("id", ID, "Booker's customer id.", required=True),
    _field("location_id", ID, "Booker's Location ID."),
    _field("first_name", th.StringType, "First name."),
    _field("last_name", th.StringType, "Last name."),
    _field("email", th.StringType, "E-mail address."),
    _field("phone", th.StringType, "The first of cell, home and work phone that is there, as Booker has it."),
    _field("street", th.StringType, "First line of the street address."),
    _field("city", th.StringType, "City."),
    _field("state", th.StringType, "State."),
    _field("zip", th.StringType, "Postal code."),
    _field("birthday", th.DateType, "Date of birth, a calendar date."),
    _field("is_member", th.BooleanType, "Has an active membership."),
    _field("last_visit_at", th.DateTimeType, "Last visit by Booker's own statistics, when it sends them."),
    _field("accepts_email", th.BooleanType, "False when e-mails or promotional e-mails were declined."),
    _field("accepts_sms", th.BooleanType, "False when text messages were declined."),
    _field("is_forgotten", th.BooleanType, "Asked to be forgotten: every personal field is null."),
    _field("is_active", th.BooleanType, "Active in Booker."),
    _field("created_at", th.DateTimeType, "When the customer was created."),
    _field("updated_at", th.DateTimeType, "When the customer was last modified."),
).to_dict()

CHECK_INS: dict[str, Any] = th.PropertiesList(
    _field("id", ID, "Booker's appointment id.", required=True),
    _field("contact_id", ID, "The guest: `contacts.id`.", required=True),
    _field("location_id", ID, "Booker's Location ID."),
    _field("checked_in_at", th.DateTimeType, "When the guest checked in; null when there was no visit."),
    _field("is_checked_in", th.BooleanType, "False: cancelled, no-show, undone, or not come (yet)."),
    _field("is_time_inferred", th.BooleanType, "Booker has no check-in time: the start stands in for it."),
    _field("starts_at", th.DateTimeType, "When the appointment starts."),
    _field("status", th.StringType, "Booker's name of the status, passed through."),
    _field("as_of", th.DateTimeType, "The instant up to which this row's state is known.", required=True),
).to_dict()
