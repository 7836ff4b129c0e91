"""A real browser without a window, steered by its own protocol over a pipe; only Chromium is needed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import IO, TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
)  # fmt: skip
END = b"\0"


@dataclass
class Page:
    """One open page, and everything that it has said or asked for."""

    send: IO[bytes]
    receive: IO[bytes]
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command to the browser; events that come meanwhile are kept."""
        number = next(self.numbers)
        asked = {"id": number, "method": method, "params": parameters}
        asked |= {"sessionId": self.session} if self.session else {}
        self.send.write(json.dumps(asked).encode() + END)
        self.send.flush()
        while (said := self._next()).get("id") != number:
            self.events.append(said)
        assert "error" not in said, said
        return dict(said["result"])

    def _next(self) -> dict[str, Any]:
        said = bytearray()
        while (one := self.receive.read(1)) != END:
            assert one, "the browser has ended"
            said += one
        return dict(json.loads(said))

    def open(self, address: str, width: int = 1200, *, dark: bool = False, scripts: bool = True) -> None:
        """Show an address on a screen of this width, and wait until it is there."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **screen)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events.clear()
        went = self.call("Page.navigate", url=address)
        assert "errorText" not in went, went
        while not self.of("Page.loadEventFired"):
            self.events.append(self._next())

    def of(self, method: str) -> list[dict[str, Any]]:
        """What has happened of one kind."""
        return [one["params"] for one in self.events if one.get("method") == method]

    def evaluate(self, expression: str) -> Any:
        """The value of an expression on the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def complaints(self) -> list[str]:
        """Everything on the console, and every script that failed."""
        said = [str(one["entry"]) for one in self.of("Log.entryAdded")]
        said += [str(one) for one in self.of("Runtime.consoleAPICalled")]
        return said + [str(one) for one in self.of("Runtime.exceptionThrown")]

    def requests(self) -> list[str]:
        """Every address that the page has asked for, its own first."""
        return [one["request"]["url"] for one in self.of("Network.requestWillBeSent")]

    def picture(self, file: Path) -> None:
        """The whole page as PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser with one page, and a profile that is thrown away with `folder`."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        reason = "this machine has no Chromium"
        pytest.skip(reason)
    to_browser, from_browser = os.pipe(), os.pipe()
    # The browser reads from 3 and writes to 4; a shell puts the pipes there.
    shell = f'exec "$0" "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    command = ["/bin/bash", "-c", shell, program, *QUIET, f"--user-data-dir={folder}/profile"]
    passed = (to_browser[0], from_browser[1])
    with subprocess.Popen(command, pass_fds=passed, stderr=subprocess.DEVNULL) as process:
        for end in passed:
            os.close(end)
        with open(to_browser[1], "wb") as send, open(from_browser[0], "rb") as receive:  # noqa: PTH123
            try:
                yield _page(send, receive)
            finally:
                process.terminate()


def _page(send: IO[bytes], receive: IO[bytes]) -> Page:
    page = Page(send, receive)
    target = page.call("Target.createTarget", url="about:blank")["targetId"]
    page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        page.call(f"{domain}.enable")
    return page
