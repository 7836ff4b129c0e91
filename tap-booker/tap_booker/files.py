"""What the command line hands over: settings, state and catalog."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib import Catalog

from tap_booker.errors import FileError, StateError


def settings_of(paths: tuple[str, ...]) -> _ConfigInput:
    """Read the settings files, later ones over earlier ones; `ENV` stands for the environment.

    Raises:
        FileError: A file is not there or holds no JSON object.
    """
    for path in paths:
        if path != "ENV":
            _settings_file(path)
    return _ConfigInput.from_cli_args(*paths)


def _settings_file(path: str) -> None:
    """Look at one file before the SDK does."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            _object(file, f"settings file {path}")
    except OSError as failure:
        raise FileError(f"The settings file {path} cannot be read ({type(failure).__name__}).") from None


def catalog_of(file: IO[str] | None) -> Catalog | None:
    """Read the catalog.

    Raises:
        FileError: It is no Singer catalog.
    """
    if file is None:
        return None
    content = _object(file, "catalog file")
    try:
        return Catalog.from_dict(content)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise FileError("The catalog file is no Singer catalog.") from None


def state_of(file: IO[str] | None) -> dict[str, Any] | None:
    """Read the state of an earlier run.

    Raises:
        FileError: It is no JSON object.
        StateError: It is not what this tap writes.
    """
    if file is None:
        return None
    content = _object(file, "state file")
    bookmarks = content.get("bookmarks", {})
    streams = list(bookmarks.values()) if isinstance(bookmarks, dict) else [None]
    if not all(map(_is_stream_state, streams)):
        raise StateError("The state file does not hold bookmarks as this tap writes them.")
    return content


def _is_stream_state(state: object) -> bool:
    """Whether this is one stream's state: an object, whose partitions, if any, have a context each."""
    if not isinstance(state, dict):
        return False
    partitions = state.get("partitions", [])
    return isinstance(partitions, list) and all(isinstance(p, dict) and "context" in p for p in partitions)


def _object(file: IO[str], what: str) -> dict[str, Any]:
    """A file's JSON object."""
    try:
        content = json.load(file)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise FileError(f"The {what} holds no JSON object.")
    return content
