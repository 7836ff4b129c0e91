"""Writing the report to its place: in one piece, for its owner alone."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from target_referrizer.errors import TargetError

FOLDER_MODE = 0o700


def save(page: str, place: str | Path) -> Path:
    """Put a page where an older one may be; whoever looks meanwhile sees the one or the other.

    Args:
        page: What to write.
        place: A file, or where there is to be one; its folder is made if only that one is missing.

    Returns:
        The file's full path.

    Raises:
        TargetError: RFZ-407, it cannot be written there.
    """
    file = Path(place).expanduser()
    try:
        file = file.resolve()
        if file.exists() and not file.is_file():
            raise _failed(file, "it is not a file")
        file.parent.mkdir(exist_ok=True, mode=FOLDER_MODE)
        _replace(file, page.encode())
    except (OSError, ValueError, RuntimeError) as error:
        raise _failed(file, getattr(error, "strerror", None) or "it is no name of a file") from None
    return file


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
