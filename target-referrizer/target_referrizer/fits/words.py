"""What other systems call the streams and fields of the contract."""

from __future__ import annotations

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
        "is_forgotten": "",
    },
    "check_ins": {
        "id": "check_in_id checkin_id visit_id appointment_id booking_id visit_no appointment_no uid",
        "contact_id": "contact customer_id customer client_id client guest_id guest guest_no customer_no"
        " client_no member_id member person_id user_id",
        "location_id": "location branch_id store_id site_id salon_id",
        "checked_in_at": "checked_in check_in_at check_in_time checkin_time came came_at visited visited_at"
        " arrived arrived_at arrival visit_date visit_time visited_on",
        "is_checked_in": "attended showed_up has_come",
        "starts_at": "start start_time starts begins_at scheduled_at",
        "status": "visit_status appointment_status",
        "as_of": "updated_at updated modified modified_at changed changed_at",
        "is_time_inferred": "",
    },
}
#: Without these nothing comes of a stream.
NEEDED = {"contacts": ("id",), "check_ins": ("id", "contact_id", "checked_in_at")}
#: Without one of these nobody is reached.
_TELLING = {"contacts": {"email", "phone"}, "check_ins": {"contact_id", "checked_in_at"}}
#: When a row is from, which says that somebody came only where its stream is one of visits.
_BARE = "date datetime timestamp at"
_OF_VISITS = "check_in checkin visit attendance arrival"


_KNOWN = frozenset(
    one for fields in _FIELDS.values() for field, names in fields.items() for one in (field, *names.split())
)


def is_word(name: object) -> bool:
    """Whether some field of the contract is called so somewhere; what else a key may be could be a person."""
    return isinstance(name, str) and _plain(name) in _KNOWN


def is_personal(key: str) -> bool:
    """Whether a key is called as an e-mail or a phone is: a field of people as well, and no id to show."""
    names = _FIELDS["contacts"]
    return any(_plain(key) in (field, *names[field].split()) for field in ("email", "phone"))


def fields_for(stream: str, name: str, known: Iterable[str], keys: Collection[str]) -> dict[str, str]:
    """By field of the contract, the field of another system that is most likely the same.

    Names that are only alike are none: `first_visit_at` is no `last_visit_at`.

    Args:
        stream: Of the contract.
        name: What the other system calls its stream.
        known: The other system's fields.
        keys: Those that make up its key.
    """
    plain = {_plain(one): one for one in known}
    if len(keys) == 1 and not is_personal(min(keys)):
        plain.pop(_plain(min(keys)), None)
    found = {"id": min(keys)} if len(keys) == 1 else {}
    bare = _BARE if stream == "check_ins" and _is_named(name, _OF_VISITS) else ""
    for field, names in _FIELDS[stream].items():
        more = bare if field == "checked_in_at" else ""
        same = next((one for one in (field, *names.split(), *more.split()) if one in plain), None)
        if field not in found and same:
            found[field] = plain.pop(same)
    return found


def stream_for(name: str, known: Iterable[str], keys: Collection[str]) -> str | None:
    """Which stream of the contract another system's stream is, None where it is none."""
    known = list(known)
    guesses = {stream: fields_for(stream, name, known, keys) for stream in _STREAMS}
    good = {stream: found for stream, found in guesses.items() if _is_telling(stream, found)}
    named = [stream for stream, words in _STREAMS.items() if _is_named(name, words)]
    return max(good, key=lambda one: (one in named, len(good[one]))) if good else None


def _is_telling(stream: str, found: Collection[str]) -> bool:
    telling = _TELLING[stream] & set(found)
    return bool(telling) if stream == "contacts" else telling == _TELLING[stream]


def _is_named(name: str, words: str) -> bool:
    return any(one in _plain(name) for one in words.split())


def _plain(word: str) -> str:
    """`firstName`, `First Name` and `FIRST-NAME` are one."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word)
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_")
