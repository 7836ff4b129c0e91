"""The sandbox as a child process, steered over its own HTTP controls."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self
from urllib.request import ProxyHandler, Request, build_opener

from demo.project import stop

if TYPE_CHECKING:
    from types import TracebackType

DIRECT = build_opener(ProxyHandler({}))  # a proxy of the caller's has no business on loopback


class SalonError(Exception):
    """The sandbox did not start; the text is what it wrote."""


class Salon:
    """A made-up salon with both vendors around it, for as long as the `with` block lasts."""

    def __init__(self, *, contacts: int, seed: int, zone: str, now: datetime, log: Path) -> None:
        self.zone = zone
        self._log: IO[bytes] = log.open("ab")
        arguments = f"--port 0 --contacts {contacts} --seed {seed} --zone {zone} --now {instant(now)}".split()
        executable = Path(sys.executable).with_name("sandbox")
        self._process = subprocess.Popen(
            [executable, "serve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        try:
            self._address = self._first_line(log)
        except BaseException:
            self.close()
            raise

    def _first_line(self, log: Path) -> dict[str, Any]:
        """The sandbox says in one JSON line where it listens; no line means that it ended."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SalonError(f"The sandbox did not start.\n{log.read_text(errors='replace')}")
        address: dict[str, Any] = json.loads(line)
        return address

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the sandbox; the salon is gone."""
        stop(self._process)
        if self._process.stdout:
            self._process.stdout.close()
        self._log.close()

    def settings(self) -> dict[str, str]:
        """Both plugins' settings for this salon and for its clock as of now, as environment variables."""
        credentials = self._address["credentials"]
        now = instant(self.now())
        return {
            "TAP_BOOKER_BASE_URL": self._address["booker_url"],
            "TAP_BOOKER_LOCATION_IDS": json.dumps(self._address["location_ids"]),
            "TAP_BOOKER_SUBSCRIPTION_KEY": credentials["subscription_key"],
            "TAP_BOOKER_CLIENT_ID": credentials["client_id"],
            "TAP_BOOKER_CLIENT_SECRET": credentials["client_secret"],
            "TAP_BOOKER_PERSONAL_ACCESS_TOKEN": credentials["personal_access_token"],
            "TAP_BOOKER_AS_OF": now,
            "TARGET_REFERRIZER_API_URL": self._address["referrizer_url"],
            "TARGET_REFERRIZER_API_TOKEN": self._address["token"],
            "TARGET_REFERRIZER_TIMEZONE": self.zone,
            "TARGET_REFERRIZER_AS_OF": now,
        }

    def now(self) -> datetime:
        """The salon's clock."""
        return datetime.fromisoformat(self._control("GET", "clock")["now"])

    def advance(self, time: timedelta) -> None:
        """Let time pass in the salon."""
        self._control("POST", "clock", {"advance_seconds": int(time.total_seconds())})

    def news(self, seed: int) -> dict[str, Any]:
        """Let an hour's worth of things happen; the clock stays."""
        happened: dict[str, Any] = self._control("POST", "news", {"seed": seed})
        return happened

    def groups(self) -> dict[str, int]:
        """How many of Referrizer's contacts carry which group."""
        counts: dict[str, int] = self._control("GET", "groups")
        return counts

    def requests(self) -> list[dict[str, Any]]:
        """Every request that either vendor has answered since the start."""
        seen: list[dict[str, Any]] = self._control("GET", "requests")
        return seen

    def _control(self, method: str, name: str, body: dict[str, Any] | None = None) -> Any:
        url = f"{self._address['url']}/_sandbox/{name}"
        data = json.dumps(body).encode() if body is not None else None
        request = Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - always http, on loopback
        with DIRECT.open(request, timeout=60) as answer:
            return json.load(answer)


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second, as the sandbox and both plugins read it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
