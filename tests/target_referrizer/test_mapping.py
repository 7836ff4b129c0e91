"""Stream maps that do not fit: a wrong setting, told by stream, field and expression, and by no value."""

from __future__ import annotations

import io
import json
import logging
import re
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import NOW, contact, singer
from tests.target_referrizer.test_readme import README

from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger import Ledger, tables
from target_referrizer.mapping import Mapper
from target_referrizer.records import RECORDS, Unmapped
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

GUESTS = {"__alias__": "contacts", "id": "guest_no", "first_name": "given", "__key_properties__": ["id"]}


def guests(*rows: dict[str, Any]) -> list[str]:
    """A stream of another tap."""
    properties: dict[str, Any] = {name: {} for name in ("guest_no", "given", "mail", "vip")}
    schema = {"type": "SCHEMA", "stream": "guests", "schema": {"properties": properties}}
    records = [{"type": "RECORD", "stream": "guests", "record": row} for row in rows]
    return [json.dumps(one) for one in ({**schema, "key_properties": ["guest_no"]}, *records)]


ROSALIND = {"guest_no": 7, "given": "Rosalind", "mail": "rosalind@private.example", "vip": None}


def refused(salon: Salon, maps: dict[str, Any]) -> TargetError:
    """Why a run over one guest, who stands in the third line, ends."""
    schema, guest = guests(ROSALIND)
    salon.caplog.clear()
    with pytest.raises(TargetError) as wrong:
        salon.target(stream_maps=maps).take(io.StringIO(f"{schema}\n\n{guest}"))
    return wrong.value


NOW_HERE = "cannot be worked out at line 3 of the input: "
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"email": "mial"}, f"'mial' {NOW_HERE}the record has no field 'mial'; did you mean 'mail'?"),
    (
        {"email": "x"},
        f"'x' {NOW_HERE}the record has no field 'x'; where it may be missing write record.get('x')",
    ),
    ({"email": "mail.lowr()"}, f"'mail.lowr()' {NOW_HERE}a value has no 'lowr', such as an empty one"),
    ({"email": "trim(mail)"}, f"'trim(mail)' {NOW_HERE}there is no function 'trim'"),
    ({"email": "mail.lower("}, "'mail.lower(' is not a Python expression"),
    ({"email": "x = 1"}, "'x = 1' is not a Python expression"),
    ({"__filter__": "vip =="}, "'vip ==' is not a Python expression"),
    ({"__filter__": "vipp"}, f"'vipp' {NOW_HERE}the record has no field 'vipp'; did you mean 'vip'?"),
    ({"__key_property__": "id"}, "there is no such option; did you mean '__key_properties__'?"),
]


def test_a_map_that_does_not_fit_is_a_wrong_setting_and_quotes_nobody(salon: Salon) -> None:
    lost_key = {"__else__": None, "__key_properties__": ["guest_no"]}
    told = "the key guest_no is not among the fields that it keeps; add __key_properties__: [id]"
    for fields, said in [*MISTAKES, (lost_key, told)]:
        wrong = refused(salon, {"guests": GUESTS | fields})
        assert (wrong.code, wrong.exit_code) == ("RFZ-110", 2)
        place = "" if fields is lost_key else f", {next(iter(fields))}"
        assert wrong.what == f"stream_maps, stream 'guests'{place}: {said}"
        said_to_all = f"{wrong}{salon.caplog.text}"
        assert not [private for private in ("Rosalind", "rosalind@") if private in said_to_all]
    assert not salon.box.requests
    good = salon.run_lines(guests(ROSALIND), stream_maps={"guests": GUESTS | {"email": " mail "}})
    assert (good.code, salon.shown()[0]["email"]) == (0, "rosalind@private.example")


