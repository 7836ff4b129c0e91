"""Stream maps of the wrong form: a wrong setting that says what belongs there, before any input is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import contact, singer
from tests.target_referrizer.test_mapping import GUESTS, ROSALIND, guests, refused

from target_referrizer.errors import SettingsError, SettingsErrors
from target_referrizer.target import TargetReferrizer

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

NO_REST = "it must be null, which leaves out all fields that have no entry"
NO_FIELD = "it must be an expression in quotes, or null, which leaves the field out"
NO_STREAM = "it must hold fields with their expressions, or be null, which leaves the stream out"
NO_KEYS = "it must be a list of fields, such as [id]"
NO_SOURCE = "it must be the name of a stream, in quotes"
NO_NAME = "it must be a name in quotes"
ILL_FORMED: list[tuple[str | None, str, list[Any], str]] = [
    ("guests", "__else__", ["x", 5, [], {"a": 1}], NO_REST),
    ("guests", "email", [5, True, [1], {"a": {"b": 1}}], NO_FIELD),
    ("guests", "__alias__", [None, 5, ["contacts"], " "], NO_NAME),
    ("guests", "__filter__", [7, False, ["vip"], {}], "it must be an expression in quotes"),
    ("guests", "__key_properties__", [7, "id", [7], [None], [["id"]], {"id": 1}], NO_KEYS),
    ("guests", "__source__", [None, 7, ["guests"], ""], NO_SOURCE),
    (
        "guests",
        "__key_propertis__",
        [["id"], None, "x =="],
        "there is no such option; did you mean '__key_properties__'?",
    ),
    (None, "guests", [5, "x", [], True], NO_STREAM),
    (None, "__else__", ["x", 5, {}, [1]], "it must be null, which leaves out all streams that have no entry"),
    (None, "__els__", [None, {}, 5], "there is no such option; did you mean '__else__'?"),
]


@pytest.mark.parametrize(("stream", "entry", "values", "said"), ILL_FORMED)
def test_a_map_of_the_wrong_form_is_a_wrong_setting(
    stream: str | None, entry: str, values: list[Any], said: str
) -> None:
    """Whatever stands in its place; the rest of the map is right, and so nothing else is said."""
    place = f"stream 'guests', {entry}" if stream else entry if entry[:2] == "__" else f"stream {entry!r}"
    for value in values:
        maps = {stream: GUESTS | {entry: value}} if stream else {"guests": GUESTS} | {entry: value}
        with pytest.raises(SettingsErrors) as wrong:
            TargetReferrizer(config={"api_token": "t", "stream_maps": maps})
        told = f"RFZ-110 stream_maps, {place}: {said}"
        assert str(wrong.value).startswith(told)
        assert (len(wrong.value.errors), wrong.value.exit_code) == (1, 2)


def test_a_schema_that_comes_again_is_not_taken_for_another(
    salon: Salon, caplog: pytest.LogCaptureFixture
) -> None:
    """As of taps that send it for each page; the SDK would make all maps anew."""
    caplog.set_level("INFO", "target-referrizer")
    schema = {"properties": {"id": {"type": "string"}, "vip": True}, "required": ["id"]}
    message = {"type": "SCHEMA", "stream": "contacts", "schema": schema, "key_properties": ["id"]}
    lines = [json.dumps(message)] * 3 + singer("contacts", [contact(1)])[-1:]
    assert salon.run_lines(lines, source="paged").code == 0
    assert "has changed" not in caplog.text
    other = json.dumps({**message, "schema": {**schema, "required": []}})
    assert salon.run_lines([*lines, other], source="paged").code == 0
    assert "has changed" in caplog.text


def test_what_a_map_may_be_besides_is_no_mistake(salon: Salon) -> None:
    odd = {"__filter__": None, "__key_properties__": None, "__else__": "__NULL__", "email": "__NULL__"}
    for number, maps in enumerate(({"guests": GUESTS | odd}, {"guests": GUESTS, "__else__": "__NULL__"})):
        assert salon.run_lines(guests(ROSALIND), stream_maps=maps, source=f"crm{number}").code == 0
    assert salon.run_lines(singer("contacts", [contact(1)]), stream_maps=None, source="own").code == 0


@pytest.mark.parametrize(
    "alias", ["5", "[1]", "1/0", "1+", "a b", "trim('x')", "__stream_name__ + 1", "__stream_name__[9:]"]
)
def test_an_alias_that_gives_no_name_is_a_wrong_setting(salon: Salon, alias: str) -> None:
    wrong = refused(salon, {"g*": GUESTS | {"__alias__": alias}})
    assert (wrong.code, wrong.exit_code) == ("RFZ-110", 2)
    said = f"{alias!r} is neither a name nor an expression that gives one"
    assert wrong.what == f"stream_maps, stream 'guests', __alias__: {said}"
    named = {"g*": GUESTS | {"__alias__": "__stream_name__.replace('guests', 'contacts')"}}
    assert salon.run_lines(guests(ROSALIND), stream_maps=named).code == 0


def test_a_schema_that_says_little_of_a_field_is_mapped(salon: Salon) -> None:
    """JSON Schema's `true` is as good as `{}`, and some programs write an empty list as null."""
    schema, row = guests(ROSALIND)
    properties = dict.fromkeys(ROSALIND, True)
    odd = json.dumps(json.loads(schema) | {"schema": {"properties": properties, "required": None}})
    maps = {"guests": GUESTS | {"mail": "mail", "email": "mail", "vip": None}}
    assert salon.run_lines([odd, row], stream_maps=maps).code == 0
    assert [one["email"] for one in salon.shown()] == ["rosalind@private.example"]


def test_flattening_without_a_depth_is_a_wrong_setting() -> None:
    for depth in ({}, {"flattening_max_depth": -1}):
        with pytest.raises(SettingsError, match="RFZ-101 flattening_enabled needs a flattening_max_depth"):
            TargetReferrizer(config={"api_token": "t", "flattening_enabled": True, **depth})
