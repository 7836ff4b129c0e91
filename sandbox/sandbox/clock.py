"""The salon's own clock: it stands still until somebody moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that a test or a demo moves by hand.

    Every stamp, token lifetime and "in the future" of both vendors is measured on it, never on the machine's
    clock.

    Args:
        now: The instant at which the clock starts, with a zone.
    """

    def __init__(self, now: datetime) -> None:
        self._now = _utc(now)

    @property
    def now(self) -> datetime:
        """The current instant, in UTC."""
        return self._now

    def set(self, now: datetime) -> None:
        """Put the clock on an instant (with a zone), forwards or back."""
        self._now = _utc(now)

    def advance(self, step: timedelta) -> datetime:
        """Move the clock on by a step and return the new instant."""
        self._now += step
        return self._now


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        message = "the sandbox's clock needs an instant with a zone"
        raise ValueError(message)
    return instant.astimezone(UTC)
