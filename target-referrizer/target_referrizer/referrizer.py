"""The Referrizer API client: one call, one definite outcome.

A call ends in an answer, in `Refused` (the vendor said no), in `Unknown` (nobody can know whether the vendor
acted), or in an error that stops the run. `SettingsError`, `Unavailable` and `Stopped` are raised only when
the vendor did not act on the call. No text of the client quotes what the vendor says in words: that may hold
personal data.

Address, token, paging and the error body are documented; `POST /visits` is seen in a client of the API; the
methods and paths of contacts are inferred. Nothing is known that makes the vendor recognise a repeated
request, so a POST that may have arrived is never repeated here.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, Self
from urllib.parse import quote

from target_referrizer.calls import Call
from target_referrizer.errors import SettingsError, TargetError, Unavailable
from target_referrizer.listing import PAGE_SIZE, list_pages
from target_referrizer.outcomes import Refused, Unknown, accept
from target_referrizer.pacing import Pacer, Patience, backoff
from target_referrizer.stopping import Stop, Stopped
from target_referrizer.wire import Answer, Trouble, Wire, is_list, is_object, is_receipt, is_yes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Referrizer", "Refused", "Unknown"]

log = logging.getLogger("target-referrizer")

_UPDATE_TRIES = 3
_READ_TRIES = 6
_LONG = 5.0  # seconds of silence that people are told of


class Referrizer:
    """One Referrizer account; any number of threads may call it at once."""

    contacts_in_all = 0  # as the list of contacts says, once a page of it was read
    is_read_only = False  # then nothing that could change the account is sent, whoever asks for it

    def __init__(  # noqa: PLR0913 - clock, wait and rng are only there to be passed in
        self,
        api_url: str,
        token: str,
        *,
        pacer: Pacer,
        timeout: float,
        patience_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        stop: Stop | None = None,
        wait: Callable[[float], object] | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        """Make no call yet.

        Args:
            api_url: Address with the version prefix (that there is one is seen; the reference shows none).
            token: The account's API token.
            pacer: Shared by everything that calls this account.
            timeout: Seconds to wait for a connection, and for the answer.
            patience_seconds: Seconds without any success after which the run stops.
            clock: Seconds that only grow.
            stop: Once set, nothing more is sent.
            wait: Lets the calling worker wait so many seconds; without it, at most until `stop` is set.
            rng: A number from 0 to 1, to spread retries.

        Raises:
            SettingsError: RFZ-104, the token holds characters that no token has.
        """
        self._wire = Wire(api_url, token, timeout=timeout, clock=clock)
        self._pacer, self._rng = pacer, rng
        self._stop = stop or Stop()
        self._wait = wait or self._stop.wait
        self._patience_seconds = patience_seconds
        self._patience = Patience(patience_seconds, clock)
        self._lock = threading.Lock()
        self._calls = Counter(reads=0, writes=0, retries=0)
        self._found_by_id = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections, when no call is under way."""
        self._wire.close()

    @property
    def calls(self) -> Counter[str]:
        """Requests sent so far: `reads` and `writes`, and how many of them were `retries`."""
        with self._lock:
            return Counter(self._calls)

    @property
    def has_found_by_id(self) -> bool:
        """Whether any contact was found by its id so far: that this can be done is only inferred."""
        return self._found_by_id.is_set()

    def list_contacts(self, at_once: int = 1) -> Iterator[list[dict[str, Any]]]:
        """All contacts of the account (documented: 1-based pages of at most 100), as `list_pages` reads them.

        Args:
            at_once: So many pages are asked for at once.

        Raises:
            SettingsError: The token is refused or the address is wrong.
            Unavailable: A page could not be read.
        """
        return list_pages(self._page, at_once, self._stop.set)

    def get_contact(self, contact_id: str) -> dict[str, Any]:
        """One contact, whole (inferred: `GET /contacts/{id}`).

        Raises:
            Refused: `is_gone` when there is none.
            Unknown: This one cannot be read while others can.
        """
        contact: dict[str, Any] = self._send(Call("GET", _contact_path(contact_id), wanted=is_object)).json()
        return contact

    def create_contact(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Create a contact (inferred: `POST /contacts`).

        Returns:
            What the vendor answered; an answer may lack the id, or be unreadable and thus empty.

        Raises:
            Refused: The vendor did not create it.
            Unknown: It may have been created.
        """
        answer = self._send(Call("POST", "/contacts", body=payload, wanted=is_yes)).json()
        return answer if isinstance(answer, dict) else {}

    def update_contact(self, contact_id: str, payload: Mapping[str, Any], style: str) -> None:
        """Put a whole contact back, or send only what changes (both inferred; PUT is taken to replace).

        The same body again does no harm, so a try without an answer is repeated a few times.

        Args:
            contact_id: The vendor's id.
            payload: The whole contact, or what changes.
            style: `merge` for PUT, `patch` for PATCH.

        Raises:
            Refused: The vendor did not change it.
            Unknown: It may have been changed.
        """
        self._send(Call("PATCH" if style == "patch" else "PUT", _contact_path(contact_id), body=payload))

    def create_visit(self, payload: Mapping[str, Any]) -> str | None:
        """Post a visit (seen: `POST /visits` with the contact's id in the body).

        Returns:
            The visit's id, None when the answer did not say it.

        Raises:
            Refused: The vendor did not count it.
            Unknown: It may have been counted.
        """
        answer = self._send(Call("POST", "/visits", body=payload, wanted=is_receipt)).json()
        return str(answer["id"]) if isinstance(answer, dict) and answer.get("id") else None

    def _page(self, number: int) -> tuple[list[dict[str, Any]], int]:
        """Contacts of a page, and how many the server says there are in all (0 when it does not say)."""
        call = Call("GET", "/contacts", params={"page": number, "perPage": PAGE_SIZE}, wanted=is_list)
        try:
            answer = self._send(call)
        except Refused as refusal:
            what = f"{call} was answered with HTTP {refusal.status}; api_url may lack its version prefix"
            raise SettingsError("RFZ-101", what) from None
        except Unknown as unknown:
            raise Unavailable("RFZ-601", f"the list of contacts cannot be read: {unknown.reason}") from None
        total = answer.headers.get("X-Total-Count", "")
        contacts = [contact for contact in answer.json() if isinstance(contact, dict) and contact.get("id")]
        self.contacts_in_all = int(total) if re.fullmatch(r"[0-9]{1,9}", total) else 0
        return contacts, self.contacts_in_all

    def _send(self, call: Call) -> Answer:
        """Try until there is an answer that counts, or no sense in trying on."""
        if self.is_read_only and not call.is_read:
            raise TargetError("RFZ-902", f"{call} was asked for where nothing may be sent")
        healthy_before = self._patience.successes
        while True:
            self._pacer.take(self._stop)
            if self._stop.is_set():
                self._leave(call)
            self._count(call)
            answer = self._wire.exchange(call.method, call.path, call.params, call.body)
            trouble = answer if isinstance(answer, Trouble) else answer.trouble(call.wanted)
            if trouble is None and isinstance(answer, Answer):
                self._patience.success()
                accepted = accept(call.method, call.path, call.body, answer)
                if call.path.startswith("/contacts/"):
                    self._found_by_id.set()
                return accepted
            if trouble is not None:  # others that succeed only now and then say nothing of an outage
                healthy, healthy_before = healthy_before, self._patience.successes
                self._bear(call, trouble, others_succeed=healthy_before > healthy)

    def _bear(self, call: Call, trouble: Trouble, *, others_succeed: bool) -> None:
        """Wait for the next try, or give the call up."""
        left = self._patience.failure()
        log.debug("%s: %s, try %d", call, trouble.reason, call.tries)
        call.doubtful_tries += trouble.may_have_acted and not call.is_read
        if call.doubtful_tries >= (1 if call.method == "POST" else _UPDATE_TRIES):
            raise Unknown(trouble.reason)
        if call.is_read and trouble.may_have_acted and call.tries >= _READ_TRIES and others_succeed:
            raise Unknown(trouble.reason)
        pause = trouble.pause or 0.0
        if left <= 0 or pause > left:
            if call.is_one_contact and trouble.may_have_acted and not pause and self.is_there():
                raise Unknown(trouble.reason)
            self._give_up(call, trouble, left)
        if self._pacer.pause(pause) and pause >= _LONG:
            log.warning("Referrizer asks for a pause of %.0f s (%s)", pause, trouble.reason)
        if pause < 1:
            wait = self._pacer.pause if trouble.is_too_many else self._wait
            wait(min(backoff(call.tries, self._rng), left))

    def why_waiting(self) -> str:
        """Why nothing is sent or answered just now; empty when all is well."""
        pause, failing = self._pacer.pause_left, self._patience.failing_for
        if pause >= 1:
            return f"waiting {pause:.0f} s as Referrizer asked"
        return f"no answer that counts for {failing:.0f} s, trying again" if failing >= _LONG else ""

    def is_there(self) -> bool:
        """Whether Referrizer answers at all, asked once: contacts that it always fails on are no outage."""
        call = Call("GET", "/contacts", {"page": 1, "perPage": 1}, wanted=is_list)
        self._pacer.take(self._stop)
        if self._stop.is_set():
            return False
        self._count(call)
        answer = self._wire.exchange(call.method, call.path, call.params, call.body)
        is_good = isinstance(answer, Answer) and answer.status == HTTPStatus.OK
        if is_good:
            self._patience.success()
        return is_good

    def _leave(self, call: Call) -> NoReturn:
        """Send nothing more; a call that may have arrived before stays unknown."""
        if call.doubtful_tries:
            raise Unknown("no answer before the run was stopped")
        raise Stopped(self._stop.signum)

    def _give_up(self, call: Call, trouble: Trouble, left: float) -> NoReturn:
        if call.doubtful_tries:
            raise Unknown(trouble.reason)
        if left > 0:
            raise Unavailable(
                "RFZ-602", f"Referrizer asked for a pause of {trouble.pause:.0f} s ({trouble.reason})"
            )
        what = f"nothing succeeded for {self._patience_seconds:.0f} s; the last try ended in {trouble.reason}"
        raise Unavailable("RFZ-601", what)

    def _count(self, call: Call) -> None:
        call.tries += 1
        with self._lock:
            self._calls["reads" if call.is_read else "writes"] += 1
            self._calls["retries"] += call.tries > 1


def _contact_path(contact_id: str) -> str:
    return f"/contacts/{quote(contact_id, safe='')}"
