"""One Referrizer account, one ledger, and runs of the target over records; real HTTP, a clock of its own."""

from __future__ import annotations

import io
import json
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from target_referrizer.ledger import Ledger
from target_referrizer.outside import Outside, make_client
from target_referrizer.progress import Progress
from target_referrizer.run import Run
from target_referrizer.settings import Settings
from target_referrizer.stopping import Stop
from target_referrizer.target import TargetReferrizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import pytest
    import sqlalchemy as sa

    from sandbox import Sandbox
    from target_referrizer.referrizer import Referrizer

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)

Record = dict[str, Any]

#: What a row says once its check-in was taken back.
UNDONE: Record = {"is_checked_in": False, "checked_in_at": None}
POSTED = "POST /visits"


@dataclass
class Outcome:
    """What one run of the target left behind."""

    code: int
    out: str
    err: str
    log: str
    requests: list[Any]

    @property
    def accounting(self) -> dict[str, Any]:
        """The JSON line of the run."""
        found = [json.loads(line) for line in self.err.splitlines() if line.startswith('{"source"')]
        assert len(found) == 1, self.err
        return dict(found[0])

    def fate(self, word: str) -> dict[str, int]:
        """Why check-ins ended as this word, and how many."""
        return dict(self.accounting["check_ins"]["reasons"].get(word, {}))

    @property
    def plan(self) -> dict[str, Any]:
        """The plan of a dry run."""
        return dict(
            next(json.loads(line) for line in self.err.splitlines() if line.startswith('{"plan"'))["plan"]
        )

    @property
    def states(self) -> list[Any]:
        """Everything on standard output: nothing but state may be there."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def writes(self) -> list[str]:
        """Requests that change something, as `POST /contacts`."""
        return [one for one in self._calls() if not one.startswith("GET")]

    @property
    def reads(self) -> list[str]:
        """Requests that change nothing."""
        return [one for one in self._calls() if one.startswith("GET")]

    def _calls(self) -> list[str]:
        return [f"{one.method} {one.path.removeprefix('/v1')}" for one in self.requests]


@dataclass
class Salon:
    """A business that sends records to its Referrizer account.

    Attributes:
        box: The sandbox whose Referrizer takes the calls; its clock is this salon's clock.
        folder: Where the ledger lies.
        settings: Settings over those that every run has.
        waited: Seconds that the target let pass.
        on_wait: What happens elsewhere while the target lets time pass.
    """

    box: Sandbox
    folder: Path
    capsys: pytest.CaptureFixture[str]
    caplog: pytest.LogCaptureFixture
    settings: dict[str, Any] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    on_wait: Callable[[float], object] = lambda _: None
    progress: Progress = field(default_factory=Progress)

    @property
    def now(self) -> datetime:
        return self.box.clock.now

    def pass_time(self, **how_long: float) -> None:
        self.box.clock.advance(timedelta(**how_long))

    def config(self, **more: Any) -> dict[str, Any]:
        return {
            "api_url": self.box.referrizer_url,
            "api_token": self.box.referrizer.token,
            "ledger_url": f"sqlite:///{self.folder}/ledger.db",
            "timezone": "America/Chicago",
            "requests_per_second": 0,
            "outage_patience_seconds": 60,
            **self.settings,
            **more,
        }

    def target(self, **more: Any) -> TargetReferrizer:
        if (
            self.stop.is_set() and not self.stop.signum
        ):  # an earlier run ended so, and nobody asked this one to
            self.stop = Stop()
        target = TargetReferrizer(config=self.config(**more))
        outside = Outside(lambda: self.now, self._wait, self._client, self.stop, self.progress)
        target.__dict__["run"] = Run(Settings.parse(target.config), outside)
        return target

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.on_wait(seconds)

    def _client(self, settings: Settings, stop: Stop) -> Referrizer:
        """The target's client on a clock that only waiting moves."""
        return make_client(settings, stop, clock=lambda: sum(self.waited), wait=self._wait, rng=lambda: 0.5)

    def run(
        self,
        contacts: Iterable[Record] = (),
        check_ins: Iterable[Record] = (),
        *,
        state: Any = None,
        **more: Any,
    ) -> Outcome:
        """Run the target once over these records and a final state."""
        lines = [*singer("check_ins", check_ins), *singer("contacts", contacts)]
        if state is not None:
            lines.append(json.dumps({"type": "STATE", "value": state}))
        return self.run_lines(lines, **more)

    def run_lines(self, lines: Iterable[str], **more: Any) -> Outcome:
        """Run the target once over lines of Singer messages."""
        self.capsys.readouterr()
        self.caplog.clear()
        self.box.requests.clear()
        code = 0
        try:
            self.target(**more).listen(io.StringIO("\n".join(lines)))
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = self.capsys.readouterr()
        return Outcome(code, captured.out, captured.err, self.caplog.text, list(self.box.requests))

    def edit_ledger(self, statement: sa.Executable) -> None:
        """Change the ledger behind the target's back, as an accident would."""
        with closing(Ledger(self.config()["ledger_url"])) as ledger, ledger.transaction() as tx:
            tx.execute(statement)

    # --- what Referrizer holds

    def shown(self) -> list[dict[str, Any]]:
        """All contacts of the account, by e-mail, else phone."""
        return sorted(
            self.box.referrizer.contacts.values(), key=lambda one: one.get("email") or one.get("phone") or ""
        )

    def one(self, **wanted: Any) -> dict[str, Any]:
        """The only contact that shows these values."""
        found = [one for one in self.shown() if all(one.get(key) == value for key, value in wanted.items())]
        assert len(found) == 1, found
        return found[0]

    def group(self, **wanted: Any) -> str | None:
        """The customer group of a contact."""
        found: str | None = custom(self.one(**wanted), "Customer Group")
        return found

    def visits(self) -> list[dict[str, Any]]:
        """All visits of the account."""
        return list(self.box.referrizer.visits)

    def owner_adds(self, **fields: Any) -> str:
        """A contact that the owner made in Referrizer; gives its id."""
        import requests  # noqa: PLC0415 - the owner's browser, not the target's client

        token = {"Authorization": f"Bearer {self.box.referrizer.token}"}
        answer = requests.post(f"{self.box.referrizer_url}/contacts", json=fields, headers=token, timeout=10)
        assert answer.ok, answer.text
        return str(answer.json()["id"])


def custom(shown: dict[str, Any], name: str) -> Any:
    """A custom field of a contact as Referrizer shows it, None when empty."""
    return (shown.get("customFields") or {}).get(name)


def singer(stream: str, records: Iterable[Record]) -> list[str]:
    """SCHEMA and RECORD lines."""
    schema = {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"properties": {"id": {}}},
        "key_properties": ["id"],
    }
    rows = [{"type": "RECORD", "stream": stream, "record": one} for one in records]
    return [json.dumps(line) for line in (schema, *rows)] if rows else []


def contact(key: int | str = 1, **fields: Any) -> Record:
    """A contact with a name and an e-mail of its own."""
    base = {"id": key, "first_name": "Ada", "last_name": "Byron", "email": f"ada{key}@example.com"}
    return {**base, "updated_at": NOW.isoformat(), **fields}


def check_in(key: int | str, contact_id: int | str, at: datetime, **fields: Any) -> Record:
    """A check-in that happened."""
    base = {"id": key, "contact_id": contact_id, "checked_in_at": at.isoformat(), "is_checked_in": True}
    return {**base, **fields}


def ago(**how_long: float) -> datetime:
    """An instant before the salon's first day."""
    return NOW - timedelta(**how_long)
