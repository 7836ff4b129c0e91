"""A private copy of the Meltano project, so that nobody's real settings, state or ledger are ever touched."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).resolve().parent.parent
COPIED = ("meltano.yml", "constraints.txt")
LINKED = ("tap-booker", "target-referrizer")

# What the caller's shell may hold of another project, of real accounts, or of another Python.
PRIVATE = ("MELTANO", "TAP_", "TARGET_", "SINGER_", "PYTHON", "VIRTUAL_ENV", "DOTENV")


class CommandFailedError(Exception):
    """A command ended with another exit code than 0.

    Attributes:
        log: All that it wrote.
    """

    def __init__(self, command: str, code: int, log: str) -> None:
        self.log = log
        errors = [line for line in log.splitlines() if "[error" in line]
        super().__init__("\n".join([f"{command} ended with {code}", *errors]))


@dataclass
class Project:
    """A Meltano project laid out in `folder`, with its state, ledger and logs in `run_folder`.

    `folder` may be kept: it holds the plugins' virtual environments, slow to make and the same each time.
    """

    folder: Path
    run_folder: Path

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger that every command of this project uses."""
        return f"sqlite:///{self.run_folder / 'ledger.db'}"

    @property
    def log(self) -> Path:
        """Everything that Meltano and the plugins wrote to standard error, in order."""
        return self.run_folder / "meltano.log"

    def lay_out(self) -> None:
        """Copy the project's own files and link the packages; an earlier copy is brought up to date."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run_folder.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            shutil.copyfile(CHECKOUT / name, self.folder / name)
        for name in LINKED:
            link = self.folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(CHECKOUT / name, target_is_directory=True)

    def install(self) -> bool:
        """Install both plugins, unless the same ones are there already; True when it was done now."""
        parts = [self.folder / name for name in COPIED] + [
            self.folder / name / "pyproject.toml" for name in LINKED
        ]
        wanted = hashlib.sha256(
            b"".join([sys.version.encode(), *(part.read_bytes() for part in parts)])
        ).hexdigest()
        installed = self.folder / ".installed"
        if installed.exists() and installed.read_text() == wanted:
            return False
        shutil.rmtree(self.folder / ".meltano", ignore_errors=True)
        self.meltano("install")
        installed.write_text(wanted)
        return True

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """A command's variables: the caller's without the private ones, this project's, then `settings`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PRIVATE)}
        own = {
            "MELTANO_DATABASE_URI": f"sqlite:///{self.run_folder / 'meltano.db'}",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
            "MELTANO_HUB_URL": "http://127.0.0.1:9",  # the project asks no hub, and here it could not
            "XDG_STATE_HOME": str(self.run_folder),  # else Meltano keeps its logs in the home folder
            "TARGET_REFERRIZER_LEDGER_URL": self.ledger_url,
            "NO_COLOR": "1",
        }
        direct = {name: f"127.0.0.1,{kept.get(name, '')}" for name in ("NO_PROXY", "no_proxy")}
        return kept | direct | own | dict(settings)

    def meltano(self, *arguments: str, settings: Mapping[str, str] | None = None) -> str:
        """Run one Meltano command to its end.

        Args:
            arguments: What stands after `meltano` on the command line.
            settings: Environment variables, the plugins' settings among them.

        Returns:
            Standard output.

        Raises:
            CommandFailedError: The exit code was not 0.
        """
        return self._call("meltano", *arguments, settings=settings)

    def ledger(self, *arguments: str, settings: Mapping[str, str]) -> Any:
        """What `referrizer-ledger` answers to one question, as a value.

        Raises:
            CommandFailedError: The exit code was not 0.
        """
        return json.loads(self._call("referrizer-ledger", *arguments, "--format=json", settings=settings))

    def _call(self, name: str, *arguments: str, settings: Mapping[str, str] | None) -> str:
        executable = Path(sys.executable).with_name(name)
        with self.log.open("ab") as log:
            start = log.tell()
            process = subprocess.Popen(
                [executable, *arguments],
                cwd=self.folder,
                env=self.environment(settings or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            output = wait(process)
        if process.returncode:
            written = self.log.read_bytes()[start:].decode(errors="replace")
            raise CommandFailedError(" ".join([name, *arguments]), process.returncode, written + output)
        return output


def wait(process: subprocess.Popen[str]) -> str:
    """Standard output of a child once it has ended; a child is never left behind, whatever ends the wait."""
    try:
        output, _ = process.communicate()
    except BaseException:
        stop(process)
        raise
    return output


def stop(process: subprocess.Popen[str], patience: float = 10) -> None:
    """End a child: politely, then for sure after `patience` seconds."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
