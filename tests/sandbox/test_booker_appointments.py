"""FindAppointments: what it shows, which windows it knows, and what the desk's clicks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

APPOINTMENTS = "/v4.1/merchant/appointments"
RECENT = {"FromDateLastModifiedOffset": "2026-03-02T15:00:00Z"}


def rows(booker: Any, person: Any, **body: Any) -> list[dict[str, Any]]:
    return [row for row in booker.appointments(**body) if row["CustomerID"] == person.id]


def test_a_check_in_is_shown_as_a_stamp_and_as_flags(booker: Any) -> None:
    salon = booker.box.salon
    made = salon.book(
        salon.people["no_visit"], datetime(2026, 3, 2, 14, tzinfo=UTC), at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert (shown := rows(booker, salon.people["no_visit"])[0])["DateCheckIn"] is None
    assert (shown["IsGuestCheckedIn"], shown["Status"]["Name"], shown["CanCheckin"]) == (
        False,
        "Booked",
        True,
    )
    salon.check_in(made)
    shown = rows(booker, salon.people["no_visit"])[0]
    assert shown["DateCheckInOffset"] == "2026-03-02T09:00:00-06:00"
    assert (shown["IsGuestCheckedIn"], shown["CanUndoCheckin"]) == (True, True)


def test_there_is_no_modification_date_on_an_appointment(booker: Any) -> None:
    assert not [name for name in booker.appointments()[0] if "Modified" in name]


def test_an_undone_check_in_loses_its_stamp_and_moves_into_the_modified_window(booker: Any) -> None:
    person = booker.box.salon.people["family_mother"]
    booker.box.salon.undo_check_in(rows(booker, person)[0]["ID"])
    assert rows(booker, person)[0]["DateCheckIn"] is None
    assert len(rows(booker, person, **RECENT)) == 1


def test_an_undone_check_in_takes_payment_and_completion_back_too(booker: Any) -> None:
    person, salon = booker.box.salon.people["no_visit"], booker.box.salon
    made = salon.pay(salon.visit(person))
    assert rows(booker, person)[0]["IsServiceComplete"] is True
    salon.undo_check_in(made)
    shown = rows(booker, person)[0]
    assert (shown["IsServiceComplete"], shown["IsOrderClosed"], shown["IsOrderPaid"]) == (False, False, False)
    assert salon.last_visit(person) is None


def test_a_late_cancel_modifies_an_appointment_that_was_checked_in_before(booker: Any) -> None:
    salon = booker.box.salon
    made = salon.by_customer[salon.people["family_mother"].id][0]
    salon.cancel(made)
    assert [row["ID"] for row in booker.appointments(**RECENT)] == [made.id]


def test_whether_a_check_in_touches_the_modified_window_is_a_switch(booker: Any) -> None:
    salon = booker.box.salon
    made = salon.book(salon.people["no_visit"], at=datetime(2026, 3, 1, tzinfo=UTC))
    salon.check_in(made)
    assert [row["ID"] for row in booker.appointments(**RECENT)] == [made.id]
    booker.box.booker.switches.check_in_touches_modified = False
    assert booker.appointments(**RECENT) == []


def test_a_server_may_ignore_the_modified_filter(booker: Any) -> None:
    booker.box.booker.switches.honour_modified_filter_appointments = False
    assert len(booker.appointments(**RECENT)) == len(booker.box.salon.appointments)


def test_start_and_modified_windows_combine_and_start_dates_may_be_null(booker: Any) -> None:
    salon = booker.box.salon
    made = salon.book(salon.people["no_visit"], datetime(2026, 3, 20, 15, tzinfo=UTC))
    nulls = {"FromStartDate": None, "ToStartDate": None}
    assert [row["ID"] for row in booker.appointments(**RECENT, **nulls)] == [made.id]
    past = {"ToStartDateOffset": "2026-03-05T00:00:00-06:00"}
    assert booker.appointments(**RECENT, **past) == []
    day = {
        "FromStartDate": "/Date(1773979200000)/",
        "ToStartDate": "/Date(1774065599000)/",
    }  # 20 March in New York
    assert [row["ID"] for row in booker.appointments(**day)] == [made.id]


@pytest.mark.parametrize(
    ("click", "flags"),
    [
        ("no_show", {"IsNoShow": True, "IsCancelledOrNoShow": True, "IsGuestCheckedIn": False}),
        ("cancel", {"IsCancelled": True, "IsCancelledOrNoShow": True, "IsGuestCheckedIn": False}),
        (
            "pay",
            {
                "IsOrderPaid": True,
                "IsOrderClosed": True,
                "IsServiceComplete": True,
                "IsGuestCheckedIn": False,
            },
        ),
    ],
)
def test_what_becomes_of_a_booking_is_shown_and_modifies_it(
    booker: Any, click: str, flags: dict[str, bool]
) -> None:
    salon = booker.box.salon
    made = salon.book(
        salon.people["no_visit"], datetime(2026, 3, 2, 9, tzinfo=UTC), at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    getattr(salon, click)(made)
    shown = rows(booker, salon.people["no_visit"], **RECENT)[0]
    assert {name: shown[name] for name in flags} == flags


def test_the_check_in_stamp_may_be_missing(booker: Any) -> None:
    booker.box.booker.switches.check_in_stamp = False
    shown = rows(booker, booker.box.salon.people["family_mother"])[0]
    assert (shown["DateCheckIn"], shown["IsGuestCheckedIn"]) == (None, True)


def test_the_partial_form_lacks_nested_objects_and_perhaps_the_check_in(booker: Any) -> None:
    shown = booker.post(APPOINTMENTS + "/partial").json()["Results"][0]
    assert "Customer" not in shown
    assert "DateCheckIn" not in shown
    booker.box.booker.switches.partial_has_check_in = True
    assert "DateCheckIn" in booker.post(APPOINTMENTS + "/partial").json()["Results"][0]


def test_the_total_may_be_missing(booker: Any) -> None:
    total = len(booker.box.salon.appointments)
    assert (
        booker.post(APPOINTMENTS, UsePaging=True, PageSize=1, PageNumber=1).json()["TotalResultsCount"]
        == total
    )
    booker.box.booker.switches.appointments_total = False
    assert "TotalResultsCount" not in booker.post(APPOINTMENTS).json()


def test_without_paging_everything_comes_at_once(booker: Any) -> None:
    found = booker.appointments(UsePaging=False, PageSize=0, PageNumber=0)
    assert len(found) == len(booker.box.salon.appointments)


def test_a_guest_without_a_record_has_an_appointment_all_the_same(booker: Any) -> None:
    assert None in {row["CustomerID"] for row in booker.appointments()}


def test_plain_filters_narrow_the_list(booker: Any) -> None:
    person = booker.box.salon.people["no_show"]
    mine = booker.appointments(CustomerID=person.id)
    assert {row["CustomerID"] for row in mine} == {person.id}
    gone = next(row["Status"]["ID"] for row in mine if row["IsNoShow"])
    assert {row["IsNoShow"] for row in booker.appointments(AppointmentStatusID=gone)} == {True}
    assert booker.appointments(OnlyClassAppointments=True) == []
    staff = {row["EmployeeID"] for row in booker.appointments(EmployeeID=2)}
    assert staff == {2}


def test_one_appointment_can_be_read(booker: Any) -> None:
    made = next(iter(booker.box.salon.appointments))
    assert booker.get(f"/v4.1/merchant/appointment/{made}").json()["Appointment"]["ID"] == made
    assert booker.get("/v4.1/merchant/appointment/1").json()["ErrorCode"] == 200


def test_the_location_names_its_zone_nested_or_not(booker: Any) -> None:
    shown = booker.get("/v4.1/merchant/location/3749").json()
    assert shown["TimeZone"]["StandardName"] == "Central Standard Time"
    switches = booker.box.booker.switches
    switches.location_nested, switches.standard_zone_name = True, False
    nested = booker.get("/v4.1/merchant/location/3749").json()["Location"]["TimeZone"]
    assert (nested["Name"], nested["StandardName"]) == ("(GMT-06:00) Central Time (US & Canada)", None)
    assert booker.get("/v4.1/merchant/location/1").json()["ErrorCode"] == 200


def test_news_of_another_hour_is_in_no_window_before_it(booker: Any) -> None:
    booker.box.clock.advance(timedelta(minutes=10))
    assert booker.appointments(FromDateLastModifiedOffset="2026-03-02T15:05:00Z") == []
