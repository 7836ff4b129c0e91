from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tap_booker.errors import StateError
from tap_booker.pages import Pages
from tap_booker.seen import Seen

Run = Callable[..., Any]

NOW = "2026-03-02T15:00:00+00:00"
HOUR_AGO = "2026-03-02T14:00:00+00:00"


def state(
    contacts: str | None = HOUR_AGO, check_ins: str | None = HOUR_AGO, location_id: int = 3749
) -> dict[str, Any]:
    keys = {"contacts": ("updated_at", contacts), "check_ins": ("as_of", check_ins)}
    return {
        "bookmarks": {
            stream: {
                "partitions": [
                    {
                        "context": {"location_id": location_id},
                        "replication_key": key,
                        "replication_key_value": value,
                    }
                ]
            }
            for stream, (key, value) in keys.items()
            if value
        }
    }


def bodies(fake: Any, name: str) -> list[dict[str, Any]]:
    return [asked.body for asked in fake.paths(name)]


def test_the_first_run_asks_for_all_customers_of_exactly_this_location(fake: Any, run_tap: Run) -> None:
    run_tap(fake.settings())
    assert bodies(fake, "customers") == [
        {
            "access_token": "hush-token-1",
            "LocationID": 3749,
            "FilterByExactLocationID": True,
            "CustomerRecordType": 1,
            "UsePaging": True,
            "PageSize": 3,
            "PageNumber": 1,
        }
    ]


def test_a_later_run_asks_for_what_was_modified_and_filters_again_itself(
    fake: Any, run_tap: Run, customer: Any
) -> None:
    fake.customers = [
        customer(1, DateLastModifiedOffset="2026-03-01T07:59:59-06:00"),
        customer(2, DateLastModifiedOffset="2026-03-01T08:00:00-06:00"),
        customer(3, DateLastModifiedOffset="2026-03-02T08:30:00-06:00"),
        customer(4),
        customer(5, DateLastModified="/Date(1600000000000)/"),
        customer(6, DateLastModifiedOffset="0001-01-01T00:00:00-05:00"),
    ]
    output = run_tap(fake.settings(), state())
    assert output.ids("contacts") == [2, 3, 4, 6]
    body = bodies(fake, "customers")[0]
    assert body["FromDateLastModifiedOffset"] == "2026-03-01T07:59:59-06:00"
    assert body["ToDateLastModifiedOffset"] == "2026-03-02T09:00:02-06:00"
    assert "FromDateLastModified" not in body


def test_look_back_is_a_setting(fake: Any, run_tap: Run) -> None:
    run_tap(fake.settings(lookback_hours=0), state())
    assert bodies(fake, "customers")[0]["FromDateLastModifiedOffset"] == "2026-03-02T07:59:59-06:00"


def test_dotnet_bounds_are_wide_enough_for_either_reading(fake: Any, run_tap: Run) -> None:
    fake.location["TimeZone"] = {"StandardName": "India Standard Time"}
    run_tap(fake.settings(date_filter_style="dotnet", lookback_hours=0), state())
    body = bodies(fake, "customers")[0]
    bookmark, now = datetime(2026, 3, 2, 14, tzinfo=UTC), datetime(2026, 3, 2, 15, tzinfo=UTC)
    low, high = (int(body[f"{end}DateLastModified"][6:-2]) / 1000 for end in ("From", "To"))
    rule = timedelta(hours=10.5)
    assert low == (bookmark - timedelta(hours=1)).timestamp()
    assert high == (now + timedelta(hours=1) + rule).timestamp()
    assert "FromDateLastModifiedOffset" not in body


def test_dotnet_bounds_in_london_reach_back_by_the_rule(fake: Any, run_tap: Run) -> None:
    fake.location["TimeZone"] = {"StandardName": "GMT Standard Time"}
    run_tap(fake.settings(date_filter_style="dotnet"), state())
    starts = next(b for b in bodies(fake, "appointments") if b["FromStartDate"])
    # 23 February 15:00 in London, less an hour; stored as though it were Eastern it would be later.
    assert (
        starts["FromStartDate"] == f"/Date({int(datetime(2026, 2, 23, 14, tzinfo=UTC).timestamp() * 1000)})/"
    )
    assert starts["ToStartDate"] == f"/Date({int(datetime(2026, 3, 3, 21, tzinfo=UTC).timestamp() * 1000)})/"
    assert starts["FromDateLastModified"] is None


