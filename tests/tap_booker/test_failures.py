from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tap_booker.errors import CredentialFileError, SettingError, UnavailableError

Run = Callable[..., Any]

FAULT = {"Fault": {"Detail": {"InternalErrorFault": {"ErrorCode": 100000}}}}


def outcome(output: Any, stream: str = "contacts") -> str:
    return str(output.tally(stream)["outcome"])


@pytest.mark.parametrize(
    ("answers", "at_least"),
    [
        ([{"body": {"statusCode": 429}, "status": 429, "headers": {"Retry-After": "7"}}], 7),
        ([{"body": {"message": "Rate limit is exceeded. Try again in 9 seconds."}, "status": 429}], 9),
        ([{"body": b"", "status": 503}], 0.5),
        ([{"body": b"", "status": 503, "headers": {"Retry-After": "4"}}], 4),
        ([{"body": b"", "status": 504}, {"body": b"", "status": 502}], 0.5),
        ([{"body": b"", "status": 403, "headers": {"Retry-After": "11"}}], 11),
        ([{"body": b""}, {"body": {}}], 0.5),
        ([{"body": b'{"IsSuccess": true, "Custo'}], 0.5),
        ([{"body": FAULT}, {"body": FAULT, "status": 500}], 0.5),
        ([{"body": {"IsSuccess": False, "ErrorCode": 100000}}], 0.5),
        ([{"cut": True}], 0.5),
    ],
)
def test_passing_failures_are_waited_out(
    fake: Any, run_tap: Run, answer: Any, customer: Any, *, pauses: list[float], answers: Any, at_least: float
) -> None:
    fake.customers = [customer(1)]
    fake.queue["customers"] = [answer(**one) for one in answers]
    output = run_tap(fake.settings())
    assert (output.code, output.ids("contacts")) == (0, [1])
    assert len(pauses) == len(answers)
    assert all(pause >= at_least for pause in pauses)
    assert output.tally("contacts")["calls"] == len(answers) + 2


def test_retry_after_may_be_a_date_read_by_the_servers_own_clock(
    fake: Any, run_tap: Run, answer: Any, *, pauses: list[float]
) -> None:
    # The stand-in's Date header is the real clock's.
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    fake.queue["customers"] = [answer(b"", 429, {"Retry-After": when})]
    assert run_tap(fake.settings()).code == 0
    assert 35 < pauses[0] < 45


def test_a_pause_beyond_our_patience_ends_the_location_at_once(
    fake: Any, run_tap: Run, answer: Any, *, pauses: list[float]
) -> None:
    fake.always["customers"] = lambda _: answer(b"", 403, {"Retry-After": "86400"})
    output = run_tap(fake.settings())
    assert (output.code, outcome(output), pauses) == (1, "BKR-303", [])
    assert outcome(output, "check_ins") == "ok"


@pytest.mark.parametrize(
    ("reply", "code", "calls"),
    [
        ({"body": b"", "status": 503}, "BKR-304", 5),
        ({"body": b"", "status": 429}, "BKR-302", 5),
        ({"cut": True}, "BKR-301", 5),
    ],
)
def test_an_outage_ends_after_bounded_tries_and_keeps_the_bookmark(
    fake: Any, run_tap: Run, answer: Any, *, reply: dict[str, Any], code: str, calls: int
) -> None:
    fake.always["customers"] = lambda _: answer(**reply)
    output = run_tap(fake.settings())
    assert (output.code, outcome(output)) == (1, code)
    assert output.tally("contacts")["calls"] == calls
    assert output.bookmark("contacts") is None
    assert output.bookmark("check_ins") == "2026-03-02T15:00:00+00:00"


