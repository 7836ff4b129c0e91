"""What can be seen once a process is gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kill_sweep.steps import Kind

    from sandbox.server.journal import Seen


@dataclass(frozen=True)
class Sight:
    """A process that is over, the ledger, and what it did at the vendor.

    Attributes:
        code: Exit code, or minus the signal.
        states: What it printed.
        note: What it wrote down about itself (`child.Note`).
        requests: What the vendor got from it.
        effects: What that did there.
        staged: Records that the ledger has of this run.
        intents: Writes in the ledger that were begun and not confirmed.
        outcomes: Writes of this run that the ledger has as done.
        unconfirmed: What the ledger does not yet know to stand in Referrizer.
        visits: Status of each check-in.
        stderr: Its log.
    """

    code: int
    states: list[Any]
    note: list[str]
    requests: list[Seen]
    effects: list[dict[str, Any]]
    staged: int
    intents: int
    outcomes: int
    unconfirmed: list[str]
    visits: dict[str, str]
    stderr: str = field(repr=False)

    def writes(self, kind: Kind) -> list[Seen]:
        """Requests of one kind of write."""
        return [one for one in self.requests if kind.fits(one.method, one.path)]

    @property
    def all_writes(self) -> list[Seen]:
        """Requests that change something."""
        return [one for one in self.requests if one.method != "GET"]

    @property
    def lookups(self) -> int:
        """How often the list of all contacts was read."""
        return sum(one.method == "GET" and one.query.get("page") == "1" for one in self.requests)

    def read_back(self, remote_id: str | None) -> bool:
        """Whether one contact was read by its id."""
        return any(one.method == "GET" and one.path.endswith(f"/{remote_id}") for one in self.requests)

    def done(self, kind: Kind) -> list[dict[str, Any]]:
        """What this kind of write did at the vendor."""
        names = {"CREATE": "contact_created", "VISIT": "visit_recorded"}
        return [one for one in self.effects if one["effect"] == names.get(kind.name, "contact_updated")]
