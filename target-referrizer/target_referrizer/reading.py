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
    """

    client: Referrizer
    take: Callable[[sa.Connection, int], list[str]]
    keep: Callable[[sa.Connection, str, dict[str, Any] | None], None]

    def send(self, job: str) -> dict[str, Any]:
        """See `Work`."""
        return self.client.get_contact(job)

    def settle(self, tx: sa.Connection, ended: list[tuple[str, Any]]) -> None:
        """See `Work`. What could not be asked because the run ends is not kept."""
        for remote_id, outcome in ended:
            if isinstance(outcome, (Refused, Unknown)):
                self.keep(tx, remote_id, None)
            elif isinstance(outcome, dict):
                self.keep(tx, remote_id, outcome)
