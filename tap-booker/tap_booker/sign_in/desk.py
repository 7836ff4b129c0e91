"""Who is signing in, how far they are, and what may happen next; without a word of HTTP or HTML."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_booker.sign_in.attempt import Attempt, read_location_id, start
from tap_booker.sign_in.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_booker.sign_in.connector import Connected

MOST_SESSIONS = 50
"""Any page of the web may have a browser ask for ours: older sessions give way."""


@dataclass
class Session:
    """One browser.

    Attributes:
        key: Value of its cookie.
        form_key: Goes into each form of ours; a form without it is not ours, or of an earlier run.
        typed: The Location ID as it was typed last.
        is_refused: Whether that cannot be one.
        attempt: The start that is under way.
        past: What to say to the answers of earlier starts, by their state.
        problem: What went wrong last.
        has_connected: Whether this browser made the connection.
    """

    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    form_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    typed: str = ""
    is_refused: bool = False
    attempt: Attempt | None = None
    past: dict[str, str] = field(default_factory=dict)
    problem: ProblemError | None = None
    has_connected: bool = False

    @property
    def has_begun(self) -> bool:
        """Whether this browser has activated the integration, and so may come back from Booker."""
        return self.attempt is not None or bool(self.past)


class Desk:
    """Takes each browser through the steps; the first that comes to the end ends it for all.

    Args:
        connect: Turns an attempt and a code into a connection.
        first_typed: What stands in the field for the Location ID at first.
        with_pkce: Whether a code challenge is sent.

    Attributes:
        connected: What was reached, or None.
        is_done: Set as soon as `connected` is.
    """

    def __init__(
        self, connect: Callable[[Attempt, str], Connected], first_typed: str, *, with_pkce: bool
    ) -> None:
        self._connect = connect
        self._first_typed = first_typed
        self._with_pkce = with_pkce
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._connecting = threading.Lock()
        self._is_closed = False
        self.connected: Connected | None = None
        self.is_done = threading.Event()

    def session(self, key: str | None) -> Session | None:
        """The session of a cookie."""
        with self._lock:
            return self._sessions.get(key or "")

    def open(self) -> Session:
        """A session for a browser that has none."""
        session = Session(typed=self._first_typed)
        with self._lock:
            self._sessions[session.key] = session
            while len(self._sessions) > MOST_SESSIONS:
                # who only looked gives way first, so that nobody who is at Booker's page is forgotten
                idle = (one.key for one in self._sessions.values() if not one.has_begun)
                del self._sessions[next(idle, next(iter(self._sessions)))]
        return session

    def activate(self, session: Session, typed: str) -> bool:
        """Begin anew for a Location ID; False when it cannot be one."""
        location_id = read_location_id(typed)
        with self._lock:
            session.typed, session.is_refused = typed.strip()[:40], location_id is None
            if location_id is None:
                return False
            if session.attempt is not None:
                session.past[session.attempt.state] = "second-tab"
            session.attempt = start(location_id, with_pkce=self._with_pkce)
        return True

    def come_back(self, session: Session | None, came_back: Mapping[str, str]) -> None:
        """Deal with what Booker sent back.

        Raises:
            ProblemError: It does not lead to a connection. An attempt is spent whatever comes of it.
        """
        attempt = self._take(session, came_back.get("state", ""))
        code = attempt.code(came_back)
        with self._connecting:  # one after the other: what the first one stored is not stored over
            if self.connected:
                raise ProblemError("over")
            if self._is_closed:
                raise ProblemError("stopped")
            found = self._connect(attempt, code)
            with self._lock:
                self.connected = found
                if session is not None:
                    session.has_connected = True
        self.is_done.set()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being dealt with just now."""
        return self._connecting.locked()

    def close(self) -> None:
        """Take no further answer, and wait for the one that is being dealt with: its code is spent."""
        self._is_closed = True
        with self._connecting:
            pass

    def _take(self, session: Session | None, state: str) -> Attempt:
        """The attempt that an answer belongs to, taken away: no answer is used twice."""
        with self._lock:
            if session is None:
                raise ProblemError("over" if self.connected else "other-browser")
            if state in session.past:
                raise ProblemError(session.past[state])
            if self.connected:
                raise ProblemError("over")
            attempt = session.attempt
            if attempt is None or not secrets.compare_digest(attempt.state.encode(), state.encode()):
                raise ProblemError("unknown")
            session.attempt = None
            session.past[state] = "replayed"
            return attempt
