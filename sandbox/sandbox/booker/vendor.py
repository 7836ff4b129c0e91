"""Booker's front door: gateway, token call, and each operation behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sandbox.booker import answers, appointments, customers, locations, pages
from sandbox.booker.answers import AccessError, ArgumentError, GrantError, success
from sandbox.booker.dates import Writer
from sandbox.booker.finders import Finders
from sandbox.booker.query import page_of, query_key
from sandbox.booker.switches import BookerSwitches
from sandbox.booker.tokens import Credentials, Tokens
from sandbox.server.call import Answer, Call
from sandbox.server.paging import Pages, Row
from sandbox.server.spec import Operation, Problem, load_spec

if TYPE_CHECKING:
    from sandbox.salon.model import Location
    from sandbox.salon.salon import Salon
    from sandbox.server.faults import Rule


class Booker:
    """Booker's stand-in.

    Attributes:
        credentials: What a caller must know.
        switches: The inferred behaviours.
        tokens: Issued tokens; ``tokens.expire_all()`` ends them.
    """

    name = "booker"

    def __init__(self, salon: Salon, switches: BookerSwitches | None = None) -> None:
        self.salon, self.switches = salon, switches or BookerSwitches()
        self.credentials = Credentials()
        self.tokens = Tokens(salon.clock, self.switches, self.credentials)
        self._spec, self._pages = load_spec(self.name), Pages()
        self._find = Finders(salon, self.switches)

    def failure(self, rule: Rule) -> Answer:
        """The vendor's form of a failure that a fault asks for."""
        return answers.fault(rule)

    def answer(self, call: Call) -> Answer:
        """Answer one request."""
        if (refused := self._gateway(call)) is not None:
            return refused
        found = self._spec.find(call.method, call.path)
        if found is None:
            known = self._spec.methods(call.path)
            return answers.gateway(
                405 if known else 404, "Method not allowed" if known else "Resource not found"
            )
        try:
            return self._behind_the_door(call, *found)
        except ArgumentError as error:
            return answers.argument_failure(error, self.switches)
        except AccessError as error:
            return answers.access_failure(error, self.switches)
        except GrantError as error:
            return answers.grant_failure(error, self.switches)

    def _gateway(self, call: Call) -> Answer | None:
        """The gateway asks for the subscription key before anything else (documented for its kind)."""
        key = call.headers.get("ocp-apim-subscription-key")
        if key == self.credentials.subscription_key or call.path.startswith("/auth/"):
            return None
        fault = "invalid" if key else "missing"
        return answers.gateway(401, f"Access denied due to {fault} subscription key.")

    def _behind_the_door(self, call: Call, operation: Operation, params: dict[str, str]) -> Answer:
        call.params, problems = operation.check_parameters(params, call.query)
        if operation.id in {"token", "identityToken"}:
            return self._token(call, operation)
        if operation.id in {"authorize", "login", "askConsent", "consent"}:
            return self._browser(call, operation, problems)
        if operation.id == "updateContext":
            return self._context(call, problems)
        call.body = _read_body(call, operation)
        self._authorize(call)
        if operation.bodies:
            problems += operation.check_body("application/json", call.body)
        self._refuse(problems)
        operations = {
            "findCustomers": self._find_customers,
            "getCustomer": self._get_customer,
            "findAppointments": self._find_appointments,
            "findAppointmentsPartial": self._find_appointments,
            "getAppointment": self._get_appointment,
            "getLocation": self._get_location,
        }
        return operations[operation.id](call)

    def _token(self, call: Call, operation: Operation) -> Answer:
        return Answer(200, self.tokens.grant(_read_form(call, operation)), {"Cache-Control": "no-store"})

    def _browser(self, call: Call, operation: Operation, problems: list[Problem]) -> Answer:
        """The identity host's pages; a refusal is a page, too, for it is a person who reads it."""
        try:
            if problems:
                raise GrantError("invalid_request", problems[0].message)  # noqa: TRY301 - shown just below
            if operation.id == "authorize":
                return self.tokens.authorize(call.params)
            if operation.id == "askConsent":
                return self.tokens.sign_in.ask_consent(call.params)
            act = {"login": self.tokens.sign_in.sign_in, "consent": self.tokens.sign_in.consent}[operation.id]
            return act(_read_form(call, operation))
        except GrantError as error:
            return pages.refusal(error.error, error.description)

    def _context(self, call: Call, problems: list[Problem]) -> Answer:
        """A location's token for a token: no body, no content type; a bare JSON string (seen)."""
        if call.raw or call.content_type:
            raise ArgumentError(("body", "No body and no Content-Type are expected"))
        self.tokens.judge_alive(call.bearer)
        self._refuse(problems)
        place = self._place(call.params["locationId"])
        return Answer(200, self.tokens.for_location(call.bearer, place.id))

    def _authorize(self, call: Call) -> None:
        """Check the token of a data call; a fault may end its life just before."""
        body = call.body if isinstance(call.body, dict) else {}
        given = body.get("access_token") if call.method == "POST" else call.params.get("access_token")
        text = given if isinstance(given, str) else None
        where = self.switches.token_in
        if where == "both" and text != call.bearer:
            raise AccessError(answers.INVALID_TOKEN)
        token = {"body": text, "header": call.bearer, "either": text or call.bearer, "both": text}[where]
        if call.fault and call.fault.kind == "expired_token":
            self.tokens.expire(token)
        self.tokens.judge(token, _location_id(body.get("LocationID")))

    def _refuse(self, problems: list[Problem]) -> None:
        if problems:
            raise ArgumentError(*((p.name or p.place, p.message) for p in problems))

    def _place(self, given: Any) -> Location:
        place = self.salon.locations.get(_location_id(given) or 0)
        if place is not None:
            return place
        if self.switches.unknown_location == "permission":
            raise AccessError("no access to this location")
        raise ArgumentError(("LocationID", "The location was not found"))

    def _writer(self, place: Location) -> Writer:
        return Writer(place.zone, self.switches)

    def _check_twins(self, body: dict[str, Any]) -> None:
        """Refuse ``…Offset`` bounds, for a Booker that does not know them."""
        if self.switches.offset_filters == "refused":
            self._refuse([Problem("body", k, "", "Unknown field") for k in body if k.endswith("Offset")])

    def _page(self, found: list[Row], call: Call) -> list[Row]:
        asked = page_of(call.body, self.switches.max_page_size)
        if asked is None:
            return found
        short = call.fault is not None and call.fault.kind == "short_page"
        return self._pages.page(found, *asked, query=call.path + query_key(call.body), short=short)

    def _find_customers(self, call: Call) -> Answer:
        body, switches = call.body, self.switches
        place = self._place(body["LocationID"])
        self._check_twins(body)
        found = self._find.customers(body, place)
        page = self._page(found, call)
        write = {key: self._writer(where) for key, where in self.salon.locations.items()}
        shown = [customers.element(p, self.salon, write[p.location_id], switches) for p in page]
        total = {"TotalResultsCount": len(found)} if switches.customers_total else {}
        return Answer(
            200, success(**{switches.customers_key: shown}, **total), rows=tuple(p.id for p in page)
        )

    def _find_appointments(self, call: Call) -> Answer:
        body, switches = call.body, self.switches
        place = self._place(body["LocationID"])
        self._check_twins(body)
        found = self._find.appointments(body, place)
        page = self._page(found, call)
        shape = appointments.partial if call.path.endswith("/partial") else appointments.record
        write = self._writer(place)
        shown = [shape(a, self.salon, write, switches) for a in page]
        total = {"TotalResultsCount": len(found)} if switches.appointments_total else {}
        return Answer(200, success(Results=shown, **total), rows=tuple(a.id for a in page))

    def _get_customer(self, call: Call) -> Answer:
        person = self.salon.customers.get(call.params["id"])
        if person is None:
            raise ArgumentError(("CustomerID", "The customer was not found"))
        write = self._writer(self.salon.locations[person.location_id])
        shown = customers.record(person, self.salon, write, self.switches, with_stats=True)
        return Answer(200, success(Customer=shown), rows=(person.id,))

    def _get_appointment(self, call: Call) -> Answer:
        made = self.salon.appointments.get(call.params["id"])
        if made is None:
            raise ArgumentError(("AppointmentID", "The appointment was not found"))
        write = self._writer(self.salon.locations[made.location_id])
        shown = appointments.record(made, self.salon, write, self.switches)
        return Answer(200, success(Appointment=shown), rows=(made.id,))

    def _get_location(self, call: Call) -> Answer:
        place = self._place(call.params["id"])
        self.tokens.judge(call.params.get("access_token") or call.bearer, place.id)
        shown = locations.record(place, self.switches)
        return Answer(200, success(Location=shown) if self.switches.location_nested else success(**shown))


def _read_body(call: Call, operation: Operation) -> Any:
    """The decoded JSON body; an empty object for operations without a body."""
    if not operation.bodies:
        return {}
    if call.content_type != "application/json":
        raise ArgumentError(("Content-Type", "The body must be application/json"))
    try:
        return json.loads(call.raw)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(("body", "The body is not valid JSON")) from error


def _read_form(call: Call, operation: Operation) -> dict[str, str]:
    """The decoded form of a token call or of a page."""
    if call.content_type not in operation.bodies:
        raise GrantError("invalid_request", "the body must be form-encoded")
    form = dict(parse_qsl(call.raw.decode("utf-8", "replace"), keep_blank_values=True))
    call.body = form
    if operation.check_body(call.content_type, form):
        raise GrantError("invalid_request", "a field is missing or unknown")
    return form


def _location_id(given: Any) -> int | None:
    """A location id as Booker takes it: a number, or its digits as a string (both seen)."""
    text = str(given)
    short_enough = 18
    return int(text) if text.isascii() and text.isdigit() and len(text) < short_enough else None
