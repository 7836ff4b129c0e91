"""Where the time goes: seconds by room of ours and by library, of all threads of a command."""

from __future__ import annotations

import cProfile
import os
import pstats
import re
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

OURS = ("tap_booker", "target_referrizer")
LIBRARIES = {
    "singer_sdk": "Singer SDK",
    "requests": "requests and urllib3",
    "urllib3": "requests and urllib3",
    "http": "requests and urllib3",
    "email": "requests and urllib3",
    "sqlalchemy": "SQLAlchemy",
    "sqlite3": "SQLite",
    "psycopg": "PostgreSQL",
    "_json": "JSON",
    "json": "JSON",
    "msgspec": "JSON",
    "orjson": "JSON",
    "simplejson": "JSON",
    "jsonschema": "jsonschema",
    "referencing": "jsonschema",
    "importlib": "imports",
    "marshal": "imports",
    "_imp": "imports",
    "exec": "imports",
    "_socket": "the network",
    "_ssl": "the network",
}
"""Words of a path or of a built-in function's name, and whose time it is."""
BUILT_IN = "~"


def profiled(begin: Callable[[], object], file: Path) -> None:
    """Run a command, and leave in a file what took its processor time, however it ends.

    Each thread has a profile of its own; one that outlives the run only waits, and is left out. From Python
    3.12 on only one is allowed at a time: there the main thread is seen alone.
    """
    profiles = [cProfile.Profile(time.thread_time)]
    run = threading.Thread.run

    def watched(thread: threading.Thread) -> None:
        mine = cProfile.Profile(time.thread_time)
        with suppress(ValueError):
            mine.enable()
        try:
            run(thread)
        finally:
            mine.disable()
            profiles.append(mine)

    def dump() -> None:
        seen = pstats.Stats(profiles[0])
        for more in profiles[1:]:
            with suppress(TypeError):  # one that has seen nothing
                seen.add(more)
        seen.dump_stats(file)

    def leave(status: int) -> NoReturn:
        profiles[0].disable()
        dump()
        ended(status)

    threading.Thread.run = watched  # type: ignore[method-assign, assignment]
    ended, os._exit = os._exit, leave  # the tap waits for no thread that is under way
    try:
        profiles[0].runcall(begin)
    finally:
        dump()


def rooms(folder: Path) -> dict[str, float]:
    """Seconds of processor time by room, of all profiles in a folder, largest first."""
    seconds: dict[str, float] = defaultdict(float)
    for file in folder.glob("*.prof"):
        stats: dict[Any, Any] = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
        for (path, _, name), (_, _, own, _, callers) in stats.items():
            if path == BUILT_IN:
                _share_out(seconds, name, callers, own)
            else:
                seconds[_room(path)] += own
    largest_first = sorted(seconds.items(), key=lambda one: -one[1])
    return {room: round(took, 3) for room, took in largest_first if round(took, 3)}


def _share_out(seconds: dict[str, float], name: str, callers: dict[Any, Any], own: float) -> None:
    """The time of a built-in function: a library's own, or its callers'."""
    words = re.split(r"[^\w]+", name)
    known = next((LIBRARIES[word] for word in words if word in LIBRARIES), None)
    if known or not callers:
        seconds[known or "Python"] += own
        return
    for (path, _, _), (_, _, took, _) in callers.items():
        seconds["Python" if path == BUILT_IN else _room(path)] += took


def _room(path: str) -> str:
    """The room of ours, or the library, that a file belongs to."""
    parts = Path(path).with_suffix("").parts
    for name in OURS:
        if name in parts[:-1]:
            return ".".join(parts[len(parts) - 1 - parts[::-1].index(name) :])
    if path.startswith("<frozen"):
        return "imports"
    return next((LIBRARIES[part] for part in parts if part in LIBRARIES), "Python")