def test_the_first_run_reads_check_ins_in_slices_by_start(fake: Any, run_tap: Run) -> None:
    run_tap(fake.settings(start_date="2026-01-01", window_days=30))
    spans = [(b["FromStartDateOffset"], b["ToStartDateOffset"]) for b in bodies(fake, "appointments")]
    assert spans == [
        ("2025-12-31T23:59:59-06:00", "2026-01-31T00:00:02-06:00"),
        ("2026-01-30T23:59:59-06:00", "2026-03-02T00:00:02-06:00"),
        ("2026-03-01T23:59:59-06:00", "2026-03-03T09:00:02-06:00"),
    ]
    assert all(
        b["FromDateLastModified"] is None and b["FromStartDate"] is None for b in bodies(fake, "appointments")
    )


def test_history_goes_back_365_days_by_default(fake: Any, run_tap: Run) -> None:
    run_tap(fake.settings())
    assert bodies(fake, "appointments")[0]["FromStartDateOffset"] == "2025-03-02T08:59:59-06:00"
    assert len(bodies(fake, "appointments")) == 13


def test_a_server_that_ignores_the_slices_still_gives_each_check_in_once(
    fake: Any, run_tap: Run, appointment: Any
) -> None:
    fake.appointments = [
        appointment(1, StartDateTimeOffset="2025-12-31T23:59:59-06:00"),
        appointment(2, StartDateTimeOffset="2026-01-01T00:00:00-06:00"),
        appointment(3, StartDateTimeOffset="2026-01-31T00:00:00-06:00"),
        appointment(4),
        appointment(5, StartDateTimeOffset="2026-03-02T09:00:00-06:00"),
        appointment(6, StartDateTimeOffset="2026-03-02T09:00:01-06:00"),
    ]
    assert run_tap(fake.settings(start_date="2026-01-01")).ids("check_ins") == [2, 3, 4, 5]


def test_a_server_that_cuts_windows_at_midnight_loses_no_check_in(
    fake: Any, run_tap: Run, appointment: Any, answer: Any
) -> None:
    # One every six hours; the slices' ends fall at 09:00, the server's windows end at 00:00 of that day.
    first = datetime(2026, 1, 1, 6, tzinfo=UTC)
    times = {n: (first + timedelta(hours=6 * n)).isoformat() for n in range(1, 240)}

    def by_day(asked: Any) -> Any:
        low, high = (asked.body[f"{end}StartDateOffset"][:10] for end in ("From", "To"))
        found = [appointment(n, StartDateTimeOffset=at) for n, at in times.items() if low <= at[:10] < high]
        return answer({"IsSuccess": True, "Results": found if asked.body["PageNumber"] == 1 else []})

    fake.always["appointments"] = by_day
    output = run_tap(fake.settings(start_date="2026-01-01T15:00:00Z", window_days=10, timezone="UTC"))
    due = [n for n, at in times.items() if datetime(2026, 1, 1, 15, tzinfo=UTC).isoformat() <= at <= NOW]
    assert sorted(output.ids("check_ins")) == due


def test_a_later_run_reads_the_modified_and_the_trailing_window_and_the_later_reading_wins(
    fake: Any, run_tap: Run, appointment: Any, answer: Any
) -> None:
    stamp = {"DateCheckInOffset": "2026-03-01T10:00:00-06:00"}
    modified = [
        appointment(1, **stamp),
        appointment(2, **stamp),
        appointment(3, StartDateTimeOffset="2025-06-01T10:00:00Z"),
    ]
    trailing = [appointment(2), appointment(4), appointment(5, StartDateTimeOffset="2025-06-01T10:00:00Z")]

    def page(asked: Any) -> Any:
        found = modified if asked.body.get("FromDateLastModifiedOffset") else trailing
        return answer({"IsSuccess": True, "Results": found if asked.body["PageNumber"] == 1 else []})

    fake.always["appointments"] = page
    output = run_tap(fake.settings(), state())
    assert {row["id"]: row["is_checked_in"] for row in output.rows("check_ins")} == {
        1: True,
        2: False,
        3: False,
        4: False,
    }
    first, _, third, _ = bodies(fake, "appointments")
    assert first["FromDateLastModifiedOffset"] == "2026-03-01T07:59:59-06:00"
    assert (first["FromStartDate"], first["ToStartDate"]) == (None, None)
    assert third["FromStartDateOffset"] == "2026-02-23T08:59:59-06:00"
    assert third["ToStartDateOffset"] == "2026-03-03T09:00:02-06:00"


