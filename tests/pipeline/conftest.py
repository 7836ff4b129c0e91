"""The whole path: a Meltano project of its own, both plugins installed once, the sandbox behind them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.conftest import machine  # noqa: F401 - a fixture

from demo.project import CHECKOUT, Project
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OPENING = datetime(2026, 3, 2, 15, tzinfo=UTC)
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """One worker has all tests of a Meltano project, whose installation is slow; the clone has its own."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            is_of_a_clone = item.path.name == "test_fresh.py"
            item.add_marker(pytest.mark.xdist_group("clone" if is_of_a_clone else "pipeline"))


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A Meltano project with both plugins installed, in a folder whose name has a space."""
    project = Project(tmp_path_factory.mktemp("a project"), tmp_path_factory.mktemp("install"))
    project.lay_out()
    project.install()
    return project


@pytest.fixture
def project(ready: Project, tmp_path: Path) -> Project:
    """The same with a ledger of its own, and a database of Meltano's whose tables, slow to make, are made."""
    shutil.copyfile(ready.run_folder / "meltano.db", tmp_path / "meltano.db")
    return Project(ready.folder, tmp_path)


def access(box: Sandbox) -> dict[str, str]:
    """The variables of both plugins that lead to a salon, by its clock."""
    booker, now = box.booker.credentials, box.clock.now.isoformat()
    return {
        "TAP_BOOKER_BASE_URL": box.booker_url,
        "TAP_BOOKER_SUBSCRIPTION_KEY": booker.subscription_key,
        "TAP_BOOKER_CLIENT_ID": booker.client_id,
        "TAP_BOOKER_CLIENT_SECRET": booker.client_secret,
        "TAP_BOOKER_PERSONAL_ACCESS_TOKEN": booker.personal_access_token,
        "TAP_BOOKER_AS_OF": now,
        "TARGET_REFERRIZER_API_URL": box.referrizer_url,
        "TARGET_REFERRIZER_API_TOKEN": box.referrizer.token,
        "TARGET_REFERRIZER_AS_OF": now,
    }


@dataclass
class Pipeline:
    """A project with a state and a ledger of its own, and the salon that it talks to."""

    project: Project
    box: Sandbox

    def settings(self) -> dict[str, str]:
        """What a user would put into .env, and the salon's clock."""
        return {"MELTANO_ENVIRONMENT": "sandbox", **access(self.box)}

    def meltano(self, *arguments: str, **more: str) -> str:
        """Standard output of a Meltano command that must succeed."""
        return self.project.meltano(*arguments, settings=self.settings() | more)

    def writes(self) -> list[str]:
        """Every request that would change something at Referrizer, as `METHOD path`."""
        seen = [request for request in self.box.requests if request.vendor == "referrizer"]
        return [f"{request.method} {request.path}" for request in seen if request.method in WRITES]

    def state(self, state_id: str = "sandbox:tap-booker-to-target-referrizer") -> dict[str, Any]:
        """What Meltano would hand the tap next time."""
        found: dict[str, Any] = json.loads(self.meltano("state", "get", state_id))
        return found


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(contacts=30, seed=7, zone="America/Chicago", now=OPENING) as box:
        yield box


@pytest.fixture
def pipeline(project: Project, box: Sandbox) -> Pipeline:
    return Pipeline(project, box)
