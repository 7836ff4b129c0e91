"""The three runs of the demo, and what a person wants to see of each."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from demo import ledger, show

if TYPE_CHECKING:
    from rich.console import Console

    from demo.project import Project
    from demo.salon import Salon

WRITES = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass
class Story:
    """One salon, one pipeline, told on one console."""

    console: Console
    project: Project
    salon: Salon

    def tell(self) -> None:
        """First sync, an hour of news, five weeks of silence."""
        self._step("The first sync", "run", "sync")
        self.salon.advance(timedelta(hours=1))
        happened = self.salon.news(seed=1)
        self._step("An hour later", "schedule", "run", "hourly", news=show.news(happened["counts"]))
        self.salon.advance(timedelta(weeks=5))
        nothing = "had no news at all, for five weeks; but groups depend on today"
        self._step("Five weeks later", "schedule", "run", "hourly", news=nothing)

    def _step(
        self, title: str, *command: str, news: str = "opens with 2,000 contacts and a year of check-ins"
    ) -> None:
        when = self.salon.now().astimezone(ZoneInfo(self.salon.zone))
        show.heading(self.console, title, when, news)
        before, calls = self.salon.groups(), self._calls()
        with self.console.status("syncing"):
            start = time.monotonic()
            self.project.meltano("--environment", "sandbox", *command, settings=self.salon.settings())
            took = time.monotonic() - start
        show.command(self.console, " ".join(command), took, self._calls() - calls)
        settings = self.salon.settings()
        show.accounting(self.console, ledger.accounting(self.project, settings))
        show.groups(self.console, before, self.salon.groups())
        show.moves(self.console, ledger.moves(self.project, settings))

    def _calls(self) -> Counter[str]:
        """How many calls each vendor has answered; those that write at Referrizer are counted apart."""
        return Counter(_kind(call["vendor"], call["method"]) for call in self.salon.requests())


def _kind(vendor: str, method: str) -> str:
    return "writes" if vendor == "referrizer" and method in WRITES else vendor
