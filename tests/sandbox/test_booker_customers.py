"""FindCustomers: what it shows, filters, pages and refuses."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

CUSTOMERS = "/v4.1/merchant/customers"


def test_every_customer_is_listed_once_over_pages_and_the_last_page_is_empty(booker: Any) -> None:
    seen: list[int] = []
    for number in range(1, 100):
        page = [row["CustomerID"] for row in booker.customers(UsePaging=True, PageSize=7, PageNumber=number)]
        if not page:
            break
        seen += page
    assert sorted(seen) == sorted(booker.box.salon.customers)


def test_contacts_asked_for_are_contacts_in_all() -> None:
    assert len(Sandbox(contacts=60).salon.customers) == 60


def test_sensitive_and_unwanted_fields_are_there_to_be_dropped(booker: Any) -> None:
    text = json.dumps(booker.customers())
    for secret in ("4111-SECRET-CARD", "ACH-SECRET", "NOTE-SECRET", "INTAKE-SECRET", "EMERGENCY-SECRET"):
        assert secret in text
    assert {"Gender", "LoyaltyPoints", "NumberOfReferrals", "MembershipLevels"} <= booker.customers()[0][
        "Customer"
    ].keys()


def test_the_modified_filter_works_in_both_forms_and_both_must_hold(booker: Any) -> None:
    person = booker.box.salon.add_customer(first="New")
    iso = {"FromDateLastModifiedOffset": "2026-03-02T09:00:00-0600"}
    dotnet = {"FromDateLastModified": "/Date(1772460600000)/"}  # 09:10 in New York, read as 09:10 in Chicago
    assert booker.ids(**iso) == {person.id}
    assert booker.ids(**dotnet) == set()
    booker.box.clock.advance(timedelta(minutes=20))
    later = booker.box.salon.add_customer(first="Later")
    assert booker.ids(**dotnet) == {later.id}
    assert booker.ids(**iso, **dotnet) == {later.id}


def test_a_server_may_ignore_the_modified_filter(booker: Any) -> None:
    booker.box.booker.switches.honour_modified_filter_customers = False
    assert booker.ids(FromDateLastModifiedOffset="2026-03-02T15:00:00Z") == set(booker.box.salon.customers)


def test_whether_the_upper_bound_is_inclusive_is_a_switch(booker: Any) -> None:
    person = booker.box.salon.add_customer(first="Edge")
    bounds = {
        "FromDateLastModifiedOffset": "2026-03-02T15:00:00Z",
        "ToDateLastModifiedOffset": "2026-03-02T15:00:00Z",
    }
    assert booker.ids(**bounds) == {person.id}
    booker.box.booker.switches.modified_upper_inclusive = False
    assert booker.ids(**bounds) == set()


def test_offset_bounds_may_be_ignored_or_refused(booker: Any) -> None:
    bounds = {"FromDateLastModifiedOffset": "2026-03-02T15:00:00Z"}
    booker.box.booker.switches.offset_filters = "ignored"
    assert booker.ids(**bounds) == set(booker.box.salon.customers)
    booker.box.booker.switches.offset_filters = "refused"
    assert booker.post(CUSTOMERS, **bounds).json()["ErrorCode"] == 200


def test_a_lapsed_membership_leaves_no_change_date(booker: Any) -> None:
    person = booker.box.salon.people["lapsing_member"]
    assert booker.customer(person)["HasActiveMembership"] is True
    booker.box.salon.lapse_membership(person)
    assert booker.customer(person)["HasActiveMembership"] is False
    assert booker.ids(FromDateLastModifiedOffset="2026-01-01T00:00:00Z") == set()


def test_whether_a_visit_touches_the_customer_is_a_switch(booker: Any) -> None:
    person = booker.box.salon.people["no_visit"]
    booker.box.salon.visit(person)
    bounds = {"FromDateLastModifiedOffset": "2026-03-02T15:00:00Z"}
    assert booker.ids(**bounds) == set()
    booker.box.booker.switches.visit_touches_customer = True
    assert booker.ids(**bounds) == {person.id}


def test_inactive_customers_come_by_default_unless_switched(booker: Any) -> None:
    inactive = booker.box.salon.people["inactive"].id
    assert inactive in booker.ids()
    assert booker.ids(IsActive=False) == {inactive}
    assert inactive not in booker.ids(IsActive=True)
    booker.box.booker.switches.inactive_returned_by_default = False
    assert inactive not in booker.ids()


def test_leads_are_no_customers(booker: Any) -> None:
    lead = booker.box.salon.add_customer(first="Lead", record_type="Lead").id
    assert lead in booker.ids()
    assert lead not in booker.ids(CustomerRecordType=1)
    assert booker.ids(CustomerRecordType="Lead") == {lead}


def test_other_locations_come_without_the_exact_filter(booker_of: Callable[[Sandbox], Any]) -> None:
    with Sandbox(contacts=60, locations={1: "America/New_York", 2: "Europe/London"}) as box:
        booker = booker_of(box)
        assert booker.ids() == set(box.salon.customers)
        exact = booker.ids(LocationID=2, FilterByExactLocationID=True)
        assert exact == {p.id for p in box.salon.customers.values() if p.location_id == 2}
        box.booker.switches.other_locations_without_exact_filter = False
        assert booker.ids(LocationID=2) == exact


def test_people_are_found_by_phone_email_and_name(booker: Any) -> None:
    people = booker.box.salon.people
    family = {people[f"family_{who}"].id for who in ("mother", "father", "child")}
    assert booker.ids(Phone="(312) 555-0111") == family
    assert booker.ids(Email="GARCIA.family@example.com") == family
    assert booker.ids(FirstNameStart="luc", LastNameStart="gar") == {people["family_mother"].id}
    assert booker.ids(FirstOrLastOrFullNameStart="Henry El") == {people["born_before_1970"].id}


def test_an_order_may_be_asked_for(booker: Any) -> None:
    rows = booker.customers(SortBy=[{"SortBy": "LastName", "SortDirection": "Descending"}])
    names = [row["Customer"]["LastName"] for row in rows]
    assert names == sorted(names, reverse=True)
    assert booker.post(CUSTOMERS, SortBy=[{"SortBy": "ShoeSize"}]).json()["ErrorCode"] == 200


def test_elements_may_be_unwrapped_and_the_list_may_be_called_results(booker: Any) -> None:
    switches = booker.box.booker.switches
    switches.customers_wrapped, switches.customers_key = False, "Results"
    assert booker.post(CUSTOMERS).json()["Results"][0]["FirstName"] == "Lucía"


def test_customer_ids_may_differ_inside_and_outside(booker: Any) -> None:
    row = booker.customers()[0]
    assert row["CustomerID"] == row["Customer"]["ID"]
    booker.box.booker.switches.customer_ids_equal = False
    row = booker.customers()[0]
    assert row["CustomerID"] != row["Customer"]["ID"]


def test_a_total_is_shown_only_when_switched_on(booker: Any) -> None:
    assert "TotalResultsCount" not in booker.post(CUSTOMERS).json()
    booker.box.booker.switches.customers_total = True
    answer = booker.post(CUSTOMERS, UsePaging=True, PageSize=1, PageNumber=1).json()
    assert answer["TotalResultsCount"] == len(booker.box.salon.customers)


def test_statistics_may_be_missing_in_the_list_but_not_in_the_record(booker: Any) -> None:
    person = booker.box.salon.people["family_mother"]
    assert booker.customer(person)["CustomerStats"]["DateOfLastVisitOffset"] == "2026-02-20T09:00:00-06:00"
    booker.box.booker.switches.customer_stats_in_list = False
    assert booker.customer(person)["CustomerStats"] is None
    one = booker.get(f"/v4.1/merchant/customer/{person.id}").json()
    assert one["Customer"]["CustomerStats"]["DateOfLastVisitOffset"] == "2026-02-20T09:00:00-06:00"


def test_customers_and_addresses_may_be_null(booker: Any) -> None:
    switches = booker.box.booker.switches
    switches.null_customer_every, switches.null_address_every = 3, 2
    rows = booker.customers()
    assert all((row["Customer"] is None) == (row["CustomerID"] % 3 == 0) for row in rows)
    kept = [row["Customer"] for row in rows if row["Customer"] and row["CustomerID"] % 2 == 0]
    assert kept
    assert all(customer["Address"] is None for customer in kept)


def test_larger_pages_than_the_largest_are_refused(booker: Any) -> None:
    booker.box.booker.switches.max_page_size = 50
    answer = booker.post(CUSTOMERS, UsePaging=True, PageSize=51, PageNumber=1).json()
    assert answer["ArgumentErrors"][0]["ArgumentName"] == "PageSize"
    assert booker.post(CUSTOMERS, UsePaging=True, PageSize=50, PageNumber=1).json()["IsSuccess"] is True


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"UpdatedSince": "2026-01-01"}, "UpdatedSince"),
        ({"LocationID": "abc"}, "LocationID"),
        ({"LocationID": ...}, "LocationID"),
        ({"LocationID": 1}, "LocationID"),
        ({"PageSize": "100"}, "PageSize"),
        ({"UsePaging": True, "PageSize": 10, "PageNumber": 0}, "PageNumber"),
        ({"UsePaging": True, "PageNumber": 1}, "PageSize"),
        ({"FromDateLastModified": "2026-01-01"}, "FromDateLastModified"),
        ({"FromDateLastModified": "/Date(999999999999999)/"}, "FromDateLastModified"),
        ({"FromDateLastModifiedOffset": "2026-01-01T00:00:00"}, "FromDateLastModifiedOffset"),
        ({"ToDateCreatedOffset": "2026-13-01T00:00:00Z"}, "ToDateCreatedOffset"),
        ({"SortBy": [{"Column": "ID"}]}, "SortBy.0.Column"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(booker: Any, body: dict[str, Any], name: str) -> None:
    answer = booker.post(CUSTOMERS, **body)
    assert (answer.status_code, answer.json()["IsSuccess"], answer.json()["ErrorCode"]) == (200, False, 200)
    assert name in [error["ArgumentName"] for error in answer.json()["ArgumentErrors"]]


def test_a_location_id_may_be_a_string_of_digits(booker: Any) -> None:
    assert booker.post(CUSTOMERS, LocationID="3749").json()["IsSuccess"] is True


def test_forms_of_argument_errors_are_switches(booker: Any) -> None:
    switches = booker.box.booker.switches
    switches.argument_error_status, switches.argument_errors_as = 400, "object"
    answer = booker.post(CUSTOMERS, PageSize="x")
    assert answer.status_code == 400
    assert list(answer.json()["ArgumentErrors"]) == ["PageSize"]


def test_an_unknown_location_may_be_a_permission_error(booker: Any) -> None:
    booker.box.booker.switches.unknown_location = "permission"
    answer = booker.post(CUSTOMERS, LocationID=1).json()
    assert (answer["ErrorCode"], answer["ErrorMessage"]) == (1000, "no access to this location")


@pytest.mark.parametrize(
    ("data", "kind"), [(b"{", "application/json"), (b"{}", "text/plain"), (b"[]", "application/json")]
)
def test_a_body_that_is_no_json_object_is_refused(booker: Any, data: bytes, kind: str) -> None:
    headers = {"Content-Type": kind}
    answer = booker.session.post(
        booker.box.booker_url + CUSTOMERS, data=data, headers=headers, timeout=10
    ).json()
    assert answer["IsSuccess"] is False


def test_an_unknown_path_or_method_is_refused_by_the_gateway(booker: Any) -> None:
    assert booker.get("/v4.1/merchant/customer/1/appointments").status_code == 404
    assert booker.get(CUSTOMERS).status_code == 405


def test_an_unknown_query_parameter_or_customer_is_refused(booker: Any) -> None:
    good = next(iter(booker.box.salon.customers))
    assert booker.get(f"/v4.1/merchant/customer/{good}", surprise=1).json()["ErrorCode"] == 200
    assert booker.get("/v4.1/merchant/customer/1").json()["ErrorCode"] == 200
    assert booker.get("/v4.1/merchant/customer/abc").json()["ErrorCode"] == 200
