"""Ordinary calls and refusals; nothing that the vendor says in words leaves the client."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.target_referrizer.raw_vendor import (
    ADA,
    ANSWERED,
    EVERY,
    POSTS,
    PRIVATE,
    TOKEN,
    UPDATES,
    VISIT,
    Answer,
    Lab,
    check_in,
    create,
    cut_body,
    patch,
    put,
    read,
    refusal,
    reply,
)

from sandbox import Sandbox
from target_referrizer.errors import SettingsError
from target_referrizer.pacing import Pacer
from target_referrizer.payloads import FieldMap, visit
from target_referrizer.referrizer import Referrizer, Refused, Unknown


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        yield made


# Ordinary calls


@pytest.mark.parametrize(("total", "calls"), [("3", 2), ("", 3), ("2", 2), ("100", 4)])
def test_all_contacts_are_read_to_their_total_else_to_the_first_empty_page(
    lab: Lab, total: str, calls: int
) -> None:
    pages: list[list[Any]] = [[{"id": "a"}], [{"id": "b"}, {"id": "c"}], [], []]
    pages = pages if total != "2" else [[{"id": "a"}, {"id": "b"}, {"id": "c"}], []]
    salon = lab.vendor(*(reply(200, page, {"X-Total-Count": total}) for page in pages))
    read = [one["id"] for page in lab.client(salon).list_contacts() for one in page]
    assert read == ["a", "b", "c"]
    asked = [f"GET /v1/contacts?page={number}&perPage=100" for number in (1, 2, 3, 3)]
    assert salon.calls() == asked[:calls]


def test_a_total_that_may_be_the_pages_own_does_not_end_the_list(lab: Lab) -> None:
    page = [{"id": str(key)} for key in range(100)]
    answers = [reply(200, one, {"X-Total-Count": "100"}) for one in (page, [{"id": "a"}], [])]
    assert list(lab.client(lab.vendor(*answers)).list_contacts()) == [page, [{"id": "a"}]]


def test_a_server_that_repeats_its_pages_does_not_loop(lab: Lab) -> None:
    pages = [[{"id": "a"}], [{"id": "b"}], [{"id": "a"}], [{"id": "b"}]]
    assert list(lab.client(lab.vendor(*(reply(200, page) for page in pages))).list_contacts()) == pages[:2]


def test_an_empty_page_before_the_total_is_asked_for_once_more(lab: Lab) -> None:
    total = {"X-Total-Count": "2"}
    salon = lab.vendor(*(reply(200, page, total) for page in ([{"id": "a"}], [], [{"id": "b"}])))
    assert list(lab.client(salon).list_contacts()) == [[{"id": "a"}], [{"id": "b"}]]
    assert [call[-13:-12] for call in salon.calls()] == ["1", "2", "2"]


@pytest.mark.parametrize("total", ["7", "many"])
def test_a_total_that_is_wrong_ends_no_later_than_the_second_empty_page(lab: Lab, total: str) -> None:
    client = lab.client(lab.vendor(*(reply(200, [], {"X-Total-Count": total}) for _ in range(2))))
    assert list(client.list_contacts()) == []


def test_entries_that_are_no_contacts_are_passed_over(lab: Lab) -> None:
    salon = lab.vendor(reply(200, [{"id": "a"}, None, {"name": "x"}]), reply(200, []))
    assert list(lab.client(salon).list_contacts()) == [[{"id": "a"}]]


def test_every_call_has_its_method_path_body_and_token(lab: Lab) -> None:
    salon = lab.vendor(*[ANSWERED] * 5)
    client = lab.client(salon)
    assert read(client) == {"id": "c1"}
    assert create(client) == {"id": "c1"}
    assert check_in(client) == "c1"
    put(client)
    patch(client)
    paths = [
        "GET /v1/contacts/c1",
        "POST /v1/contacts",
        "POST /v1/visits",
        "PUT /v1/contacts/c1",
        "PATCH /v1/contacts/c1",
    ]
    assert salon.calls() == paths
    assert [seen.body for seen in salon.seen] == [None, ADA, VISIT, ADA, ADA]
    assert {seen.headers["authorization"] for seen in salon.seen} == {f"Bearer {TOKEN}"}
    assert dict(client.calls) == {"reads": 1, "writes": 4, "retries": 0}


def test_an_id_cannot_lead_to_another_path(lab: Lab) -> None:
    salon = lab.vendor(ANSWERED)
    lab.client(salon).get_contact("../visits?x")
    assert salon.calls() == ["GET /v1/contacts/..%2Fvisits%3Fx"]


@pytest.mark.parametrize("answer", [cut_body(201), reply(201, {"done": True})])
def test_a_good_answer_counts_also_when_it_does_not_say_the_id(lab: Lab, answer: Answer) -> None:
    salon = lab.vendor(answer, answer)
    client = lab.client(salon)
    assert create(client) in ({}, {"done": True})
    assert check_in(client) is None
    assert len(salon.seen) == 2


PAGE = reply(200, b"<html>We are back soon</html>", {"Content-Type": "text/html"})


@POSTS
@pytest.mark.parametrize("answer", [PAGE, reply(201), reply(204), reply(201, b"created"), reply(201, ["x"])])
def test_a_good_status_alone_does_not_say_that_something_was_made(
    lab: Lab, call: Any, answer: Answer
) -> None:
    """A page in place of Referrizer may come with status 200; a visit is seen to be answered with its id."""
    salon = lab.vendor(answer)
    with pytest.raises(Unknown):
        call(lab.client(salon))
    assert len(salon.seen) == 1


def test_an_empty_object_does_not_say_that_a_visit_was_counted(lab: Lab) -> None:
    with pytest.raises(Unknown):
        check_in(lab.client(lab.vendor(reply(200, {}))))


@UPDATES
def test_a_page_in_place_of_referrizer_does_not_say_that_something_was_changed(lab: Lab, call: Any) -> None:
    with pytest.raises(Unknown):
        call(lab.client(lab.vendor(PAGE, PAGE, PAGE)))


@UPDATES
@pytest.mark.parametrize("answer", [reply(200), reply(204), reply(200, {}), ANSWERED])
def test_a_change_may_be_answered_with_nothing(lab: Lab, call: Any, answer: Answer) -> None:
    call(lab.client(lab.vendor(answer)))


def test_a_netrc_file_does_not_replace_the_token(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    salon = lab.vendor(ANSWERED)
    read(lab.client(salon))
    assert salon.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ümlaut"])
def test_a_token_that_no_header_may_carry_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(SettingsError, match="RFZ-104") as caught:
        Referrizer("http://127.0.0.1:9/v1", token, pacer=Pacer(0), timeout=1, patience_seconds=1)
    assert not token or token not in str(caught.value)


# The whole way, against a vendor that refuses what Referrizer would refuse


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(contacts=0) as running:
        yield running


@pytest.fixture
def client(box: Sandbox) -> Iterator[Referrizer]:
    with Referrizer(
        box.referrizer_url, box.referrizer.token, pacer=Pacer(0), timeout=20, patience_seconds=20
    ) as made:
        yield made


def test_a_contact_is_created_listed_changed_and_visits(box: Sandbox, client: Referrizer) -> None:
    field_map = FieldMap.parse(None)
    changes = {"first_name": "Grace", "email": "grace@example.com", "group": "Leads", "street": "1 Main St"}
    contact_id = client.create_contact(field_map.build(changes))["id"]
    assert contact_id in [contact["id"] for page in client.list_contacts() for contact in page]
    document = client.get_contact(contact_id)
    client.update_contact(contact_id, field_map.apply(document, {"group": "Current customers"}), "merge")
    shown = field_map.shown(client.get_contact(contact_id))
    assert {name: shown[name] for name in changes} == {**changes, "group": "Current customers"}
    assert client.create_visit(visit(contact_id, box.clock.now - timedelta(days=1), 0))
    with pytest.raises(Refused, match="CONTACT_ALREADY_CHECKED_IN"):
        client.create_visit(visit(contact_id, box.clock.now - timedelta(days=1), 0))


def test_refusals_of_a_vendor_are_told_apart(client: Referrizer) -> None:
    client.create_contact({"email": "twice@example.com"})
    with pytest.raises(Refused) as caught:
        client.create_contact({"email": "twice@example.com"})
    assert caught.value.is_duplicate
    with pytest.raises(Refused) as caught:
        client.get_contact("f" * 32)
    assert caught.value.is_gone
    with pytest.raises(SettingsError, match=r"RFZ-107 .*'Nope'"):
        client.create_contact({"email": "x@example.com", "customFields": {"Nope": "1"}})


def test_a_wrong_token_is_a_settings_error(box: Sandbox) -> None:
    with (
        Referrizer(box.referrizer_url, TOKEN, pacer=Pacer(0), timeout=20, patience_seconds=20) as client,
        pytest.raises(SettingsError, match="RFZ-104"),
    ):
        list(client.list_contacts())


# The vendor says no


@EVERY
@pytest.mark.parametrize("code", ["NOT_UNIQUE", "RESOURCE_ALREADY_EXISTS"])
def test_a_duplicate_is_refused_once_and_for_all(lab: Lab, call: Any, code: str) -> None:
    salon = lab.vendor(refusal(code))
    with pytest.raises(Refused) as caught:
        call(lab.client(salon))
    assert caught.value.is_duplicate
    assert (caught.value.status, caught.value.error_code) == (400, code)
    assert len(salon.seen) == 1


@pytest.mark.parametrize(("status", "is_gone"), [(404, True), (410, True), (400, False), (422, False)])
def test_a_contact_is_gone_when_the_status_says_so(lab: Lab, status: int, *, is_gone: bool) -> None:
    with pytest.raises(Refused) as caught:
        put(lab.client(lab.vendor(refusal("SOMETHING_NEW", status))))
    assert caught.value.is_gone is is_gone
    assert not caught.value.is_duplicate


@pytest.mark.parametrize(
    "body",
    [
        b"<html>ada@example.com</html>",
        None,
        ["x"],
        {"errorCode": PRIVATE},
        {"errorCode": 7},
        {"errorCode": None},
    ],
)
def test_a_refusal_without_a_proper_code_has_none(lab: Lab, body: Any) -> None:
    with pytest.raises(Refused) as caught:
        create(lab.client(lab.vendor(reply(400, body))))
    assert caught.value.error_code is None


@EVERY
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_a_settings_error(lab: Lab, call: Any, status: int) -> None:
    with pytest.raises(SettingsError, match="RFZ-104") as caught:
        call(lab.client(lab.vendor(refusal("MISSING_TOKEN", status))))
    assert TOKEN not in str(caught.value)


def test_a_missing_custom_field_is_named_when_the_vendor_mentions_it(lab: Lab) -> None:
    answer = refusal("INVALID_CUSTOM_FIELD_NAME", message=f"Unknown field Customer Group of {PRIVATE}")
    with pytest.raises(SettingsError) as caught:
        create(lab.client(lab.vendor(answer)))
    assert str(caught.value).startswith(
        "RFZ-107 Referrizer does not know the custom field 'Customer Group'. What to do: "
    )


def test_all_custom_fields_are_named_when_the_vendor_mentions_none(lab: Lab) -> None:
    payload = {**ADA, "address": {"city": "Chicago"}}
    with pytest.raises(SettingsError, match=r"custom field 'Customer Group', 'CRM Member'\. "):
        lab.client(lab.vendor(refusal("INVALID_CUSTOM_FIELD_NAME"))).update_contact("c1", payload, "merge")


def test_a_redirect_is_not_followed(lab: Lab) -> None:
    elsewhere = lab.vendor(ANSWERED)
    with pytest.raises(SettingsError, match="RFZ-101 api_url leads to a redirect"):
        read(lab.client(lab.vendor(reply(301, None, {"Location": elsewhere.url}))))
    assert elsewhere.seen == []


def test_a_method_that_is_not_allowed_is_a_settings_error(lab: Lab) -> None:
    with pytest.raises(SettingsError, match="does not allow PATCH here; check api_url, update_style"):
        patch(lab.client(lab.vendor(reply(405))))


def test_a_list_that_is_not_there_is_a_settings_error(lab: Lab) -> None:
    with pytest.raises(SettingsError, match=r"RFZ-101 .*version prefix"):
        list(lab.client(lab.vendor(reply(404))).list_contacts())


# Connections


def test_a_connection_is_kept_but_not_trusted_with_a_post_after_an_idle_time(lab: Lab) -> None:
    salon = lab.vendor(*[reply(200, {"id": "c1"}, keep=True)] * 5)
    client = lab.client(salon)
    read(client)
    check_in(client)
    lab.clock.now += 3
    read(client)
    lab.clock.now += 3
    check_in(client)
    assert [seen.connection for seen in salon.seen] == [1, 1, 1, 2]


def test_many_threads_get_each_their_own_answer(lab: Lab) -> None:
    salon = lab.vendor()
    salon.script = (reply(200, {"id": salon.seen[-1].path[-4:]}, keep=True) for _ in range(400))
    client = lab.client(salon)
    ids = [str(number) for number in range(1000, 1400)]
    with ThreadPoolExecutor(8) as pool:
        assert [contact["id"] for contact in pool.map(client.get_contact, ids)] == ids
    assert client.calls["reads"] == 400
    assert salon.connections <= 8


def test_no_word_of_the_vendor_reaches_a_text_or_a_log(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        refusal("NOT_UNIQUE"),
        reply(500, PRIVATE),
        refusal("X", 401),
        refusal("INVALID_CUSTOM_FIELD_NAME"),
    ]
    client = lab.client(lab.vendor(reply(429, PRIVATE), *answers))
    for _ in answers:
        with pytest.raises((Refused, Unknown, SettingsError)) as caught:
            create(client)
        texts = f"{caught.value!s} {caught.value!r} {caught.value.args} {vars(caught.value)}"
        assert not [word for word in PRIVATE.split() if word in texts]
    assert not [word for word in (*PRIVATE.split(), TOKEN) if word in caplog.text]