def test_what_changes_between_the_two_windows_of_a_later_run_comes_out_as_it_is_now(
    fake: Any, run_tap: Run, appointment: Any, answer: Any
) -> None:
    """A guest checks in while the window of modification is read: the other one must be asked for later."""
    trailing_is_asked, is_checked_in = threading.Event(), threading.Event()

    def page(asked: Any) -> Any:
        number, is_modified = asked.body["PageNumber"], asked.body.get("FromDateLastModifiedOffset")
        came = is_checked_in.is_set()
        if not is_modified:
            trailing_is_asked.set()
        elif number == 2:
            trailing_is_asked.wait(0.3)
            is_checked_in.set()
            came = True
        stamp = {"DateCheckInOffset": "2026-03-01T10:00:00-06:00"} if came else {}
        found = {1: [appointment(1, **stamp)], 2: [appointment(2, **stamp)]}.get(number, [])
        return answer({"IsSuccess": True, "Results": found})

    fake.always["appointments"] = page
    output = run_tap(fake.settings(concurrent_requests=4), state())
    assert {row["id"]: row["is_checked_in"] for row in output.rows("check_ins")} == {1: True, 2: True}


@pytest.mark.parametrize("ahead", [1, 4])
def test_check_ins_that_were_read_before_a_failure_are_written(
    fake: Any, run_tap: Run, appointment: Any, answer: Any, ahead: int
) -> None:
    fake.appointments = [appointment(n) for n in range(1, 9)]
    fake.always["appointments"] = lambda a: answer(b"", 403) if a.body["PageNumber"] == 3 else None
    output = run_tap(fake.settings(window_days=366, concurrent_requests=ahead))
    assert (output.ids("check_ins"), output.bookmark("check_ins")) == ([1, 2, 3, 4, 5, 6], None)


@pytest.mark.parametrize("before", [None, state()])
def test_nothing_that_was_read_is_kept_once_a_list_has_failed(
    fake: Any, run_tap: Run, monkeypatch: pytest.MonkeyPatch, *, customer: Any, appointment: Any, answer: Any,
    before: Any,
) -> None:  # fmt: skip
    """Failures are remembered to the end of the run, and must not hold on to the pages they came from."""
    kept: weakref.WeakSet[Any] = weakref.WeakSet()
    for kind in (Seen, Pages):
        begin: Any = kind.__init__

        def remembered(self: Any, *args: Any, begin: Any = begin) -> None:
            kept.add(self)
            begin(self, *args)

        monkeypatch.setattr(kind, "__init__", remembered)
    fake.customers = [customer(n) for n in range(1, 9)]
    fake.appointments = [appointment(n) for n in range(1, 9)]
    for name in ("customers", "appointments"):
        fake.always[name] = lambda asked: answer(b"", 403) if asked.body["PageNumber"] == 3 else None
    output = run_tap(fake.settings(concurrent_requests=4, window_days=60), before)
    assert {output.tally(name)["outcome"] for name in ("contacts", "check_ins")} == {"BKR-202"}
    gc.collect()
    assert not list(kept)


@pytest.mark.parametrize("count", [0, -1, 1, 10**9 + 1, 10**400, True, "8", None])
@pytest.mark.parametrize("ahead", [1, 4])
def test_a_count_of_bookers_that_cannot_be_is_no_count(
    fake: Any, run_tap: Run, customer: Any, answer: Any, *, count: Any, ahead: int
) -> None:
    def page(asked: Any) -> Any:
        number = asked.body["PageNumber"]
        found = [customer(n) for n in range(number * 3 - 2, min(number * 3, 8) + 1)]
        return answer({"IsSuccess": True, "Customers": found, "TotalResultsCount": count})

    fake.always["customers"] = page
    output = run_tap(fake.settings(concurrent_requests=ahead))
    assert (output.code, output.ids("contacts")) == (0, list(range(1, 9)))


