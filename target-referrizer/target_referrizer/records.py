"""A record of the stream contract as a row of the ledger, or why it cannot be one. No HTTP, no SQL."""

from __future__ import annotations

import abc
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from target_referrizer.contract import Contract
from target_referrizer.ledger.rows import ContactRow, VisitRow, canonical, id_text
from target_referrizer.lenient import Lenient
from target_referrizer.people import email_key, fold, phone_key
from target_referrizer.terminal import commands

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_referrizer.settings import Settings

#: Date-times outside these years are mistakes, and calendars end soon after.
YEARS = range(1900, 9000)

#: As long as the ledger's columns for ids.
LONGEST_ID = 255

#: What the ledger keeps of a contact; everything else in a record has no effect.
KEPT = (
    "id", "first_name", "last_name", "email", "phone", "street", "city", "state", "zip",
    "birthday", "is_member", "accepts_email", "accepts_sms",
)  # fmt: skip


class Unusable(Exception):  # noqa: N818 - says what the record is
    """A record that cannot be staged: catalogue code and reason, without personal data, perhaps its line."""

    def __init__(self, code: str, reason: str, line: int = 0) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
        self.line = line


class Unmapped(dict[str, Any]):
    """A record of which a stream map could not be worked out: what came of the others, and why."""

    def __init__(self, record: Mapping[str, Any], why: str, line: int) -> None:
        super().__init__(record)
        self.why, self.line = why, line


class Records(abc.ABC):
    """How the records of one stream are read."""

    stream: ClassVar[str]

    def __init__(self, settings: Settings, as_of: datetime) -> None:
        """Load the contract.

        Args:
            settings: Whose zone, country and local times.
            as_of: The instant up to which a row is known that does not say it.
        """
        self.country, self.as_of = settings.country, as_of
        self.contract = Contract(self.stream)
        self.lenient = Lenient(self.stream, settings.source_zone, settings.local_fields(self.stream))

    @abc.abstractmethod
    def row(self, record: Mapping[str, Any]) -> Any:
        """A record that keeps the contract, as a row of the ledger; Unusable where it cannot be one."""

    def checked(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record as it keeps the contract, if need be once it was read leniently."""
        if isinstance(record, Unmapped):
            raise Unusable("RFZ-218", record.why, record.line)
        if record.get("id") in (None, ""):
            raise Unusable("RFZ-204", "the record has no id")
        if self.lenient.is_needed(record) or not self.contract.is_surely_kept(record):
            record = self.lenient.read(record)
            breach = self.contract.breach(record)
            if breach is not None:
                raise Unusable("RFZ-203", breach)
        unfit = next((name for name in ("id", "contact_id") if not is_fit(record.get(name))), None)
        if unfit:
            raise Unusable("RFZ-203", f"{unfit}: must be a short text without control characters")
        return record


class ContactRecords(Records):
    """The stream `contacts`."""

    stream = "contacts"

    def row(self, record: Mapping[str, Any]) -> ContactRow:
        """One record as a row of the ledger."""
        email = email_key(record.get("email"))
        phone = phone_key(record.get("phone"), self.country)
        key, updated_at = id_text(record["id"]), _instant(record.get("updated_at"))
        if record.get("is_forgotten"):
            return ContactRow.forgotten(key, updated_at)
        reach = _reach(record, reachable=bool(email or phone))
        return ContactRow(
            key,
            canonical({name: record[name] for name in KEPT if record.get(name) not in (None, "")}),
            updated_at,
            _instant(record.get("last_visit_at")),
            email,
            phone,
            fold(record.get("first_name")),
            fold(record.get("last_name")),
            *reach,
        )


class Reach(NamedTuple):
    """Whether a contact can be reached: status, and code and reason where it cannot by a mistake."""

    status: str
    code: str | None = None
    reason: str = ""


def _reach(record: Mapping[str, Any], *, reachable: bool) -> Reach:
    """What is given and unreadable is a mistake to mend, nothing given is not."""
    if reachable:
        return Reach("new")
    if str(record.get("phone") or "").strip():
        return Reach("rejected", "RFZ-206", "the phone is unreadable and there is no usable e-mail")
    if str(record.get("email") or "").strip():
        return Reach("rejected", "RFZ-203", "the e-mail is unreadable and there is no phone")
    return Reach("unreachable")


class CheckInRecords(Records):
    """The stream `check_ins`."""

    stream = "check_ins"

    def row(self, record: Mapping[str, Any]) -> VisitRow:
        """One record as a row of the ledger."""
        checked_in_at = _instant(record.get("checked_in_at"))
        said = record.get("is_checked_in")
        is_checked_in = checked_in_at is not None if said is None else bool(said)
        if is_checked_in and checked_in_at is None:
            raise Unusable("RFZ-211", "the check-in has no time")
        as_of = _instant(record.get("as_of")) or self.as_of
        return VisitRow(
            id_text(record["id"]),
            id_text(record["contact_id"]),
            checked_in_at,
            is_checked_in,
            bool(record.get("is_time_inferred")),
            as_of,
        )


#: How each stream of the contract is read.
RECORDS: dict[str, type[Records]] = {one.stream: one for one in (ContactRecords, CheckInRecords)}


def _instant(value: Any) -> datetime | None:
    """An instant of the contract, already checked for its form."""
    if value in (None, ""):
        return None
    try:
        instant = datetime.fromisoformat(str(value)).astimezone(UTC)
    except (OverflowError, ValueError):
        raise Unusable("RFZ-203", "a date-time is not one of the calendar") from None
    if instant.year not in YEARS:
        raise Unusable("RFZ-203", f"a date-time is of the year {instant.year}")
    return instant


def is_by_id(keys: Collection[str] | None) -> bool:
    """Whether a stream with this key is told apart by `id`; one without a key names none that is wrong."""
    return not keys or set(keys) == {"id"}


def is_fit(value: Any) -> bool:
    """Whether the ledger can keep this as an id."""
    if not isinstance(value, str | int | float | None):
        return False
    text = "" if value is None else id_text(value)
    return len(text) <= LONGEST_ID and (text.isprintable() or not any(map(commands, text)))
