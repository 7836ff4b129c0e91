"""`referrizer-ledger doctor`: a line for each thing that a run needs, and nothing is written anywhere."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from tests.target_referrizer.asking import ask, ask_json
from tests.target_referrizer.raw_vendor import HANG, Answer, Lab, drip, reply
from tests.target_referrizer.salon import ago, check_in, contact
from tests.target_referrizer.test_locks import hanging, killed_while, process

from target_referrizer.cli import ledger_command
from target_referrizer.errors import SettingsError
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.target_referrizer.salon import Salon

COMMAND = Path(sys.executable).with_name("referrizer-ledger")
OLDEST = Path(__file__).with_name("ledgers") / "version-1.sqlite.sql"
FILLED = {"CRM Member": "Y", "Last Visit Date": "2026-03-01", "Customer Group": "Leads"}
PERSON = {
    "firstName": "Augusta",
    "lastName": "Kingsley",
    "email": "augusta.k@example.com",
    "phone": "+13125550142",
    "address": {"street": "12 Dorset Street", "city": "Lambeth"},
    "customFields": FILLED,
}

#: A record that fills all three custom fields.
WHOLE = contact(1, is_member=True, last_visit_at=ago(days=3).isoformat())

Check = dict[str, Any]


def run_doctor(salon: Salon, *arguments: str, **more: Any) -> Result:
    file = salon.folder.parent / f"{salon.folder.name}-settings.json"
    settings = {"as_of": salon.now.isoformat(), **salon.config(**more)}
    file.write_text(json.dumps({key: value for key, value in settings.items() if value is not None}))
    found = CliRunner().invoke(ledger_command, ["--config", str(file), "doctor", *arguments])
    assert isinstance(found.exception, SystemExit | None), found.exception
    return found


def checks(salon: Salon, **more: Any) -> dict[str, Check]:
    """The findings by name; of several with one name, the last."""
    return {one["name"]: one for one in json.loads(run_doctor(salon, "--format", "json", **more).stdout)}


def states(salon: Salon, **more: Any) -> dict[str, str]:
    return {name: one["state"] for name, one in checks(salon, **more).items()}


@pytest.fixture
def peopled(salon: Salon) -> Salon:
    """A salon whose account has one contact with all fields filled."""
    salon.box.referrizer.contacts.add(**PERSON)
    return salon


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


def page(contacts: list[Any], **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return reply(200, contacts, {"X-Total-Count": str(len(contacts)), **named})


def against(lab: Lab, salon: Salon, *script: Answer, **more: Any) -> dict[str, Check]:
    return checks(salon, api_url=lab.vendor(*script).url, **more)


def token(**claims: Any) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{middle}.hush-signature"


# --- the whole


def test_a_good_account_before_the_first_run_has_nothing_that_fails(peopled: Salon) -> None:
    found = checks(peopled)
    assert {name: one["state"] for name, one in found.items() if one["state"] != "ok"} == {
        "clock": "warn",  # the sandbox's answers have no Date
        "ledger": "warn",  # there is none yet
    }
    assert set(found) == {
        *("settings", "address", "token", "clock", "contacts", "by id", "fields", "list"),
        *("ledger place", "ledger", "interval"),
    }


def test_each_finding_is_one_line_and_the_last_one_sums_up(peopled: Salon) -> None:
    said = run_doctor(peopled)
    *lines, last = said.stdout.splitlines()
    assert all(line[:6] in {"ok    ", "warn  ", "FAIL  "} for line in lines)
    assert (said.exit_code, last) == (0, "Ready, 2 to look at")


def test_findings_for_scripts_have_five_words(peopled: Salon) -> None:
    said = json.loads(run_doctor(peopled, "--format", "json", api_token=token(sub="else")).stdout)
    refused = next(one for one in said if one["name"] == "token")
    assert set(refused) == {"name", "state", "finding", "what_to_do", "code"}
    assert (refused["state"], refused["code"]) == ("FAIL", "RFZ-104")


def test_only_gets_are_sent_and_no_ledger_appears(peopled: Salon) -> None:
    before = sorted(peopled.folder.iterdir())
    peopled.box.requests.clear()
    run_doctor(peopled)
    asked = [(one.method, one.path) for one in peopled.box.requests]
    assert {method for method, _ in asked} == {"GET"}
    assert len(asked) == 2
    assert sorted(peopled.folder.iterdir()) == before


def test_no_person_and_no_token_is_shown(peopled: Salon) -> None:
    peopled.run(
        [contact(1, first_name="Wilhelmina", phone="312-555-0177"), contact(2, email=None, phone="x")]
    )
    said = run_doctor(peopled)
    secret = peopled.box.referrizer.token
    people = ("Augusta", "Kingsley", "augusta.k", "5550142", "Dorset", "Wilhelmina", "ada1", "5550177")
    for word in (*people, secret, secret.split(".")[1], "sandbox@example.com", "5a4db0c55a"):
        assert word not in said.stdout + said.stderr


def test_names_that_could_be_values_are_not_shown(peopled: Salon, lab: Lab) -> None:
    odd = {
        "id": "c1",
        "e-mail: wilma": 1,
        "custom Fields of +1312": {"CRM Member (wilma)": "x"},
        "mobile": "y",
    }
    found = against(lab, peopled, page([odd]), reply(200, odd))
    assert found["field phone"]["state"] == "FAIL"
    assert "wilma" not in str(found)
    assert "1312" not in str(found)


def test_the_command_ends_as_a_process_with_the_exit_code(salon: Salon, lab: Lab) -> None:
    file = salon.folder / "settings.json"
    file.write_text(json.dumps(salon.config(api_url=lab.vendor(listen=False).url)))
    command = [str(COMMAND), "--config", str(file), "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1][:9], done.stderr) == (6, "Not ready", "")


def test_settings_may_come_from_the_environment(peopled: Salon) -> None:
    given = {f"TARGET_REFERRIZER_{name.upper()}": str(value) for name, value in peopled.config().items()}
    said = CliRunner().invoke(ledger_command, ["doctor"], env={**given, "TARGET_REFERRIZER_GROUPS": "{"})
    assert (said.exit_code, "TARGET_REFERRIZER_GROUPS cannot be read" in said.stdout) == (2, True)
    assert "FAIL  token" not in said.stdout
    assert "ok    token" in said.stdout


# --- settings


def test_every_wrong_setting_has_its_line_and_the_rest_is_checked(peopled: Salon) -> None:
    more = {"page_syze": 1, "timezone": "Mars/Base", "brake_percent": "x", "default_country": "Q"}
    said = run_doctor(peopled, **more).stdout
    assert [line[:8] for line in said.splitlines() if " settings: " in line] == ["warn  se"] + [
        "FAIL  se"
    ] * 3
    assert "ok    by id" in said


def test_an_unknown_setting_is_told_the_nearest(peopled: Salon) -> None:
    found = checks(peopled, brake_procent=1)["settings"]
    assert (found["state"], found["code"]) == ("warn", "RFZ-102")
    assert "did you mean 'brake_percent'?" in found["finding"]
    assert run_doctor(peopled, brake_procent=1).exit_code == 0


def test_without_a_token_nothing_is_asked_and_the_ledger_is_looked_at(peopled: Salon) -> None:
    peopled.run([])
    peopled.box.requests.clear()
    found = checks(peopled, api_token=None)
    assert (found["settings"]["code"], found["address"]["state"]) == ("RFZ-103", "warn")
    assert found["ledger"]["state"] == "ok"
    assert "account" not in found
    assert list(peopled.box.requests) == []


def test_a_file_that_holds_no_object_is_a_failure(salon: Salon) -> None:
    file = salon.folder / "broken.json"
    file.write_text("[")
    said = CliRunner().invoke(ledger_command, ["--config", str(file), "doctor"])
    assert said.exit_code == 2
    assert "FAIL  settings: RFZ-101 broken.json cannot be read" in said.stdout


# --- the address


@pytest.mark.parametrize(("prefix", "given"), [("/v1", ""), ("", "/v1")])
def test_a_wrong_version_prefix_is_told_the_right_one(peopled: Salon, prefix: str, given: str) -> None:
    peopled.box.referrizer.switches.prefix = prefix
    base = f"{peopled.box.url}/referrizer"
    found = checks(peopled, api_url=base + given)
    assert found["address"]["what_to_do"] == f"Set `api_url` to {base}{prefix}."
    assert (found["address"]["code"], found["token"]["state"]) == ("RFZ-101", "warn")
    assert run_doctor(peopled, api_url=base + given).exit_code == 2


def test_a_password_in_an_address_is_not_shown(peopled: Salon) -> None:
    url = f"{peopled.box.url}/referrizer".replace("//", "//me:hush-word@")
    said = run_doctor(peopled, api_url=url)
    assert (said.exit_code, "hush-word" in said.stdout + said.stderr) == (2, False)
    assert "Set `api_url` to http://127.0.0.1:" in said.stdout


def test_an_address_that_is_no_api_is_a_wrong_setting(salon: Salon, lab: Lab) -> None:
    page_of_text = reply(200, b"<html>hello</html>")
    found = against(lab, salon, page_of_text, page_of_text, page_of_text)
    assert (found["address"]["state"], found["address"]["code"]) == ("FAIL", "RFZ-101")
    assert "did not answer as the API either" in found["address"]["what_to_do"]


def test_a_redirect_is_not_followed_and_named(salon: Salon, lab: Lab) -> None:
    vendor = lab.vendor(reply(301, None, {"Location": "https://api.example.com/v2/contacts?page=1"}))
    found = checks(salon, api_url=vendor.url)
    assert "Set `api_url` to https://api.example.com/v2," in found["address"]["what_to_do"]
    assert len(vendor.seen) == 1


def test_a_refused_connection_is_told_and_the_ledger_looked_at(salon: Salon, lab: Lab) -> None:
    salon.run([])
    url = lab.vendor(listen=False).url
    found = checks(salon, api_url=url)
    assert "no connection (it was refused)" in found["address"]["finding"]
    assert (found["address"]["code"], found["ledger"]["state"]) == ("RFZ-601", "ok")


def test_a_host_without_a_name_is_told(salon: Salon, lab: Lab) -> None:
    assert lab.clock() > 0
    found = checks(salon, api_url="http://nowhere.invalid/v1")
    assert "the name of the host is not known" in found["address"]["finding"]
    assert run_doctor(salon, api_url="http://nowhere.invalid/v1").exit_code == 6


def test_a_server_without_tls_is_told(peopled: Salon) -> None:
    url = peopled.box.referrizer_url.replace("http:", "https:")
    assert "(TLS)" in checks(peopled, api_url=url)["address"]["finding"]


def test_a_host_that_hangs_is_left_after_a_few_seconds(salon: Salon, lab: Lab) -> None:
    vendor = lab.vendor(HANG)
    began = time.monotonic()
    found = checks(salon, api_url=vendor.url)
    assert time.monotonic() - began < 8
    assert "no answer in time" in found["address"]["finding"]
    assert len(vendor.seen) == 1


def test_a_host_that_trickles_is_left_as_well(salon: Salon, lab: Lab) -> None:
    vendor = lab.vendor(drip(reply(200, [], {"X-Long": "x" * 400})))
    began = time.monotonic()
    assert "no answer in time" in checks(salon, api_url=vendor.url)["address"]["finding"]
    assert time.monotonic() - began < 8


def test_a_busy_vendor_is_there_and_exit_6_asks_for_time(salon: Salon, lab: Lab) -> None:
    found = against(lab, salon, reply(503, None, {"Retry-After": "600"}))
    assert (found["address"]["code"], found["token"]["state"]) == ("RFZ-601", "warn")
    assert "HTTP 503" in found["address"]["finding"]


# --- the token


def test_a_refused_token_leaves_the_address_well_and_exits_2(peopled: Salon) -> None:
    found = run_doctor(peopled, api_token="not.it.at-all")
    assert found.exit_code == 2
    assert "ok    address" in found.stdout
    assert (
        "FAIL  token: RFZ-104 the token (it does not say whose it is) was answered with HTTP 401"
        in found.stdout
    )


def test_a_refused_token_that_is_over_says_when_it_ended(peopled: Salon) -> None:
    found = checks(peopled, api_token=token(sub="ab" * 16, exp=1_500_000_000))
    assert "account abab…" in found["token"]["finding"]
    assert "expired on 2017-07-14" in found["token"]["finding"]


def test_an_accepted_token_that_ends_soon_warns(salon: Salon, lab: Lab) -> None:
    soon = (datetime.now(UTC) + timedelta(days=10)).timestamp()
    found = against(lab, salon, page([]), api_token=token(sub="ab" * 16, exp=soon))
    assert (found["token"]["state"], found["token"]["code"]) == ("warn", "RFZ-104")


@pytest.mark.parametrize("exp", [None, "soon", 1e300, True, [1]])
def test_a_token_with_an_odd_end_is_judged_by_referrizer_alone(salon: Salon, lab: Lab, exp: Any) -> None:
    found = against(lab, salon, page([]), api_token=token(sub="augusta.k@example.com", exp=exp))
    assert found["token"]["finding"] == "accepted (account …)"


def test_a_token_that_no_header_may_carry_is_a_failure_of_its_own(salon: Salon) -> None:
    found = checks(salon, api_token="two words")
    assert (found["token"]["code"], found["ledger"]["state"]) == ("RFZ-104", "warn")


# --- the clock


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [(0, "ok", "agrees"), (150, "warn", "s behind"), (-150, "warn", "s ahead of"), (900, "FAIL", "s behind")],
)
def test_the_clock_is_compared_with_the_date_of_the_answer(
    salon: Salon, lab: Lab, *, ahead: int, state: str, words: str
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    found = against(lab, salon, page([], Date=date))["clock"]
    assert (found["state"], words in found["finding"]) == (state, True)


def test_a_wrong_clock_exits_2(salon: Salon, lab: Lab) -> None:
    vendor = lab.vendor(page([], Date="Mon, 02 Mar 2020 15:00:00 GMT"))
    said = run_doctor(salon, api_url=vendor.url)
    assert (said.exit_code, "FAIL  clock: RFZ-109" in said.stdout) == (2, True)


# --- what contacts show


def test_a_field_by_another_name_is_found_and_the_setting_named(peopled: Salon) -> None:
    peopled.box.referrizer.switches.field_names = {"phone": "mobile"}
    found = checks(peopled)["field phone"]
    assert found["finding"] == "phone is mapped to `phone`; the account's contacts have `mobile`"
    assert found["what_to_do"].startswith('Set field_map: {"phone": "mobile"}')
    assert "field phone" not in checks(peopled, field_map={"phone": "mobile"})


@pytest.mark.parametrize(
    ("names", "field", "found"),
    [
        ({"birthday": "dateOfBirth"}, "birthday", "dateOfBirth"),
        ({"address": "home"}, "street", "home.street"),
        ({"customFields": "attributes"}, "group", "attributes.Customer Group"),
        ({"firstName": "first_name"}, "first_name", "first_name"),
    ],
)
def test_other_names_are_recognised(peopled: Salon, names: dict[str, str], field: str, found: str) -> None:
    peopled.box.referrizer.switches.field_names = names
    assert f"have `{found}`" in checks(peopled)[f"field {field}"]["finding"]


def test_a_custom_field_that_is_written_otherwise_is_found(peopled: Salon) -> None:
    peopled.box.referrizer.switches.custom_fields = ("customer group", "CRM Members", "Last Visit Date")
    shown = {"customer group": "Leads", "CRM Members": "Y", "Last Visit Date": "2026-03-01"}
    next(iter(peopled.box.referrizer.contacts.values()))["customFields"] = shown
    found = checks(peopled)
    assert (found["field group"]["state"], found["field is_member"]["state"]) == ("FAIL", "warn")
    assert "`customFields.CRM Members` comes near" in found["field is_member"]["finding"]


def test_custom_fields_that_nobody_has_filled_cannot_be_checked(salon: Salon) -> None:
    salon.box.referrizer.contacts.add(firstName="Ada", email="ada@example.com")
    found = checks(salon)["custom fields"]
    assert (found["state"], found["code"]) == ("warn", "RFZ-107")
    assert "cannot be checked" in found["finding"]
    assert "create 'CRM Member', 'Last Visit Date', 'Customer Group' in Referrizer" in found["what_to_do"]


def test_a_custom_field_is_not_taken_for_something_of_referrizers_own(salon: Salon, lab: Lab) -> None:
    ada = {"id": "c1", "customerGroup": "Leads", "customFields": {}}
    found = against(lab, salon, page([ada]), reply(200, ada))
    assert "field group" not in found
    assert "'Customer Group'" in found["custom fields"]["finding"]


def test_custom_fields_that_are_no_object_are_a_failure(salon: Salon, lab: Lab) -> None:
    ada = {"id": "c1", "customFields": [{"name": "Customer Group", "value": "Leads"}]}
    found = against(lab, salon, page([ada]), reply(200, ada))
    assert "`customFields` is no object" in found["field group"]["finding"]


def test_fields_that_are_left_out_when_empty_are_only_a_warning(salon: Salon) -> None:
    salon.box.referrizer.switches.nulls = "omitted"
    salon.box.referrizer.contacts.add(firstName="Ada", email="ada@example.com")
    found = checks(salon)["fields"]
    assert (found["state"], "phone (`phone`)" in found["finding"]) == ("warn", True)
    assert run_doctor(salon).exit_code == 0


def test_an_account_without_contacts_says_that_names_cannot_be_checked(salon: Salon) -> None:
    found = checks(salon)
    assert (found["contacts"]["state"], "fields" in found) == ("warn", False)


def test_the_number_of_contacts_is_read_or_missed(peopled: Salon) -> None:
    assert checks(peopled)["contacts"]["finding"] == "readable, 1 in the account"
    peopled.box.referrizer.switches.total_count = False
    assert checks(peopled)["contacts"]["state"] == "warn"


def test_a_list_that_hides_custom_fields_says_what_that_means(peopled: Salon) -> None:
    peopled.box.referrizer.switches.list_shows_custom_fields = False
    found = checks(peopled)
    assert (found["list"]["state"], found["fields"]["state"]) == ("warn", "ok")
    assert "it shows no custom fields, so a lost ledger shows only on contacts" in found["list"]["finding"]
    assert "group" in found["fields"]["finding"]


def test_a_list_of_names_alone_says_that_nobody_is_recognised_by_phone(peopled: Salon) -> None:
    peopled.box.referrizer.switches.list_shows = "identity"
    found = checks(peopled)
    assert "hides phone" in found["list"]["finding"]
    assert "nobody is recognised by what it hides" in found["list"]["finding"]
    assert "phone" in found["fields"]["finding"]


@pytest.mark.parametrize(("style", "state"), [("merge", "FAIL"), ("patch", "warn")])
def test_contacts_that_cannot_be_read_by_id_stop_only_who_must_read_them(
    peopled: Salon, style: str, state: str
) -> None:
    peopled.box.referrizer.switches.get_by_id = False
    assert checks(peopled, update_style=style)["by id"]["state"] == state


def test_a_contact_that_is_no_answer_ends_the_questions(salon: Salon, lab: Lab) -> None:
    people = [{"id": f"c{number}", "email": None} for number in range(5)]
    vendor = lab.vendor(page(people), HANG)
    found = checks(salon, api_url=vendor.url, request_timeout=1)
    assert (found["by id"]["code"], len(vendor.seen)) == ("RFZ-601", 2)


# --- the ledger


def test_a_good_ledger_is_well_in_all_its_parts(salon: Salon) -> None:
    salon.run([WHOLE])
    assert {name: state for name, state in states(salon).items() if state != "ok"} == {"clock": "warn"}


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {one.name: (one.stat().st_mode, one.read_bytes()) for one in sorted(folder.iterdir())}


def test_a_ledger_at_rest_is_left_as_it_was_to_the_byte(linked: Salon) -> None:
    for lock in linked.folder.glob("*.lock"):
        lock.unlink()
    before = everything(linked.folder)
    assert set(before) == {"ledger.db"}
    run_doctor(linked)
    assert everything(linked.folder) == before


def test_a_ledger_whose_run_was_killed_keeps_its_log_and_is_told(linked: Salon) -> None:
    linked.settings["concurrent_requests"] = 1
    killed_while(linked, "timeout_before", "contacts", [contact(3, first_name="Zoe")], [])
    before = everything(linked.folder)
    assert "ledger.db-wal" in before
    found = checks(linked)
    after = everything(linked.folder)
    assert set(after) == set(before)
    assert all(after[name] == before[name] for name in before if not name.endswith("-shm"))
    assert ("died" in found["lock"]["finding"], found["last run"]["state"]) == (True, "ok")
    assert linked.run([contact(3, first_name="Zoe")]).code == 0


def test_a_copy_with_its_log_and_without_its_index_is_read_whole(linked: Salon, tmp_path: Path) -> None:
    salon_ledger = Ledger(linked.config()["ledger_url"])
    salon_ledger.put("index_at", linked.now.isoformat())
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    for end in ("", "-wal"):
        shutil.copy2(linked.folder / f"ledger.db{end}", copy)
    salon_ledger.close()
    before = everything(copy)
    found = checks(linked, ledger_url=f"sqlite:///{copy}/ledger.db")
    assert found["index"]["finding"].startswith("Referrizer's contacts were read 0 h ago")
    assert everything(copy) == before


def test_a_run_under_way_is_told_with_how_far_it_is(linked: Salon) -> None:
    with hanging(linked, "timeout_before", "contacts") as arrived, process(
        linked, [contact(3, first_name="Zoe")], []
    ) as running:  # fmt: skip
        assert arrived.wait(30)
        found = checks(linked)["lock"]
    assert found["state"] == "ok"
    assert f"process {running.pid} " in found["finding"]


def test_an_older_ledger_is_not_migrated(salon: Salon) -> None:
    path = salon.folder / "ledger.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(OLDEST.read_text())
    path.chmod(0o600)
    before = everything(salon.folder)
    found = checks(salon)
    assert (
        found["ledger"]["finding"] == f"it has version 1; the next run brings it to {tables.SCHEMA_VERSION}"
    )
    assert "held" not in found
    assert everything(salon.folder) == before


def test_a_newer_ledger_is_refused(linked: Salon) -> None:
    linked.edit_ledger(sa.update(tables.meta).where(tables.meta.c.key == "schema_version").values(value="99"))
    said = run_doctor(linked)
    assert (said.exit_code, "FAIL  ledger: RFZ-402 it has version 99" in said.stdout) == (1, True)


def test_a_file_that_is_no_ledger_is_told(salon: Salon) -> None:
    (salon.folder / "ledger.db").write_bytes(b"something else" * 100)
    said = run_doctor(salon)
    assert (
        said.exit_code,
        "FAIL  ledger: RFZ-403 it cannot be read: the file is no ledger" in said.stdout,
    ) == (
        1,
        True,
    )


def test_a_damaged_ledger_is_told(linked: Salon) -> None:
    path = linked.folder / "ledger.db"
    raw = bytearray(path.read_bytes())
    for place in range(4096, len(raw), 4096):
        raw[place + 8 : place + 40] = b"\xff" * 32
    path.write_bytes(raw)
    found = checks(linked)["ledger"]
    assert (found["state"], found["code"]) == ("FAIL", "RFZ-403")


def test_an_empty_file_is_a_ledger_to_be_made(salon: Salon) -> None:
    path = salon.folder / "ledger.db"
    path.touch(mode=0o600)
    assert checks(salon)["ledger"]["finding"] == "there is none yet in this database"
    assert path.stat().st_size == 0


def test_another_account_is_told_before_a_run_is_refused(linked: Salon, lab: Lab) -> None:
    found = against(lab, linked, page([]), api_token=token(sub="ab" * 16))
    assert (found["account"]["state"], found["account"]["code"]) == ("FAIL", "RFZ-105")
    assert "linked" not in found, "the other's contacts are none of its own"


def test_a_token_without_an_account_is_recognised_by_its_hash(salon: Salon, lab: Lab) -> None:
    salon.box.referrizer.token = "plain-token"
    salon.run([contact(1)])
    assert checks(salon)["account"]["state"] == "ok"
    salon.box.referrizer.token = "other-token"
    assert checks(salon)["account"]["state"] == "FAIL"
    assert lab.clock() > 0


def test_a_ledger_with_links_beside_an_emptied_account_fails_with_both_numbers(linked: Salon) -> None:
    assert checks(linked)["linked"]["state"] == "ok"
    linked.box.referrizer.contacts.clear()
    found = checks(linked)["linked"]
    assert (found["state"], found["code"], run_doctor(linked).exit_code) == ("FAIL", "RFZ-105", 2)
    assert "has linked 2 contacts, and the account says that it has 0" in found["finding"]
    assert all(word in found["what_to_do"] for word in ("token", "`make fresh`", "full refresh"))
    linked.box.referrizer.switches.total_count = False
    assert "linked" not in checks(linked), "where nobody counts nothing is compared"


def test_an_account_with_less_than_half_of_those_whom_the_ledger_has_linked_warns(salon: Salon) -> None:
    salon.run([contact(number) for number in (1, 2, 3)])
    there = salon.box.referrizer.contacts
    for left, state in ((2, "ok"), (1, "warn")):
        del there[next(iter(there))]
        assert (len(there), checks(salon)["linked"]["state"]) == (left, state)


def test_other_groups_warn_the_source_that_agreed_and_fail_another(linked: Salon) -> None:
    mine = checks(linked, timezone="America/New_York")["groups"]
    others = checks(linked, timezone="America/New_York", source="shop")["groups"]
    assert (mine["state"], others["state"]) == ("warn", "FAIL")
    assert mine["code"] == others["code"] == "RFZ-106"
    order = {"sources": ["shop", "booker"]}
    assert checks(linked, **order)["groups"]["finding"] == "another order of `sources` than in the last run"
    assert checks(linked, **order, source="shop")["groups"]["state"] == "FAIL"


@pytest.mark.parametrize(("mode", "words"), [(0o644, "others may read the ledger")])
def test_a_ledger_that_others_may_read_warns_and_keeps_its_mode(linked: Salon, mode: int, words: str) -> None:
    path = linked.folder / "ledger.db"
    path.chmod(mode)
    found = checks(linked)["ledger place"]
    assert (found["state"], words in found["finding"]) == ("warn", True)
    assert path.stat().st_mode & 0o777 == mode


def test_a_shared_folder_warns(linked: Salon) -> None:
    linked.folder.chmod(0o777)
    assert "others may write in" in checks(linked)["ledger place"]["finding"]


def test_a_folder_that_cannot_be_made_fails_and_one_that_can_does_not(salon: Salon) -> None:
    far, near = (f"sqlite:///{salon.folder}/{name}/ledger.db" for name in ("no/such", "new"))
    assert states(salon, ledger_url=far)["ledger place"] == "FAIL"
    assert states(salon, ledger_url=near)["ledger place"] == "ok"
    assert list(salon.folder.iterdir()) == []


def test_a_full_disk_fails(linked: Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(linked.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=5 << 20))
    found = checks(linked)["ledger place"]
    assert (found["state"], found["code"]) == ("FAIL", "RFZ-403")


def test_a_ledger_in_memory_is_no_ledger(salon: Salon) -> None:
    assert "gone after each run" in checks(salon, ledger_url="sqlite://")["ledger"]["finding"]


def test_another_database_is_a_wrong_setting(salon: Salon) -> None:
    assert checks(salon, ledger_url="mysql://somewhere/else")["ledger"]["code"] == "RFZ-101"


def test_what_waits_for_a_person_is_counted(known: Salon) -> None:
    known.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", nth=1)
    known.run([contact(9, first_name=[])], [check_in(7, 1, known.now)])
    found = checks(known)
    assert (found["held"]["code"], found["held"]["finding"]) == (
        "RFZ-301",
        "1 visit whose answer never came",
    )
    assert (found["rejects"]["code"], found["last run"]["finding"][:5]) == (None, "run 2")
    assert (found["last run"]["state"], "exit code 3" in found["last run"]["finding"]) == ("warn", True)


def test_visits_that_the_interval_keeps_waiting_name_where_it_is_set(linked: Salon) -> None:
    linked.box.referrizer.switches.interval_measured_on = "call_time"
    linked.settings["minimum_interval_minutes"] = 0
    linked.run([], [check_in(1, 1, linked.now), check_in(2, 1, linked.now - timedelta(minutes=50))])
    found = checks(linked)["interval"]
    assert (found["state"], found["finding"][:14]) == ("warn", "1 visit waits ")
    assert "Loyalty → Settings → Security" in found["what_to_do"]


def test_opted_out_people_that_are_to_be_created_are_counted(salon: Salon) -> None:
    salon.run([contact(1)], visits_since=ago(days=1).isoformat())
    salon.box.faults.add("503", vendor="referrizer", method="POST")
    salon.run([contact(2, accepts_sms=False), contact(3)])
    salon.box.faults.clear()
    found = checks(salon)["opt-outs"]
    assert (found["state"], found["finding"][:2]) == ("warn", "1 ")
    assert states(salon, sync_opt_outs=True)["opt-outs"] == "ok"


def test_an_old_index_is_said_to_be_read_anew(linked: Salon) -> None:
    linked.pass_time(hours=30)
    assert checks(linked)["index"]["finding"].endswith("31 h ago, the next run reads it anew")


# --- a ledger on a server


def test_a_ledger_on_a_server_is_looked_at_and_not_made(salon: Salon, server: str) -> None:
    before = checks(salon, ledger_url=server)
    assert before["ledger"]["finding"] == "there is none yet in this database"
    engine = sa.create_engine(server)
    assert not sa.inspect(engine).get_table_names()
    salon.run([WHOLE], ledger_url=server)
    after = states(salon, ledger_url=server)
    assert {name: state for name, state in after.items() if state != "ok"} == {"clock": "warn"}
    running = salon.target(ledger_url=server)
    assert running.run.number == 2
    assert f"process {os.getpid()} " in checks(salon, ledger_url=server)["lock"]["finding"]
    running.run.abort(1)
    engine.dispose()


def test_a_missing_driver_is_told(salon: Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    found = checks(salon, ledger_url="postgresql://127.0.0.1/x")["ledger"]
    assert (found["code"], found["what_to_do"]) == ("RFZ-101", "Install target-referrizer[postgres].")


def test_a_server_that_is_away_is_told_without_its_password(salon: Salon, lab: Lab) -> None:
    port = lab.vendor(listen=False).server_address[1]
    said = run_doctor(salon, ledger_url=f"postgresql://me:hush-word@127.0.0.1:{port}/x")
    assert (said.exit_code, "FAIL  ledger: RFZ-403 it cannot be read" in said.stdout) == (1, True)
    assert "hush-word" not in said.stdout + said.stderr


# --- answers by id that say nothing about the address


@pytest.mark.parametrize(
    ("answer", "code", "exit_code"),
    [
        (reply(429, None, {"Retry-After": "30"}), "RFZ-601", 6),
        (reply(500), "RFZ-601", 6),
        (reply(503), "RFZ-601", 6),
        (reply(200, {}), "RFZ-601", 6),
        (reply(403), "RFZ-104", 2),
        (reply(404), "RFZ-101", 2),
    ],
    ids=["429", "500", "503", "empty", "403", "404"],
)
def test_what_comes_instead_of_a_contact_is_told_for_what_it_is(
    salon: Salon, lab: Lab, answer: Answer, code: str, exit_code: int
) -> None:
    people = page([{"id": "c1", "email": "a@example.com"}])
    found = against(lab, salon, people, answer)["by id"]
    assert (found["state"], found["code"]) == ("FAIL", code)
    assert run_doctor(salon, api_url=lab.vendor(people, answer).url).exit_code == exit_code


@pytest.mark.parametrize(("status", "state"), [(500, "warn"), (404, "ok"), (403, "FAIL")])
def test_one_contact_of_two_that_cannot_be_read(salon: Salon, lab: Lab, status: int, state: str) -> None:
    people = [{"id": "c1", "email": "a@example.com"}, {"id": "c2"}]
    assert against(lab, salon, page(people), reply(200, people[0]), reply(status))["by id"]["state"] == state


# --- settings and surroundings that are wrong


def test_as_of_beside_a_bad_address_is_not_told_to_be_aimed_at_the_real_account(salon: Salon) -> None:
    salon.run([contact(1)])
    for bad in ("ftp://example.com", "http://[::1/v1", "http://127.0.0.1:port/v1", 5):
        found = run_doctor(salon, api_url=bad, dry_run=False)
        assert (found.exit_code, "RFZ-108" in found.stdout) == (2, False)
        assert "RFZ-101 api_url" in found.stdout
        assert "ok    last run" in found.stdout


@pytest.mark.parametrize(
    "proxy", ["http://[::1", "http://127.0.0.1:port", "foo://127.0.0.1:1", "socks5://127.0.0.1:1", "http://"]
)
def test_a_broken_proxy_of_the_environment_is_no_traceback(
    salon: Salon, lab: Lab, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    assert lab.clock() > 0
    monkeypatch.setenv("http_proxy", proxy)
    found = checks(salon, api_url="http://api.example.com/v1")["address"]
    assert (found["state"], found["code"]) == ("FAIL", "RFZ-601")
    assert "no connection (" in found["finding"]


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///{folder}/ledger.db?timeout=abc",
        "sqlite:///{folder}/ledger.db?uri=true&mode=ro",
        "sqlite:///file:{folder}/ledger.db?mode=ro&uri=true",
        "sqlite+pysqlcipher:///{folder}/ledger.db",
        "postgresql://127.0.0.1:port/x",
        "postgresql://127.0.0.1:1/x?connect_timeout=abc",
    ],
)
def test_an_address_of_a_ledger_that_no_run_can_open_is_a_wrong_setting(linked: Salon, address: str) -> None:
    url = address.format(folder=linked.folder)
    found = checks(linked, ledger_url=url)
    assert (found["settings"]["state"], found["settings"]["code"]) == ("FAIL", "RFZ-101")
    assert "ledger_url" in found["settings"]["finding"]
    with pytest.raises(SettingsError, match="RFZ-101"):
        linked.target(ledger_url=url)


def test_a_search_path_that_leads_nowhere_is_no_ledger_yet_to_be_made(salon: Salon, server: str) -> None:
    sign = "&" if "?" in server else "?"
    found = checks(salon, ledger_url=f"{server}{sign}options=-csearch_path%3Dnope")["ledger"]
    assert (found["state"], found["code"]) == ("FAIL", "RFZ-403")
    assert "search_path" in found["finding"]


@pytest.mark.parametrize("version", ["x", "", "2.0", "0", "-1", "٣"])
def test_a_version_that_no_program_wrote_fails(linked: Salon, version: str) -> None:
    path = linked.folder / "ledger.db"
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,))
    said = run_doctor(linked)
    assert (said.exit_code, "FAIL  ledger: RFZ-403 its schema_version is none" in said.stdout) == (1, True)


def test_an_index_of_a_later_hour_is_not_read_before_now(linked: Salon) -> None:
    earlier = (linked.now - timedelta(hours=5)).isoformat()
    found = checks(linked, as_of=earlier)["index"]["finding"]
    assert found == "Referrizer's contacts were read 0 h ago, still trusted"


# --- runs


def test_the_last_run_is_one_that_was_to_deliver(linked: Salon) -> None:
    for command in ("verify", "baseline"):
        ask(linked, command)
    assert checks(linked)["last run"]["finding"].startswith("run 1 ended with exit code 0")


def test_a_ledger_that_was_only_read_into_has_had_no_run(salon: Salon) -> None:
    ask(salon, "baseline")
    assert checks(salon)["last run"]["finding"] == "source booker has had none yet"


def test_a_run_that_warns_of_a_shared_folder_and_the_doctor_use_one_code(linked: Salon) -> None:
    linked.folder.chmod(0o777)
    assert checks(linked)["ledger place"]["code"] == "RFZ-406"
    assert "RFZ-406" in linked.run([]).log


def test_a_visit_that_a_dead_run_was_sending_is_held_for_the_doctor_too(linked: Salon) -> None:
    linked.run([], [check_in(7, 1, linked.now)])
    linked.edit_ledger(sa.update(tables.visit).values(status="sending"))
    assert checks(linked)["held"]["finding"] == "1 visit whose answer never came"
    assert len(ask_json(linked, "held")) == 1
    assert re.search("`referrizer-ledger --config /.*.json held`", checks(linked)["held"]["what_to_do"])
    running = linked.target().run
    assert (checks(linked)["held"]["state"], ask_json(linked, "held")) == ("ok", [])
    running.abort(1)
