"""Which page answers which request: routes, cookies, and what a browser is told to forbid."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tap_booker.sign_in import pages
from tap_booker.sign_in.problems import PROBLEMS, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_booker.sign_in.addresses import Addresses
    from tap_booker.sign_in.attempt import Attempt
    from tap_booker.sign_in.connector import Connected
    from tap_booker.sign_in.desk import Desk, Session


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        method: GET or POST.
        target: Path and query.
        host: The header Host.
        origin: The header Origin, or None.
        cookie: The header Cookie, or an empty text.
        body: A form.
    """

    method: str
    target: str
    host: str = ""
    origin: str | None = None
    cookie: str = ""
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer, with the headers that every page gets."""

    status: int
    page: str = ""
    nonce: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def all_headers(self) -> dict[str, str]:
        """Nothing is loaded, framed, kept or told to anyone; scripts and styles only when they are ours."""
        ours = f"script-src 'nonce-{self.nonce}'; style-src 'nonce-{self.nonce}'; " if self.nonce else ""
        policy = f"default-src 'none'; {ours}img-src data:; form-action 'self'"
        return {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": f"{policy}; base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            **self.headers,
        }


class Site:
    """Answers requests.

    Args:
        desk: Knows who is how far.
        where: Our address, and what belongs to it.
        url_of: The address at Booker for an attempt.
        done_page: The last page, from a nonce and what was reached.
    """

    def __init__(
        self,
        desk: Desk,
        where: Addresses,
        url_of: Callable[[Attempt], str],
        done_page: Callable[[str, Connected], str],
    ) -> None:
        self._desk = desk
        self._where = where
        self._url_of = url_of
        self._done_page = done_page
        self._cookie = f"booker-connect-{where.port}"
        self._gets = {
            "/": lambda _: _shown(pages.card),
            "/location": lambda session: _shown(lambda nonce: pages.location(nonce, session, where.back)),
            "/away": self._away,
            "/done": self._done,
        }

    def answer(self, asked: Asked) -> Reply:
        """Answer one request; a name that is not ours is a page elsewhere that was pointed at us."""
        path = asked.target.partition("?")[0]
        if asked.host != self._where.host:
            return self._elsewhere(asked)
        if asked.method == "POST":
            return self._post(path, asked)
        return self._get(path, asked, self._desk.session(self._key(asked)))

    def _get(self, path: str, asked: Asked, session: Session | None) -> Reply:
        """A page."""
        if path == self._where.back_path:
            return self._back(asked, session)
        if path == "/problem/over" and not self._desk.connected:
            return _to("/")
        if path not in self._gets:
            return _problem_page(path.removeprefix("/problem/"), session)
        if self._desk.connected and path != "/done":
            return _to("/done" if session and session.has_connected else "/problem/over")
        return self._with_session(session, self._gets[path])

    def _with_session(self, session: Session | None, show: Callable[[Session], Reply]) -> Reply:
        """A page for a session, which a browser gets with its first page."""
        known = session or self._desk.open()
        reply = show(known)
        if session is None:
            cookie = f"{self._cookie}={known.key}; Path=/; HttpOnly; SameSite=Lax"
            return Reply(reply.status, reply.page, reply.nonce, {**reply.headers, "Set-Cookie": cookie})
        return reply

    def _post(self, path: str, asked: Asked) -> Reply:
        """Activate Integration. A form that is not ours, or of an earlier run, does nothing."""
        if path != "/activate":
            return _problem_page("not-found", None)
        session = self._desk.session(self._key(asked))
        form = _fields(asked.body.decode("ascii", "replace"))
        is_ours = session and secrets.compare_digest(
            session.form_key.encode(), form.get("form_key", "").encode()
        )
        if not session or not is_ours or asked.origin not in {None, f"http://{self._where.host}"}:
            return _to("/problem/stale")
        if self._desk.connected:
            return _to("/done" if session.has_connected else "/problem/over")
        return _to("/away" if self._desk.activate(session, form.get("location_id", "")) else "/location")

    def _away(self, session: Session) -> Reply:
        """On to Booker; without an attempt, one step back."""
        attempt = session.attempt
        if attempt is None:
            return _to("/location")
        return _shown(lambda nonce: pages.away(nonce, self._url_of(attempt)))

    def _back(self, asked: Asked, session: Session | None) -> Reply:
        """Back from Booker. The browser moves on whatever comes of it: no code stays in its address bar."""
        try:
            self._desk.come_back(session, _fields(asked.target.partition("?")[2]))
        except ProblemError as found:
            if session is not None:
                session.problem = found
                if found.kind == "over" and session.has_connected:
                    return _to("/done")
            return _to(f"/problem/{found.kind}")
        return _to("/done")

    def _done(self, session: Session) -> Reply:
        """The end, for the browser that came to it."""
        found = self._desk.connected
        if found is None:
            return _to("/")
        if not session.has_connected:
            return _to("/problem/over")
        return _shown(lambda nonce: self._done_page(nonce, found))

    def _elsewhere(self, asked: Asked) -> Reply:
        """Only a person who typed the other name of this machine is helped."""
        known = {f"{name}:{self._where.port}" for name in ("127.0.0.1", "localhost")}
        if asked.host in known and asked.method == "GET" and asked.target == "/":
            return Reply(303, headers={"Location": self._where.page})
        return Reply(
            421, "<!doctype html><title>Another address</title><p>This is not the address of the page.</p>"
        )

    def _key(self, asked: Asked) -> str | None:
        """The session's key in the cookie."""
        try:
            found = SimpleCookie(asked.cookie).get(self._cookie)
        except CookieError:
            return None
        return found.value if found else None


def _shown(page: Callable[[str], str]) -> Reply:
    """A page with a nonce of its own."""
    nonce = secrets.token_urlsafe(16)
    return Reply(200, page(nonce), nonce)


def _fields(text: str) -> dict[str, str]:
    """A query or a form; of a name that comes twice, the last."""
    try:
        return dict(parse_qsl(text, max_num_fields=20))
    except ValueError:
        return {}


def _problem_page(kind: str, session: Session | None) -> Reply:
    """What went wrong, with the particulars where this browser met it."""
    kind = kind if kind in PROBLEMS else "not-found"
    status = 404 if kind == "not-found" else 200
    met = session.problem if session else None
    found = met if met and met.kind == kind else ProblemError(kind)
    nonce = secrets.token_urlsafe(16)
    return Reply(status, pages.problem(nonce, found), nonce)


def _to(path: str) -> Reply:
    """On to another page of ours."""
    return Reply(303, headers={"Location": path})
