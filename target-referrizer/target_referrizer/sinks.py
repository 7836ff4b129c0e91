"""Records in: checked against the stream contract and turned into rows of the ledger. No HTTP, no SQL."""

from __future__ import annotations

import abc
import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.sinks import BatchSink

from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger.journal import Rejected
from target_referrizer.ledger.rows import canonical, id_text
from target_referrizer.records import RECORDS, Unusable, is_by_id, is_fit

if TYPE_CHECKING:
    from target_referrizer.ledger.rows import ContactRow, VisitRow
    from target_referrizer.target import TargetReferrizer


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
        self._records = RECORDS[self.stream](self.run.settings, self.run.as_of)

    def __init__(self, target: TargetReferrizer, **kwargs: Any) -> None:
        super().__init__(target, **kwargs)
        self.run = target.run

    def check_key(self) -> None:
        """Refuse a stream of which `id` may name several rows: all but one of them would count as old."""
        if not is_by_id(self.key_properties):
            keys = ", ".join(self.key_properties)
            raise SettingsError("RFZ-111", f"the key of the stream {self.stream} is {keys}, and not id alone")

    @abc.abstractmethod
    def stage(self, rows: list[Any]) -> None:
        """Hand rows to the run."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Stage a batch, good records and unusable ones."""
        read, rows = self._records, list[Any]()
        unusable: list[Rejected] = []
        for record in context["records"]:
            try:
                rows.append(read.row(read.checked(record)))
            except Unusable as problem:
                unusable.append(self._rejected(record, problem))
        self.stage(rows)
        self.run.stage_rejected(unusable)

    def _rejected(self, record: dict[str, Any], problem: Unusable) -> Rejected:
        text = canonical(record)
        fit = record.get("id") not in (None, "") and is_fit(record["id"])
        key = id_text(record["id"]) if fit else "no-id-" + hashlib.sha256(text.encode()).hexdigest()[:16]
        reason = problem.reason + (f" (line {problem.line} of the input)" if problem.line else "")
        self.logger.warning("%s %s rejected: %s", self.stream, key, TargetError(problem.code, reason))
        return Rejected(self.stream, key, problem.code, reason, text)


class ContactsSink(ContractSink):
    """The stream `contacts`."""

    stream = "contacts"

    def stage(self, rows: list[ContactRow]) -> None:
        """Into the ledger."""
        self.run.stage_contacts(rows)


class CheckInsSink(ContractSink):
    """The stream `check_ins`."""

    stream = "check_ins"

    def stage(self, rows: list[VisitRow]) -> None:
        """Into the ledger."""
        self.run.stage_visits(rows)


class PassedOverSink(BatchSink):
    """A stream that `stream_maps` leave out, under a name of its own: none of its records comes here."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Nothing can be in it."""


#: The sink of each stream of the contract.
SINKS: dict[str, type[ContractSink]] = {sink.stream: sink for sink in (ContactsSink, CheckInsSink)}
