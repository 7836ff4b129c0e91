"""When and how long to wait before the same request is sent again."""

from __future__ import annotations

import logging
import random
import threading
from concurrent.futures import CancelledError
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from tap_booker.errors import RetriableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_booker.gate import Gate

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PATIENCE = 300.0
"""Seconds: a longer `Retry-After` ends the read at once, the next run continues."""
AWAITED = threading.Event()
"""Never set: somebody waits for the answer to the end."""

logger = logging.getLogger("tap-booker")


def with_retries(action: Callable[[], T], gate: Gate | None, unread: threading.Event = AWAITED) -> T:
    """Do something again for as long as its failures promise a better end.

    Args:
        action: Raises a `RetriableError` for each failure that may pass.
        gate: What each try passes; None to do it only once.
        unread: Set when nobody waits for the answer any more: then it is tried no more.

    Raises:
        RetriableError: The last failure, when its `tries` are used up.
        CancelledError: Nobody waits any more.
    """
    if gate is None:
        return action()
    met, numbers = gate.tried, count(1)

    def once() -> T:
        number = next(numbers)
        try:
            return gate.through(action, lambda failure: _pause_of_all(failure, number), unread, met)
        except RetriableError:
            if unread.is_set():
                raise CancelledError from None
            raise

    def pause(state: RetryCallState) -> float:
        nonlocal met
        met = gate.tried
        return max(gate.rest, _pause(_failure(state), state.attempt_number))

    policy = Retrying(
        retry=retry_if_exception_type(RetriableError),
        stop=lambda state: _is_last(_failure(state), state.attempt_number),
        wait=pause,
        sleep=lambda seconds: gate.sleep(seconds, unread),
        before_sleep=_say,
        reraise=True,
    )
    return policy(once)


def _failure(state: RetryCallState) -> RetriableError:
    """The failure of the last try."""
    failure = state.outcome.exception() if state.outcome else None
    return failure if isinstance(failure, RetriableError) else RetriableError()


def _is_last(failure: RetriableError, number: int) -> bool:
    """Whether to give up after so many tries."""
    return number >= failure.tries or (failure.retry_after or 0) > PATIENCE


def _pause(failure: RetriableError, number: int) -> float:
    """Seconds to wait: doubled each time, with jitter, and never less than Booker asked for."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (number - 1))
    jittered = longest * random.uniform(0.5, 1)  # noqa: S311  spreads load, keeps no secret
    asked = failure.retry_after
    return jittered if asked is None else max(jittered, asked + jittered / 10)


def _pause_of_all(failure: RetriableError, number: int) -> float:
    """Seconds that the others wait too; after the last try only what Booker asked for, if it is bearable."""
    if not _is_last(failure, number):
        return _pause(failure, number)
    asked = failure.retry_after or 0
    return asked if asked <= PATIENCE else 0


def _say(state: RetryCallState) -> None:
    """Tell why the run waits."""
    failure, pause = _failure(state), state.upcoming_sleep
    logger.warning("%s %s Trying again in %.1f s.", failure.code, failure.happened, pause)