@pytest.mark.parametrize(
    ("reply", "code", "exit_code"),
    [
        ({"body": b"", "status": 403}, "BKR-202", 2),
        ({"body": {"IsSuccess": False, "ErrorCode": 1000, "ErrorMessage": "no permission"}}, "BKR-202", 2),
        ({"body": {"IsSuccess": False, "ErrorCode": 200, "ErrorMessage": "bad"}}, "BKR-401", 1),
        ({"body": {"IsSuccess": False, "ErrorCode": 4711, "ErrorMessage": "what"}}, "BKR-402", 1),
        ({"body": {"IsSuccess": False}}, "BKR-402", 1),
        ({"body": {"ErrorCode": "200"}}, "BKR-401", 1),
        ({"body": {"statusCode": 404}, "status": 404}, "BKR-402", 1),
        ({"body": b"moved", "status": 302}, "BKR-402", 1),
        ({"body": {"IsSuccess": True, "Items": []}}, "BKR-403", 1),
        ({"body": {"IsSuccess": True, "Customers": {"a": 1}}}, "BKR-403", 1),
        ({"body": ["a list"]}, "BKR-403", 1),
    ],
)
def test_final_failures_are_never_asked_again(
    fake: Any, run_tap: Run, answer: Any, *, pauses: list[float], reply: Any, code: str, exit_code: int
) -> None:
    fake.always["customers"] = lambda _: answer(**reply)
    output = run_tap(fake.settings())
    assert (output.code, outcome(output), pauses) == (exit_code, code, [])
    assert len(fake.paths("customers")) == 1
    assert output.bookmark("contacts") is None


@pytest.mark.parametrize(
    "errors",
    [
        [
            {"ArgumentName": "PageSize", "ErrorMessage": "dana@example.com"},
            {"ArgumentName": "LocationID"},
            None,
        ],
        {"PageSize": ["dana@example.com"], "LocationID": []},
    ],
)
def test_refused_arguments_are_named_without_their_values(
    fake: Any, run_tap: Run, answer: Any, *, caplog: pytest.LogCaptureFixture, errors: Any
) -> None:
    refusal = {
        "IsSuccess": False,
        "ErrorCode": 200,
        "ErrorMessage": "dana@example.com",
        "ArgumentErrors": errors,
    }
    fake.always["customers"] = lambda _: answer(refusal)
    assert run_tap(fake.settings()).code == 1
    assert "LocationID, PageSize" in caplog.text
    assert "dana" not in caplog.text


def broken(fake: Any, answer: Any, record: int, reply: dict[str, Any]) -> None:
    """Make every customer page that holds a record fail."""

    def fail(asked: Any) -> Any:
        size, number = asked.body["PageSize"], asked.body["PageNumber"]
        return answer(**reply) if (number - 1) * size < record <= number * size else None

    fake.always["customers"] = fail


BREAKS = [
    {"body": FAULT},
    {"body": FAULT, "status": 500},
    {"body": {}},
    {"body": b"", "status": 500},
    {"body": b"", "status": 504},
]


@pytest.mark.parametrize("reply", BREAKS)
@pytest.mark.parametrize("record", [1, 4, 5, 6, 8])
def test_a_broken_page_is_read_record_by_record_and_the_broken_one_skipped(
    fake: Any, run_tap: Run, answer: Any, customer: Any, *, reply: dict[str, Any], record: int
) -> None:
    fake.customers = [customer(n) for n in range(1, 9)]
    broken(fake, answer, record, reply)
    output = run_tap(fake.settings(skip_broken_records=True))
    assert output.ids("contacts") == [n for n in range(1, 9) if n != record]
    assert (output.code, output.tally("contacts")["skipped"]) == (0, 1)
    assert output.bookmark("contacts") is not None
    singles = {asked.body["PageNumber"] for asked in fake.paths("customers") if asked.body["PageSize"] == 1}
    page = (record - 1) // 3
    assert singles <= set(range(page * 3 + 1, page * 3 + 4))


