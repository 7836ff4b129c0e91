"""The SDK's own suite, against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from sandbox import Sandbox
from tap_booker.tap import TapBooker

if TYPE_CHECKING:
    from collections.abc import Iterator

BOX = Sandbox(contacts=40, seed=7, now=datetime(2026, 3, 2, 15, tzinfo=UTC))
CREDENTIALS = BOX.booker.credentials
CONFIG: dict[str, Any] = {
    "location_ids": list(BOX.salon.locations),
    "subscription_key": CREDENTIALS.subscription_key,
    "client_id": CREDENTIALS.client_id,
    "client_secret": CREDENTIALS.client_secret,
    "personal_access_token": CREDENTIALS.personal_access_token,
    "as_of": "2026-03-02T15:00:00Z",
    "base_url": "http://127.0.0.1:1",
}

Standard = get_tap_test_class(TapBooker, config=CONFIG, suite_config=SuiteConfig(max_records_limit=1000))


@pytest.fixture(scope="module", autouse=True)
def _served() -> Iterator[None]:
    with BOX:
        CONFIG["base_url"] = BOX.booker_url
        yield


class TestStandard(Standard):  # type: ignore[misc,valid-type]
    """All of the SDK's tests of a tap."""
