"""One pause for all workers: where Booker turns one away, all wait, and one at a time tries again."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TypeVar

from tap_booker.errors import RetriableError

T = TypeVar("T")
Sleep = Callable[[float, threading.Event], None]
"""Waits for so many seconds, or until the event is set."""
Pause = Callable[[RetriableError], float]


def sleep_until(seconds: float, unread: threading.Event) -> None:
    """Wait for so many seconds; no longer than somebody waits for the answer."""
    unread.wait(seconds)


class Gate:
    """What every request of a run passes.

    A refusal that no page is to blame for (429, 503, a spent quota, no connection, any pause that Booker asks
    for) holds for all: nobody sends before its pause is over, then one request at a time does until one is
    answered. Those that wait for it share what it meets, so that a Booker who is away gets as many tries as
    from a single worker.

    Args:
        sleep: Waits.
        monotonic: Seconds on a clock that never goes back.

    Attributes:
        sleep: The same.
        tried: How many requests were sent in place of all, and refused as well.
    """

    def __init__(self, sleep: Sleep, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.sleep, self._monotonic = sleep, monotonic
        self._turn = threading.Lock()  # held while one tries in place of all
        self._state = threading.Lock()  # held for a look at, or a change of, the three below
        self._refusal: RetriableError | None = None
        self._not_before = monotonic()
        self.tried = 0

    @property
    def rest(self) -> float:
        """Seconds that are left of the pause of all."""
        return max(0.0, self._not_before - self._monotonic())

    def through(self, ask: Callable[[], T], pause: Pause, unread: threading.Event, met: int) -> T:
        """Send when it may be sent.

        Args:
            ask: Sends.
            pause: How many seconds all wait after a refusal.
            unread: Set when nobody waits for the answer any more.
            met: `tried` when this request was refused last: a later try was in its place as well.

        Raises:
            CancelledError: Nobody waits for the answer any more.
            RetriableError: This request failed, or the one that was sent in place of all.
        """
        if self._refusal is not None:
            with self._turn:
                refusal = self._waited_out(unread, met)
                if refusal is not None:
                    return self._sent(ask, pause, unread, refusal)
        return self._sent(ask, pause, unread, None)

    def _waited_out(self, unread: threading.Event, met: int) -> RetriableError | None:
        """The refusal whose pause is over, None where it is history: then all go on at once."""
        while True:
            with self._state:
                refusal, rest = self._refusal, self.rest
            if refusal is not None and self.tried > met:
                raise copy.copy(refusal)
            if unread.is_set() or not rest:
                return refusal
            self.sleep(rest, unread)

    def _sent(
        self, ask: Callable[[], T], pause: Pause, unread: threading.Event, after: RetriableError | None
    ) -> T:
        """Send after a refusal or without one, and note whether Booker turns it away."""
        if unread.is_set():
            raise CancelledError
        try:
            found = ask()
        except RetriableError as failure:
            if failure.retry_after is not None or not failure.breaks_page:
                self._refuse(failure, pause(failure), after)
            raise
        with self._state:
            if self._refusal is after:  # else it was sent before a refusal, and says nothing of now
                self._refusal = None
        return found

    def _refuse(self, failure: RetriableError, seconds: float, after: RetriableError | None) -> None:
        """Have all wait for so long; a longer pause that was said before stays."""
        with self._state:
            self._refusal = copy.copy(failure)  # without the traceback, which would keep much alive
            self._not_before = max(self._not_before, self._monotonic() + seconds)
            self.tried += after is not None
