"""Several locations, each with a Booker and a Referrizer of its own, for one installed Meltano project."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.project import CHECKOUT, Project
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


@dataclass
class Franchise:
    """Some locations, each with a Booker and a Referrizer of its own.

    Attributes:
        project: The installed Meltano project.
        own: For files of this test.
        boxes: By location.
        variables: What the workers' environment has, secrets included.
    """

    project: Path
    own: Path
    boxes: dict[str, Sandbox]
    entries: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, timezone: str, **settings: str) -> None:
        """One more location whose runs should be good, but for `settings`."""
        box = self.boxes[name]
        token, booker = f"{name.upper()}_REFERRIZER", f"{name.upper()}_BOOKER"
        mine = box.booker.credentials
        self.variables |= {
            token: box.referrizer.token,
            booker: mine.personal_access_token,
            "TAP_BOOKER_SUBSCRIPTION_KEY": mine.subscription_key,
            "TAP_BOOKER_CLIENT_ID": mine.client_id,
            "TAP_BOOKER_CLIENT_SECRET": mine.client_secret,
        }
        self.entries.append(
            {
                "name": name,
                "location_id": 3749,
                "timezone": timezone,
                "secrets": {"TARGET_REFERRIZER_API_TOKEN": token, "TAP_BOOKER_PERSONAL_ACCESS_TOKEN": booker},
                "settings": {
                    "TAP_BOOKER_BASE_URL": box.booker_url,
                    "TAP_BOOKER_AS_OF": NOW.isoformat(),
                    "TARGET_REFERRIZER_API_URL": box.referrizer_url,
                    "TARGET_REFERRIZER_AS_OF": NOW.isoformat(),
                    **settings,
                },
            }
        )

    def write(self, ledgers: dict[str, str], *more: dict[str, Any]) -> Path:
        """Keep the locations as a file."""
        path = self.own / "locations.yml"
        path.write_text(json.dumps({"ledgers": ledgers, "locations": [*self.entries, *more]}))
        return path

    def environment(self) -> dict[str, str]:
        """Of whoever starts the runs; Meltano's own would be those of one location."""
        found = Project(self.project, self.own).environment(
            self.variables | {"MELTANO_ENVIRONMENT": "sandbox"}
        )
        del found["MELTANO_DATABASE_URI"], found["TARGET_REFERRIZER_LEDGER_URL"]
        return found | {"PYTHONPATH": str(CHECKOUT)}

    def orchestrate(self, *arguments: str) -> tuple[int, dict[str, str], str]:
        """Exit code, what is said of each location, and the line after that."""
        command = [sys.executable, "-m", "orchestrate", "--project", str(self.project)]
        done = subprocess.run(
            [*command, "--file", str(self.own / "locations.yml"), *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        said = dict(re.findall(r"^([a-z]+) {3,}(.+)$", done.stdout, re.MULTILINE))
        rest = [line for line in done.stdout.splitlines() if line.split()[0] not in said]
        return done.returncode, said, "\n".join([*rest, *([] if said else [done.stderr])])

    def log(self, name: str) -> str:
        """Everything that a location's runs wrote."""
        return (self.project / f".meltano/locations/{name}.log").read_text()

    def forget_this_machine(self) -> None:
        """Remove all that runs have left beside the server."""
        for path in (self.project / ".meltano/locations").rglob("*"):
            if path.is_symlink() or path.is_file():
                path.unlink()


@contextlib.contextmanager
def opened(project: Path, own: Path, names: tuple[str, ...]) -> Iterator[Franchise]:
    """Locations that are there to be added, in an installed project, which is left as it was."""
    link = project / ".venv"
    link.symlink_to(Path(sys.executable).parent.parent)
    with contextlib.ExitStack() as stack:
        boxes = {
            name: stack.enter_context(Sandbox(contacts=20, seed=seed, zone="America/Chicago", now=NOW))
            for seed, name in enumerate(names, start=7)
        }
        franchise = Franchise(project, own, boxes)
        yield franchise
    link.unlink()
    (project / ".env").unlink(missing_ok=True)
    franchise.forget_this_machine()
