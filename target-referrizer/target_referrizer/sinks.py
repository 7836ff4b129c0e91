"""Records in: checked against the stream contract and turned into rows of the ledger. No HTTP, no SQL."""

from __future__ import annotations

import abc
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from singer_sdk.sinks import BatchSink

from target_referrizer.contract import Contract
from target_referrizer.errors import TargetError
from target_referrizer.ledger.journal import Rejected
from target_referrizer.ledger.rows import ContactRow, VisitRow, canonical, id_text
from target_referrizer.lenient import Lenient
from target_referrizer.people import email_key, fold, phone_key
from target_referrizer.terminal import commands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_referrizer.target import TargetReferrizer

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
    """A record that cannot be staged: catalogue code and reason, without personal data."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class ContractSink(BatchSink):
    """What both streams share: the contract, the batch, and the records that break it."""

    stream: ClassVar[str]
    MAX_SIZE_DEFAULT = 2000

    def get_validator(self) -> None:
        """The stream contract is checked here, whatever schema the tap declares."""
        return

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        """Leave a record as it came: the contract says what it must be."""
        return record

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Let a record without its key through: it is rejected with the others, and does not end the run."""

    def _after_process_record(self, context: dict[str, Any]) -> None:
        """Say nothing about a record: the SDK would log all of it when debugging."""

    def setup(self) -> None:
        """Load the contract once for each stream."""
        settings = self.run.settings
        self._contract = Contract(self.stream)
        self._lenient = Lenient(self.stream, settings.source_zone, settings.local_fields(self.stream))

    def __init__(self, target: TargetReferrizer, **kwargs: Any) -> None:
        super().__init__(target, **kwargs)
        self.run = target.run

    @abc.abstractmethod
    def row(self, record: Mapping[str, Any]) -> Any:
        """A record that keeps the contract, as a row of the ledger; Unusable where it cannot be one."""

    @abc.abstractmethod
    def stage(self, rows: list[Any]) -> None:
        """Hand rows to the run."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Stage a batch, good records and unusable ones."""
        rows: list[Any] = []
        unusable: list[Rejected] = []
        for record in context["records"]:
            try:
                rows.append(self.row(self._checked(record)))
            except Unusable as problem:
                unusable.append(self._rejected(record, problem))
        self.stage(rows)
        self.run.stage_rejected(unusable)

    def _checked(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record as it keeps the contract, if need be once it was read leniently."""
        if record.get("id") in (None, ""):
            raise Unusable("RFZ-204", "the record has no id")
        if self._lenient.local or not self._contract.is_surely_kept(record):
            record = self._lenient.read(record)
            breach = self._contract.breach(record)
            if breach is not None:
                raise Unusable("RFZ-203", breach)
        unfit = next((name for name in ("id", "contact_id") if not _is_fit(record.get(name))), None)
        if unfit:
            raise Unusable("RFZ-203", f"{unfit}: must be a short text without control characters")
        return record

    def _rejected(self, record: dict[str, Any], problem: Unusable) -> Rejected:
        text = canonical(record)
        fit = record.get("id") not in (None, "") and _is_fit(record["id"])
        key = id_text(record["id"]) if fit else "no-id-" + hashlib.sha256(text.encode()).hexdigest()[:16]
        self.logger.warning("%s %s rejected: %s", self.stream, key, TargetError(problem.code, problem.reason))
        return Rejected(self.stream, key, problem.code, problem.reason, text)


class ContactsSink(ContractSink):
    """The stream `contacts`."""

    stream = "contacts"

    def stage(self, rows: list[ContactRow]) -> None:
        """Into the ledger."""
        self.run.stage_contacts(rows)

    def row(self, record: Mapping[str, Any]) -> ContactRow:
        """One record as a row of the ledger."""
        email = email_key(record.get("email"))
        phone = phone_key(record.get("phone"), self.run.settings.country)
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


class CheckInsSink(ContractSink):
    """The stream `check_ins`."""

    stream = "check_ins"

    def stage(self, rows: list[VisitRow]) -> None:
        """Into the ledger."""
        self.run.stage_visits(rows)

    def row(self, record: Mapping[str, Any]) -> VisitRow:
        """One record as a row of the ledger."""
        checked_in_at = _instant(record.get("checked_in_at"))
        said = record.get("is_checked_in")
        is_checked_in = checked_in_at is not None if said is None else bool(said)
        if is_checked_in and checked_in_at is None:
            raise Unusable("RFZ-211", "the check-in has no time")
        as_of = _instant(record.get("as_of")) or self.run.as_of
        return VisitRow(
            id_text(record["id"]),
            id_text(record["contact_id"]),
            checked_in_at,
            is_checked_in,
            bool(record.get("is_time_inferred")),
            as_of,
        )


#: The sink of each stream of the contract.
SINKS: dict[str, type[ContractSink]] = {sink.stream: sink for sink in (ContactsSink, CheckInsSink)}


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


def _is_fit(value: Any) -> bool:
    """Whether the ledger can keep this as an id."""
    if not isinstance(value, str | int | float | None):
        return False
    text = "" if value is None else id_text(value)
    return len(text) <= LONGEST_ID and not any(map(commands, text))
