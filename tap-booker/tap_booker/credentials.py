"""The file with the refresh token: read, and replaced when Booker rotates the token."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tap_booker.errors import CredentialFileError, UnavailableError

try:
    import fcntl
except ImportError:  # Windows; runs side by side then need a file each
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("tap-booker")

Wait = Callable[[float], bool]
"""Waits for so many seconds, and says whether to give up, as `Event.wait` does."""
LOOK_SECONDS = 0.2
TOLD_AFTER, PATIENCE = 10, 120
"""Seconds; a run that holds the lock for longer than one or two token calls hangs."""
OVER = "No token: the run has ended."


class CredentialFile:
    """A JSON object with `refresh_token` and perhaps `token_url`; keys that we do not know are kept.

    Args:
        path: Where the file lies; a link is followed, so that the file behind it is replaced.
    """

    def __init__(self, path: str) -> None:
        try:
            self._path = Path(path).expanduser()
        except RuntimeError:
            raise CredentialFileError("credentials_path begins with a user that does not exist.") from None

    @property
    def place(self) -> Path:
        """The file itself, behind a link."""
        return self._path.resolve()

    @contextlib.contextmanager
    def alone(self, wait: Wait | None = None) -> Iterator[None]:
        """Have other runs with this file wait: a refresh token spent twice may end the sign-in for all.

        The file itself is locked, and looked up again once the lock is had, since a new one may lie in its
        place; so replacing it is the last thing to do in here. Where there is none, or none can be locked,
        nobody waits.

        Args:
            wait: Called between two looks at another run's lock; without it, nothing but time ends the wait.

        Raises:
            UnavailableError: It was given up, or the other run has held the lock for too long.
        """
        pauses = self._pauses()
        wait = wait or threading.Event().wait
        with contextlib.ExitStack() as held:
            with contextlib.suppress(OSError):
                while fcntl is not None:
                    file = held.enter_context(self._path.open("rb"))
                    while not _is_locked(file):
                        if wait(next(pauses)):
                            raise UnavailableError(OVER)
                    if os.path.samestat(os.fstat(file.fileno()), self._path.stat()):
                        break
                    held.close()
            yield

    def _pauses(self) -> Iterator[float]:
        """How long to wait before each further look at the lock.

        A call that blocks until the lock is free could not be given up by a run that is asked to stop.
        """
        for number in range(round(PATIENCE / LOOK_SECONDS)):
            if number == round(TOLD_AFTER / LOOK_SECONDS):
                logger.warning("Another run renews the sign-in of %s; waiting.", self._path)
            yield LOOK_SECONDS
        raise UnavailableError(f"Another run has kept the sign-in of {self._path} for {PATIENCE} s.")

    def read(self) -> dict[str, Any]:
        """Read the whole file.

        Raises:
            CredentialFileError: There is no such file, or no refresh token in it.
        """
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as failure:
            raise CredentialFileError(
                f"credentials_path cannot be read ({type(failure).__name__})."
            ) from None
        if not isinstance(content, dict) or not isinstance(content.get("refresh_token"), str):
            raise CredentialFileError("credentials_path holds no refresh_token.")
        return content

    def check_place(self) -> None:
        """See before a sign-in that its outcome can be kept: a refresh token that is lost is lost for good.

        Raises:
            CredentialFileError: The file holds something else, or cannot be written.
        """
        self._kept()
        folder = self.place.parent
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise CredentialFileError("No file can be made in the folder of credentials_path.")

    def establish(self, refresh_token: str, token_url: str) -> None:
        """Write what a sign-in brought, over what an earlier one brought.

        Raises:
            CredentialFileError: The file cannot be written; what was there is still there.
        """
        try:
            with self.alone():  # else a run that is renewing its token would write that over this one
                content = self._kept() | {"refresh_token": refresh_token, "token_url": token_url}
                _replace(self.place, json.dumps(content, indent=2) + "\n")
        except OSError as failure:
            text = f"The new refresh token cannot be saved at credentials_path ({type(failure).__name__})."
            raise CredentialFileError(text) from None
        except UnavailableError as busy:
            raise CredentialFileError(f"{busy.happened} End it, and sign in again.") from None

    def _kept(self) -> dict[str, Any]:
        """What the file holds already, with whatever keys; nothing where there is none yet."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as failure:
            text = f"credentials_path holds something that cannot be read ({type(failure).__name__})"
            raise CredentialFileError(f"{text}; it is not overwritten.") from None
        if not isinstance(content, dict):
            raise CredentialFileError("credentials_path holds something else; it is not overwritten.")
        return content

    def store(self, refresh_token: str) -> None:
        """Replace the refresh token: the new file is complete or not there, and only its owner can read it.

        Raises:
            CredentialFileError: The file cannot be replaced; the old token may be spent by now.
        """
        content = self.read() | {"refresh_token": refresh_token}
        try:
            _replace(self.place, json.dumps(content, indent=2) + "\n")
        except OSError as failure:
            text = "Booker gave a new refresh token, and it cannot be saved at credentials_path"
            raise CredentialFileError(f"{text} ({type(failure).__name__}).") from None


def _is_locked(file: IO[bytes]) -> bool:
    """Lock a file unless another has locked it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replace(path: Path, text: str) -> None:
    """Write beside the file (mkstemp makes mode 0600), sync, and rename over it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:  # also Ctrl-C: a token in a file of another name would stay there for ever
        Path(name).unlink(missing_ok=True)
        raise
