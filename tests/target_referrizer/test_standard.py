"""The SDK's own target tests.

Their streams have nothing to do with contacts, so a small subclass lets every stream in as one of the
contract. What the
suite proves then: messages of all shapes are read, records that break our contract are set aside without
ending the
run, and everything read is accounted for.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from singer_sdk.sinks import BatchSink
from singer_sdk.testing import SuiteConfig, get_target_test_class

from sandbox import Sandbox
from target_referrizer.sinks import ContactsSink
from target_referrizer.target import TargetReferrizer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from singer_sdk.sinks import Sink

CONFIG: dict[str, Any] = {"api_token": "t", "requests_per_second": 0, "max_reject_percent": 100}


class StoppingSink(ContactsSink):
    """Stops at a record without its key, as the suite wants; ours sets such a record aside."""

    _singer_validate_message = BatchSink._singer_validate_message

    def check_key(self) -> None:
        """The suite's streams have keys of their own."""


class AnyStream(TargetReferrizer):
    """Takes any stream for contacts."""

    sink_classes: ClassVar[dict[str, type[Sink]]] = defaultdict(lambda: StoppingSink)

    def get_sink_class(self, stream_name: str) -> type[Sink]:
        return self.sink_classes[stream_name]


Suite: Any = get_target_test_class(AnyStream, config=CONFIG, suite_config=SuiteConfig())


class TestStandard(Suite):  # type: ignore[misc]  # made at run time
    """Every test of the suite, each against a salon and a ledger of its own."""

    @pytest.fixture(autouse=True)
    @staticmethod
    def _own_salon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with Sandbox(contacts=0) as box:
            where = {"api_url": box.referrizer_url, "api_token": box.referrizer.token}
            monkeypatch.setitem(CONFIG, "ledger_url", f"sqlite:///{tmp_path}/ledger.db")
            for name, value in where.items():
                monkeypatch.setitem(CONFIG, name, value)
            yield
