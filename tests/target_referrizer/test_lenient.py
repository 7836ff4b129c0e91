"""What files, spreadsheets and databases write is read where it has one meaning, and refused where not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.target_referrizer.salon import NOW, check_in, contact, custom
from tests.target_referrizer.test_contract import QUICK, RECORDS, WORD

from target_referrizer import schemas
from target_referrizer.errors import SettingsError
from target_referrizer.lenient import Lenient
from target_referrizer.records import RECORDS as RECORDS_OF
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

CHICAGO = ZoneInfo("America/Chicago")
PLAIN = {stream: Lenient(stream) for stream in schemas.STREAMS}
LOCAL = {stream: Lenient(stream, CHICAGO) for stream in schemas.STREAMS}


def read(field: str, value: Any, lenient: Lenient = PLAIN["contacts"]) -> Any:
    return lenient.read({"id": 1, field: value})[field]


@given(RECORDS)
def test_a_record_that_keeps_the_contract_is_read_as_what_it_says(given_one: tuple[str, Any]) -> None:
    stream, record = given_one
    if not WORD[stream].is_valid(record):
        return
    for lenient in (PLAIN[stream], LOCAL[stream]):
        found = lenient.read(record)
        assert WORD[stream].is_valid(found)
        assert lenient.read(found) == found
        for name, value in record.items():
            spec = schemas.load(stream)["properties"].get(name, {})
            if spec.get("format") == "date-time" and value is not None and found[name] != value:
                assert datetime.fromisoformat(found[name]) == datetime.fromisoformat(value.upper())
            elif spec.get("format") != "date-time" and not isinstance(value, str):
                assert found[name] is value


@given(st.datetimes(datetime(1900, 1, 2), datetime(8999, 1, 1)))  # noqa: DTZ001 - local times have no zone
@example(datetime(2026, 3, 8, 2, 0))  # noqa: DTZ001
@example(datetime(2026, 3, 8, 2, 59, 59, 999999))  # noqa: DTZ001
@example(datetime(2026, 11, 1, 1, 30))  # noqa: DTZ001
def test_a_local_time_is_the_instant_that_its_zone_gives_it(at: datetime) -> None:
    """Told by the zone's table alone: the first instant that shows it, else one moved on by the gap."""
    found = datetime.fromisoformat(read("last_visit_at", at.isoformat(" "), LOCAL["contacts"]))
    near = [at.replace(tzinfo=UTC) - timedelta(minutes=one) for one in (-360, 300, 351, 360, 420)]
    offsets = {instant.astimezone(CHICAGO).utcoffset() for instant in near}
    shows = sorted(
        instant
        for instant in (at.replace(tzinfo=UTC) - (one or timedelta()) for one in offsets)
        if instant.astimezone(CHICAGO).replace(tzinfo=None) == at
    )
    if shows:
        assert found == shows[0]
    else:
        moved = found.astimezone(CHICAGO).replace(tzinfo=None) - at
        assert timedelta() < moved <= timedelta(hours=1)


def test_clocks_that_are_put_back_and_forward() -> None:
    for local, instant in (
        ("2026-11-01 01:30:00", "2026-11-01T06:30:00+00:00"),  # twice: the first
        ("2026-03-08T02:30:00", "2026-03-08T08:30:00+00:00"),  # never: 03:30 of summer
        ("2026-03-02", "2026-03-02T06:00:00+00:00"),
        ("2026-07-02 00:00:00.000000", "2026-07-02T05:00:00+00:00"),
        ("2026-07-02T00:00Z", "2026-07-02T00:00:00+00:00"),
    ):
        assert read("last_visit_at", local, LOCAL["contacts"]) == instant


@pytest.mark.parametrize(
    ("field", "values", "meant"),
    [
        *((name, ["", " ", None], None) for name in ("birthday", "updated_at", "is_member", "location_id")),
        ("is_member", [True, "true", " TRUE", "Yes", "y", "T", "1", 1, 1.0], True),
        ("accepts_sms", [False, "False", "no", "N", "f", "0", 0, 0.0], False),
        ("phone", [3125550111, 3125550111.0, "3125550111"], "3125550111"),
        ("zip", [60601, 60601.0], "60601"),
        ("phone", ["3125550111.0", " 3125550111.0"], "3125550111"),
        ("phone", ["+13125550111.0"], "+13125550111"),
        ("zip", ["60601.0"], "60601"),
        ("first_name", ["7.0"], "7.0"),
        ("birthday", ["1990/05/01", "1990/05/01 00:00:00"], "1990-05-01"),
        ("updated_at", ["2026/03/02 08:00:00Z"], "2026-03-02T08:00:00+00:00"),
        ("birthday", ["1990-05-01 ", "1990-05-01T00:00:00+00:00", "1990-05-01 00:00"], "1990-05-01"),
        ("updated_at", ["2026-03-02 08:00:00+00", "2026-03-02 08:00 UTC", "2026-03-02t03:00:00-0500"],
         "2026-03-02T08:00:00+00:00"),
    ],
)  # fmt: skip
def test_what_has_one_meaning_is_read_as_that(field: str, values: list[Any], meant: Any) -> None:
    for value in values:
        found = PLAIN["contacts"].read({"id": 1, field: value})
        assert (found[field], type(found[field])) == (meant, type(meant)), value
        assert QUICK["contacts"].breach(found) is None


