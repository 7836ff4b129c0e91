"""Targets as the Singer SDK's documentation shows them: one that posts each record, one that does nothing."""

from __future__ import annotations

import sys
from typing import Any

import requests
from singer_sdk import Target
from singer_sdk import typing as th
from singer_sdk.sinks import RecordSink

TIMEOUT = 60


class PostingSink(RecordSink):
    """Posts each record to Referrizer as it comes."""

    def setup(self) -> None:
        """Keep connections open."""
        self._session = requests.Session()

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Create the contact, or post the visit."""
        del context
        path, body = _visit(record) if self.stream_name == "check_ins" else _contact(record)
        answer = self._session.post(f"{self.config['api_url']}/{path}", json=body, timeout=TIMEOUT)
        answer.raise_for_status()


def _contact(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    names = {"firstName": record["first_name"], "lastName": record["last_name"]}
    return "contacts", {**names, "email": record["email"]}


def _visit(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "visits", {"contactId": f"r{record['contact_id']}", "date": record["checked_in_at"].isoformat()}


class IdleSink(RecordSink):
    """Takes records and does nothing with them."""

    @property
    def key_properties(self) -> list[str]:
        """The keys that the tap names."""
        return list(self._key_properties)

    def get_validator(self) -> Any:
        """The SDK's validation, unless it is off."""
        return super().get_validator() if self.config["validate"] else None

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Do nothing."""


class PostingTarget(Target):
    """The target that posts."""

    name = "stock-target"
    config_jsonschema = th.PropertiesList(th.Property("api_url", th.StringType, required=True)).to_dict()
    default_sink_class = PostingSink


class IdleTarget(Target):
    """The target that does nothing."""

    name = "idle-target"
    config_jsonschema = th.PropertiesList(th.Property("validate", th.BooleanType, default=True)).to_dict()
    default_sink_class = IdleSink


if __name__ == "__main__":
    kind = sys.argv.pop(1)
    (PostingTarget if kind == "posting" else IdleTarget).cli()
