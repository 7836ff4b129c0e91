"""A real browser: Chromium without a screen, and what it had to complain about."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without a sandbox for root, and without the calls that Chromium makes for itself.
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium; where there is none, the test is skipped."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        text = "no Chromium on this machine (on Debian: chromium)"
        pytest.skip(text)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and what happened on it.

    Attributes:
        page: Playwright's page.
        complaints: Messages of the console and errors of scripts.
        hosts: Where requests went.
        addresses: Every address that the address bar showed.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda asked: self.hosts.add(urlsplit(asked.url).hostname or "data"))
        self.page.on("framenavigated", lambda frame: self.addresses.append(frame.url))

    def faults(self) -> list[str]:
        """What axe-core finds against the rules of WCAG, and whether one must scroll sideways."""
        self.page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run()")
        wide = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        told = [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]
        return [*told, *(["wider than the screen"] if wide else [])]
