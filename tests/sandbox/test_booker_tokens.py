"""Who gets a token, what it is good for, and when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import requests

CUSTOMERS = "/v4.1/merchant/customers"


def context(booker: Any, token: str, location: Any = 3749, **options: Any) -> requests.Response:
    url = f"{booker.box.booker_url}/v5/auth/context/update?locationId={location}"
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
    answer: requests.Response = booker.session.post(url, headers=headers, timeout=10, **options)
    return answer


def test_a_personal_access_token_gives_a_token_that_reads_customers(booker: Any) -> None:
    answer = booker.grant()
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 1800
    assert answer.json()["access_token"].count(".") == 2
    assert booker.post(CUSTOMERS, access_token=answer.json()["access_token"]).json()["IsSuccess"] is True


@pytest.mark.parametrize(
    ("kind", "changes", "error"),
    [
        ("personal_access_token", {"client_secret": "wrong"}, "invalid_client"),
        (
            "personal_access_token",
            {"personal_access_token": "fake-personal-access-token%2B%2F%3D"},
            "invalid_grant",
        ),
        ("refresh_token", {"refresh_token": "old"}, "invalid_grant"),
        ("password", {}, "unsupported_grant_type"),
        ("client_credentials", {"scope": "everything"}, "invalid_scope"),
        ("client_credentials", {"surprise": "x"}, "invalid_request"),
    ],
)
def test_a_refused_token_call_says_why_in_oauths_words(
    booker: Any, kind: str, changes: Any, error: str
) -> None:
    answer = booker.grant(kind, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_the_status_of_a_refused_token_call_is_a_switch(booker: Any) -> None:
    booker.box.booker.switches.token_error_status = 401
    assert booker.grant(client_id="nobody").status_code == 401


def test_a_json_body_is_no_token_call(booker: Any) -> None:
    answer = booker.session.post(f"{booker.box.booker_url}/v5/auth/connect/token", json={}, timeout=10)
    assert answer.json()["error"] == "invalid_request"


def test_client_credentials_without_a_location_are_refused_for_merchant_data(booker: Any) -> None:
    token = booker.grant("client_credentials").json()["access_token"]
    answer = booker.post(CUSTOMERS, access_token=token).json()
    assert (answer["ErrorCode"], answer["ErrorMessage"]) == (1000, "access denied")


def test_a_location_token_is_a_bare_json_string_and_reads_that_location(booker: Any) -> None:
    token = booker.grant("client_credentials").json()["access_token"]
    answer = context(booker, token)
    assert answer.status_code == 200
    assert isinstance(answer.json(), str)
    assert booker.post(CUSTOMERS, access_token=answer.json()).json()["IsSuccess"] is True


@pytest.mark.parametrize("options", [{"json": {}}, {"headers": {"Content-Type": "application/json"}}])
def test_the_context_call_takes_no_body_and_no_content_type(booker: Any, options: dict[str, Any]) -> None:
    assert context(booker, booker.token, **options).json()["ErrorCode"] == 200


def test_a_location_token_of_an_unknown_location_is_refused(booker: Any) -> None:
    assert context(booker, booker.token, 1).json()["ErrorCode"] == 200


def test_a_context_call_with_a_bad_token_is_refused(booker: Any) -> None:
    assert context(booker, "nonsense").json()["ErrorCode"] == 1000


def test_which_grants_need_a_location_token_is_a_switch(booker: Any) -> None:
    switches = booker.box.booker.switches
    switches.location_token_needed = "never"
    token = booker.grant("client_credentials").json()["access_token"]
    assert booker.post(CUSTOMERS, access_token=token).json()["IsSuccess"] is True
    switches.location_token_needed = "always"
    assert booker.post(CUSTOMERS).json()["ErrorCode"] == 1000


def test_a_token_ends_on_the_salons_clock(booker: Any) -> None:
    assert booker.post(CUSTOMERS).json()["IsSuccess"] is True
    booker.box.clock.advance(timedelta(seconds=1800))
    answer = booker.post(CUSTOMERS)
    assert (answer.status_code, answer.json()["ErrorMessage"]) == (200, "invalid access token")


def test_the_lifetime_is_a_switch(booker: Any) -> None:
    booker.box.booker.switches.token_seconds = 60
    assert booker.grant().json()["expires_in"] == 60


def test_an_expired_token_may_be_a_401_of_the_gateway(booker: Any) -> None:
    booker.box.booker.switches.expired_token = "unauthorized"
    answer = booker.post(CUSTOMERS, access_token="nonsense")
    assert answer.status_code == 401


def test_a_token_without_merchant_scope_is_refused(booker: Any) -> None:
    token = booker.grant(scope="public").json()["access_token"]
    assert booker.post(CUSTOMERS, access_token=token).json()["ErrorCode"] == 1000


def test_refresh_tokens_rotate(booker: Any) -> None:
    first = booker.box.booker.credentials.refresh_token
    answer = booker.grant("refresh_token").json()
    assert answer["refresh_token"] != first
    assert booker.grant("refresh_token", refresh_token=first).json()["error"] == "invalid_grant"
    assert booker.grant("refresh_token", refresh_token=answer["refresh_token"]).status_code == 200


def test_refresh_token_rotates_is_a_switch(booker: Any) -> None:
    booker.box.booker.switches.refresh_token_rotates = False
    first = booker.box.booker.credentials.refresh_token
    assert booker.grant("refresh_token").json()["refresh_token"] == first


@pytest.mark.parametrize(
    ("where", "body", "header", "good"),
    [
        ("body", True, False, True),
        ("body", False, True, False),
        ("header", False, True, True),
        ("header", True, False, False),
        ("either", False, True, True),
        ("both", True, True, True),
        ("both", True, False, False),
    ],
)
def test_where_the_token_is_looked_for_is_a_switch(
    booker: Any, where: Any, *, body: bool, header: bool, good: bool
) -> None:
    booker.box.booker.switches.token_in = where
    headers = {"Authorization": f"Bearer {booker.token}"} if header else {}
    answer = booker.post(CUSTOMERS, headers=headers, access_token=booker.token if body else ...)
    assert answer.json()["IsSuccess"] is good


@pytest.mark.parametrize("key", [None, "wrong"])
def test_the_gateway_wants_the_subscription_key_first(booker: Any, key: str | None) -> None:
    answer = booker.post(CUSTOMERS, headers={"Ocp-Apim-Subscription-Key": key}, surprise=1)
    assert answer.status_code == 401
    assert "subscription key" in answer.json()["message"]
