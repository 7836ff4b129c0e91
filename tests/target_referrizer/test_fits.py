"""`fits` judges an input without account and network as a run would, and what it says to map works."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import pytest
from click.testing import CliRunner
from tests.target_referrizer.salon import contact, singer

from target_referrizer.cli import ledger_command
from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.fits import Look
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.target_referrizer.salon import Salon

#: A warehouse's tables: other names, no zones, empty texts, an extra stream, a composed key.
GUESTS: list[dict[str, Any]] = [
    {"Guest No": 1, "Given Name": "Rosalind", "surname": "Franklin", "mail": "rosalind@private.example",
     "vip": "Y", "dob": "", "last_seen": "2026-03-01 10:00:00", "_sdc_table_version": 1, "notes": "shy"},
    {"Guest No": 2, "Given Name": "Ada", "surname": "Byron", "mobilePhone": 3125550111, "vip": "",
     "dob": "1990-05-01", "last_seen": "", "_sdc_table_version": 1, "notes": ""},
]  # fmt: skip
VISITS = [{"shop": "n", "no": 7, "Guest No": 1, "arrived": "2026-03-02T08:59:00-06:00"}]
PRODUCTS = [{"sku": "p-1", "name": "Soap"}]


def lines(stream: str, keys: list[str], rows: list[dict[str, Any]]) -> list[str]:
    properties: dict[str, Any] = {name: {} for row in rows for name in row}
    schema = {"type": "SCHEMA", "stream": stream, "schema": {"properties": properties}}
    records = [{"type": "RECORD", "stream": stream, "record": row} for row in rows]
    return [json.dumps(one) for one in ({**schema, "key_properties": keys}, *records)]


FOREIGN = [
    *lines("crm-guests", ["Guest No"], GUESTS),
    *lines("crm-visits", ["shop", "no"], VISITS),
    *lines("crm-products", ["sku"], PRODUCTS),
    json.dumps({"type": "ACTIVATE_VERSION", "stream": "crm-guests", "version": 1}),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("API_TOKEN", "API_URL", "STREAM_MAPS"):
        monkeypatch.delenv(f"TARGET_REFERRIZER_{name}", raising=False)
    return tmp_path


def fits(given: list[str], *more: str, piped: bool = False, **config: Any) -> tuple[str, TargetError | None]:
    """What is said of an input, and how it ends."""
    with open("input.jsonl", "w", encoding="utf-8") as file:  # noqa: PTH123 - in the folder of the test
        file.write("\n".join(given))
    with open("target.json", "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(config, file)
    words = ["--config", "target.json", "fits", "--input", "-" if piped else "input.jsonl", *more]
    done = CliRunner().invoke(ledger_command, words, input="\n".join(given) if piped else None)
    assert done.exception is None or isinstance(done.exception, TargetError), done.exception
    return done.stdout, done.exception if isinstance(done.exception, TargetError) else None


def found(given: list[str], **more: Any) -> dict[str, Any]:
    said, _ = fits(given, "--format", "json", **more)
    return dict(json.loads(said))


@pytest.mark.usefixtures("folder")
def test_what_it_says_to_map_makes_a_foreign_input_one_that_is_delivered(salon: Salon) -> None:
    said, unfit = fits(FOREIGN, timezone="America/Chicago")
    assert unfit is not None
    assert (unfit.code, unfit.exit_code) == ("RFZ-217", 1)
    assert "unknown streams: 'crm-guests', 'crm-visits', 'crm-products'" in unfit.what
    assert 'set "source_timezone": "America/Chicago", if that is theirs' in said
    assert "the names are guesses: look at each before you copy\n" in said[: said.index("\n{")]
    assert "  stream crm-products is left out: nothing in it says" in said
    assert "  stream crm-visits: every row counts as a visit unless is_checked_in is mapped\n" in said
    assert "ACTIVATE_VERSION" in said
    assert "with it and with source_timezone 3 of 3 records fit" in said
    start, end = said.index("\n{") + 1, said.index("\n}") + 2
    copied = json.loads(said[start:end]) | {"source_timezone": "America/Chicago"}
    assert copied["stream_maps"]["crm-products"] is None
    assert copied["stream_maps"]["crm-visits"]["id"] == "str(shop) + '-' + str(no)"
    for private in ("Rosalind", "rosalind@", "5550111", "1990-05-01", "shy", "Soap"):
        assert private not in said + str(unfit)

    mapped, good = fits(FOREIGN, **copied)
    assert good is None
    assert "stream crm-guests as contacts: 2 of 2 records fit" in mapped
    assert found(FOREIGN, **copied)["fits"] is True
    outcome = salon.run_lines(FOREIGN, visits_since="2026-03-01", **copied)
    assert (outcome.code, outcome.accounting["contacts"]["created"], len(salon.visits())) == (0, 2, 1)
    first = salon.one(email="rosalind@private.example")
    assert (first["firstName"], first["lastName"]) == ("Rosalind", "Franklin")
    assert salon.one(phone="+13125550111")["birthday"] == "1990-05-01"


def test_breaches_are_counted_by_field_with_their_first_line(folder: Path) -> None:
    rows: list[Any] = [
        contact(1, is_member="yes", surname="x"),
        contact(2, birthday="1990-05-01 06:00:00", last_visit_at="2026-03-01 10:00"),
        contact(3, birthday="soon"),
        contact(1),
        {"first_name": "Rosalind"},
        contact(4, email=None, phone="none"),
    ]
    went = [{"id": "v", "contact_id": who, "checked_in_at": "2026-03-01T10:00:00Z"} for who in (1, 8, 9)]
    batch = json.dumps({"type": "BATCH", "stream": "check_ins", "encoding": {}, "manifest": []})
    given = [*singer("contacts", rows), *singer("check_ins", went), batch]
    said = found(given)
    contacts, visits = said["streams"]
    by_name = {one["name"]: one for one in contacts["fields"]}
    assert (said["fits"], said["unknown_contacts"], said["stamps_without_zone"]) == (False, 2, 1)
    assert (contacts["records"], contacts["records_that_fit"]) == (6, 2)
    assert by_name["is_member"]["read_as"] == {"records": 1, "first_line": 2}
    assert [(one["records"], one["first_line"]) for one in by_name["birthday"]["broken"]] == [(1, 3), (1, 4)]
    assert by_name["last_visit_at"]["broken"][0]["reason"].startswith("has no time zone")
    assert by_name["surname"]["in_contract"] is False
    codes = {one["code"] for one in contacts["problems"]}
    assert codes == {"RFZ-203", "RFZ-204", "RFZ-206"}
    assert contacts["ids_again"] == {"times": 1, "first_line": 5}
    assert (visits["fits"], visits["batch"]["times"], visits["ids_again"]["times"]) == (False, 1, 2)
    text, unfit = fits(given, piped=True)
    assert "passed over: surname (perhaps last_name)" not in text
    assert "BATCH" in str(unfit)
    assert "Rosalind" not in text + str(unfit)
    assert not (folder / "referrizer.db").exists()


@pytest.mark.usefixtures("folder")
def test_whose_times_stamps_without_a_zone_are_is_not_guessed() -> None:
    """Copied, a guess would shift every visit; the place to fill in is refused as it stands."""
    said, _ = fits(FOREIGN)
    assert 'set "source_timezone": "Area/City", the place by whose clocks they were written\n' in said
    assert "with it 2 of 3 records fit\n" in said
    assert "has no time zone" in said[said.index("with it") :]
    _, refused = fits(FOREIGN, source_timezone="Area/City")
    assert isinstance(refused, SettingsError)


def proposed(stream: str, *fields: str) -> dict[str, Any] | None:
    """The map for a stream with a key `no` and these fields, its own options left out."""
    (found,) = found_maps(stream, fields)
    return found and {field: given for field, given in found.items() if field[:2] != "__"}


def found_maps(stream: str, fields: Iterable[str]) -> list[dict[str, Any] | None]:
    return list(
        found(lines(stream, ["no"], [{"no": 1, **dict.fromkeys(fields, "x")}]))["stream_maps"].values()
    )


@pytest.mark.usefixtures("folder")
def test_names_that_mean_the_opposite_or_something_else_are_not_mapped() -> None:
    strange = ("email_opt_out", "first_visit_at", "is_not_member", "non_member", "mails", "contract_id")
    assert proposed("guests", "Mail", *strange) == {"id": "no", "email": "Mail"}
    others = ("checked_out_at", "check_out_time", "unattended", "is_not_checked_in")
    came = proposed("visits", "guest", "checkInTime", *others)
    assert came == {"id": "no", "contact_id": "guest", "checked_in_at": "checkInTime"}


@pytest.mark.usefixtures("folder")
def test_a_mere_date_is_a_visit_in_a_stream_of_visits_alone() -> None:
    """No-shows, invoices and mails would earn points that cannot be taken back."""
    for stream in ("visits", "crm-CheckIns", "attendance"):
        assert proposed(stream, "guest_no", "date", "cancelled") == {
            "id": "no", "contact_id": "guest_no", "checked_in_at": "date"
        }  # fmt: skip
    for stream in ("bookings", "appointments", "invoices", "emails_sent"):
        for at in ("date", "datetime", "timestamp", "at"):
            assert found_maps(stream, ("guest_no", at, "status")) == [None], stream


@pytest.mark.usefixtures("folder")
def test_the_second_look_keeps_what_the_settings_say_of_all_other_streams() -> None:
    maps = {"__else__": None, "vips": {"__source__": "guests", "id": "no"}}
    guests = lines("guests", ["no"], [{"no": 1, "mail": "a@example.com"}])
    given = [*guests, *lines("others", ["no"], [{"no": 1}])]
    then = found(given, stream_maps=maps)["with_stream_maps"]
    assert {one["stream"] for one in then} == {"guests"}


@pytest.mark.usefixtures("folder")
def test_a_record_that_a_map_fails_for_is_counted_once_by_its_reason() -> None:
    maps = {"guests": {"__alias__": "contacts", "id": "no", "email": "mail.strip()"}}
    rows: list[dict[str, Any]] = [
        {"no": 1, "mail": "a@example.com"},
        {"no": 2, "mail": None},
        {"no": 3, "mail": None},
    ]
    (stream,) = found(lines("guests", ["no"], rows), stream_maps=maps)["streams"]
    (problem,) = stream["problems"]
    assert (stream["records_that_fit"], problem["code"]) == (1, "RFZ-218")
    assert (problem["records"], problem["first_line"]) == (2, 3)


@pytest.mark.usefixtures("folder")
def test_a_stream_whose_key_has_another_name_is_told_what_to_map() -> None:
    given = lines(
        "contacts", ["no"], [{"no": 1, "mail": "a@example.com"}, {"no": 2, "mail": "b@example.com"}]
    )
    said = found(given)
    assert said["streams"][0]["missing_fields"] == ["id"]
    fields = {"id": "no", "email": "mail"}
    assert said["stream_maps"]["contacts"] == {"__key_properties__": ["id"], "__else__": None, **fields}
    (then,) = said["with_stream_maps"]
    assert (then["fits"], then["records_that_fit"]) == (True, 2)
    text, _ = fits([*given, given[-1].replace("b@", "b @")])
    assert "with it 2 of 3 records fit\n  RFZ-203 Record breaks the contract" in text
    assert "the e-mail is unreadable and there is no phone; first in line 4" in text


@pytest.mark.usefixtures("folder")
def test_a_key_that_is_not_id_alone_does_not_fit_and_is_mapped() -> None:
    people = [{"shop": shop, **contact(7), "email": f"{shop}@example.com", "no": shop} for shop in "ns"]
    for keys, key in ((["shop", "id"], "str(shop) + '-' + str(id)"), (["no"], "no")):
        said = found(lines("contacts", keys, people))
        assert (said["fits"], said["streams"][0]["key"]) == (False, keys)
        assert said["stream_maps"]["contacts"]["id"] == key
        (then,) = said["with_stream_maps"]
        assert (then["fits"], then["ids_again"]["times"]) == (True, 0)
        came = singer("check_ins", [{"id": 1, "contact_id": 7, "checked_in_at": "2026-03-01T10:00:00Z"}])
        text, unfit = fits([*lines("contacts", keys, people), *came])
        assert "check-ins of 1 contact without a record" in text[text.index("with it 3 of 3") :]
        assert f"its key is {', '.join(keys)}, and not id alone: refused (RFZ-111)" in text
        assert "a key that is not id alone: contacts" in str(unfit)


@pytest.mark.usefixtures("folder")
def test_objects_are_mapped_to_no_field_and_what_it_says_reaches_into_them() -> None:
    rows = [
        {"no": 1, "mail": "a@example.com", "address": {"Rosalind": 1, "city": "Austin"}, "mobile": ["1"]},
        {"no": 2, "mail": "b@example.com", "address": None, "mobile": "3125550111"},
    ]
    guests = lines("guests", ["no"], rows)
    schema = {"address": {"type": "object", "properties": {"city": {"type": "string"}}}, "no": {}, "mail": {}}
    guests[0] = json.dumps(json.loads(guests[0]) | {"schema": {"properties": schema}})
    for more in ({}, {"flattening_enabled": True, "flattening_max_depth": 1}):
        said = found(guests, **more)
        own = {"__alias__": "contacts", "__key_properties__": ["id"], "__else__": None}
        assert said["stream_maps"] == {"guests": {**own, "id": "no", "email": "mail"}}
        assert [one["records_that_fit"] for one in said["with_stream_maps"]] == [2]
    text, _ = fits(guests)
    assert "  objects or lists, which no field takes: address, mobile\n" in text
    assert "Rosalind" not in text
    reach = "(record.get('address') or {}).get('city')"
    assert f'    a map reaches into one by "{reach}"\n' in text
    maps = {"guests": said["stream_maps"]["guests"] | {"city": reach}}
    (stream,) = found(guests, stream_maps=maps)["streams"]
    assert {one["name"]: one["filled"] for one in stream["fields"]}["city"] == 1
    read, write = os.pipe()
    os.write(write, "\n".join(guests).encode())
    os.close(write)
    Path("target.json").write_text('{"flattening_enabled": true, "flattening_max_depth": 1}')
    words = ["--config", "target.json", "fits", "--input", f"/dev/fd/{read}"]
    assert "what to map is told of a file alone" in CliRunner().invoke(ledger_command, words).stdout
    os.close(read)


@pytest.mark.usefixtures("folder")
def test_a_stream_whose_key_is_an_e_mail_is_taken_by_what_shows_nobody() -> None:
    guests = lines("guests", ["E-Mail"], [{"E-Mail": "rosalind@private.example", "given": "Rosalind"}])
    said = found(guests)
    fields = said["stream_maps"]["guests"]
    mail = "record.get('E-Mail')"
    assert (fields["id"], fields["email"]) == (f"sha256(str({mail})) if {mail} else None", mail)
    assert said["with_stream_maps"][0]["fits"] is True
    text, _ = fits(guests)
    assert "  stream guests: its key is an e-mail or phone; who changes it comes as somebody new\n" in text


@pytest.mark.usefixtures("folder")
def test_a_second_stream_of_people_is_told_to_come_under_a_source_of_its_own() -> None:
    """The ids of both may be equal."""
    guests = lines("guests", ["no"], [{"no": 1, "mail": "a@example.com", "given": "Ada"}])
    leads = lines("leads", ["no"], [{"no": 1, "mail": "b@example.com"}])
    text, _ = fits([*leads, *guests, *lines("soaps", ["sku"], [{"sku": 1}])])
    alone = "load this one in runs with a `source` of its own"
    assert f"  stream leads is left out: guests is taken as contacts already; {alone}\n" in text
    assert "  stream soaps is left out: nothing in it says who somebody is" in text


@pytest.mark.usefixtures("folder")
def test_what_was_found_before_a_line_that_is_no_message_is_told() -> None:
    good = singer("contacts", [contact(1), contact(2)])
    for last, why in (
        ('{"type": "RECORD", "stream": "contacts", "rec', "not JSON"),
        ("INFO reading Rosalind", "not JSON"),
        (
            json.dumps({"type": "RECORD", "stream": "guests", "record": {}}),
            "a record of stream 'guests' comes ",
        ),
    ):
        text, unfit = fits([*good, last, *good])
        assert "stream contacts: 2 of 2 records fit\n" in text
        assert f"reading ended at line 4: {why}" in text
        assert "Rosalind" not in text + str(unfit)
        assert unfit is not None
        assert (unfit.code, unfit.exit_code) == ("RFZ-202", 1)
    said = found([*good, "x"])
    assert (said["fits"], said["reading_ended"][:21]) == (False, "reading ended at line")
    assert "the input holds no stream" not in fits(["x"])[0]


@pytest.mark.usefixtures("folder")
def test_an_input_without_a_stream_does_not_fit_and_a_wrong_map_is_a_wrong_setting() -> None:
    said, unfit = fits(['{"type": "STATE", "value": {}}'])
    assert "the input holds no stream" in said
    assert unfit is not None
    _, wrong = fits(FOREIGN, stream_maps={"crm-guests": {"__alias__": "contacts", "id": "guest"}})
    assert isinstance(wrong, SettingsError)
    assert wrong.code == "RFZ-110"


def test_its_memory_does_not_grow_with_the_input() -> None:
    def endless(number: int) -> Iterator[str]:
        yield singer("contacts", [contact(0)])[0]
        for key in range(number):
            yield json.dumps({"type": "RECORD", "stream": "contacts", "record": contact(key, is_member="no")})

    peaks = []
    for number in (300, 1500):
        look = Look({}, Settings.parse({"api_token": "-"}))
        tracemalloc.start()
        look.through(cast("IO[str]", endless(number)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (look.fit, look.fits) == (number, True)
    assert peaks[1] < 1.5 * peaks[0]