def test_a_broken_record_stops_its_location_and_names_its_position(
    fake: Any, run_tap: Run, answer: Any, customer: Any, *, caplog: pytest.LogCaptureFixture
) -> None:
    fake.customers = [customer(n) for n in range(1, 9)]
    broken(fake, answer, 5, {"body": FAULT})
    output = run_tap(fake.settings())
    assert (output.code, outcome(output)) == (1, "BKR-501")
    assert output.ids("contacts") == [1, 2, 3]
    assert output.bookmark("contacts") is None
    assert "Record 5 of customers of location 3749" in caplog.text


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("hidden", [4, 5, 7])
def test_a_hidden_record_on_a_broken_page_neither_ends_the_list_nor_hides_the_broken_one(
    fake: Any, run_tap: Run, answer: Any, *, customer: Any, hidden: int, skip: bool
) -> None:
    """Pages can be short (seen): read record by record, such a page shows an empty one."""

    def page(asked: Any) -> Any:
        size, number = asked.body["PageSize"], asked.body["PageNumber"]
        ids = range((number - 1) * size + 1, min(number * size, 12) + 1)
        shown = [customer(n) for n in ids if n != hidden]
        return answer(FAULT if 6 in ids else {"IsSuccess": True, "Customers": shown})

    fake.always["customers"] = page
    output = run_tap(fake.settings(page_size=4, skip_broken_records=skip))
    if skip:
        assert output.ids("contacts") == [n for n in range(1, 13) if n not in {hidden, 6}]
        assert (output.code, output.tally("contacts")["skipped"]) == (0, 1)
    else:
        assert (output.code, outcome(output), output.bookmark("contacts")) == (1, "BKR-501", None)


@pytest.mark.parametrize("reply", [{"body": FAULT}, {"body": b"", "status": 504}])
def test_an_outage_is_not_blamed_on_a_record(
    fake: Any, run_tap: Run, answer: Any, *, customer: Any, reply: dict[str, Any]
) -> None:
    fake.customers = [customer(n) for n in range(1, 9)]
    fake.always["customers"] = lambda _: answer(**reply)
    output = run_tap(fake.settings())
    assert (output.code, outcome(output)) == (1, "BKR-305" if reply.get("status") else "BKR-306")


@pytest.mark.parametrize("drip", [0.05, 20])
def test_an_answer_that_begins_in_time_and_does_not_end_is_a_timeout(
    fake: Any, run_tap: Run, answer: Any, *, customer: Any, drip: float
) -> None:
    fake.customers = [customer(n) for n in range(1, 5)]
    slow = {"IsSuccess": True, "Customers": [], "Filler": "x" * 999}
    fake.queue["customers"] = [answer(slow, drip=drip)] * 3
    output = run_tap(fake.settings(request_timeout=1))
    assert output.ids("contacts") == [1, 2, 3, 4]
    assert [asked.body["PageSize"] for asked in fake.paths("customers")] == [3, 3, 3, 1, 1, 1, 3, 3]


def test_a_long_pause_is_not_shortened_by_reading_record_by_record(
    fake: Any, run_tap: Run, answer: Any, *, pauses: list[float]
) -> None:
    fake.always["customers"] = lambda _: answer(b"", 504, {"Retry-After": "3600"})
    output = run_tap(fake.settings())
    assert (output.code, outcome(output), pauses, len(fake.paths("customers"))) == (1, "BKR-305", [], 1)


def test_a_pause_of_nothing_still_backs_off(
    fake: Any, run_tap: Run, answer: Any, *, pauses: list[float]
) -> None:
    fake.queue["customers"] = [answer(b"", 503, {"Retry-After": "0"})] * 4
    assert run_tap(fake.settings()).code == 0
    assert sum(pauses) > 7


def test_a_whole_page_of_broken_records_is_an_outage_not_skipped(
    fake: Any, run_tap: Run, answer: Any, *, customer: Any
) -> None:
    fake.customers = [customer(n) for n in range(1, 30)]
    fake.always["customers"] = lambda _: answer(FAULT)
    output = run_tap(fake.settings(skip_broken_records=True, page_size=20))
    assert (output.code, outcome(output)) == (1, "BKR-306")
    assert output.bookmark("contacts") is None


def test_a_page_whose_every_record_is_skipped_does_not_end_the_list(
    fake: Any, run_tap: Run, answer: Any, *, customer: Any
) -> None:
    fake.customers = [customer(n) for n in range(1, 6)]
    broken(fake, answer, 2, {"body": FAULT})
    output = run_tap(fake.settings(skip_broken_records=True, page_size=1))
    assert output.ids("contacts") == [1, 3, 4, 5]


