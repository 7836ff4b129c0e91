"""A salon for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.services import is_missing
from tests.target_referrizer import postgres
from tests.target_referrizer.salon import NOW, Salon, contact
from tests.target_referrizer.unsynced import wait_for_no_disk

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


wait_for_no_disk()


@pytest.fixture(scope="session")
def machine() -> Iterator[str]:
    """A PostgreSQL server of the tests' own; skipped where the machine has none, unless that is a failure."""
    folder = postgres.binaries()
    if folder is None:
        is_missing("this machine has no PostgreSQL server")
    with postgres.server(folder) as url:
        yield url


@pytest.fixture
def salon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[Salon]:
    """A salon in Chicago on 2 March 2026, with an empty Referrizer account."""
    with Sandbox(contacts=0, zone="America/Chicago", now=NOW) as box:
        yield Salon(box, tmp_path, capsys, caplog)


@pytest.fixture
def server(machine: str) -> str:
    """The server's database, empty."""
    postgres.empty(machine)
    return machine


@pytest.fixture
def shared(salon: Salon, server: str) -> Salon:
    """A salon whose ledger is on a server."""
    salon.settings["ledger_url"] = server
    return salon


@pytest.fixture(params=["file", "server"])
def either(request: pytest.FixtureRequest, salon: Salon) -> Salon:
    """A salon whose ledger, empty, is in a file, or on a server."""
    return salon if request.param == "file" else request.getfixturevalue("shared")


@pytest.fixture
def linked(salon: Salon) -> Salon:
    """A salon whose first run was an hour ago; Ada 1 and 2 are linked."""
    salon.run([contact(1), contact(2)])
    salon.pass_time(hours=1)
    return salon


@pytest.fixture
def known(salon: Salon) -> Salon:
    """A salon whose first run was half a day ago; Ada 1 and 2 are linked, and no interval is asked for."""
    salon.run([contact(1), contact(2)])
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.pass_time(hours=12)
    return salon
