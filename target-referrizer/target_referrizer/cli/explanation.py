"""Everything about one contact, as a person asks it: what is known and sent, why this group, what next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_referrizer import origin
from target_referrizer.clock import told
from target_referrizer.groups import next_change
from target_referrizer.ledger import last_visits, reports
from target_referrizer.masking import group_names, masked_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from target_referrizer.ledger.store import Ledger
    from target_referrizer.settings import Settings

#: How details of an event are told, where their own name says too little.
_DETAILS = {"agrees": "first names agree"}


def explain(  # noqa: PLR0913 - a question has as many sides
    ledger: Ledger, settings: Settings, who: str, *, email_key: str | None, as_of: datetime, unmasked: bool
) -> dict[str, Any] | None:
    """All that the ledger has about a contact, None when it has nothing.

    Args:
        ledger: Where to look.
        settings: The policy of groups.
        who: Id of a source or of Referrizer.
        email_key: Looked for instead of the id when given.
        as_of: The instant for "why" and "next".
        unmasked: Show names, addresses and the like instead of their first letters.
    """
    records, remote = reports.find(ledger, who, email_key=email_key)
    if not records and remote is None:
        return None
    latest = last_visits.newest(records, remote.baseline_visit_at if remote is not None else None)
    return {
        "records": [_record(row, unmasked=unmasked) for row in records],
        "referrizer": _remote(remote, settings, unmasked=unmasked) if remote is not None else None,
        **_group(settings, latest, as_of),
        "visits": [
            _visit(row, origin.posted_since(ledger, settings, row.source))
            for row in reports.visits_of(ledger, records)
        ],
        "events": [_event(row) for row in reports.events_of(ledger, records, remote)],
    }


def _record(row: Any, *, unmasked: bool) -> dict[str, Any]:
    return {
        "source": row.source,
        "id": row.id,
        "status": row.status,
        "reject_code": row.reject_code,
        "referrizer_contact": row.remote_id,
        "linked_by": row.linked_by,
        "linked_at": _iso(row.linked_at),
        "first_names_agree": row.agrees,
        "owns_fields": row.owns_fields,
        "updated_at": _iso(row.updated_at),
        "last_visit_at": _iso(row.latest_visit_at),
        "known": masked_record(json.loads(row.record), unmasked=unmasked),
    }


def _remote(row: Any, settings: Settings, *, unmasked: bool) -> dict[str, Any]:
    groups = group_names(settings.policy)
    desired, confirmed = json.loads(row.desired), json.loads(row.confirmed)
    return {
        "id": row.id,
        "group": row.confirmed_group,
        "confirmed": masked_record(confirmed, unmasked=unmasked, groups=groups),
        "to_be_written": sorted(key for key, value in desired.items() if confirmed.get(key) != value),
        "is_gone": row.is_gone,
    }


def _group(settings: Settings, latest: datetime | None, as_of: datetime) -> dict[str, Any]:
    policy = settings.policy
    name = policy.cut_offs(as_of).group_for(latest)
    change = next_change(latest, as_of, policy)
    if latest is None:
        why = "no visit is known"
    else:
        bound = next(
            (
                f" (visited within {one.amount} {one.unit})"
                for one in policy.groups
                if one.name == name and one.unit
            ),
            "",
        )
        today = f"today is {policy.today(as_of)} in {policy.zone.key}"
        why = f"the last visit was on {policy.today(latest)}, and {today}{bound}"
    following = {"group": change[0], "on": change[1].isoformat()} if change else None
    return {"group": name, "why": why, "next": following}


def _visit(row: Any, since: datetime | None) -> dict[str, Any]:
    is_history = row.status == "open" and row.checked_in_at and since and row.checked_in_at < since
    return {
        "id": row.id,
        "checked_in_at": _iso(row.checked_in_at),
        "is_checked_in": row.is_checked_in,
        "is_time_inferred": row.is_time_inferred,
        "undone_at": _iso(row.undone_at),
        "status": "history" if is_history else row.status,
        "reason": row.reason,
        "points": row.points,
        "referrizer_id": row.remote_id,
    }


def _event(row: Any) -> dict[str, Any]:
    record = f"{row.source} {row.contact_id}" if row.contact_id else None
    return {"at": _iso(row.at), "run": row.run, "kind": row.kind, "record": record, **json.loads(row.detail)}


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def lines(found: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """The same for people."""
    for row in found["records"]:
        code = f", {row['reject_code']}" if row["reject_code"] else ""
        yield f"{row['source']} {row['id']}: {row['status']}{code}"
        yield f"  known: {_pairs(row['known'])}"
        if row["referrizer_contact"]:
            names = (
                ""
                if row["first_names_agree"]
                else "; first names disagree: brings its visits, not its fields"
            )
            how = "as it created it" if row["linked_by"] == "created" else f"by {row['linked_by']}"
            yield f"  linked to {row['referrizer_contact']} {how}, {told(row['linked_at'], zone)}{names}"
    remote = found["referrizer"]
    if remote:
        gone = " (gone)" if remote["is_gone"] else ""
        yield f"Referrizer {remote['id']}{gone}: {remote['group'] or 'no group written yet'}"
        yield f"  sent and confirmed: {_pairs(remote['confirmed'])}"
        if remote["to_be_written"]:
            yield f"  to be written: {', '.join(remote['to_be_written'])}"
    yield f"group: {found['group']}, because {found['why']}"
    after = found["next"]
    yield (
        f"next: {after['group']} on {after['on']}, without another visit"
        if after
        else "next: stays where it is"
    )
    for row in found["visits"]:
        at = told(row["checked_in_at"] or row["undone_at"], zone) or "no check-in"
        inferred = " (time inferred)" if row["is_time_inferred"] else ""
        yield f"  visit {row['id']} {at}{inferred}: {_state(row)}"
    for row in found["events"]:
        about = {
            _DETAILS.get(key, key): value
            for key, value in row.items()
            if key not in {"at", "run", "kind", "record"} and value is not None
        }
        whose = f" {row['record']}" if row["record"] and len(found["records"]) > 1 else ""
        said = f" {_pairs(about)}" if about else ""
        yield f"  {told(row['at'], zone)} run {row['run']}: {row['kind']}{whose}{said}"


def _state(row: dict[str, Any]) -> str:
    if not row["is_checked_in"]:
        return "undone" if row["undone_at"] else "not a visit"
    points = f", {row['points']} points" if row["points"] is not None else ""
    status = "not posted yet" if row["status"] == "open" else row["status"]
    return status + (f" ({row['reason']})" if row["reason"] else "") + points


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_said(value)}" for key, value in values.items()) or "nothing"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, list):
        return str(value)
    *others, last = map(str, value)
    return f"{', '.join(others)} and {last}" if others else last