@pytest.mark.parametrize(
    ("place", "expression", "why"),
    [
        ("first_name", "vip.strip()", "a value has no 'strip', such as an empty one"),
        ("first_name", "vip[:3]", "TypeError, perhaps an empty value"),
        ("first_name", "int(given)", "ValueError, perhaps an empty value"),
        ("first_name", "notes", "the record has no field 'notes'; where it may be missing write "),
        ("__filter__", "vip > 0", "TypeError, perhaps an empty value"),
    ],
)  # fmt: skip
def test_a_record_that_an_expression_fails_for_is_rejected_and_the_others_go_on(
    salon: Salon, place: str, expression: str, why: str
) -> None:
    """Read again once it is good, it is taken; what is said of it quotes the map alone."""
    maps = {"guests": GUESTS | {"email": "mail", place: expression}}
    good = ROSALIND | {"guest_no": 8, "given": "8", "mail": "ada@example.com", "vip": 1, "notes": "n"}
    good |= {"vip": "yes"} if expression.startswith("vip.") or "[" in expression else {}
    schema, *rows = guests(ROSALIND, good)
    lines = [schema.replace('"vip": {}', '"vip": {}, "notes": {}'), *rows]
    outcome = salon.run_lines(lines, stream_maps=maps)
    assert (outcome.code, [one["email"] for one in salon.shown()]) == (0, ["ada@example.com"])
    counts = outcome.accounting["contacts"]
    assert (counts["read"], counts["created"], counts["reasons"]["rejected"]) == (2, 1, {"RFZ-218": 1})
    said = f"contacts 7 rejected: RFZ-218 {place}: {expression!r} cannot be worked out: {why}"
    assert said in outcome.log
    assert "(line 2 of the input)" in outcome.log
    assert not [private for private in ("Rosalind", "rosalind@") if private in outcome.log + outcome.err]
    mended = [lines[0], json.dumps({"type": "RECORD", "stream": "guests", "record": good | {"guest_no": 7}})]
    assert salon.run_lines(mended, stream_maps=maps).code == 0
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        (row,) = ledger.rows(sa.select(tables.rejection))
    assert (row.stream, row.id, row.settled_at is None) == ("contacts", "7", False)


def test_a_stream_whose_key_is_not_id_alone_is_refused_until_a_map_says_what_the_key_is(salon: Salon) -> None:
    """By `id` alone one of two people whom two shops give the same number would be lost without a word."""
    people = [contact(7, shop=shop, email=f"{shop}@example.com", guest_no=shop) for shop in ("n", "s")]
    first, *rows = singer("contacts", people)
    properties: dict[str, Any] = {"properties": {key: {} for key in people[0]}}
    for keys in (["shop", "id"], ["guest_no"]):
        schema = json.dumps(json.loads(first) | {"key_properties": keys, "schema": properties})
        with pytest.raises(SettingsError) as wrong:
            salon.target().take(io.StringIO("\n".join([schema, *rows])))
        assert (wrong.value.code, wrong.value.exit_code) == ("RFZ-111", 2)
        assert wrong.value.what == f"the key of the stream contacts is {', '.join(keys)}, and not id alone"
        given = " + '-' + ".join(f"str({key})" for key in keys)
        for number, more in enumerate(({}, {"__key_properties__": ["id"]})):
            maps = {"contacts": {"id": given, "first_name": "first_name"} | more}
            outcome = salon.run_lines([schema, *rows], stream_maps=maps, source=f"{keys[0]}{number}")
            assert (outcome.code, outcome.accounting["contacts"]["superseded"]) == (0, 0)
            assert outcome.accounting["contacts"]["read"] == 2
    assert [one["email"] for one in salon.shown()] == ["n@example.com", "s@example.com"]
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        assert {row.id for row in ledger.rows(sa.select(tables.contact))} == {"n-7", "s-7", "n", "s"}


RECIPE = re.compile(r'^\| .+ \| `"([a-z]\w*)": "(.+)"` \|$', re.MULTILINE)
MADE: list[tuple[dict[str, Any], str]] = [
    ({"dob": "05/01/1990"}, "1990-05-01"),
    ({"came": "1772463600"}, "2026-03-02T15:00:00+00:00"),
    ({"dob": 32994}, "1990-05-01"),
    ({"came": 46083.375}, "2026-03-02T15:00:00+00:00"),
    ({"address": {"city": "Austin"}}, "Austin"),
]


def mapped(stream: str, fields: dict[str, str], record: dict[str, Any]) -> Any:
    maps = Mapper({"stream_maps": {stream: fields}}, logging.getLogger(), line_no=lambda: 1)
    maps.register_raw_stream_schema(stream, {"properties": {name: {} for name in record}}, ["id"])
    return maps.stream_maps[stream][0].transform(record)


