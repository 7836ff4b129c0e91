"""Referrizer: its address, the token, the clock, and what its contacts show. Every call is a GET."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from target_referrizer import account
from target_referrizer.doctor import names
from target_referrizer.doctor.finding import Finding, fail, ok, warn
from target_referrizer.errors import SettingsError, TargetError, Unavailable
from target_referrizer.pacing import http_date
from target_referrizer.wire import Answer, Trouble, Wire, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_referrizer.settings import Settings

#: A dead host costs so long once; nothing is asked after a question that had no answer.
ANSWER_SECONDS = 4.0
FIRST_PAGE = {"page": 1, "perPage": 100}
BY_ID = 3
CLOCK_WARNS, CLOCK_FAILS = 60, 300
SOON = timedelta(days=30)
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_VERSION = re.compile(r"/v\d+$")


class Remote:
    """Asks one Referrizer account how it is, each question once."""

    def __init__(
        self, settings: Settings, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        self._settings, self._now, self._monotonic = settings, now, monotonic
        #: How many contacts the account says that it has, once it was asked; None where it does not say.
        self.total: int | None = None
        self._seconds = min(ANSWER_SECONDS, settings.request_timeout)

    def examine(self, *, with_fields: bool) -> Iterator[Finding]:
        """All that can be found out by reading.

        Args:
            with_fields: Whether the field map is right enough to be compared.
        """
        before = self._now()
        try:
            answer = self._ask("/contacts", FIRST_PAGE)
        except SettingsError as error:
            yield fail("token", error)
            return
        after = self._now()
        yield self._address(answer)
        yield self._token(answer)
        if isinstance(answer, Trouble):
            return
        yield _clock(answer, before + (after - before) / 2)
        contacts = _contacts(answer)
        if contacts is None:
            return
        self.total = _total(answer)
        yield _number(self.total, contacts)
        if with_fields and contacts:
            yield from self._fields(contacts)

    def _ask(self, path: str, params: Any = None, api_url: str | None = None) -> Answer | Trouble:
        """Ask once, in a thread that nobody waits for longer: looking a name up knows no time limit."""
        came: list[Answer | Trouble] = []
        wire = Wire(
            api_url or self._settings.api_url,
            self._settings.api_token,
            timeout=self._seconds,
            clock=self._monotonic,
        )

        def ask() -> None:
            came.append(wire.exchange("GET", path, params, None))
            wire.close()

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(self._seconds + 0.5)
        return came[0] if came else Trouble("no answer in time", may_have_acted=False)

    # --- the address

    def _address(self, answer: Answer | Trouble) -> Finding:
        """Whether `api_url` leads to Referrizer's API."""
        host = urlsplit(_shown(self._settings.api_url)).netloc
        if isinstance(answer, Trouble):
            advice = "Check `api_url`, and this machine's network, name service, proxy and clock."
            return fail("address", Unavailable("RFZ-601", f"{host}: {answer.reason}"), advice)
        status = answer.status
        if status in _REFUSED or _contacts(answer) is not None:
            return ok("address", f"{host} answers as Referrizer's API")
        if answer.trouble(lambda _: True) is not None:
            error = Unavailable("RFZ-601", f"{host} is there and answered with HTTP {status}")
            return fail("address", error, "Run this again later; if it stays, ask Referrizer.")
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return self._redirect(answer)
        return self._other_prefix(answer)

    def _redirect(self, answer: Answer) -> Finding:
        """Redirects are not followed: they would carry the token to another host."""
        target = urlsplit(answer.headers.get("Location", ""))
        error = SettingsError("RFZ-101", f"api_url leads to a redirect (HTTP {answer.status})")
        if not target.netloc:
            return fail("address", error, "Set `api_url` to the final address.")
        final = _shown(f"{target.scheme}://{target.netloc}{target.path}").removesuffix("/contacts")
        return fail("address", error, f"Set `api_url` to {final}, if that is Referrizer's.")

    def _other_prefix(self, answer: Answer) -> Finding:
        """No API here: that addresses begin with /v1 is seen, and the API's reference shows them without."""
        what = f"api_url leads to no list of contacts (HTTP {answer.status})"
        bare = _VERSION.sub("", self._settings.api_url)
        others = [url for url in (f"{bare}/v1", bare) if url != self._settings.api_url]
        for other in others:
            there = self._ask("/contacts", {"page": 1, "perPage": 1}, other)
            if isinstance(there, Answer) and (there.status in _REFUSED or _contacts(there) is not None):
                error = SettingsError("RFZ-101", f"{what}; {_shown(other)} answers as Referrizer's API")
                return fail("address", error, f"Set `api_url` to {_shown(other)}.")
        tried = " and ".join(map(_shown, others))
        advice = (
            f"Compare `api_url` with Referrizer's API reference; {tried} did not answer as the API either."
        )
        return fail("address", SettingsError("RFZ-101", what), advice)

    # --- the token

    def _token(self, answer: Answer | Trouble) -> Finding:
        """Whether the token is accepted, and what it says about itself."""
        said = account.claims(self._settings.api_token)
        until, whose = _until(said.get("exp")), _whose(said)
        is_over = until is not None and until <= self._now()
        if isinstance(answer, Answer) and answer.status in _REFUSED:
            why = f", it expired on {until:%Y-%m-%d}" if until and is_over else ""
            code = f" {answer.error_code()}" if answer.error_code() else ""
            what = f"the token ({whose}) was answered with HTTP {answer.status}{code}{why}"
            return fail("token", SettingsError("RFZ-104", what))
        if isinstance(answer, Trouble) or _contacts(answer) is None:
            return self._untried(until, whose, is_over=is_over)
        if until and until <= self._now() + SOON:
            what = f"accepted ({whose}), and says that it ends on {until:%Y-%m-%d}"
            return warn(
                "token", what, "Ask for a new one on Referrizer's Integrations page in time.", "RFZ-104"
            )
        return ok("token", f"accepted ({whose}{f', good until {until:%Y-%m-%d}' if until else ''})")

    @staticmethod
    def _untried(until: datetime | None, whose: str, *, is_over: bool) -> Finding:
        """All that can be said about a token that could not be tried."""
        if until and is_over:
            return fail("token", SettingsError("RFZ-104", f"the token ({whose}) expired on {until:%Y-%m-%d}"))
        return warn("token", f"not tried ({whose})", "Mend the address first.")

    # --- what contacts show

    def _fields(self, listed: list[dict[str, Any]]) -> Iterator[Finding]:
        """The field map against the list and against single contacts."""
        whole, failed = self._by_id(listed)
        if failed is None:
            yield ok("by id", f"a contact can be read by its id ({len(whole)} tried)")
        else:
            yield self._no_single_contact(failed, some=bool(whole))
        yield from names.examine(self._settings.field_map, names.Shown.by([*listed, *whole]))
        if whole:
            yield self._list(names.Shown.by(listed), names.Shown.by(whole))

    def _by_id(self, listed: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Answer | Trouble | None]:
        """A few contacts read by their ids, those first that show most; and what came instead of one."""
        whole: list[dict[str, Any]] = []
        failed: Answer | Trouble | None = None
        for contact in sorted(listed, key=lambda one: len(str(one)), reverse=True)[:BY_ID]:
            answer = self._ask(f"/contacts/{quote(str(contact.get('id')), safe='')}")
            if isinstance(answer, Trouble):
                return whole, answer
            shown = answer.json()
            if answer.status == HTTPStatus.OK and isinstance(shown, dict) and shown.get("id"):
                whole.append(shown)
            elif answer.status not in _GONE or failed is None:  # one may have been deleted just now
                failed = answer
        is_mere_gap = isinstance(failed, Answer) and failed.status in _GONE and bool(whole)
        return whole, None if is_mere_gap else failed

    def _no_single_contact(self, failed: Answer | Trouble, *, some: bool) -> Finding:
        """The list shows contacts, and not all of them, or none, can be read by their ids."""
        answered = failed.reason if isinstance(failed, Trouble) else f"HTTP {failed.status}"
        what = f"Referrizer lists contacts and shows {'not all' if some else 'none'} by id ({answered})"
        if isinstance(failed, Answer) and failed.status in _REFUSED:
            return fail("by id", SettingsError("RFZ-104", f"{what}: the token may not read one"))
        if some:
            return warn("by id", what, "Run this again later; if it stays, ask Referrizer.", "RFZ-601")
        if self._settings.update_style == "patch":
            return warn(
                "by id", what, "Nothing is read before a patch; a contact that is gone may go unseen."
            )
        advice = "Check `api_url`; if the account has PATCH, set `update_style` to patch."
        if isinstance(failed, Trouble) or failed.trouble(is_object) or failed.status == HTTPStatus.OK:
            return fail("by id", Unavailable("RFZ-601", what), "Run this again later.")
        return fail("by id", SettingsError("RFZ-101", what), advice)

    def _list(self, listed: names.Shown, whole: names.Shown) -> Finding:
        """Whether the list shows what single contacts do; it is what people are looked up in."""
        paths = self._settings.field_map.paths
        hidden = [name for name, path in paths.items() if path in whole.paths - listed.paths]
        is_blind = any(names.is_custom(paths[name]) for name in hidden)
        containers = {path[:1] for path in paths.values() if names.is_custom(path)}
        is_blind |= bool(containers & (whole.paths - listed.paths))
        if not hidden and not is_blind:
            return ok("list", "the list shows whole contacts")
        means, advice = [], "Nothing can be set for it."
        if {"email", "phone"} & set(hidden):
            means.append("nobody is recognised by what it hides")
        if is_blind:
            means.append(
                "it shows no custom fields, so a lost ledger shows only on contacts that are read one by one"
            )
            advice = "Keep the ledger on a disk that lasts, and back it up."
        shown = f"the list hides {', '.join(hidden)}" if hidden else "the list hides part of a contact"
        return warn("list", "; ".join([shown, *means]), advice)


