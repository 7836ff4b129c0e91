"""Where the time goes: seconds by room of ours and by library, of all threads of a command."""

from __future__ import annotations

import cProfile
import pstats
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

OURS = ("tap_booker", "target_referrizer")
LIBRARIES = {
    "singer_sdk": "Singer SDK",
    "requests": "requests, urllib3",
    "urllib3": "requests, urllib3",
    "http": "requests, urllib3",
    "email": "requests, urllib3",
    "sqlalchemy": "SQLAlchemy",
    "json": "JSON",
    "msgspec": "JSON",
    "jsonschema": "jsonschema",
    "referencing": "jsonschema",
    "importlib": "imports",
}
BUILT_IN = {
    "sqlite3.": "SQLite",
    "psycopg": "PostgreSQL",
    "_json": "JSON",
    "msgspec": "JSON",
    "marshal": "imports",
    "posix.stat": "imports",
    "exec}": "imports",
    "_imp.": "imports",
}
WAITING = ("acquire", "recv", "select", "poll", "sleep", "readline", "connect", "wait", "accept", "readinto")
"""In these built-in functions a thread waits for another one, for the other program, or for a vendor."""


def profiled(begin: Callable[[], object], file: Path) -> None:
    """Run a command, and leave in a file what took its time, however it ends.

    Each thread has a profile of its own. From Python 3.12 on only one is allowed at a time: there the main
    thread is seen alone.
    """
    profiles = [cProfile.Profile()]
    run = threading.Thread.run

    def watched(thread: threading.Thread) -> None:
        profiles.append(mine := cProfile.Profile())
        with suppress(ValueError):
            mine.enable()
        try:
            run(thread)
        finally:
            mine.disable()

    threading.Thread.run = watched  # type: ignore[method-assign, assignment]
    try:
        profiles[0].runcall(begin)
    finally:
        seen = pstats.Stats(profiles[0])
        for more in profiles[1:]:
            with suppress(TypeError):  # one that has seen nothing
                seen.add(more)
        seen.dump_stats(file)


def rooms(folder: Path) -> dict[str, float]:
    """Seconds by room, of all profiles in a folder, largest first; waiting is left out."""
    seconds: dict[str, float] = defaultdict(float)
    for file in folder.glob("*.prof"):
        stats: dict[Any, Any] = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
        for (path, _, name), (_, _, own, _, callers) in stats.items():
            if path == "~":
                _share_out(seconds, name, callers, own)
            else:
                seconds[_room(path)] += own
    largest_first = sorted(seconds.items(), key=lambda one: -one[1])
    return {room: round(took, 3) for room, took in largest_first}


def _share_out(seconds: dict[str, float], name: str, callers: dict[Any, Any], own: float) -> None:
    """The time of a built-in function: a library's own, or its callers'."""
    if any(word in name for word in WAITING):
        return
    known = next((room for part, room in BUILT_IN.items() if part in name), None)
    if known or not callers:
        seconds[known or "Python"] += own
        return
    for (path, _, _), (_, _, took, _) in callers.items():
        seconds["Python" if path == "~" else _room(path)] += took


def _room(path: str) -> str:
    """The room that a file belongs to."""
    parts = Path(path).with_suffix("").parts
    for name in OURS:
        if name in parts:
            return ".".join(parts[len(parts) - 1 - parts[::-1].index(name) :])
    if path.startswith("<frozen"):
        return "imports"
    return next((LIBRARIES[part] for part in parts[::-1] if part in LIBRARIES), "Python")
