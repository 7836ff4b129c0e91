"""The published stream contract takes what any tap may emit and refuses what would mislead the target."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from target_referrizer import schemas

CONTACT = {
    "id": 7,
    "location_id": 3749,
    "first_name": "Ada",
    "last_name": "Byron",
    "email": "ada@example.com",
    "phone": "312-555-0101",
    "street": "1 Main St",
    "city": "Chicago",
    "state": "IL",
    "zip": "60601",
    "birthday": "1969-12-31",
    "is_member": True,
    "last_visit_at": "2026-03-02T15:00:00Z",
    "accepts_email": True,
    "accepts_sms": False,
    "is_forgotten": False,
    "is_active": True,
    "created_at": "2020-01-01T00:00:00.000+00:00",
    "updated_at": "2026-03-02T15:00:00.123456Z",
}
CHECK_IN = {
    "id": "a-1",
    "contact_id": 7,
    "location_id": "north",
    "checked_in_at": "2026-03-02T15:00:00Z",
    "is_checked_in": True,
    "is_time_inferred": False,
    "starts_at": "2026-03-02T15:00:00Z",
    "status": "Completed",
    "as_of": "2026-03-02T16:00:00Z",
}
FULL = {"contacts": CONTACT, "check_ins": CHECK_IN}


def wrong(stream: str, record: dict[str, Any]) -> list[str]:
    validator = Draft202012Validator(schemas.load(stream), format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [
        ".".join(map(str, error.absolute_path)) or str(error.validator)
        for error in validator.iter_errors(record)
    ]


@pytest.mark.parametrize("stream", schemas.STREAMS)
def test_the_contract_is_itself_valid_and_explains_every_field(stream: str) -> None:
    schema = schemas.load(stream)
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(FULL[stream])
    for field in schema["properties"].values():
        assert field["title"]
        assert field["description"].endswith(".")


@pytest.mark.parametrize("stream", schemas.STREAMS)
def test_a_full_record_keeps_the_contract(stream: str) -> None:
    assert wrong(stream, FULL[stream]) == []


@pytest.mark.parametrize("stream", schemas.STREAMS)
def test_every_optional_field_may_be_null_or_missing(stream: str) -> None:
    required = schemas.load(stream)["required"]
    kept = {name: FULL[stream][name] for name in required}
    assert wrong(stream, kept) == []
    assert wrong(stream, {**dict.fromkeys(FULL[stream]), **kept}) == []


def test_only_the_id_of_a_contact_is_required() -> None:
    assert schemas.load("contacts")["required"] == ["id"]
    assert schemas.load("check_ins")["required"] == ["id", "contact_id", "checked_in_at"]


@pytest.mark.parametrize("stream", schemas.STREAMS)
def test_fields_of_other_taps_are_passed_over(stream: str) -> None:
    assert wrong(stream, {**FULL[stream], "_sdc_batched_at": "x", "colour": {"of": ["hair"]}}) == []


@pytest.mark.parametrize("key", ["id", "contact_id"])
def test_an_id_is_a_number_or_a_text(key: str) -> None:
    assert [wrong("check_ins", {**CHECK_IN, key: value}) for value in (7, "7", "a b", -1)] == [[]] * 4
    assert [wrong("check_ins", {**CHECK_IN, key: value}) for value in (None, "", 1.5, True, [7])] == [
        [key]
    ] * 5


def test_a_check_in_that_did_not_happen_has_no_time() -> None:
    assert wrong("check_ins", {**CHECK_IN, "checked_in_at": None, "is_checked_in": False}) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", 5),
        ("zip", 60601),
        ("birthday", "1969-02-30"),
        ("birthday", "31.12.1969"),
        ("birthday", "1969-12-31T00:00:00Z"),
        ("is_member", "Y"),
        ("accepts_email", 0),
        ("last_visit_at", "2026-03-02"),
        ("last_visit_at", "2026-03-02T15:00:00"),
        ("updated_at", "2026-13-02T15:00:00Z"),
        ("updated_at", 1772463600),
    ],
)
def test_a_value_of_another_kind_breaks_the_contract(field: str, value: Any) -> None:
    assert wrong("contacts", {**CONTACT, field: value}) == [field]


@pytest.mark.parametrize("field", ["id", "contact_id", "checked_in_at"])
def test_a_check_in_without_a_required_field_breaks_the_contract(field: str) -> None:
    assert wrong("check_ins", {name: value for name, value in CHECK_IN.items() if name != field}) == [
        "required"
    ]


def test_there_are_no_other_streams() -> None:
    with pytest.raises(KeyError, match="services"):
        schemas.load("services")
