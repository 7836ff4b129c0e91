"""The server's own life: it starts, and it leaves nothing open."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import time
from typing import TYPE_CHECKING

import requests

from sandbox import Sandbox

if TYPE_CHECKING:
    import pytest


def test_stopping_leaves_no_connection_open_however_many_are_coming_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left_open: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda caught: left_open.append(repr(caught.exc_value)))
    over = threading.Event()

    def knock(url: str) -> None:
        while not over.is_set():
            with contextlib.suppress(requests.RequestException):
                requests.get(url, timeout=5)

    for round_number in range(8):
        with Sandbox(contacts=0) as box:
            callers = [threading.Thread(target=knock, args=(box.url,)) for _ in range(6)]
            for caller in callers:
                caller.start()
            time.sleep(0.005 * round_number)
        over.set()
        for caller in callers:
            caller.join()
        over.clear()
    gc.collect()
    assert left_open == []
