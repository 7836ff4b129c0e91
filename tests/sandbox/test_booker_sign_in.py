"""The browser's way to a code: what the merchant sees, what is sent back, and what a code buys."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests

CUSTOMERS = "/v4.1/merchant/customers"
BACK = "http://127.0.0.1:8776/back"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
WITH_PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
ASKED = {
    "client_id": "fake-client-id",
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "openid offline_access merchant",
    "state": "abc",
}
PASSWORD = {"user_name": "owner@example.com", "password": "fake-password"}


def ask(box: Any, **changes: str) -> requests.Response:
    url = f"{box.booker_url}/auth/connect/authorize"
    return requests.get(url, params={**ASKED, **changes}, allow_redirects=False, timeout=10)


def press(box: Any, page: requests.Response, form: str, decision: str, **fields: str) -> requests.Response:
    """Press a button of a page."""
    found = re.search('name="request" value="([^"]+)"', page.text)
    assert found, page.text
    data = {"request": found[1], "decision": decision, **fields}
    url = f"{box.booker_url}/auth/connect/{form}"
    answer = requests.post(url, data=data, allow_redirects=False, timeout=10)
    if answer.status_code != 303:
        return answer
    return requests.get(urljoin(url, answer.headers["Location"]), allow_redirects=False, timeout=10)


def allow(box: Any, **changes: str) -> requests.Response:
    return press(box, press(box, ask(box, **changes), "login", "sign_in", **PASSWORD), "consent", "allow")


def sent_back(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302
    where = urlsplit(answer.headers["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == BACK
    return {name: values[0] for name, values in parse_qs(where.query).items()}


def exchange(box: Any, code: str, **changes: str) -> requests.Response:
    mine = box.booker.credentials
    form = {"client_id": mine.client_id, "client_secret": mine.client_secret, "redirect_uri": BACK, **changes}
    url = f"{box.booker_url}/auth/connect/token"
    return requests.post(url, data={"grant_type": "authorization_code", "code": code, **form}, timeout=10)


def test_a_merchant_signs_in_and_allows_and_the_code_buys_tokens_once(booker: Any) -> None:
    back = sent_back(allow(booker.box))
    assert back.keys() == {"code", "state"}
    assert back["state"] == "abc"
    tokens = exchange(booker.box, back["code"]).json()
    assert booker.post(CUSTOMERS, access_token=tokens["access_token"]).json()["IsSuccess"] is True
    assert booker.grant("refresh_token", refresh_token=tokens["refresh_token"]).status_code == 200
    assert exchange(booker.box, back["code"]).json()["error"] == "invalid_grant"


def test_without_offline_access_there_is_no_refresh_token(box: Any) -> None:
    code = sent_back(allow(box, scope="merchant"))["code"]
    assert exchange(box, code).json().keys() == {"access_token", "expires_in", "token_type"}


@pytest.mark.parametrize("wrong", [{"user_name": "nobody"}, {"password": "guess"}])
def test_a_wrong_password_asks_again(box: Any, wrong: dict[str, str]) -> None:
    page = press(box, ask(box), "login", "sign_in", **{**PASSWORD, **wrong})
    assert (page.status_code, "incorrect" in page.text) == (200, True)
    assert "Allow access?" in press(box, page, "login", "sign_in", **PASSWORD).text


@pytest.mark.parametrize("form", ["login", "consent"])
def test_a_no_goes_back_as_access_denied(box: Any, form: str) -> None:
    page = ask(box)
    if form == "consent":
        page = press(box, page, "login", "sign_in", **PASSWORD)
    answer = press(box, page, form, {"login": "cancel", "consent": "deny"}[form])
    assert sent_back(answer) == {"error": "access_denied", "state": "abc"}


def test_nobody_allows_without_signing_in(box: Any) -> None:
    answer = press(box, ask(box), "consent", "allow")
    assert (answer.status_code, "sign in first" in answer.text) == (400, True)


def test_a_decision_is_made_once(box: Any) -> None:
    page = press(box, ask(box), "login", "sign_in", **PASSWORD)
    assert press(box, page, "consent", "allow").status_code == 302
    assert press(box, page, "consent", "allow").status_code == 400


def test_a_code_ends_on_the_salons_clock(box: Any) -> None:
    code = sent_back(allow(box))["code"]
    box.clock.advance(timedelta(seconds=300))
    assert exchange(box, code).json()["error"] == "invalid_grant"


def test_code_seconds_is_a_switch(box: Any) -> None:
    box.booker.switches.code_seconds = 301
    code = sent_back(allow(box))["code"]
    box.clock.advance(timedelta(seconds=300))
    assert exchange(box, code).status_code == 200


def test_a_code_is_good_for_its_own_address_only(box: Any) -> None:
    box.booker.switches.redirect_uris = (BACK, BACK + "/")
    code = sent_back(allow(box))["code"]
    assert exchange(box, code, redirect_uri=BACK + "/").json()["error"] == "invalid_grant"


def test_the_address_must_be_one_of_redirect_uris_to_the_letter(box: Any) -> None:
    box.booker.switches.redirect_uris = ("http://localhost:9/back",)
    assert ask(box, redirect_uri="http://localhost:9/back").status_code == 200
    assert ask(box).status_code == 400


@pytest.mark.parametrize(
    ("sent", "verified"),
    [({"code_verifier": VERIFIER}, True), ({"code_verifier": "w" * 43}, False), ({}, False)],
)
def test_a_code_with_a_challenge_needs_its_verifier(
    box: Any, sent: dict[str, str], *, verified: bool
) -> None:
    code = sent_back(allow(box, **WITH_PKCE))["code"]
    assert (exchange(box, code, **sent).status_code == 200) is verified


@pytest.mark.parametrize(
    ("rule", "challenge", "good"),
    [
        ("checked", {}, True),
        ("checked", {"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, False),
        ("checked", {"code_challenge": "short", "code_challenge_method": "S256"}, False),
        ("required", {}, False),
        ("required", WITH_PKCE, True),
        ("refused", WITH_PKCE, False),
        ("refused", {}, True),
        ("ignored", {"code_challenge": "short"}, True),
    ],
)
def test_what_a_challenge_means_is_the_switch_pkce(
    box: Any, rule: Any, challenge: dict[str, str], *, good: bool
) -> None:
    box.booker.switches.pkce = rule
    answer = ask(box, **challenge)
    if good:
        assert answer.status_code == 200
    else:
        assert sent_back(answer)["error"] == "invalid_request"


def test_an_ignored_challenge_needs_no_verifier(box: Any) -> None:
    box.booker.switches.pkce = "ignored"
    assert exchange(box, sent_back(allow(box, **WITH_PKCE))["code"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "nobody"}, "invalid_client"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"response_type": "token"}, "invalid_request"),
        ({"redirect_uri": "https://example.com/back"}, "invalid_request"),
        ({"redirect_uri": "http://[bad"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1/\r\nX: y"}, "invalid_request"),
    ],
)
def test_a_refused_sign_in_goes_nowhere(box: Any, changes: dict[str, str], error: str) -> None:
    answer = ask(box, **changes)
    assert (answer.status_code, f"<code>{error}</code>" in answer.text) == (400, True)


def test_no_browser_is_sent_off_this_machine_even_to_a_registered_address(box: Any) -> None:
    box.booker.switches.redirect_uris = ("https://example.com/back",)
    assert ask(box, redirect_uri="https://example.com/back").status_code == 400


def test_the_list_of_requests_keeps_no_password_and_no_code(box: Any) -> None:
    code = sent_back(allow(box, **WITH_PKCE))["code"]
    exchange(box, code, code_verifier=VERIFIER)
    seen = repr(list(box.requests))
    assert [word for word in ("fake-password", code, VERIFIER, "fake-client-secret") if word in seen] == []


def test_the_question_for_consent_is_shown_again_until_it_is_answered(box: Any) -> None:
    url = f"{box.booker_url}/auth/connect/consent"
    first = ask(box)
    found = re.search('name="request" value="([^"]+)"', first.text)
    assert found
    assert requests.get(url, params={"request": found[1]}, timeout=10).status_code == 400
    page = press(box, first, "login", "sign_in", **PASSWORD)
    assert requests.get(url, params={"request": found[1]}, timeout=10).text == page.text
    press(box, page, "consent", "allow")
    after = requests.get(url, params={"request": found[1]}, timeout=10)
    assert (after.status_code, "this sign-in is over" in after.text) == (400, True)
    assert requests.get(url, timeout=10).status_code == 400
