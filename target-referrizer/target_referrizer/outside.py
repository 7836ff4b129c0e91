"""What a run takes from outside: clocks, waiting, and the way to Referrizer."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_referrizer.clock import machine_clock
from target_referrizer.pacing import Pacer
from target_referrizer.progress import Progress, on_stderr
from target_referrizer.referrizer import Referrizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from target_referrizer.settings import Settings
    from target_referrizer.stopping import Stop


@dataclass(frozen=True)
class Outside:
    """What a run takes from outside: clocks, waiting, the way to Referrizer, and whom to tell of it."""

    now: Callable[[], datetime]
    wait: Callable[[float], object]
    client: Callable[[Settings, Stop], Referrizer]
    stop: Stop
    progress: Progress = field(default_factory=Progress)


def make_client(
    settings: Settings,
    stop: Stop,
    *,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] | None = None,
    rng: Callable[[], float] = random.random,
) -> Referrizer:
    """The way to the Referrizer account that the settings name; without `wait`, waiting ends at a stop."""
    return Referrizer(
        settings.api_url,
        settings.api_token,
        pacer=Pacer(settings.requests_per_second, clock, wait),
        timeout=settings.request_timeout,
        patience_seconds=settings.outage_patience_seconds,
        stop=stop,
        clock=clock,
        wait=wait,
        rng=rng,
    )


def real_outside(stop: Stop) -> Outside:
    """The machine's clock, real waiting (until a stop, at most), and the real account."""
    return Outside(machine_clock, stop.wait, make_client, stop, on_stderr())
