"""Where Referrizer keeps each canonical contact field, unless a setting says otherwise."""

from __future__ import annotations

DEFAULT_FIELD_MAP: dict[str, str | None] = {
    "first_name": "firstName",
    "last_name": "lastName",
    "email": "email",
    "phone": "phone",
    "street": "address.street",
    "city": "address.city",
    "state": "address.state",
    "zip": "address.zip",
    "birthday": "birthday",
    "is_member": "customFields.CRM Member",
    "last_visit_at": "customFields.Last Visit Date",
    "group": "customFields.Customer Group",
    "accepts_email": "unsubscribedFromEmail",
    "accepts_sms": "unsubscribedFromText",
    "source_id": None,
}
