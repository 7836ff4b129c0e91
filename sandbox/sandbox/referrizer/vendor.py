"""Referrizer's front door: the token, and each operation behind it."""

from __future__ import annotations

import base64
import json
from time import monotonic
from typing import TYPE_CHECKING, Any

from sandbox.referrizer import errors
from sandbox.referrizer.contacts import IDENTITY, Contacts
from sandbox.referrizer.errors import RefusedError, from_problem
from sandbox.referrizer.journal import Journal
from sandbox.referrizer.switches import ReferrizerSwitches
from sandbox.referrizer.visits import Visits, write_date
from sandbox.server.call import JSON_TYPE, Answer, Call
from sandbox.server.paging import Pages
from sandbox.server.spec import Operation, Problem, load_spec

if TYPE_CHECKING:
    from sandbox.clock import Clock
    from sandbox.server.faults import Rule

PER_PAGE = 30


class Referrizer:
    """Referrizer's stand-in: one account, that of `token`.

    Attributes:
        token: The account's API token (an obvious fake in the real one's shape).
        contacts: Contacts by id.
        visits: Visits in the order of the calls.
        journal: What the calls meant for the business.
        switches: The inferred behaviours.
    """

    name = "referrizer"

    def __init__(self, clock: Clock, switches: ReferrizerSwitches | None = None) -> None:
        self.switches = switches or ReferrizerSwitches()
        self.token = _fake_token()
        self.journal = Journal(clock)
        self.contacts = Contacts(self.switches, self.journal)
        self.visits = Visits(clock, self.switches, self.journal)
        self._spec = load_spec(self.name)
        self._pages = Pages()
        self._window, self._in_window = -1, 0

    def failure(self, rule: Rule) -> Answer:
        """The vendor's form of a failure that a fault asks for."""
        return errors.fault(rule)

    def answer(self, call: Call) -> Answer:
        """Answer one request."""
        try:
            return self._answer(call)
        except RefusedError as refused:
            return refused.answer()

    def groups(self) -> dict[str, int]:
        """How many contacts each value of the custom field "Customer Group" has; empty counts under ""."""
        counts: dict[str, int] = {}
        for contact in self.contacts.values():
            name = contact["customFields"].get("Customer Group") or ""
            counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items()))

    def _answer(self, call: Call) -> Answer:
        self._limit_rate()
        operation, params = self._operation(call)
        if call.fault and call.fault.kind == "expired_token":
            raise RefusedError("MISSING_AUTHENTICATION", "The token is not valid", 401)
        self._authorize(call)
        call.params, problems = operation.check_parameters(params, call.query)
        if operation.bodies:
            call.body = self._inward(_read_body(call))
            problems += operation.check_body(JSON_TYPE, call.body)
        if problems:
            raise from_problem(_first(problems))
        operations = {
            "listContacts": self._list,
            "createContact": self._create,
            "getContact": self._get,
            "replaceContact": self._replace,
            "patchContact": self._patch,
            "createVisit": self._visit,
        }
        return operations[operation.id](call)

    def _operation(self, call: Call) -> tuple[Operation, dict[str, str]]:
        prefix, path = self.switches.prefix, call.path
        inside = path.startswith(prefix + "/")
        found = self._spec.find(call.method, path.removeprefix(prefix)) if inside else None
        if found and (found[0].id, True) not in {
            ("patchContact", not self.switches.patch),
            ("getContact", not self.switches.get_by_id),
        }:
            return found
        if inside and self._spec.methods(path.removeprefix(prefix)):
            raise RefusedError("METHOD_NOT_ALLOWED", "This method is not allowed here", 405)
        raise RefusedError("NOT_FOUND", "There is nothing here", 404)

    def _authorize(self, call: Call) -> None:
        """The documented table begins its 401 codes with MISSIN…; the rest of the names is inferred."""
        if "authorization" not in call.headers:
            raise RefusedError("MISSING_AUTHENTICATION", "The Authorization header is missing", 401)
        if call.bearer != self.token:
            raise RefusedError("INVALID_TOKEN", "The token is not valid", 401)

    def _limit_rate(self) -> None:
        """Count requests in seconds of real time, the one thing that the salon's clock cannot measure."""
        if not self.switches.rate_limit_per_second:
            return
        second = int(monotonic())
        self._in_window = self._in_window + 1 if second == self._window else 1
        self._window = second
        if self._in_window > self.switches.rate_limit_per_second:
            wait = self.switches.rate_limit_retry_after
            headers = {} if wait is None else {"Retry-After": str(wait)}
            raise RefusedError("TOO_MANY_REQUESTS", "Too many requests", 429, headers)

    def _list(self, call: Call) -> Answer:
        page, size = call.params.get("page", 1), call.params.get("perPage", PER_PAGE)
        short = call.fault is not None and call.fault.kind == "short_page"
        kept = self._pages.page(list(self.contacts.values()), page, size, query="contacts", short=short)
        headers = {"X-Total-Count": str(len(self.contacts))} if self.switches.total_count else {}
        return Answer(200, [self._listed(contact) for contact in kept], headers)

    def _create(self, call: Call) -> Answer:
        made = self.contacts.create(call.body)
        is_full = self.switches.create_answer == "full"
        return Answer(201, self._outward(self._shown(made)) if is_full else {"id": made["id"]})

    def _get(self, call: Call) -> Answer:
        return Answer(200, self._outward(self._shown(self.contacts[self._existing(call)])))

    def _replace(self, call: Call) -> Answer:
        return self._update(call, merge=self.switches.put == "merge")

    def _patch(self, call: Call) -> Answer:
        return self._update(call, merge=True)

    def _update(self, call: Call, *, merge: bool) -> Answer:
        key = self._existing(call)
        if call.body.get("id", key) != key:
            raise RefusedError("ILLEGAL_ARGUMENT", "id does not fit the address")
        new = self.contacts.change(key, call.body, merge=merge)
        if self.switches.update_answer == "no_content":
            return Answer(204)
        return Answer(200, self._outward(self._shown(new)) if self.switches.update_answer == "full" else {})

    def _visit(self, call: Call) -> Answer:
        return Answer(201, self.visits.post(call.body, self.contacts))

    def _existing(self, call: Call) -> str:
        key: str = call.params["id"]
        if key not in self.contacts:
            raise RefusedError("NOT_FOUND", "The contact does not exist", 404)
        return key

    def _listed(self, contact: dict[str, Any]) -> dict[str, Any]:
        shown = self._shown(contact)
        if self.switches.list_shows == "identity":
            return {k: shown[k] for k in IDENTITY if k in shown}
        if not self.switches.list_shows_custom_fields:
            shown.pop("customFields")
        return self._outward(shown)

    def _outward(self, contact: dict[str, Any]) -> dict[str, Any]:
        """A contact under the names that this account has."""
        names = self.switches.field_names
        return {names.get(k, k): v for k, v in contact.items()}

    def _inward(self, body: Any) -> Any:
        """A contact under the names of the file; a name that this account has not is none of them."""
        names = self.switches.field_names
        if not names or not isinstance(body, dict):
            return body
        ours = {theirs: name for name, theirs in names.items()}
        return {ours.get(k, f"{k} (unknown)" if k in names else k): v for k, v in body.items()}

    def _shown(self, contact: dict[str, Any]) -> dict[str, Any]:
        shown = dict(contact)
        if self.switches.read_only_fields:
            mine = self.visits.of(contact["id"])
            last = self.visits.last(contact["id"])
            shown["loyaltyPoints"] = sum(visit["points"] for visit in mine)
            shown["numberOfVisits"] = len(mine)
            shown["lastVisit"] = last and write_date(last)
        return _without_nulls(shown) if self.switches.nulls == "omitted" else shown


def _read_body(call: Call) -> Any:
    if call.content_type != JSON_TYPE:
        raise RefusedError("ILLEGAL_ARGUMENT", "The body must be application/json")
    try:
        return json.loads(call.raw)
    except (ValueError, RecursionError) as error:
        raise RefusedError("ILLEGAL_ARGUMENT", "The body is not valid JSON") from error


def _first(problems: list[Problem]) -> Problem:
    """One problem is told at a time: an illegal one before a missing one."""
    return min(problems, key=lambda problem: problem.sort == "required")


def _without_nulls(contact: dict[str, Any]) -> dict[str, Any]:
    kept = {k: _without_nulls(v) if isinstance(v, dict) else v for k, v in contact.items()}
    return {k: v for k, v in kept.items() if v is not None}


def _fake_token() -> str:
    """A token in the shape that was seen: a JWT signed HS512 with `sub`, `username` and an `exp` far away."""
    claims = {"sub": "5a4db0c5" * 4, "username": "sandbox@example.com", "exp": 4_926_000_000}
    parts = ({"alg": "HS512"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, "fake" + "0" * 82))
