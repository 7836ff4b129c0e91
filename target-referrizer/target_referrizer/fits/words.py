"""What other systems call the streams and fields of the contract."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_STREAMS = {
    "contacts": "contact customer client guest person people member user lead patient",
    "check_ins": "check_in checkin visit appointment booking attendance arrival reservation",
}
_FIELDS = {
    "contacts": {
        "id": "contact_id customer_id client_id guest_id guest_no customer_no client_no member_id person_id"
        " uid",
        "location_id": "location branch_id store_id site_id salon_id",
        "first_name": "firstname given given_name forename fname",
        "last_name": "lastname surname family_name family lname",
        "email": "mail e_mail email_address mail_address",
        "phone": "mobile cell cellphone telephone tel phone_number mobile_phone cell_phone mobile_number",
        "street": "address street_address address1 address_1 address_line_1 address_street",
        "city": "town locality address_city",
        "state": "province region address_state",
        "zip": "zipcode zip_code postal_code postcode postal address_zip",
        "birthday": "birth_date birthdate date_of_birth dob born",
        "is_member": "member membership vip has_membership",
        "last_visit_at": "last_visit last_visit_date last_visited last_visited_at last_seen last_seen_at",
        "accepts_email": "email_opt_in accepts_emails email_marketing",
        "accepts_sms": "sms_opt_in accepts_texts text_opt_in",
        "updated_at": "updated modified modified_at changed changed_at last_modified last_updated updated_on",
        "created_at": "created created_on registered_at",
    },
    "check_ins": {
        "id": "check_in_id checkin_id visit_id appointment_id booking_id visit_no appointment_no uid",
        "contact_id": "contact customer_id customer client_id client guest_id guest guest_no customer_no"
        " client_no member_id member person_id user_id",
        "location_id": "location branch_id store_id site_id salon_id",
        "checked_in_at": "checked_in check_in_at check_in_time checkin_time came came_at visited visited_at"
        " arrived arrived_at arrival visit_date visit_time visited_on date datetime timestamp at",
        "is_checked_in": "attended showed_up has_come",
        "starts_at": "start start_time starts begins_at scheduled_at",
        "status": "visit_status appointment_status",
        "as_of": "updated_at updated modified modified_at changed changed_at",
    },
}
#: Without these nothing comes of a stream.
NEEDED = {"contacts": ("id",), "check_ins": ("id", "contact_id", "checked_in_at")}
#: Without one of these nobody is reached.
_TELLING = {"contacts": {"email", "phone"}, "check_ins": {"contact_id", "checked_in_at"}}
_CUTOFF = 0.8


def fields_for(stream: str, known: Iterable[str], keys: Collection[str]) -> dict[str, str]:
    """By field of the contract, the field of another system that is most likely the same.

    Args:
        stream: Of the contract.
        known: The other system's fields.
        keys: Those that make up its key.
    """
    plain = {_plain(one): one for one in known}
    if len(keys) == 1:
        plain.pop(_plain(min(keys)), None)
    found = {"id": min(keys)} if len(keys) == 1 else {}
    for looks in (_same, _near):
        for field, names in _FIELDS[stream].items():
            if field not in found and (name := looks(field, names.split(), plain)):
                found[field] = plain.pop(name)
    return found


def stream_for(name: str, known: Iterable[str], keys: Collection[str]) -> str | None:
    """Which stream of the contract another system's stream is, None where it is none."""
    known, plain = list(known), _plain(name)
    guesses = {stream: fields_for(stream, known, keys) for stream in _STREAMS}
    good = {stream: found for stream, found in guesses.items() if _is_telling(stream, found)}
    named = [stream for stream, words in _STREAMS.items() if any(one in plain for one in words.split())]
    return max(good, key=lambda one: (one in named, len(good[one]))) if good else None


def _is_telling(stream: str, found: Collection[str]) -> bool:
    telling = _TELLING[stream] & set(found)
    return bool(telling) if stream == "contacts" else telling == _TELLING[stream]


def _same(field: str, names: list[str], plain: Collection[str]) -> str | None:
    return next((one for one in (field, *names) if one in plain), None)


def _near(field: str, names: list[str], plain: Collection[str]) -> str | None:
    near = (difflib.get_close_matches(one, plain, n=1, cutoff=_CUTOFF) for one in (field, *names))
    return next((one[0] for one in near if one), None)


def _plain(word: str) -> str:
    """`firstName`, `First Name` and `FIRST-NAME` are one."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word)
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")
