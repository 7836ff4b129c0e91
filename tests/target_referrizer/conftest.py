"""A salon for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.salon import NOW, Salon

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def salon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[Salon]:
    """A salon in Chicago on 2 March 2026, with an empty Referrizer account."""
    with Sandbox(contacts=0, zone="America/Chicago", now=NOW) as box:
        yield Salon(box, tmp_path, capsys, caplog)