def _contacts(answer: Answer) -> list[dict[str, Any]] | None:
    """The contacts of a page, None when the answer is no list of any."""
    found = answer.json() if answer.status == HTTPStatus.OK else None
    return (
        [one for one in found if isinstance(one, dict) and one.get("id")] if isinstance(found, list) else None
    )


def _shown(url: str) -> str:
    """An address without a password that may stand in it."""
    return re.sub(r"//[^/]*@", "//", url)


def _total(answer: Answer) -> int | None:
    """How many contacts there are, as far as the answer says it."""
    total = answer.headers.get("X-Total-Count", "")
    return int(total) if re.fullmatch(r"[0-9]{1,9}", total) else None


def _number(total: int | None, contacts: list[dict[str, Any]]) -> Finding:
    """Whether contacts can be counted and looked at."""
    if total is None:
        what = (
            f"readable ({len(contacts)} on the first page), and X-Total-Count does not say how many there are"
        )
        return warn("contacts", what, "Nothing can be set for it; a list that ends early goes unnoticed.")
    if not contacts:
        what = f"readable, and X-Total-Count says {total}: without a contact no field name can be checked"
        return warn("contacts", what, "Add one contact in Referrizer, all fields filled, and run this again.")
    return ok("contacts", f"readable, {total:,} in the account")


