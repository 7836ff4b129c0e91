"""When and how long to wait before the same request is sent again."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from tap_booker.errors import RetriableError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
PATIENCE = 300.0
"""Seconds: a longer `Retry-After` ends the read at once, the next run continues."""

logger = logging.getLogger("tap-booker")


def with_retries(action: Callable[[], T], sleep: Callable[[float], None] | None) -> T:
    """Do something again for as long as its failures promise a better end.

    Args:
        action: Raises a `RetriableError` for each failure that may pass.
        sleep: Waits for so many seconds; None to do it only once.

    Raises:
        RetriableError: The last failure, when its `tries` are used up.
    """
    if sleep is None:
        return action()
    policy = Retrying(
        retry=retry_if_exception_type(RetriableError),
        stop=_enough,
        wait=_pause,
        sleep=sleep,
        before_sleep=_say,
        reraise=True,
    )
    return policy(action)


def _failure(state: RetryCallState) -> RetriableError:
    """The failure of the last try."""
    failure = state.outcome.exception() if state.outcome else None
    return failure if isinstance(failure, RetriableError) else RetriableError()


def _enough(state: RetryCallState) -> bool:
    """Whether to give up."""
    failure = _failure(state)
    return state.attempt_number >= failure.tries or (failure.retry_after or 0) > PATIENCE


def _pause(state: RetryCallState) -> float:
    """Seconds to wait: doubled each time, with jitter, and never less than Booker asked for."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (state.attempt_number - 1))
    jittered = longest * random.uniform(0.5, 1)  # noqa: S311  spreads load, keeps no secret
    asked = _failure(state).retry_after
    return jittered if asked is None else max(jittered, asked + jittered / 10)


def _say(state: RetryCallState) -> None:
    """Tell why the run waits."""
    failure, pause = _failure(state), state.upcoming_sleep
    logger.warning("%s %s Trying again in %.1f s.", failure.code, failure.happened, pause)
