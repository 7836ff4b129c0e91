from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tap_booker import rows, schemas

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
PAST, FUTURE = "2026-03-02T08:00:00-06:00", "2026-03-02T12:00:00-06:00"
PAST_UTC = "2026-03-02T14:00:00+00:00"

FULL: dict[str, Any] = {
    "ID": 900001,
    "FirstName": " Dana ",
    "LastName": "Lee",
    "Email": "dana@example.com",
    "HomePhone": "3125550100",
    "CellPhone": "3125550101",
    "WorkPhone": None,
    "Address": {
        "Street1": "1 Main St",
        "City": "Chicago",
        "State": "IL",
        "Zip": 60601,
        "Country": {"Name": "US"},
    },
    "DateOfBirth": "/Date(583992000000-0400)/",
    "Gender": {"ID": 1, "Name": "Female"},
    "LocationID": 3749,
    "IsActive": True,
    "AllowReceiveEmails": True,
    "AllowReceivePromotionalEmails": False,
    "AllowReceiveSMS": True,
    "RequestedToBeForgotten": False,
    "HasActiveMembership": True,
    "CustomerStats": {"DateOfLastVisitOffset": "2025-03-01T18:20:05-06:00", "TotalSales": 540.0},
    "DateCreatedOffset": "2023-06-02T13:05:00-05:00",
    "DateLastModifiedOffset": "2025-03-01T18:20:05-06:00",
    "CreditCard": {"Number": "4111111111111111"},
    "CustomerCreditCards": ["4111"],
    "ACH": "bank",
    "Notes": "likes tea",
    "CustomerFieldValues": ["intake"],
    "EmergencyContactName": "Ann",
    "ReferredByCustomerID": 5,
}


def contact(inner: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    raw = {"CustomerID": 900001, "Customer": {**FULL, **changes} if inner is None else inner}
    row = rows.contact(raw, 3749, CHICAGO)
    assert row is not None
    return row


def test_a_contact_has_exactly_the_fields_of_the_schema() -> None:
    assert contact() == {
        "id": 900001,
        "location_id": 3749,
        "first_name": "Dana",
        "last_name": "Lee",
        "email": "dana@example.com",
        "phone": "3125550101",
        "street": "1 Main St",
        "city": "Chicago",
        "state": "IL",
        "zip": "60601",
        "birthday": "1988-07-04",
        "is_member": True,
        "last_visit_at": "2025-03-02T00:20:05+00:00",
        "accepts_email": False,
        "accepts_sms": True,
        "is_forgotten": False,
        "is_active": True,
        "created_at": "2023-06-02T18:05:00+00:00",
        "updated_at": "2025-03-02T00:20:05+00:00",
    }
    assert list(contact()) == list(schemas.CONTACTS["properties"])


def test_a_record_without_its_wrapper_is_the_same_contact() -> None:
    assert rows.contact(FULL, 3749, CHICAGO) == contact()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"CustomerID": 5, "Customer": {"ID": 7}}, 5),
        ({"CustomerID": None, "Customer": {"ID": 7}}, 7),
        ({"CustomerID": "5", "Customer": None}, 5),
        ({"ID": 7, "CustomerID": None}, 7),
        ({"Customer": {"ID": 0}}, None),
        ({}, None),
    ],
)
def test_the_wrappers_id_goes_before_the_inner_one(raw: dict[str, Any], expected: int | None) -> None:
    assert rows.customer_id(raw) == expected


def test_nulls_anywhere_make_nulls() -> None:
    bare = contact(dict.fromkeys(FULL))
    assert {name for name, value in bare.items() if value} == {"id", "location_id"}
    assert bare["is_member"] is False
    assert contact(Address=None)["street"] is None
    assert contact(CustomerStats=None)["last_visit_at"] is None


@pytest.mark.parametrize(
    "raw", [{}, {"CustomerID": 5, "Customer": None}, {"CustomerID": 5, "Customer": {}}, {"FirstName": "A"}]
)
def test_an_element_that_says_nothing_of_anybody_is_no_contact(raw: dict[str, Any]) -> None:
    assert rows.contact(raw, 3749, CHICAGO) is None


@pytest.mark.parametrize(
    ("cell", "home", "work", "expected"),
    [
        ("1", "2", "3", "1"),
        ("", "2", "3", "2"),
        (None, "  ", " 3 ", "3"),
        (3125550101, None, None, "3125550101"),
        ("", "", "", None),
    ],
)
def test_the_phone_is_the_first_that_is_there(cell: Any, home: Any, work: Any, expected: str | None) -> None:
    assert contact(CellPhone=cell, HomePhone=home, WorkPhone=work)["phone"] == expected


@pytest.mark.parametrize(
    ("mail", "promotion", "expected"),
    [(True, True, True), (True, False, False), (False, None, False), (None, None, None), (None, True, True)],
)
def test_one_no_to_email_is_a_no(*, mail: bool | None, promotion: bool | None, expected: bool | None) -> None:
    row = contact(AllowReceiveEmails=mail, AllowReceivePromotionalEmails=promotion)
    assert row["accepts_email"] is expected


