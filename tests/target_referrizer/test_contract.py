"""The quick look at a record says no more than `jsonschema` does, and `jsonschema` has the last word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from target_referrizer import schemas
from target_referrizer.contract import Contract, in_words
from target_referrizer.records import LONGEST_ID, is_fit
from target_referrizer.terminal import commands

WORD = {
    stream: Draft202012Validator(schemas.load(stream), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for stream in schemas.STREAMS
}
QUICK = {stream: Contract(stream) for stream in schemas.STREAMS}

DATES = st.from_regex(r"[0-9]{3,5}-[0-9]{1,2}-[0-9]{1,2}", fullmatch=True)
ZONES = st.sampled_from(["", "Z", "z", "+00:00", "-25:00", "+05:3", " UTC"])
TIMES = st.from_regex(r"[Tt ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{0,9})?)?", fullmatch=True)
MOMENTS = st.builds("{}{}{}".format, DATES, TIMES, ZONES)
TEXTS = st.one_of(DATES, MOMENTS, st.text(st.characters(codec=None), max_size=300))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
VALUES = st.one_of(
    PLAIN, st.lists(PLAIN, max_size=2), st.dictionaries(st.text(max_size=3), PLAIN, max_size=2)
)


def good(stream: str) -> st.SearchStrategy[dict[str, Any]]:
    """Records most of whose values are what the contract asks for."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        name: st.one_of(
            st.none() if "null" in field["type"] else st.just(7),
            MOMENTS if field.get("format") == "date-time" else DATES if "format" in field else st.just("x"),
            st.booleans() if "boolean" in field["type"] else st.just("y"),
            VALUES,
        )
        for name, field in schemas.load(stream)["properties"].items()
    }
    return st.fixed_dictionaries({}, optional=kinds)


RECORDS = st.one_of(
    *(st.tuples(st.just(stream), good(stream)) for stream in schemas.STREAMS),
    st.tuples(st.sampled_from(schemas.STREAMS), st.dictionaries(st.text(max_size=5), VALUES, max_size=3)),
    st.tuples(st.sampled_from(schemas.STREAMS), VALUES),
)


@given(RECORDS)
def test_what_the_quick_look_lets_through_keeps_the_contract(given_one: tuple[str, Any]) -> None:
    stream, record = given_one
    if QUICK[stream].is_surely_kept(record):
        assert WORD[stream].is_valid(record)


@given(RECORDS)
def test_the_verdict_is_that_of_jsonschema(given_one: tuple[str, Any]) -> None:
    stream, record = given_one
    error = next(WORD[stream].iter_errors(record), None)
    assert QUICK[stream].breach(record) == (error and in_words(error))


@pytest.mark.parametrize("stream", schemas.STREAMS)
def test_a_good_record_is_not_looked_at_twice(stream: str) -> None:
    """Else the quick look would be of no use, and nothing else would tell."""
    times = dict.fromkeys(
        ("checked_in_at", "as_of", "updated_at", "last_visit_at"), "2026-03-02T15:00:00+00:00"
    )
    record = {
        "id": 7,
        "contact_id": "7",
        "birthday": "1980-01-02",
        **times,
        "first_name": "Zoë",
        "extra": [1],
    }
    assert QUICK[stream].is_surely_kept(record)


def test_a_format_is_judged_by_jsonschema_in_the_quick_look_too() -> None:
    """These two differ between validators: a leap second, and a day that is none."""
    for value in ("2016-12-31T23:59:60Z", "2026-02-29T00:00:00Z", "2026-01-01t00:00:00z"):
        record = {"id": 1, "updated_at": value}
        assert QUICK["contacts"].is_surely_kept(record) == WORD["contacts"].is_valid(record)


@given(st.text(st.characters(max_codepoint=127) | st.characters(codec=None), max_size=LONGEST_ID + 5))
def test_an_id_is_fit_when_it_is_short_and_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert is_fit(text) == (len(text) <= LONGEST_ID and not any(map(commands, text)))
