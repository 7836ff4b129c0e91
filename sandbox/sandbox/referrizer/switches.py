"""Everything about Referrizer that is inferred or unknown, each as a switch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class ReferrizerSwitches:
    """How this Referrizer behaves where public material does not settle it; may be changed at any time.

    Addresses
        prefix: Version prefix of every path (seen in client code; the reference's sample has none). /v1.
        get_by_id: ``GET /contacts/{id}`` exists (inferred). True.
        patch: ``PATCH /contacts/{id}`` exists (unknown). False.

    Contacts
        put: A PUT replaces the contact, so what it leaves out is wiped, or merges (unknown; replace seems
            likelier). replace.
        unique_by: What no two contacts may share: email, phone, both (either of them) or none (unknown).
            both.
        duplicate_on_create: Code of a create that collides (inferred). RESOURCE_ALREADY_EXISTS.
        duplicate_on_update: Code of an update that collides (inferred). NOT_UNIQUE.
        post_upserts: A create that collides updates the contact instead (unknown). False.
        required: What a contact must have: email_or_phone (from the product's help), email or phone.
            email_or_phone.
        phone_format: e164 only, or any text (unknown). e164.
        field_names: Fields of a contact that this account names otherwise, by the name in the file, such as
            ``{"phone": "mobile"}`` (all but id, names, e-mail and the two opt-outs are inferred). None.
        custom_fields: Names of the custom fields that the owner has created; others are refused. The three
            of the product.

    Answers
        list_shows: A list shows the full contact, or only identity: id, names, e-mail (seen no more). full.
        list_shows_custom_fields: A list shows custom fields (unknown). True.
        nulls: Empty fields are shown as null, or omitted (unknown). shown.
        read_only_fields: Contacts show ``loyaltyPoints``, ``numberOfVisits`` and ``lastVisit``; a PUT may
            carry them back and changes nothing by it (unknown). False.
        create_answer: A create answers with the full contact, or only its id (unknown). full.
        update_answer: An update answers with the full contact, an empty object, or HTTP 204 (unknown). full.
        total_count: Lists have ``X-Total-Count`` (documented). True.

    Visits
        minimum_interval_minutes: Loyalty, Settings, Security: a visit nearer to another is refused.
            Referrizer's own default (from help) is 240; the unit is inferred. 240.
        interval_measured_on: The interval is between visit_date s, or between the call_time s (unknown).
            visit_date.
        points_zero: ``points: 0`` gives none (given), counts as not given (ignored) or is an error (refused)
            (unknown). given.
        points_per_visit: What the account gives for a visit that names no points. 10.
        points_per_dollar: What it gives for each dollar of ``amountSpent`` (seen). 1.
        unknown_contact: A visit of a contact that does not exist: not_found (404), illegal_argument (400) or
            accepted (unknown). not_found.

    Limits
        rate_limit_per_second: Requests in one second of real time before 429; 0 for no limit (unknown). 0.
        rate_limit_retry_after: Seconds in the ``Retry-After`` of that 429; None for no header. 1.
    """

    prefix: str = "/v1"
    get_by_id: bool = True
    patch: bool = False
    put: Literal["replace", "merge"] = "replace"
    unique_by: Literal["email", "phone", "both", "none"] = "both"
    duplicate_on_create: Literal["RESOURCE_ALREADY_EXISTS", "NOT_UNIQUE"] = "RESOURCE_ALREADY_EXISTS"
    duplicate_on_update: Literal["RESOURCE_ALREADY_EXISTS", "NOT_UNIQUE"] = "NOT_UNIQUE"
    post_upserts: bool = False
    required: Literal["email_or_phone", "email", "phone"] = "email_or_phone"
    phone_format: Literal["e164", "any"] = "e164"
    field_names: dict[str, str] = field(default_factory=dict)
    custom_fields: tuple[str, ...] = ("CRM Member", "Last Visit Date", "Customer Group")
    list_shows: Literal["full", "identity"] = "full"
    list_shows_custom_fields: bool = True
    nulls: Literal["shown", "omitted"] = "shown"
    read_only_fields: bool = False
    create_answer: Literal["full", "id"] = "full"
    update_answer: Literal["full", "empty", "no_content"] = "full"
    total_count: bool = True
    minimum_interval_minutes: int = 240
    interval_measured_on: Literal["visit_date", "call_time"] = "visit_date"
    points_zero: Literal["given", "ignored", "refused"] = "given"
    points_per_visit: int = 10
    points_per_dollar: int = 1
    unknown_contact: Literal["not_found", "illegal_argument", "accepted"] = "not_found"
    rate_limit_per_second: int = 0
    rate_limit_retry_after: int | None = 1
