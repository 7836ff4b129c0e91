"""What every step of one run works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from target_referrizer.ledger import journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import sqlalchemy as sa

    from target_referrizer.ledger.store import Ledger
    from target_referrizer.progress import Progress
    from target_referrizer.referrizer import Referrizer
    from target_referrizer.settings import Settings
    from target_referrizer.stopping import Stop

#: What Referrizer has not taken, or not answered, for so long is a person's to look at.
GIVEN_UP = timedelta(hours=48)
#: How far a run is, is written down again when it is older than this: each time would slow the delivery.
WRITTEN_EVERY = timedelta(seconds=1)


@dataclass
class Context:
    """What every step of one run works with.

    Attributes:
        as_of: The run's one instant: it decides groups, and stamps what is written down.
        wait: Lets seconds pass; passed in, so that tests need none.
        stop: Set when somebody asked the run to stop.
        progress: Whom to tell how far it is.
        now: The machine's clock, which goes on while the run lasts.
    """

    ledger: Ledger
    settings: Settings
    client: Referrizer
    run: int
    as_of: datetime
    wait: Callable[[float], object]
    stop: Stop
    progress: Progress
    now: Callable[[], datetime]

    def __post_init__(self) -> None:
        self._written_phase, self._written_at = "", self.as_of
        self.moment = journal.Moment(self.run, self.as_of)
        self.index_no = int(self.ledger.get("index_no") or 0)
        self.cut_offs = self.settings.policy.cut_offs(self.as_of)
        self.maps_group = self.settings.field_map.path("group") is not None

    def reached(self, tx: sa.Connection, phase: str, done: int, total: int = 0) -> None:
        """Tell how far a phase is: who looks on at once, and who asks the ledger once in a second."""
        now = self.now()
        if phase != self._written_phase or not timedelta(0) <= now - self._written_at < WRITTEN_EVERY:
            journal.progress(tx, self.run, phase=phase, progress=done, total=total, progressed_at=now)
            self._written_phase, self._written_at = phase, now
        self.progress.at(phase, done, total)

    @property
    def source(self) -> str:
        """The source of this run."""
        return self.settings.source