def test_a_customer_that_is_null_is_counted_not_emitted_as_someone_without_a_name(
    fake: Any, run_tap: Run, customer: Any
) -> None:
    fake.customers = [
        customer(1),
        {"CustomerID": 2, "Customer": None},
        None,
        {"CustomerID": 3, "Customer": {}},
    ]
    output = run_tap(fake.settings())
    assert (output.code, output.ids("contacts"), output.tally("contacts")["ignored"]) == (0, [1], 3)


def test_appointments_without_a_customer_are_counted_not_emitted(
    fake: Any, run_tap: Run, appointment: Any
) -> None:
    fake.appointments = [
        appointment(1, CustomerID=None),
        appointment(2, CustomerID=None, Customer={"ID": 5}),
        appointment(3, ID=None),
        None,
    ]
    output = run_tap(fake.settings(window_days=366))
    assert [(row["id"], row["contact_id"]) for row in output.rows("check_ins")] == [(2, 5)]
    assert output.tally("check_ins")["ignored"] == 3


def test_the_bookmark_is_the_runs_instant_also_without_a_row_and_for_future_records(
    fake: Any, run_tap: Run, customer: Any
) -> None:
    assert run_tap(fake.settings()).bookmark("contacts") == NOW
    fake.customers = [customer(1, DateLastModifiedOffset="2030-01-01T00:00:00Z")]
    output = run_tap(fake.settings())
    assert output.state == state(NOW, NOW)


def test_state_says_nothing_but_bookmarks_at_any_time(fake: Any, run_tap: Run, customer: Any) -> None:
    fake.customers = [customer(1)]
    output = run_tap(fake.settings(), state())
    for message in output.messages:
        if message["type"] == "STATE":
            assert "marker" not in str(message)
            assert "starting" not in str(message)
            assert "signpost" not in str(message)


def test_a_location_that_fails_keeps_its_old_bookmark_while_others_move(
    fake: Any, run_tap: Run, answer: Any, customer: Any
) -> None:
    fake.customers = [customer(1)]
    fake.always["customers"] = lambda asked: answer(b"", 403) if asked.body["LocationID"] == 3750 else None
    before = state()
    before["bookmarks"]["contacts"]["partitions"] += state(location_id=3750)["bookmarks"]["contacts"][
        "partitions"
    ]
    output = run_tap(fake.settings(location_ids=[3750, 3749]), before)
    assert output.code != 0
    assert output.bookmark("contacts", 3750) == HOUR_AGO
    assert output.bookmark("contacts", 3749) == NOW
    assert output.bookmark("check_ins", 3750) == NOW
    assert output.bookmark("check_ins", 3749) == NOW


@pytest.mark.parametrize("failing_page", [1, 2, 3])
def test_a_page_that_fails_late_moves_no_bookmark_though_rows_went_out(
    fake: Any, run_tap: Run, answer: Any, customer: Any, failing_page: int
) -> None:
    fake.customers = [customer(n, DateLastModifiedOffset=NOW) for n in range(1, 9)]
    fake.always["customers"] = lambda a: answer(b"", 503) if a.body["PageNumber"] == failing_page else None
    output = run_tap(fake.settings(), state())
    assert output.bookmark("contacts") == HOUR_AGO
    assert len(output.ids("contacts")) == 3 * (failing_page - 1)


def test_a_slice_that_fails_moves_no_bookmark(fake: Any, run_tap: Run, answer: Any, appointment: Any) -> None:
    fake.appointments = [appointment(1)]
    fake.queue["appointments"] = [answer({"IsSuccess": True, "Results": []})] * 5 + [answer(b"", 403)]
    output = run_tap(fake.settings())
    assert output.bookmark("check_ins") is None
    assert output.bookmark("contacts") == NOW


def test_a_location_that_left_the_settings_keeps_its_state(fake: Any, run_tap: Run) -> None:
    output = run_tap(fake.settings(location_ids=[3749]), state(location_id=4000))
    assert output.bookmark("contacts", 4000) == HOUR_AGO
    assert output.bookmark("contacts", 3749) == NOW


def test_a_bookmark_of_the_future_does_not_leave_a_gap(fake: Any, run_tap: Run) -> None:
    output = run_tap(fake.settings(), state(contacts="2030-01-01T00:00:00+00:00"))
    assert bodies(fake, "customers")[0]["FromDateLastModifiedOffset"] == "2026-03-01T08:59:59-06:00"
    assert output.bookmark("contacts") == NOW


