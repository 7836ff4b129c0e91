"""Whose visit is next: contacts side by side, the visits of each in time order and one at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from target_referrizer.ledger import posting

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    Row = sa.Row[Any]


class Turns:
    """The visits to send; whoever takes one of a contact gives the contact back before its next one.

    However many visits a contact has, no more than a page of them is held here, and the others need not wait
    for them: there is always a contact to go on with, as long as there is any.
    """

    def __init__(self, source: str, since: datetime) -> None:
        self._source, self._since = source, since
        self._rows: dict[str, deque[Row]] = {}
        self._last_read: dict[str, Row] = {}  # of contacts that have more visits than were read
        self._ready: deque[str] = deque()
        self._after = ""
        self._exhausted = False

    def take(self, tx: sa.Connection) -> Row | None:
        """The next visit of a contact that nobody has; None when there is none for now."""
        while not self._ready and not self._exhausted:
            self._read(tx)
        if not self._ready:
            return None
        to = self._ready.popleft()
        row = self._rows[to].popleft()
        if not self._rows[to] and to in self._last_read:
            self._keep(to, posting.rest_of(tx, self._source, self._since, self._last_read.pop(to)))
        return row

    def give_back(self, to: str) -> None:
        """This contact may have its next visit; those who have begun go on before others begin."""
        if self._rows.get(to):
            self._ready.appendleft(to)
        else:
            self._rows.pop(to, None)

    def has_more(self, to: str) -> bool:
        """Whether this contact has visits after the one that was taken."""
        return bool(self._rows.get(to))

    def drop(self, to: str) -> None:
        """This contact, which somebody has taken, shall have no more visits."""
        self._rows.pop(to, None)
        self._last_read.pop(to, None)

    def _read(self, tx: sa.Connection) -> None:
        page = posting.visits_to_send(tx, self._source, self._since, self._after)
        of_contact: dict[str, list[Row]] = {}
        for row in page:
            of_contact.setdefault(row.to, []).append(row)
        for to, rows in of_contact.items():
            self._ready.append(to)
            self._rows[to] = deque(rows)
        self._exhausted = len(page) < posting.PAGE
        if page:
            self._after = page[-1].to
            if not self._exhausted:
                self._last_read[page[-1].to] = page[-1]

    def _keep(self, to: str, page: list[Row]) -> None:
        self._rows[to].extend(page)
        if len(page) == posting.PAGE:
            self._last_read[to] = page[-1]