def test_the_readmes_recipes_give_what_they_say_also_as_dates_of_python() -> None:
    settings = Settings.parse({"api_token": "t", "source_timezone": "America/Chicago"})
    recipes = RECIPE.findall(README.split("Maps can compute")[1].split("\n\n")[1])
    assert len(recipes) == len(MADE)
    for (field, expression), (given, meant) in zip(recipes, MADE, strict=True):
        stream = "check_ins" if field == "checked_in_at" else "contacts"
        record = {"id": 1, "contact_id": 1, "checked_in_at": None, **given}
        found = RECORDS[stream](settings, NOW).checked(mapped(stream, {field: expression}, record))
        assert found[field] == meant


def test_what_an_expression_gives_that_is_no_value_rejects_the_record() -> None:
    given = {"id": "datetime.datetime(2026, 3, 2)", "state": "datetime.timedelta(days=1)", "zip": "n"}
    found = mapped("contacts", given, {"id": 1, "n": Decimal(60601)})
    assert (found["id"], found["zip"], type(found["zip"])) == ("2026-03-02T00:00:00", 60601, int)
    assert isinstance(found, Unmapped)
    assert found.why == "state: it gives a timedelta, which is no text, number or date"


def test_without_fields_in_the_schema_a_missing_one_is_the_records_own(salon: Salon) -> None:
    schema = json.dumps({"type": "SCHEMA", "stream": "guests", "schema": {"properties": {}},
                         "key_properties": ["guest_no"]})  # fmt: skip
    rows = guests(ROSALIND, {"guest_no": 8, "given": "Ada"})[1:]
    outcome = salon.run_lines([schema, *rows], stream_maps={"guests": GUESTS | {"email": "mail"}})
    assert (outcome.code, len(salon.shown())) == (0, 1)
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-218": 1}


def test_a_map_whose_stream_never_comes_is_named_at_the_end(salon: Salon) -> None:
    maps = {
        "guests": GUESTS | {"email": "mail"},
        "visits": {"id": "no"},
        "guest": {"id": "no"},
        "__else__": None,
    }
    outcome = salon.run_lines(guests(ROSALIND), stream_maps=maps)
    assert outcome.code == 0
    assert "stream_maps has 'visits', a stream that did not come\n" in outcome.log
    assert "stream_maps has 'guest', a stream that did not come; did you mean 'guests'?\n" in outcome.log
    assert "stream_maps has 'guests'" not in outcome.log


def test_an_unknown_stream_is_told_with_the_name_that_is_near(salon: Salon) -> None:
    for maps, near in (({"guest": GUESTS}, "; stream_maps has 'guest'"), ({}, "")):
        assert refused(salon, maps).what == f"the input holds an unknown stream 'guests'{near}"
    assert refused(salon, {"guests": GUESTS | {"__alias__": "contact"}}).what.endswith(
        "did you mean 'contacts'?"
    )


@pytest.mark.parametrize("maps", [{"guests": None}, {"guests": "__NULL__"}, {"__else__": None}])
def test_a_stream_that_is_left_out_is_passed_over(salon: Salon, maps: dict[str, Any]) -> None:
    assert salon.run_lines(guests(ROSALIND), stream_maps=maps).code == 0
    assert salon.shown() == []


MAPPED = GUESTS | {"email": "mail"}
FROM_GUESTS = {name: given for name, given in MAPPED.items() if name != "__alias__"} | {
    "__source__": "guests"
}


@pytest.mark.parametrize(
    "maps",
    [
        {"contacts": None, "guests": MAPPED},
        {"guests": MAPPED, "contacts": "__NULL__"},
        {"guests": MAPPED, "__else__": None},
        {"guests": None, "contacts": FROM_GUESTS, "__else__": None},
    ],
)
def test_a_stream_may_take_the_name_of_one_that_is_left_out(salon: Salon, maps: dict[str, Any]) -> None:
    """Whichever of both comes first."""
    theirs, ours = singer("contacts", [contact(1)]), guests(ROSALIND)
    if maps["guests"] is None:  # a stream of that name would be mapped, too
        theirs = singer("products", [{"id": 1}])
    for number, lines in enumerate(([*theirs, *ours], [*ours, *theirs])):
        outcome = salon.run_lines(lines, stream_maps=maps, source=f"crm{number}")
        assert (outcome.code, outcome.accounting["contacts"]["read"]) == (0, 1)
        assert [one["email"] for one in salon.shown()] == ["rosalind@private.example"]
