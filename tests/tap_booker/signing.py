"""A browser without a screen: signs in to the sandbox's Booker by the pages, over real HTTP."""

from __future__ import annotations

import json
import re
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests

from tap_booker.sign_in.server import serving
from tap_booker.sign_in.start import Options, SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox import Sandbox
    from tap_booker.sign_in.desk import Desk


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def config_for(box: Sandbox, folder: Path, **changes: Any) -> dict[str, Any]:
    """Settings that lead to a sandbox; what is None is left out."""
    mine = box.booker.credentials
    whole = {
        "subscription_key": mine.subscription_key,
        "client_id": mine.client_id,
        "client_secret": mine.client_secret,
        "base_url": box.booker_url,
        "credentials_path": str(folder / "credentials.json"),
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def registered_address(box: Sandbox, port: int | None = None) -> str:
    """An address on a free port, which the sandbox's Booker knows."""
    back = f"http://127.0.0.1:{port or free_port()}/back"
    box.booker.switches.redirect_uris = (back,)
    return back


@dataclass
class Opened:
    """A page that is being served."""

    box: Sandbox
    file: Path
    signing: SignIn
    desk: Desk

    @property
    def url(self) -> str:
        return self.signing.where.page.rstrip("/")

    def stored(self) -> dict[str, Any] | None:
        return json.loads(self.file.read_text()) if self.file.exists() else None

    def visitor(self) -> Visitor:
        return Visitor(self)


@contextmanager
def opened(
    box: Sandbox, folder: Path, *, with_pkce: bool = True, authorize_url: str | None = None, **changes: Any
) -> Iterator[Opened]:
    """Serve the page as the command does, on a free port."""
    config = folder / "tap.json"
    config.write_text(json.dumps(config_for(box, folder, **changes)))
    options = Options(authorize_url, None, registered_address(box), with_pkce, None)
    signing = SignIn((str(config),), options, is_page=True)
    desk, site = signing.page()
    with serving(signing.where.port, site.answer):
        yield Opened(box, folder / "credentials.json", signing, desk)


@dataclass
class Visitor:
    """One browser, with its own cookies.

    Attributes:
        opened: The page that it visits.
        page: What it shows now.
        went_through: Every address that it was sent to.
    """

    opened: Opened
    session: requests.Session = field(default_factory=requests.Session)
    page: requests.Response = field(default_factory=requests.Response)
    went_through: list[str] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self._keep(self.session.get(urljoin(self.opened.url, path), timeout=10, **options))

    def post(self, path: str, **form: str) -> requests.Response:
        return self._keep(self.session.post(urljoin(self.opened.url, path), data=form, timeout=10))

    def _keep(self, answer: requests.Response) -> requests.Response:
        self.went_through += [one.url for one in (*answer.history, answer)]
        self.page = answer
        return answer

    @property
    def title(self) -> str:
        found = re.search("<h1[^>]*>(.*?)</h1>", self.page.text)
        return unescape(found[1]) if found else ""

    @property
    def form_key(self) -> str:
        return self._found('name="form_key" value="([^"]+)"')

    def start(self) -> None:
        self.get("/")
        self.get("/location")

    def activate(self, location_id: str = "3749") -> requests.Response:
        return self.post("/activate", form_key=self.form_key, location_id=location_id)

    @property
    def booker(self) -> str:
        """The address at Booker to which the page leads."""
        return unescape(self._found('http-equiv="refresh" content="0;url=([^"]+)"'))

    def decide(self, url: str, decision: str = "allow") -> str:
        """Sign in at Booker and decide; gives the address that Booker sends the browser back to."""
        mine = self.opened.box.booker.credentials
        self._keep(self.session.get(url, timeout=10))
        request, there = self._found('name="request" value="([^"]+)"'), self.page.url
        password = {"user_name": mine.user_name, "password": mine.password, "decision": "sign_in"}
        self.session.post(urljoin(there, "login"), data={"request": request, **password}, timeout=10)
        form = {"request": request, "decision": decision}
        consent = urljoin(there, "consent")
        return self.session.post(consent, data=form, allow_redirects=False, timeout=10).headers["Location"]

    def way_back(self, location_id: str = "3749", decision: str = "allow") -> str:
        """All steps up to Booker's answer."""
        self.start()
        self.activate(location_id)
        return self.decide(self.booker, decision)

    def connect(self, location_id: str = "3749", decision: str = "allow") -> requests.Response:
        """All steps."""
        return self.get(self.way_back(location_id, decision))

    def _found(self, pattern: str) -> str:
        found = re.search(pattern, self.page.text)
        assert found, f"{pattern} is not on the page at {self.page.url}"
        return found[1]
