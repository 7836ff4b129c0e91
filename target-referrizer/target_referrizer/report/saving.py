"""Writing the report to its place: in one piece, for its owner alone."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from target_referrizer.errors import TargetError

FOLDER_MODE = 0o700
#: What a page begins with.
BEGINNING = b"<!DOCTYPE html>"


def save(page: str, place: str | Path, ledger: Path | None = None) -> Path:
    """Put a page where an older one may be; whoever looks meanwhile sees the one or the other.

    Only an older page, or an empty file, is replaced: a wrong name must cost nobody a file of another kind.

    Args:
        page: What to write.
        place: A file, or where there is to be one; its folder is made if only that one is missing.
        ledger: The ledger's own file, whose place no page can take.

    Returns:
        The file's full path.

    Raises:
        TargetError: RFZ-407, it cannot be written there.
    """
    file = Path(place).expanduser()
    try:
        file = file.resolve()
        _see_that_it_is_ours(file, ledger)
        file.parent.mkdir(exist_ok=True, mode=FOLDER_MODE)
        _replace(file, page.encode())
    except (OSError, ValueError, RuntimeError) as error:
        raise _failed(file, getattr(error, "strerror", None) or "it is no name of a file") from None
    return file


def _see_that_it_is_ours(file: Path, ledger: Path | None) -> None:
    """Refuse a place that holds something else, such as a pipe, a folder, settings, or the ledger."""
    home = ledger.resolve() if ledger else None
    if home and file.parent == home.parent and file.name.startswith(home.name):
        raise _failed(file, "it is a file of the ledger")
    if not file.exists():
        return
    if not file.is_file():  # before it is opened: opening a pipe waits for somebody
        raise _failed(file, "it is not a file")
    with file.open("rb") as old:
        if old.read(len(BEGINNING)) not in (b"", BEGINNING):
            raise _failed(file, "the file that is there is no report")


def _replace(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name[:40]}.", dir=file.parent)  # made with mode 0600
    try:
        with open(handle, "wb") as draft:  # noqa: PTH123 - a handle is no path
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
        Path(name).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _failed(file: Path, why: str) -> TargetError:
    return TargetError("RFZ-407", f"the report cannot be written to {file} ({why})")
