"""Reading contacts one by one by their ids, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_referrizer.outcomes import Refused, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from target_referrizer.referrizer import Referrizer


@dataclass(frozen=True)
class Reading:
    """A `Work` that writes nothing to Referrizer.

    Attributes:
        take: Gives the ids of the next contacts, so many at most.
        keep: Gets each contact as it was read; None for one that is not there or cannot be read.
        unreadable: Gets the contacts instead of which something else than "there is none" was answered, if
            those are to be told apart.
    """

    client: Referrizer
    take: Callable[[sa.Connection, int], list[str]]
    keep: Callable[[sa.Connection, str, dict[str, Any] | None], None]
    unreadable: Callable[[str], None] | None = None

    def send(self, job: str) -> dict[str, Any]:
        """See `Work`."""
        return self.client.get_contact(job)

    def settle(self, tx: sa.Connection, ended: list[tuple[str, Any]]) -> None:
        """See `Work`. What could not be asked because the run ends is not kept."""
        for remote_id, outcome in ended:
            if self.unreadable and self._is_unreadable(outcome):
                self.unreadable(remote_id)
            elif isinstance(outcome, (Refused, Unknown)):
                self.keep(tx, remote_id, None)
            elif isinstance(outcome, dict):
                self.keep(tx, remote_id, outcome)

    @staticmethod
    def _is_unreadable(outcome: Any) -> bool:
        """Whether nothing can be said about the contact: no answer, another refusal, or no contact in it."""
        if isinstance(outcome, dict):
            return not outcome.get("id")
        return isinstance(outcome, Unknown) or (isinstance(outcome, Refused) and not outcome.is_gone)
