"""Fuzzes both OpenAPI files against the running server: no 500, no answer outside its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox import Sandbox
from sandbox.server.spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [(vendor, op) for vendor in ("booker", "referrizer") for op in load_spec(vendor).operations]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox(contacts=40) as box:
        box.booker.switches.token_seconds = 10**9
        box.booker.switches.customers_total = True
        box.referrizer.switches.patch = True
        box.referrizer.switches.minimum_interval_minutes = 0
        yield box


def _token(box: Sandbox) -> str:
    mine = box.booker.credentials
    form = {"client_id": mine.client_id, "client_secret": mine.client_secret, "scope": "merchant"}
    pat = {"grant_type": "personal_access_token", "personal_access_token": mine.personal_access_token}
    token: str = box.booker.tokens.grant({**form, **pat})["access_token"]
    return token


def _headers(box: Sandbox, vendor: str, token: str) -> dict[str, str]:
    if vendor == "referrizer":
        return {"Authorization": f"Bearer {box.referrizer.token}"}
    key = box.booker.credentials.subscription_key
    return {"Ocp-Apim-Subscription-Key": key, "Authorization": f"Bearer {token}"}


def _known(box: Sandbox, operation: Any, token: str) -> dict[str, Any]:
    """Values that exist, by name: with made-up ones alone, no request would come past the front door."""
    contact = next(iter(box.referrizer.contacts), None) or box.referrizer.contacts.add(email="a@b.org")["id"]
    record: dict[str, dict[int, Any]]
    record = {"getCustomer": box.salon.customers, "getAppointment": box.salon.appointments}
    first = next(iter(record.get(operation.id, box.salon.locations)))
    credentials = {
        **box.booker.credentials.as_dict(),
        "grant_type": "personal_access_token",
        "scope": "merchant",
    }
    numbers = {"LocationID": 3749, "locationId": 3749, "CustomerID": next(iter(box.salon.customers))}
    ours = {"contactId": contact, "id": first if operation.template.startswith("/v") else contact}
    reach = {"email": "ada@example.org", "phone": "+15550100123"}
    return {**credentials, **numbers, **ours, **reach, "access_token": token}


def _fill_in(part: Any, known: dict[str, Any]) -> None:
    """Put values that exist where the made-up ones have at least the right type, and an odd length."""
    for name in known.keys() & part.keys() if isinstance(part, dict) else ():
        fits = isinstance(part[name], str | int) and not isinstance(part[name], bool)
        if fits and len(str(part[name])) % 2:
            part[name] = known[name]


def _fuzz(box: Sandbox, vendor: str, operation: Any, examples: int) -> None:
    """Send made-up requests, good and bad, past the front door, and hold each answer against the file."""
    schema = schemathesis.openapi.from_dict(load_spec(vendor).document)
    base = {"booker": box.booker_url, "referrizer": box.referrizer_url}[vendor]
    token = _token(box)
    known, headers = _known(box, operation, token), _headers(box, vendor, token)
    api = schema[operation.template][operation.method.lower()]
    strategy = api.as_strategy(generation_mode=GenerationMode.POSITIVE)
    strategy |= api.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Any) -> None:
        for part in (case.body, case.query, case.path_parameters):
            _fill_in(part, known)
        if operation.id.startswith("find") and isinstance(case.body, dict):
            case.body["access_token"] = token
        case.headers = {**(case.headers or {}), **headers}
        with requests.Session() as session:
            case.call_and_validate(base_url=base, checks=CHECKS, session=session, timeout=10)

    run()


@pytest.mark.parametrize(("vendor", "operation"), OPERATIONS, ids=lambda value: getattr(value, "id", value))
def test_no_made_up_request_leaves_the_file(served: Sandbox, vendor: str, operation: Any) -> None:
    before = len(served.requests)
    _fuzz(served, vendor, operation, 25)
    sizes = {(seen.status, seen.answer_size) for seen in served.requests[before:]}
    assert len(sizes) > 1, "every made-up request was answered alike"


@pytest.mark.slow
@pytest.mark.parametrize(("vendor", "operation"), OPERATIONS, ids=lambda value: getattr(value, "id", value))
def test_no_made_up_request_leaves_the_file_in_a_long_sweep(
    served: Sandbox, vendor: str, operation: Any
) -> None:
    _fuzz(served, vendor, operation, 250)