def test_after_a_long_pause_the_trailing_window_reaches_back_to_the_bookmark(
    fake: Any, run_tap: Run, appointment: Any, answer: Any
) -> None:
    """Booked before the pause, due in it, and never changed: no window of modification holds it."""
    missed = appointment(1, StartDateTimeOffset="2026-02-15T10:00:00-06:00", IsGuestCheckedIn=True)

    def server(asked: Any) -> Any:
        by_start = asked.body.get("FromStartDateOffset")
        found = [missed] if by_start and by_start < "2026-02-15" and asked.body["PageNumber"] == 1 else []
        return answer({"IsSuccess": True, "Results": found})

    fake.always["appointments"] = server
    two_weeks_ago = "2026-02-14T15:00:00+00:00"
    assert run_tap(fake.settings(), state(two_weeks_ago, two_weeks_ago)).ids("check_ins") == [1]
    assert run_tap(fake.settings(), state()).ids("check_ins") == []


@pytest.mark.parametrize("bookmark", ["0001-01-01T00:00:00", "yesterday", 7])
def test_a_bookmark_that_is_no_date_is_one_clear_failure(fake: Any, run_tap: Run, bookmark: Any) -> None:
    with pytest.raises(StateError, match="BKR-106"):
        run_tap(fake.settings(), state(contacts=bookmark))


def selection(fake: Any, run_tap: Run, *unselected: tuple[str, ...]) -> dict[str, Any]:
    tap = run_tap(fake.settings()).tap
    catalog: dict[str, Any] = tap.catalog_dict
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            path = (stream["tap_stream_id"], *entry["breadcrumb"][1:])
            entry["metadata"]["selected"] = path not in unselected
    fake.asked.clear()
    return catalog


def test_a_stream_that_is_not_selected_costs_no_call_and_keeps_its_bookmark(fake: Any, run_tap: Run) -> None:
    catalog = selection(fake, run_tap, ("check_ins",))
    output = run_tap(fake.settings(), state(), catalog)
    assert not fake.paths("appointments")
    assert output.bookmark("check_ins") == HOUR_AGO
    assert output.bookmark("contacts") == NOW


def test_a_field_that_is_not_selected_is_left_out(fake: Any, run_tap: Run, customer: Any) -> None:
    catalog = selection(fake, run_tap, ("contacts", "birthday"), ("contacts", "email"))
    fake.customers = [customer(1, Email="dana@example.com")]
    output = run_tap(fake.settings(), None, catalog)
    assert not {"birthday", "email"} & set(output.rows("contacts")[0])
    assert output.rows("contacts")[0]["first_name"] == "First1"


def test_full_table_in_the_catalog_reads_all_again(fake: Any, run_tap: Run) -> None:
    catalog = selection(fake, run_tap)
    for stream in catalog["streams"]:
        stream["replication_method"] = "FULL_TABLE"
    output = run_tap(fake.settings(), state(), catalog)
    assert "FromDateLastModifiedOffset" not in bodies(fake, "customers")[0]
    assert output.bookmark("contacts") == NOW


def test_a_catalog_without_replication_keys_still_reads_incrementally(fake: Any, run_tap: Run) -> None:
    catalog = selection(fake, run_tap)
    for stream in catalog["streams"]:
        stream.pop("replication_key")
        stream.pop("replication_method")
        for entry in stream["metadata"]:
            entry["metadata"].pop("forced-replication-method", None)
            entry["metadata"].pop("valid-replication-keys", None)
    output = run_tap(fake.settings(), state(), catalog)
    assert "FromDateLastModifiedOffset" in bodies(fake, "customers")[0]
    assert output.state == state(NOW, NOW)


def test_the_summary_counts_rows_pages_and_calls(fake: Any, run_tap: Run, customer: Any, answer: Any) -> None:
    fake.customers = [customer(n) for n in range(1, 5)]
    fake.queue["customers"] = [answer(b"", 503)]
    output = run_tap(fake.settings(window_days=366))
    tally = output.tally("contacts")
    assert (tally["rows"], tally["pages"], tally["calls"]) == (4, 3, 4)
    assert f"calls made in all: {len(fake.asked)}" in output.stderr
    assert output.tap.run.report.calls == len(fake.asked)