def test_a_page_that_times_out_is_read_record_by_record(
    fake: Any, run_tap: Run, answer: Any, *, customer: Any
) -> None:
    fake.customers = [customer(n) for n in range(1, 5)]
    fake.queue["customers"] = [answer(hang=True)] * 3
    output = run_tap(fake.settings(request_timeout=1))
    assert output.ids("contacts") == [1, 2, 3, 4]
    assert [asked.body["PageSize"] for asked in fake.paths("customers")] == [3, 3, 3, 1, 1, 1, 3, 3]


@pytest.mark.parametrize(
    "reply",
    [
        {"body": {"IsSuccess": False, "ErrorCode": 200, "ErrorMessage": "no such location"}},
        {"body": {"statusCode": 404}, "status": 404},
        {"body": b"", "status": 404},
    ],
)
def test_an_unknown_location_exits_2_and_stops_no_other(
    fake: Any, run_tap: Run, answer: Any, customer: Any, *, reply: dict[str, Any]
) -> None:
    fake.customers = [customer(1)]
    fake.always["location"] = lambda asked: answer(**reply) if asked.path.endswith("/3750") else None
    output = run_tap(fake.settings(location_ids=[3750, 3749]))
    assert output.code == 2
    assert output.ids("contacts") == [1]
    assert output.bookmark("contacts", 3750) is None
    assert output.bookmark("contacts", 3749) is not None
    assert len([a for a in fake.paths("location") if a.path.endswith("/3750")]) == 1


def test_a_location_without_a_known_zone_fails_only_when_a_date_needs_it(
    fake: Any, run_tap: Run, customer: Any
) -> None:
    fake.location["TimeZone"] = None
    fake.customers = [customer(1, DateLastModifiedOffset="2026-03-01T10:00:00-06:00")]
    assert run_tap(fake.settings()).code == 0
    fake.customers = [customer(1, DateLastModified="/Date(1741960800000)/")]
    output = run_tap(fake.settings())
    assert (output.code, outcome(output)) == (2, "BKR-104")
    assert run_tap(fake.settings(timezone="America/Chicago")).code == 0


def test_nulls_in_a_good_envelope_are_no_failure(fake: Any, run_tap: Run, answer: Any, customer: Any) -> None:
    nothing = {"Fault": None, "ErrorCode": None, "ErrorMessage": None, "ArgumentErrors": None}
    fake.queue["customers"] = [answer({"IsSuccess": None, **nothing, "Customers": [customer(1)]})]
    assert run_tap(fake.settings()).ids("contacts") == [1]


def test_a_location_that_is_empty_at_first_is_asked_again(fake: Any, run_tap: Run, answer: Any) -> None:
    fake.queue["location"] = [answer({}), answer(b"")]
    assert run_tap(fake.settings()).code == 0


def test_pauses_grow_and_stay_bearable(
    fake: Any, run_tap: Run, answer: Any, *, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UnavailableError, "tries", 12)
    fake.always["customers"] = lambda _: answer(b"", 503)
    assert run_tap(fake.settings()).code == 1
    assert len(pauses) == 11
    assert pauses[0] <= 1 < pauses[3] <= max(pauses) <= 30


def test_advice_is_typed_by_meltano_where_meltano_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MELTANO_PROJECT_ROOT", raising=False)
    assert "again with `booker-connect`." in str(CredentialFileError("x"))
    for name, value in {"PROJECT_ROOT": "/p", "ENVIRONMENT": "production", "EXTRACTOR_NAME": "spa"}.items():
        monkeypatch.setenv(f"MELTANO_{name}", value)
    told = str(CredentialFileError("x"))
    assert "again with `meltano --environment=production invoke spa:connect`." in told
    monkeypatch.setenv("MELTANO_ENVIRONMENT", "`x`")
    assert "`meltano invoke spa --about " in str(SettingError("x", code="BKR-107"))
