"""Where a ledger file lies: who else may read or change it, and whether there is room."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from target_referrizer.doctor.finding import Finding, fail, ok, warn
from target_referrizer.errors import SettingsError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "ledger place"
MEGABYTE = 1 << 20
#: Less room than this, or than the ledger itself takes, is worth a word; a run needs some to begin at all.
LITTLE, TOO_LITTLE = 200 * MEGABYTE, 10 * MEGABYTE
_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine(path: Path) -> Iterator[Finding]:
    """The folder, the file's mode, and the room that is left."""
    path = path.absolute()
    folder = path.parent
    if not folder.is_dir():
        yield _without_folder(folder)
        return
    found = [*_folder(folder), *_file(path), *_room(path)]
    yield from found or [ok(NAME, f"{path}: nobody else may read it, and there is room")]


def _without_folder(folder: Path) -> Finding:
    """The next run makes the folder, but not those above it."""
    if folder.parent.is_dir() and os.access(folder.parent, os.W_OK):
        return ok(NAME, f"the first run makes the folder {folder}")
    error = SettingsError("RFZ-403", f"there is no folder {folder.parent}, or nothing may be made in it")
    return fail(NAME, error, "Make the folder, or correct `ledger_url`.")


def _folder(folder: Path) -> Iterator[Finding]:
    if not os.access(folder, os.W_OK | os.X_OK):
        error = SettingsError("RFZ-403", f"this user may not write in {folder}")
        yield fail(NAME, error, "Run as the user who owns the ledger, or correct the folder's mode.")
    if folder.stat().st_mode & _BY_OTHERS:
        what = f"others may write in {folder}: they can replace or delete the ledger"
        yield warn(NAME, what, f"Give the ledger a folder of its own (chmod 700 {folder}).", "RFZ-406")


def _file(path: Path) -> Iterator[Finding]:
    beside = [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]
    opened = [one for one in beside if one.exists() and one.stat().st_mode & _TO_OTHERS]
    if opened:
        named = " ".join(map(str, opened))
        advice = f"chmod 600 {named}; look whether anybody else has read it."
        yield warn(NAME, "others may read the ledger, and it holds personal data", advice, "RFZ-406")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        error = SettingsError("RFZ-403", f"this user may not write the ledger file {path}")
        yield fail(NAME, error, "Run as the user who owns the ledger.")


def _room(path: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(path.parent).free
    takes = path.stat().st_size if path.exists() else 0
    what = f"{free // MEGABYTE:,} MB are free where the ledger ({takes // MEGABYTE:,} MB) lies"
    if free < TOO_LITTLE:
        yield fail(NAME, TargetError("RFZ-403", what), "Make room: without it no run can begin.")
    elif free < max(LITTLE, takes):
        yield warn(NAME, what, "Make room before the disk is full.", "RFZ-403")