def _clock(answer: Answer, here: datetime) -> Finding:
    """This machine's clock against the one of the answer, which shows whole seconds."""
    there = http_date(answer.headers.get("Date", ""))
    if there is None:
        return warn(
            "clock", "the answer has no Date to compare with", "Compare this machine's clock by hand."
        )
    off = (here - there).total_seconds()
    if abs(off) <= CLOCK_WARNS:
        return ok("clock", "agrees with Referrizer's")
    side = "ahead of" if off > 0 else "behind"
    error = TargetError("RFZ-109", f"this machine's clock is {abs(off):,.0f} s {side} Referrizer's")
    if abs(off) <= CLOCK_FAILS:
        return warn("clock", error.what, error.entry.action, error.code)
    return fail("clock", SettingsError(error.code, error.what))


def _until(exp: Any) -> datetime | None:
    """When a token says that it ends (seen: `exp`, in seconds of the epoch)."""
    try:
        return None if isinstance(exp, bool) else datetime.fromtimestamp(float(exp), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _whose(said: dict[str, Any]) -> str:
    """The account's id, masked; shown only where it looks like one (seen: 32 hexadecimal characters)."""
    subject = said.get("sub")
    if not subject:
        return "it does not say whose it is"
    return f"account {subject[:4]}…" if re.fullmatch(r"[0-9a-f]{16,}", str(subject)) else "account …"
