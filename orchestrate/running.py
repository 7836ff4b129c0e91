"""Running Meltano for one location, with a log of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from orchestrate.environment import CONTACTS_ONLY, UnreadyError, environment, hidden, places
from orchestrate.outcome import UNDER_WAY, UNINSTALLED, Outcome, Verdict, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

    from orchestrate.locations import Location, Locations

JOB = "sync"  # of meltano.yml
TELLING = ("[critical", "[error", UNDER_WAY, UNINSTALLED)  # lines that may say how it ended
INSTALLED = ("extractors", "loaders", "mappers", "utilities")  # folders of Meltano with virtual environments
LARGE = 1_000_000  # bytes of a log, after which a new one is begun; one older is kept
OWNER_ONLY = 0o077
SCHEMAS, LOOKING = (Path(__file__).with_name(name) for name in ("schemas.py", "looking.py"))
PATIENCE = 600.0  # seconds for a look at all ledgers; 5,000 were seen to take about two minutes
UNREACHABLE = 6  # exit code of that script


class BlindError(Exception):
    """Nobody could look at the ledgers."""


@dataclass
class Runner:
    """Runs locations, several at once if asked to from several threads.

    Attributes:
        project: The folder of meltano.yml, with the `.venv` that has Meltano.
        locations: All of them.
        given: The caller's variables, secrets among them.
        echo: Takes each line of the logs as well.
        stopped: Nothing is begun any more.
    """

    project: Path
    locations: Locations
    given: Mapping[str, str] = field(repr=False)
    echo: Callable[[str], object] | None = None
    stopped: bool = False
    _children: set[subprocess.Popen[bytes]] = field(default_factory=set, repr=False)
    # Of the kind that one thread may take twice: `stop` is called by handlers of signals.
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def log_of(self, name: str) -> Path:
        """The file with everything that a location's runs wrote, readable by its owner only."""
        return self.project / ".meltano" / "locations" / f"{name}.log"

    def work_folder(self, name: str) -> Path:
        """Where Meltano keeps a location's catalog and settings while it runs, in place of `.meltano`.

        Runs side by side would else read each other's half-written catalogs. What is installed is shared.
        """
        shared, own = self.project / ".meltano", self.log_of(name).with_suffix("")
        for folder in (own.parent, own):  # not at once: `mode` is not that of parents
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for kind in INSTALLED:
            with contextlib.suppress(FileExistsError):
                if (shared / kind).is_dir():
                    (own / kind).symlink_to(shared / kind, target_is_directory=True)
        return own

    def run(self, location: Location, *, contacts_only: bool = False) -> Outcome:
        """One pass of one location, whatever comes of it.

        Args:
            location: Which.
            contacts_only: Read all contacts again, and no check-ins.
        """
        try:
            return self._run(location, CONTACTS_ONLY if contacts_only else {})
        except UnreadyError as error:
            return Outcome(location.name, Verdict.PERSON, "", str(error))
        except OSError as error:
            return Outcome(location.name, Verdict.FAILED, "", f"Meltano cannot be run: {error.strerror}")

    def health(
        self, locations: Sequence[Location], max_age: str, patience: float = PATIENCE
    ) -> list[Outcome]:
        """Whether each was kept in step lately, as `referrizer-ledger status --max-age` sees it.

        Raises:
            BlindError: Nobody could look at any.
        """
        asked = []
        try:
            for one in locations:
                url = places(one, self.locations, self.given)["TARGET_REFERRIZER_LEDGER_URL"]
                source = {**self.given, **one.settings}.get("TARGET_REFERRIZER_SOURCE", "booker")
                asked.append({"name": one.name, "ledger_url": url, "source": source})
            done = subprocess.run(
                [self._program("python"), "-I", str(LOOKING), max_age],
                cwd=self.project,
                env=dict(self.given),
                input=json.dumps(asked),
                capture_output=True,
                text=True,
                check=False,
                timeout=patience,
            )
        except (UnreadyError, OSError) as error:
            raise BlindError(str(error)) from None
        except subprocess.TimeoutExpired:
            raise BlindError(f"the ledgers gave no answer within {patience:.0f} s") from None
        if done.returncode:
            raise BlindError((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
        return [_looked(one) for one in json.loads(done.stdout)]

    def environment(self, location: Location) -> dict[str, str]:
        """The variables of a location, with the project's programs found first.

        Raises:
            UnreadyError: Something is missing.
        """
        variables = environment(location, self.locations, self.given)
        path = f"{self.project / '.venv/bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
        return variables | {"PATH": path, "MELTANO_SYS_DIR_ROOT": str(self.work_folder(location.name))}

    def stop(self) -> None:
        """Ask every run under way to end, and begin no other."""
        with self._lock:
            self.stopped = True
            for child in self._children:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)

    def _run(self, location: Location, more: Mapping[str, str]) -> Outcome:
        variables = self.environment(location)
        if failed := self._place(location, variables):
            return failed
        # A .env would be read by Meltano alone: neither the watch nor what blacks out secrets would know it.
        # And many locations that begin at once must not each install the plugins.
        command = [self._program("meltano"), "--env-file", os.devnull, "run", "--no-install"]
        command += ["--state-id-suffix", location.name, JOB]
        ended, told = self._logged(location.name, command, {**variables, **more})
        found = outcome(location.name, ended, told)
        if self.stopped and found.verdict is Verdict.FAILED:
            return Outcome(location.name, Verdict.AGAIN, "", "it was stopped")
        return found

    def _place(self, location: Location, variables: Mapping[str, str]) -> Outcome | None:
        """Make where ledger and state will lie; gives what kept it from being made."""
        if self.locations.database is None:
            self.locations.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return None
        command = [self._program("python"), "-I", str(SCHEMAS), location.schema]
        url = {"ORCHESTRATE_DATABASE": self.given[self.locations.database]}
        try:
            done = subprocess.run(
                command, cwd=self.project, env={**variables, **url}, capture_output=True, text=True,
                check=False, timeout=PATIENCE,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Outcome(location.name, Verdict.AGAIN, "", "PostgreSQL gave no answer")
        if done.returncode == 0:
            return None
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        verdict = Verdict.AGAIN if done.returncode == UNREACHABLE else Verdict.PERSON
        return Outcome(location.name, verdict, "", f"PostgreSQL: {said}")

    def _program(self, name: str) -> str:
        return str(self.project / ".venv/bin" / name)

    def _logged(self, name: str, command: Sequence[str], variables: Mapping[str, str]) -> tuple[int, str]:
        """Exit code of a command and the lines that tell how it ended; all that it writes goes to the log."""
        secrets = [value.encode() for value in hidden(variables)]
        if self.stopped:
            return 1, ""
        with _appended(self.log_of(name)) as log, self._child(command, variables) as child:
            told, last = [], b""
            for raw in child.stdout or ():
                line = raw
                for secret in secrets:
                    line = line.replace(secret, b"***")
                log.write(line)
                if self.echo:
                    self.echo(line.decode(errors="replace").rstrip())
                last = line if line.strip() else last
                if any(mark.encode() in line for mark in TELLING):
                    told.append(line)
            return child.wait(), b"".join(told or [last]).decode(errors="replace")

    @contextlib.contextmanager
    def _child(
        self, command: Sequence[str], variables: Mapping[str, str]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A child of a session of its own, so that Ctrl-C comes to it once; it is never left behind."""
        with self._lock:
            child = subprocess.Popen(
                command,
                cwd=self.project,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=OWNER_ONLY,
            )
            self._children.add(child)
        try:
            if self.stopped:  # by a signal in just this moment
                child.terminate()
            yield child
        finally:
            with self._lock:
                self._children.discard(child)
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)
            child.wait()
            if child.stdout:
                child.stdout.close()


@contextlib.contextmanager
def stopped_by(runner: Runner, *numbers: int) -> Iterator[list[int]]:
    """Signals that end a runner's runs meanwhile; gives those that came.

    Meltano is in a session of its own, where nobody's signal comes to it but the runner's.
    """
    came: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        runner.stop()

    is_ours = threading.current_thread() is threading.main_thread()  # no other may set a handler
    before = {number: signal.signal(number, stop) for number in numbers if is_ours}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _looked(one: Mapping[str, Any]) -> Outcome:
    verdict = Verdict.DONE if one["is_well"] else Verdict.FAILED
    return Outcome(one["name"], verdict, "", f"{'ok' if one['is_well'] else 'NOT OK'}: {one['finding']}")


def _appended(path: Path) -> IO[bytes]:
    """A log to add to, for its owner's eyes only."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LARGE:
            path.replace(path.with_suffix(".1.log"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb", buffering=0)