def test_a_number_with_a_point_as_text_is_cut_also_in_a_record_that_keeps_the_contract() -> None:
    row = RECORDS_OF["contacts"](Settings.parse({"api_token": "t"}), NOW)
    found = row.checked(contact(1, phone="3125550111.0", zip="60601.0"))
    assert (found["phone"], found["zip"]) == ("3125550111", "60601")


def test_what_has_no_meaning_or_several_is_refused_with_a_clear_word() -> None:
    naive = "has no time zone; the setting source_timezone says whose local time it is"
    for field, value, why in (
        ("is_member", "maybe", "must be a boolean or null"),
        ("is_member", 2, "must be a boolean or null"),
        ("is_forgotten", " ", "must be a boolean or null"),
        ("birthday", "05/01/1990", "must be a date"),
        ("birthday", "1990-05-01T06:00:00Z", "must be a date; it has a time of day"),
        ("birthday", "1990-02-30", "must be a date"),
        ("last_visit_at", "2026-03-02 08:00:00", naive),
        ("last_visit_at", "2026-03-02", naive),
        ("last_visit_at", "2026-02-30 08:00:00Z", "must be a date-time"),
        ("last_visit_at", 1772463600, "must be a date-time; a number is none: map it"),
        ("birthday", 32994.0, "must be a date; a number is none: map it"),
        ("birthday", True, "must be a string or null"),
        ("birthday", "1990/05-01", "must be a date"),
        ("birthday", "1990/02/30", "must be a date"),
        ("last_visit_at", "2026/03/02 08:00", naive),
        ("phone", 3.5, "must be a string or null"),
        ("phone", 1e300, "must be a string or null"),
        ("first_name", True, "must be a string or null"),
        ("id", 12.5, "must be an integer or string"),
        ("id", True, "must be an integer or string"),
    ):
        found = PLAIN["contacts"].read({"id": 1, field: value})
        assert QUICK["contacts"].breach(found) == f"{field}: {why}", value


def test_a_spreadsheet_and_a_warehouse_feed_an_account(salon: Salon) -> None:
    """As they come: texts and numbers for everything, no zones, a tap that marks local times as UTC."""
    salon.settings |= {"source_timezone": "America/Chicago", "local_times": ["check_ins.checked_in_at"]}
    rows = [
        contact("1", phone=3125550111, zip=60601.0, birthday="", is_member="Yes", last_visit_at="",
                updated_at="2026-03-01 23:30:00"),
        contact("2", is_member="", phone="3125550112.0", zip="60601.0", birthday="1990-05-01 00:00:00",
                last_visit_at="2025-01-31 23:30:00"),
        contact("3", last_visit_at="someday"),
    ]  # fmt: skip
    came = [check_in(7, "1", salon.now, checked_in_at="2026-03-02T09:00:00+00:00", is_checked_in="true")]
    outcome = salon.run(rows, came)
    counts = outcome.accounting
    assert (outcome.code, counts["contacts"]["created"], counts["contacts"]["rejected"]) == (0, 2, 1)
    first = salon.one(email="ada1@example.com")
    assert (first["phone"], first["address"]["zip"]) == ("+13125550111", "60601")
    assert custom(first, "CRM Member") == "Y"
    second = salon.one(email="ada2@example.com")
    assert (second["phone"], second["address"]["zip"]) == ("+13125550112", "60601")
    assert (second["birthday"], custom(second, "Last Visit Date")) == ("1990-05-01", "2025-01-31")
    assert [one["date"][:19] for one in salon.visits()] == ["2026-03-02T15:00:00"]
    assert salon.run(rows[:2], came).writes == []


def test_an_empty_cell_says_neither_that_somebody_came_nor_that_nobody_did(salon: Salon) -> None:
    """In a sheet it stands beside the planned time of who did not come; points cannot be taken back."""
    salon.run([contact(1)])
    rows = [
        check_in(key, 1, salon.now, is_checked_in=said) for key, said in (("a", ""), ("b", " "), ("c", None))
    ]
    counts = salon.run([], rows, max_reject_percent=100).accounting["check_ins"]
    assert (counts["reasons"]["rejected"], counts["delivered"]) == ({"RFZ-203": 2}, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"source_timezone": "Chicago"}, "source_timezone 'Chicago' is not a name such as America/Chicago"),
        ({"local_times": ["check_ins.checked_in_at"]}, "local_times is set, but not source_timezone"),
        ({"local_times": ["check_ins.as_off"], "source_timezone": "UTC"}, "did you mean 'check_ins.as_of'"),
        ({"local_times": ["contacts.birthday"], "source_timezone": "UTC"}, "which is no date-time"),
    ],
)  # fmt: skip
def test_a_zone_or_field_that_is_none_is_a_wrong_setting(
    salon: Salon, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match="RFZ-101") as refused:
        salon.target(**wrong)
    assert said in str(refused.value)
