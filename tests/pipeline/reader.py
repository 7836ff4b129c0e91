"""A reader of the documents who types every command, with the sandbox in place of the accounts."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.pipeline.blocks import Block, shows
from tests.tap_booker.signing import free_port, registered_address

from demo.project import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sandbox import Sandbox

BIN = Path(sys.executable).parent
MARK = "\x1e"
# A server in the background is ready once it has said where it listens.
ONCE_READY = ' &\nuntil tail -n 1 "$TERMINAL" | grep -q booker_url; do sleep 0.1; done\n'
PATIENCE = 600  # seconds for all commands of a document

SECRETS = dict.fromkeys(
    ("subscription_key", "client_id", "client_secret", "personal_access_token"), "from-booker"
)

ADDED = "/srv/booker-referrizer/plugins"

# Commands that are not typed where all documents are followed in one installed project, and who runs them.
ELSEWHERE = {
    "make setup": "the project is set up; test_fresh.py sets up a clone of its own",
    "make demo": "test_fresh.py runs it in a fresh clone, and compares what the documents show",
    "make test": "these are the tests",
    "make fresh": "test_fresh.py proves what it forgets",
    "git pull": "the tests have nowhere to pull from",
    "meltano install": "the plugins are installed; test_fresh.py installs them in a clone",
    "make -C /srv/booker-referrizer dist": "test_packages.py builds both wheels",
    "pip install /srv/booker-referrizer/dist/tap_booker-0.1.0-py3-none-any.whl": (
        "test_packages.py installs the wheel where nothing else is"
    ),
    "pip install /srv/booker-referrizer/dist/target_referrizer-0.1.0-py3-none-any.whl": (
        "test_packages.py installs the wheel where nothing else is"
    ),
    f"meltano add --from-ref {ADDED}/extractors/tap-booker--booker-referrizer.lock tap-booker": (
        "test_packages.py adds it to an empty project"
    ),
    f"meltano add --from-ref {ADDED}/loaders/target-referrizer--booker-referrizer.lock target-referrizer": (
        "test_packages.py adds it to an empty project"
    ),
    "booker-connect --config config.json": "test_connect_command.py signs in, and compares this block",
}


@dataclass
class Reader:
    """Somebody with a terminal, two accounts and a browser.

    Attributes:
        folder: Where the terminal opens.
        own: A folder for what belongs to the reader and to no project.
        box: Stands for both accounts.
        environment: The terminal's variables.
        project: The project, where it is not the folder itself.
        repository: What is cloned.
        literally: Types also what is run elsewhere.
        database: URL of an empty PostgreSQL database.
        printed: What came out, by block, with each command of a `console` block before it.
    """

    folder: Path
    own: Path
    box: Sandbox
    environment: Mapping[str, str]
    project: Path | None = None
    repository: Path = CHECKOUT
    literally: bool = False
    database: str = "postgresql://none@127.0.0.1:9/none"
    printed: dict[Block, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port = free_port()
        self.back = registered_address(self.box)
        browser = self.own / "browser"
        person = f"PYTHONPATH={CHECKOUT} {BIN / 'python'} -m tests.pipeline.person"
        browser.write_text(f'#!/bin/sh\n{person} "$1" >> {self.own}/looked-at 2>&1\n')
        browser.chmod(0o755)
        self.environment = {
            **self.environment,
            "BROWSER": f"{browser} %s",
            "TAP_BOOKER_REDIRECT_URI": self.back,
        }

    def values(self) -> dict[str, str]:
        """THE table: what documents print, and what stands there for this reader."""
        mine, url = self.box.booker.credentials, self.box.url
        clock = self.box.clock.now.isoformat()
        return {
            "https://git.example.com/booker-referrizer": shlex.quote(str(self.repository)),
            "[12345]": "[3749]",
            "SUBSCRIPTION_KEY=from-booker": (
                f"SUBSCRIPTION_KEY={mine.subscription_key}\nTAP_BOOKER_BASE_URL={self.box.booker_url}\n"
                f"TAP_BOOKER_AS_OF={clock}"
            ),
            "CLIENT_ID=from-booker": f"CLIENT_ID={mine.client_id}",
            "CLIENT_SECRET=from-booker": f"CLIENT_SECRET={mine.client_secret}",
            "ACCESS_TOKEN=from-booker": f"ACCESS_TOKEN={mine.personal_access_token}",
            "API_TOKEN=from-referrizer": (
                f"API_TOKEN={self.box.referrizer.token}\nTARGET_REFERRIZER_API_URL={self.box.referrizer_url}\n"
                f"TARGET_REFERRIZER_AS_OF={clock}\nTARGET_REFERRIZER_REQUESTS_PER_SECOND=0"
            ),
            "8765": str(self.port),
            "127.0.0.1:8776/back": self.back.removeprefix("http://"),
            "http://127.0.0.1:8776/": self.back.removesuffix("back"),
            "https://api.booker.com": self.box.booker_url,
            "https://api.referrizer.com/v1": self.box.referrizer_url,
            "api.booker.com": url.removeprefix("http://"),
            "api.referrizer.com": url.removeprefix("http://"),
            "/srv/booker-referrizer": str(self.home),
            "/home/ada/booker-referrizer": str(self.project or self.folder),
            "your-target": "cat",
            "salon@db.example.com/ledger": urlsplit(self.database).netloc + urlsplit(self.database).path,
        }

    @property
    def home(self) -> Path:
        """The project by a path without a blank, as units and tables of cron want it."""
        link = self.own / "booker-referrizer"
        if not link.is_symlink():
            link.symlink_to(self.folder)
        return link

    def filled_in(self, text: str) -> str:
        """A text with this reader's own values; each is put in once, so that none meets another."""
        values = self.values()
        longest_first = sorted(values, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), lambda match: values[match[0]], text)

    def has_settings(self) -> None:
        """Have `.env` as it is once somebody has followed the way to the first run."""
        tap = with_account({"location_ids": [3749], **SECRETS}, self.box)
        target = with_account({}, self.box)
        lines = [f"TAP_BOOKER_{name.upper()}={value}\n" for name, value in tap.items()]
        lines += [f"TARGET_REFERRIZER_{name.upper()}={value}\n" for name, value in target.items()]
        (self.folder / ".env").write_text("".join(lines))

    def runs(self, command: str, variables: dict[str, str], folder: str) -> str:
        """What a command prints that must succeed with these variables and no others."""
        done = subprocess.run(
            ["/bin/sh", "-c", self.filled_in(command)],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def keep(self, block: Block) -> None:
        """Write a block's settings to the file that its note names."""
        settings = with_account(json.loads(block.text), self.box)
        (self.folder / block.said).write_text(json.dumps(settings))

    def follow(self, blocks: Sequence[Block]) -> None:
        """Type all commands in one shell, in order, and keep what each block prints."""
        typed = [block for block in blocks if block.is_run]
        out = self.own / "terminal"
        script = "".join(part for number, block in enumerate(typed) for part in self._script(number, block))
        with out.open("wb") as terminal:
            code = in_a_shell(script, self.folder, {**self.environment, "TERMINAL": str(out)}, terminal)
        parts = out.read_text(errors="replace").split(MARK)[1:]
        self.printed |= {typed[int(part.partition("\n")[0])]: part.partition("\n")[2] for part in parts}
        last = typed[len(parts) - 1] if parts else None
        assert code == 0, f"{last} ended with {code or 'no end'}:\n{''.join(parts[-1:])}"

    def _script(self, number: int, block: Block) -> Iterator[str]:
        yield f"printf '{MARK}%s\\n' {number}\n"
        for command in block.commands():
            lines = [line for line in command.splitlines() if self.literally or not is_elsewhere(line)]
            if not lines:
                continue
            text = self.filled_in("\n".join(lines) + "\n")
            if block.language == "console":
                yield f"cat <<'TYPED'\n$ {text}TYPED\n"
            yield re.sub(r" &( *#.*)?\n", ONCE_READY, text)

    def shows(self, block: Block) -> bool:
        """Whether what a block shows is what was printed: by itself, or by the blocks before it."""
        if block.language == "console":
            shown = self.filled_in(block.text if self.literally else without_elsewhere(block.text))
            return shows(shown, self.printed[block], whole=True)
        return shows(self.filled_in(block.text), "".join(self.printed.values()))


def in_a_shell(script: str, folder: Path, environment: Mapping[str, str], terminal: IO[bytes]) -> int | None:
    """The exit code of a script, None when it came to no end; nothing that it started is left behind."""
    shell = subprocess.Popen(
        ["bash", "-o", "pipefail", "-emc", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return shell.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    finally:
        listed = subprocess.run(["ps", "-o", "pid=", "-s", str(shell.pid)], capture_output=True, check=False)
        for pid in map(int, listed.stdout.split()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shell.wait()


def is_elsewhere(line: str) -> bool:
    """Whether another test runs this line."""
    return line.partition("#")[0].strip() in ELSEWHERE


def without_elsewhere(text: str) -> str:
    """A `console` block without the commands that another test runs, and without what they print."""
    parts = re.split(r"^(?=\$ )", text, flags=re.MULTILINE)
    return "".join(part for part in parts if not is_elsewhere(part.partition("\n")[0].removeprefix("$ ")))


def with_account(settings: dict[str, Any], box: Sandbox) -> dict[str, Any]:
    """Printed settings, of either plugin, with the credentials and the clock of an account."""
    if "location_ids" in settings:
        mine = {name: value for name, value in box.booker.credentials.as_dict().items() if name in settings}
        here: dict[str, Any] = {"base_url": box.booker_url, **mine}
    else:
        here = {"api_url": box.referrizer_url, "api_token": box.referrizer.token, "requests_per_second": 0}
    return {**settings, **here, "as_of": box.clock.now.isoformat()}