def test_who_asked_to_be_forgotten_keeps_nothing_personal() -> None:
    row = contact(RequestedToBeForgotten=True)
    kept = {name: value for name, value in row.items() if value is not None}
    assert kept == {
        "id": 900001,
        "location_id": 3749,
        "is_forgotten": True,
        "is_active": True,
        "created_at": "2023-06-02T18:05:00+00:00",
        "updated_at": "2025-03-02T00:20:05+00:00",
    }


def check_in(**fields: Any) -> dict[str, Any] | None:
    raw = {
        "ID": 77,
        "CustomerID": 900001,
        "StartDateTimeOffset": PAST,
        "Status": {"ID": 0, "Name": "Booked"},
        **fields,
    }
    return rows.check_in(raw, 3749, CHICAGO, NOW)


def test_a_stamped_check_in() -> None:
    row = check_in(
        DateCheckInOffset="2026-03-02T07:55:12-06:00", DateCheckIn="/Date(0)/", IsGuestCheckedIn=True
    )
    assert row == {
        "id": 77,
        "contact_id": 900001,
        "location_id": 3749,
        "checked_in_at": "2026-03-02T13:55:12+00:00",
        "is_checked_in": True,
        "is_time_inferred": False,
        "starts_at": PAST_UTC,
        "status": "Booked",
        "as_of": NOW.isoformat(),
    }
    assert list(row) == list(schemas.CHECK_INS["properties"])


def test_the_plain_stamp_follows_the_eastern_rule() -> None:
    row = check_in(DateCheckIn="/Date(1772460000000-0500)/")
    assert row is not None
    assert row["checked_in_at"] == "2026-03-02T15:00:00+00:00"


@pytest.mark.parametrize(
    "flag", ["IsGuestCheckedIn", "IsCheckedInInService", "IsServiceComplete", "IsOrderClosed"]
)
def test_a_flag_without_a_stamp_is_a_visit_at_its_start(flag: str) -> None:
    row = check_in(**{flag: True})
    assert row is not None
    assert (row["checked_in_at"], row["is_checked_in"], row["is_time_inferred"]) == (PAST_UTC, True, True)


@pytest.mark.parametrize("flag", ["IsGuestCheckedIn", "IsCheckedInInService"])
def test_an_inferred_time_is_never_later_than_the_run(flag: str) -> None:
    row = check_in(StartDateTimeOffset=FUTURE, **{flag: True})
    assert row is not None
    assert (row["checked_in_at"], row["is_time_inferred"]) == (NOW.isoformat(), True)


@pytest.mark.parametrize("flag", ["IsServiceComplete", "IsOrderClosed"])
def test_a_paid_booking_of_the_future_is_no_visit(flag: str) -> None:
    assert check_in(StartDateTimeOffset=FUTURE, **{flag: True}) is None


@pytest.mark.parametrize("flag", ["IsOrderPaid", "IsCheckout"])
def test_payment_alone_is_no_visit(flag: str) -> None:
    row = check_in(**{flag: True})
    assert row is not None
    assert row["is_checked_in"] is False


@pytest.mark.parametrize("flag", ["IsCancelled", "IsNoShow", "IsCancelledOrNoShow"])
def test_called_off_is_never_a_visit_whatever_the_stamp_says(flag: str) -> None:
    row = check_in(DateCheckInOffset=PAST, IsGuestCheckedIn=True, IsServiceComplete=True, **{flag: True})
    assert row is not None
    assert (row["checked_in_at"], row["is_checked_in"], row["is_time_inferred"]) == (None, False, False)


def test_an_undone_check_in_says_so() -> None:
    row = check_in(DateCheckIn=None, DateCheckInOffset=None, IsGuestCheckedIn=False)
    assert row is not None
    assert (row["checked_in_at"], row["is_checked_in"]) == (None, False)


def test_a_booking_that_starts_later_is_left_out_unless_the_guest_is_here() -> None:
    assert check_in(StartDateTimeOffset=FUTURE) is None
    assert check_in(StartDateTimeOffset=FUTURE, IsCancelled=True) is None
    assert check_in(StartDateTimeOffset=FUTURE, DateCheckInOffset=PAST) is not None
    assert check_in(StartDateTimeOffset=None, IsGuestCheckedIn=True) is None


def test_a_year_one_stamp_is_no_check_in() -> None:
    row = check_in(DateCheckIn="/Date(-62135578800000-0500)/", DateCheckInOffset="0001-01-01T00:00:00-05:00")
    assert row is not None
    assert row["is_checked_in"] is False


@pytest.mark.parametrize(
    ("status", "expected"), [({"Name": "Paid"}, "Paid"), ("Paid", "Paid"), (None, None), ({}, None)]
)
def test_the_status_name_is_passed_through(status: Any, expected: str | None) -> None:
    row = check_in(Status=status)
    assert row is not None
    assert row["status"] == expected
