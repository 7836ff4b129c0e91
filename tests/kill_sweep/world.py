"""One Referrizer account, one ledger and one input, in which a kind of write is due for each person."""

from __future__ import annotations

import json
from datetime import timedelta
from threading import Condition
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.kill_sweep import looking
from tests.kill_sweep.sight import Sight
from tests.kill_sweep.steps import Kind, Step
from tests.target_referrizer.salon import NOW, ago, check_in, contact, singer

from sandbox import Sandbox
from sandbox.server.journal import Requests, Seen

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from tests.kill_sweep.processes import Processes, Running

STATE = {"bookmarks": {"contacts": {"updated_at": "2026-03-02T15:00:00+00:00"}}}
PATIENCE = 30
#: Which fault holds a request when: the sandbox keeps the connection, and the sweep kills the process.
HOLDS = {Step.SENT: "timeout_before", Step.APPLIED: "timeout_after"}
STRANGER = "owner@example.com"


class Watched(Requests):
    """The sandbox's list of requests, on which one can wait."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = Condition()

    def append(self, seen: Seen) -> None:
        with self.changed:
            super().append(seen)
            self.changed.notify_all()

    def notify(self) -> None:
        with self.changed:
            self.changed.notify_all()


class World:
    """What a cell of the table happens in.

    Nobody but the ledger keeps anything from doubling: the account lets contacts share an e-mail, and has no
    minimum interval between visits.
    """

    def __init__(self, kind: Kind, folder: Path, ledger_url: str, *, people: int = 1, width: int = 1) -> None:
        self.kind, self.people, self.width = kind, range(1, people + 1), width
        self.folder, self.ledger_url = folder, ledger_url
        self.requests = Watched()
        self.box = Sandbox(contacts=0, zone="America/Chicago", now=NOW)
        self.box.requests = self.requests
        self.box.referrizer.switches.unique_by = "none"
        self.box.referrizer.switches.minimum_interval_minutes = 0
        self.box.referrizer.contacts.add(firstName="Olga", email=STRANGER, gender="female")

    def __enter__(self) -> Self:
        self.box.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.box.stop()

    @property
    def group(self) -> str:
        """The one group that everybody has to be in at the end."""
        return "Past customers" if self.kind is Kind.GROUP else "Current customers"

    # --- what is said to the target

    def prepare(self, processes: Processes) -> None:
        """Bring the account to where the write is due: for all but a create, everybody is linked."""
        if self.kind is Kind.CREATE:
            return
        first = self.run(processes, self._lines([self._contact(key, before=True) for key in self.people], []))
        if first.code != 0 or len(self.shown()) != len(self.people):
            raise AssertionError(f"the first load failed: {first}")
        for one in self.shown():
            one["gender"] = "female"  # the owner's own remark, which is no field of ours
        self.box.clock.advance(timedelta(days=30) if self.kind is Kind.GROUP else timedelta(hours=1))

    def lines(self) -> list[str]:
        """The input in which the write is due."""
        contacts = [self._contact(key, before=False) for key in self.people]
        is_visit = self.kind is Kind.VISIT
        visits = [check_in(key, key, self.visited_at) for key in self.people] if is_visit else []
        return self._lines([] if is_visit else contacts, visits)

    def no_news(self) -> list[str]:
        """The input of a run after state was kept."""
        return self._lines([], [])

    def _lines(self, contacts: list[dict[str, Any]], visits: list[dict[str, Any]]) -> list[str]:
        state = json.dumps({"type": "STATE", "value": STATE})
        return [*singer("contacts", contacts), *singer("check_ins", visits), state]

    def _contact(self, key: int, *, before: bool) -> dict[str, Any]:
        is_update = self.kind is Kind.UPDATE and not before
        updated_at = (NOW + timedelta(minutes=30 * is_update)).isoformat()
        city, last_visit = "New Town" if is_update else "Old Town", self._last_visit().isoformat()
        return contact(
            key, first_name=f"Ada{key}", city=city, updated_at=updated_at, last_visit_at=last_visit
        )

    def _last_visit(self) -> Any:
        """A visit is posted on the day that is known already, so that the contact has nothing to change."""
        return {Kind.GROUP: ago(days=85), Kind.VISIT: NOW}.get(self.kind, ago(days=1))

    @property
    def port(self) -> int | None:
        """Where the sandbox listens."""
        return urlsplit(self.box.url).port

    @property
    def visited_at(self) -> Any:
        return NOW + timedelta(minutes=30)

    # --- runs

    def run(self, processes: Processes, lines: list[str], step: Step | None = None) -> Sight:
        """Run the target over these lines, to its end or to its death at a step, and look."""
        self.requests.clear()
        effects = len(self.box.referrizer.journal)
        paths = self._files(lines)
        order = {**{name: str(path) for name, path in paths.items()}, "step": step, "kind": self.kind.name}
        running = processes.start(order, self.requests.notify)
        if step in HOLDS:
            self._kill_when_held(running, step)
        code = running.wait()
        self.box.faults.clear()
        return self._look(running.pid, code, paths, effects)

    def _files(self, lines: list[str]) -> dict[str, Path]:
        names = ("config", "stdin", "stdout", "stderr", "note")
        paths = {name: self.folder / name for name in names}
        paths["note"].write_text("")
        paths["stdin"].write_text("\n".join(lines))
        paths["config"].write_text(json.dumps(self._config()))
        return paths

    def _config(self) -> dict[str, Any]:
        return {
            "api_url": self.box.referrizer_url,
            "api_token": self.box.referrizer.token,
            "ledger_url": self.ledger_url,
            "timezone": "America/Chicago",
            "requests_per_second": 0,
            "concurrent_requests": self.width,
            "as_of": self.box.clock.now.isoformat(),
        }

    def _kill_when_held(self, running: Running, step: Step) -> None:
        """Kill it once as many requests are held as can be in flight."""
        self.box.faults.add(
            HOLDS[step], vendor="referrizer", method=self.kind.method, path=self.kind.path, hang=10 * PATIENCE
        )
        width = min(self.width, len(self.people))

        def is_time() -> bool:
            return running.code is not None or len([one for one in self.requests if one.fault]) >= width

        with self.requests.changed:
            self.requests.changed.wait_for(is_time, PATIENCE)
        if running.code is None:
            running.kill()

    def _look(self, pid: int, code: int, paths: dict[str, Path], effects: int) -> Sight:
        with looking.ledger(self.ledger_url) as tx:
            return Sight(
                code=code,
                states=[json.loads(line) for line in paths["stdout"].read_text().splitlines()],
                note=paths["note"].read_text().split("\n")[:-1],
                requests=list(self.requests),
                effects=self.box.referrizer.journal[effects:],
                staged=looking.staged(tx, self.kind, pid),
                intents=looking.intents(tx, self.kind, pid),
                outcomes=looking.outcomes(tx, self.kind, pid),
                unconfirmed=looking.unconfirmed(tx, self.group),
                visits=looking.visit_statuses(tx),
                stderr=paths["stderr"].read_text(),
            )

    # --- what Referrizer holds

    def shown(self) -> list[dict[str, Any]]:
        """The account's contacts, without the owner's own."""
        contacts = self.box.referrizer.contacts.values()
        return sorted(
            (one for one in contacts if one["email"] != STRANGER), key=lambda one: str(one["email"])
        )

    def remote_id(self, key: int) -> str | None:
        """The account's contact for a person, None without one; the first, should there be two."""
        found = [str(one["id"]) for one in self.shown() if one["email"] == email(key)]
        return found[0] if found else None


def email(key: int) -> str:
    """A person's e-mail."""
    return str(contact(key)["email"])
