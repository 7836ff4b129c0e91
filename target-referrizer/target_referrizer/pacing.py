"""When the next request may leave, and how long an outage is borne.

Nothing is published about Referrizer's rate limits (unknown); so the pace is a setting, and a pause that the
vendor asks for binds every worker.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_referrizer.stopping import Stop

# A clock and a wait may disagree by less than this without anybody being early.
_HAIR = 1e-6
#: So many seconds at most are made good for those who woke too late for their turn.
_OVERSLEPT = 0.1
#: Seconds by which a pause has to be longer to be told of.
_NEWS = 1.0
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 30.0
_SHORTEST_BACKOFF = 0.05


class Pacer:
    """Hands out turns, evenly spaced, to any number of workers.

    Turns are not saved up: after an idle time requests leave one by one and not in a burst. Only who waited
    for a turn and woke too late does not cost the others theirs: else the allowed number would never be
    reached. What is made good so may leave close together, and still no second holds more than one above the
    allowed number: as many as leave in it, its ends included, when all are in time. That goes before reaching
    it: of a high number some part stays unused where many workers wake later than a turn is long.
    """

    def __init__(
        self,
        requests_per_second: float,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Start with the first turn free.

        Args:
            requests_per_second: Ceiling over all workers; 0 for none.
            clock: Seconds that only grow.
            wait: Lets the calling worker wait so many seconds; without it, at most until a stop.
        """
        self._interval = 1 / requests_per_second if requests_per_second else 0.0
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._next = clock()
        self._resume = self._next
        # When the last requests left, as many as a second may hold: the next leaves a second after the first.
        self._left = deque[float](maxlen=int(requests_per_second) + 1)

    def take(self, stop: Stop) -> None:
        """Wait until it is the calling worker's turn, or until the run is stopped."""
        has_waited = False
        while not stop.is_set() and (seconds := self._seconds_to_go(has_waited=has_waited)) > 0:
            (self._wait or stop.wait)(seconds)
            has_waited = True

    def pause(self, seconds: float) -> bool:
        """Let nobody have a turn for so many seconds; never shortens a pause that is longer.

        Returns:
            Whether that is news: several workers are asked for one pause.
        """
        with self._lock:
            until, before = self._clock() + seconds, self._resume
            self._resume = max(before, until)
            return until - before > _NEWS

    @property
    def pause_left(self) -> float:
        """Seconds until the pause is over, 0 or less when there is none."""
        with self._lock:
            return self._resume - self._clock()

    def _seconds_to_go(self, *, has_waited: bool) -> float:
        """Take the turn if it is due (0), else say how long it is away; a pause may come while one waits."""
        with self._lock:
            now = self._clock()
            due = max(self._next, self._resume)
            if self._interval and len(self._left) == self._left.maxlen:
                due = max(due, self._left[0] + 1.0)
            if due - now > _HAIR:
                return due - now
            self._left.append(now)
            self._next = (max(due, now - _OVERSLEPT) if has_waited else now) + self._interval
            return 0.0


class Patience:
    """How long all workers together have been without any success."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start patient.

        Args:
            seconds: How long an outage is borne.
            clock: Seconds that only grow.
        """
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failing_since: float | None = None
        self._successes = 0

    @property
    def successes(self) -> int:
        """How often any worker had an answer that counts."""
        with self._lock:
            return self._successes

    @property
    def failing_for(self) -> float:
        """Seconds since the first failure without a success after it, 0 when there is none."""
        with self._lock:
            return 0.0 if self._failing_since is None else self._clock() - self._failing_since

    def success(self) -> None:
        """An answer that counts: the vendor is there."""
        with self._lock:
            self._successes += 1
            self._failing_since = None

    def failure(self) -> float:
        """An answer that does not count, or none. An idle time before the first failure is no outage.

        Returns:
            Seconds of patience that are left, 0 or less when none is.
        """
        with self._lock:
            now = self._clock()
            if self._failing_since is None:
                self._failing_since = now
            return self._seconds - (now - self._failing_since)


def backoff(tries: int, rng: Callable[[], float]) -> float:
    """Seconds before the next try: a random share of a time that doubles, so workers do not march in step.

    Args:
        tries: How often it has been tried, from 1.
        rng: A number from 0 to 1.
    """
    longest: float = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2 ** min(tries - 1, 10))
    return max(_SHORTEST_BACKOFF, longest * rng())


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait; None when it does not say so in a known form.

    A date is compared with the answer's own `Date` where it has one: the vendor's clock, not this machine's.
    """
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", asked, re.ASCII):
        return float(asked)
    until = http_date(asked)
    if until is None:
        return None
    now = http_date(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def http_date(text: str) -> datetime | None:
    """The instant that a date of HTTP names, None when it names none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
