"""Contacts: what may be written, what is unique, what a write wipes."""

from __future__ import annotations

from typing import Any

import pytest
import requests

ADA = {"firstName": "Ada", "email": "ada@example.com", "phone": "+15550100123"}


def test_a_created_contact_is_shown_in_full_and_listed(referrizer: Any) -> None:
    made = referrizer.create(
        **ADA, address={"city": "Chicago"}, customFields={"CRM Member": "Y"}, birthday="1980-02-29"
    )
    assert made.status_code == 201
    assert len(made.json()["id"]) == 32
    assert made.json()["address"]["city"] == "Chicago"
    listed = referrizer.call("GET", "/contacts")
    assert listed.json() == [made.json()]
    assert listed.headers["X-Total-Count"] == "1"
    assert referrizer.call("GET", f"/contacts/{made.json()['id']}").json() == made.json()
    assert referrizer.box.referrizer.contacts[made.json()["id"]]["email"] == "ada@example.com"


def test_pages_are_thirty_unless_asked_and_a_hundred_at_most(referrizer: Any) -> None:
    for number in range(35):
        referrizer.box.referrizer.contacts.add(email=f"{number}@example.com")
    assert [len(referrizer.call("GET", f"/contacts?page={page}").json()) for page in (1, 2, 3)] == [30, 5, 0]
    assert len(referrizer.call("GET", "/contacts?perPage=100").json()) == 35
    for query in ("perPage=101", "page=0", "page=x", "email=ada@example.com"):
        refused = referrizer.call("GET", f"/contacts?{query}")
        assert (refused.status_code, refused.json()["errorCode"]) == (400, "ILLEGAL_ARGUMENT")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"firstName": "Ada"}, "MISSING_REQUIRED_FIELD"),
        ({"email": "", "phone": None}, "ILLEGAL_ARGUMENT"),
        ({"email": "no address"}, "ILLEGAL_ARGUMENT"),
        ({"phone": "312 555 0100"}, "ILLEGAL_ARGUMENT"),
        ({**ADA, "birthday": "02/29/1980"}, "ILLEGAL_ARGUMENT"),
        ({**ADA, "nickname": "A"}, "ILLEGAL_ARGUMENT"),
        ({**ADA, "address": {"planet": "Earth"}}, "ILLEGAL_ARGUMENT"),
        ({**ADA, "firstName": 1}, "ILLEGAL_ARGUMENT"),
        ({**ADA, "customFields": {"Shoe Size": "44"}}, "INVALID_CUSTOM_FIELD_NAME"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_code(
    referrizer: Any, fields: dict[str, Any], code: str
) -> None:
    answer = referrizer.create(**fields)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
    assert not referrizer.box.referrizer.contacts


@pytest.mark.parametrize(
    ("unique", "fields", "status"),
    [
        ("both", {"email": "ADA@example.com"}, 400),
        ("both", {"phone": ADA["phone"]}, 400),
        ("email", {"email": "other@example.com", "phone": ADA["phone"]}, 201),
        ("email", {"email": "Ada@Example.com"}, 400),
        ("phone", {"email": ADA["email"]}, 201),
        ("phone", {"phone": ADA["phone"]}, 400),
        ("none", ADA, 201),
    ],
)
def test_what_is_unique_is_a_switch(
    referrizer: Any, unique: Any, fields: dict[str, Any], status: int
) -> None:
    referrizer.box.referrizer.switches.unique_by = unique
    referrizer.create(**ADA)
    assert referrizer.create(**fields).status_code == status


def test_codes_of_duplicates_are_switches(referrizer: Any) -> None:
    switches = referrizer.box.referrizer.switches
    referrizer.create(**ADA)
    other = referrizer.create(email="bob@example.com").json()["id"]
    assert referrizer.create(**ADA).json()["errorCode"] == "RESOURCE_ALREADY_EXISTS"
    assert referrizer.put(other, **ADA).json()["errorCode"] == "NOT_UNIQUE"
    switches.duplicate_on_create, switches.duplicate_on_update = "NOT_UNIQUE", "RESOURCE_ALREADY_EXISTS"
    assert referrizer.create(**ADA).json()["errorCode"] == "NOT_UNIQUE"
    assert referrizer.put(other, **ADA).json()["errorCode"] == "RESOURCE_ALREADY_EXISTS"


def test_a_value_is_free_again_when_its_contact_is_deleted_or_changed(referrizer: Any) -> None:
    first = referrizer.create(**ADA).json()["id"]
    del referrizer.box.referrizer.contacts[first]
    second = referrizer.create(**ADA).json()["id"]
    referrizer.put(second, email="new@example.com")
    assert referrizer.create(**ADA).status_code == 201


def test_a_create_may_update_instead(referrizer: Any) -> None:
    referrizer.box.referrizer.switches.post_upserts = True
    first = referrizer.create(**ADA).json()["id"]
    again = referrizer.create(email=ADA["email"], lastName="Byron").json()
    assert (again["id"], again["firstName"], again["lastName"]) == (first, "Ada", "Byron")


def test_a_replacing_put_wipes_and_resubscribes_and_the_journal_says_so(referrizer: Any) -> None:
    made = referrizer.create(**ADA, unsubscribedFromText=True, customFields={"CRM Member": "Y"}).json()
    shown = referrizer.put(made["id"], email="ada@example.com").json()
    assert (shown["firstName"], shown["phone"], shown["customFields"]) == (None, None, {})
    wiped = {entry["field"] for entry in referrizer.effects("field_wiped")}
    assert wiped == {"firstName", "phone", "customFields.CRM Member"}
    assert [entry["field"] for entry in referrizer.effects("resubscribed")] == ["unsubscribedFromText"]


def test_a_put_of_what_was_read_changes_nothing(referrizer: Any) -> None:
    made = referrizer.create(**ADA, customFields={"CRM Member": "Y"}).json()
    assert referrizer.put(made["id"], **{k: v for k, v in made.items() if k != "x"}).json() == made
    assert len(referrizer.effects("update_without_change")) == 1
    assert referrizer.effects("contact_updated") == []


def test_a_merging_put_keeps_what_it_does_not_name(referrizer: Any) -> None:
    referrizer.box.referrizer.switches.put = "merge"
    made = referrizer.create(**ADA, customFields={"CRM Member": "Y"}).json()
    shown = referrizer.put(made["id"], lastName="Byron", customFields={"Customer Group": "Leads"}).json()
    assert (shown["firstName"], shown["lastName"]) == ("Ada", "Byron")
    assert shown["customFields"] == {"CRM Member": "Y", "Customer Group": "Leads"}


def test_patch_exists_only_when_switched_on(referrizer: Any) -> None:
    made = referrizer.create(**ADA).json()["id"]
    assert referrizer.call("PATCH", f"/contacts/{made}", json={"lastName": "Byron"}).status_code == 405
    referrizer.box.referrizer.switches.patch = True
    assert (
        referrizer.call("PATCH", f"/contacts/{made}", json={"lastName": "Byron"}).json()["firstName"] == "Ada"
    )


def test_reading_one_contact_may_not_exist(referrizer: Any) -> None:
    made = referrizer.create(**ADA).json()["id"]
    referrizer.box.referrizer.switches.get_by_id = False
    assert referrizer.call("GET", f"/contacts/{made}").status_code == 405
    assert referrizer.put(made, **ADA).status_code == 200


def test_a_contact_that_is_not_there_is_a_404(referrizer: Any) -> None:
    for method in ("GET", "PUT"):
        refused = referrizer.call(method, "/contacts/" + "0" * 32, json=ADA if method == "PUT" else None)
        assert (refused.status_code, refused.json()["errorCode"]) == (404, "NOT_FOUND")


def test_an_id_in_the_body_must_be_that_of_the_address(referrizer: Any) -> None:
    made = referrizer.create(**ADA).json()["id"]
    assert referrizer.put(made, id="0" * 32, **ADA).json()["errorCode"] == "ILLEGAL_ARGUMENT"


def test_what_is_required_and_how_phones_look_are_switches(referrizer: Any) -> None:
    switches = referrizer.box.referrizer.switches
    switches.required, switches.phone_format = "email", "any"
    assert referrizer.create(phone="312 555 0100").json()["errorCode"] == "MISSING_REQUIRED_FIELD"
    assert referrizer.create(email="a@example.com", phone="312 555 0100").status_code == 201


def test_custom_fields_are_those_of_the_account(referrizer: Any) -> None:
    referrizer.box.referrizer.switches.custom_fields = ("Shoe Size",)
    assert referrizer.create(**ADA, customFields={"Shoe Size": "44"}).status_code == 201
    assert referrizer.put("0" * 32, **ADA).status_code == 404


def test_a_list_may_show_less(referrizer: Any) -> None:
    switches = referrizer.box.referrizer.switches
    referrizer.create(**ADA)
    switches.list_shows_custom_fields = False
    assert "customFields" not in referrizer.call("GET", "/contacts").json()[0]
    switches.list_shows = "identity"
    assert set(referrizer.call("GET", "/contacts").json()[0]) == {"id", "firstName", "lastName", "email"}
    switches.total_count = False
    assert "X-Total-Count" not in referrizer.call("GET", "/contacts").headers


def test_empty_fields_may_be_omitted(referrizer: Any) -> None:
    referrizer.box.referrizer.switches.nulls = "omitted"
    made = referrizer.create(**ADA).json()
    assert "lastName" not in made
    assert made["address"] == {}


def test_answers_of_writes_are_switches(referrizer: Any) -> None:
    switches = referrizer.box.referrizer.switches
    switches.create_answer = "id"
    made = referrizer.create(**ADA).json()
    assert list(made) == ["id"]
    switches.update_answer = "empty"
    assert referrizer.put(made["id"], **ADA).json() == {}
    switches.update_answer = "no_content"
    assert (referrizer.put(made["id"], **ADA).status_code, referrizer.put(made["id"], **ADA).content) == (
        204,
        b"",
    )


def test_read_only_fields_may_be_shown_and_carried_back_without_effect(referrizer: Any) -> None:
    referrizer.box.referrizer.switches.read_only_fields = True
    made = referrizer.create(**ADA).json()
    referrizer.visit(made["id"], "2026-03-01T12:00:00.000Z", points=5)
    shown = referrizer.call("GET", f"/contacts/{made['id']}").json()
    assert (shown["loyaltyPoints"], shown["numberOfVisits"], shown["lastVisit"]) == (
        5,
        1,
        "2026-03-01T12:00:00.000Z",
    )
    assert referrizer.put(made["id"], **{**shown, "loyaltyPoints": 999}).json() == shown


def test_the_version_prefix_is_a_switch(referrizer: Any) -> None:
    assert referrizer.box.referrizer_url.endswith("/referrizer/v1")
    referrizer.box.referrizer.switches.prefix = ""
    assert referrizer.box.referrizer_url.endswith("/referrizer")
    assert referrizer.call("GET", "/contacts").status_code == 200
    assert referrizer.call("GET", "/v1/contacts").status_code == 404


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}]
)
def test_without_the_token_nothing_is_said(box: Any, headers: dict[str, str]) -> None:
    answer = requests.get(f"{box.referrizer_url}/contacts", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert set(answer.json()) == {"errorCode", "message"}


def test_a_body_must_be_json(referrizer: Any) -> None:
    for data, kind in (
        (b"{", "application/json"),
        (b"{}", "text/plain"),
        (b"[" * 100_000, "application/json"),
    ):
        refused = referrizer.call("POST", "/contacts", data=data, headers={"Content-Type": kind})
        assert refused.json()["errorCode"] == "ILLEGAL_ARGUMENT"


def test_a_rate_limit_is_off_and_can_be_switched_on(referrizer: Any) -> None:
    switches = referrizer.box.referrizer.switches
    switches.rate_limit_per_second, switches.rate_limit_retry_after = 1, 7
    answers = [referrizer.call("GET", "/contacts") for _ in range(5)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert limited[0].headers["Retry-After"] == "7"
    switches.rate_limit_retry_after = None
    answers = [referrizer.call("GET", "/contacts") for _ in range(5)]
    assert "Retry-After" not in next(a for a in answers if a.status_code == 429).headers


def test_an_unknown_path_or_method_is_refused(referrizer: Any) -> None:
    assert referrizer.call("GET", "/customers").json()["errorCode"] == "NOT_FOUND"
    assert referrizer.call("DELETE", "/contacts").json()["errorCode"] == "METHOD_NOT_ALLOWED"


def test_an_account_may_name_its_fields_otherwise(referrizer: Any) -> None:
    referrizer.box.referrizer.switches.field_names = {"phone": "mobile", "customFields": "attributes"}
    made = referrizer.create(mobile="+13125550101", attributes={"CRM Member": "Y"}).json()
    assert (made["mobile"], made["attributes"]["CRM Member"]) == ("+13125550101", "Y")
    assert referrizer.call("GET", "/contacts").json() == [made]
    assert referrizer.call("GET", f"/contacts/{made['id']}").json() == made
    assert referrizer.put(made["id"], **{**made, "attributes": {}}).json()["attributes"] == {}
    assert referrizer.create(phone="+13125550102").json()["errorCode"] == "ILLEGAL_ARGUMENT"
