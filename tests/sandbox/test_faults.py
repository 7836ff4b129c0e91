"""What goes wrong when it is asked to, and whether the request took effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

CUSTOMERS = "/v4.1/merchant/customers"
ADA = {"email": "ada@example.com"}


@pytest.mark.parametrize(
    ("kind", "status"), [("429", 429), ("503", 503), ("504", 504), ("403", 403), ("401", 401), ("500", 500)]
)
def test_both_vendors_fail_in_their_own_form(booker: Any, referrizer: Any, kind: str, status: int) -> None:
    booker.post(CUSTOMERS)
    booker.box.faults.add(kind, retry_after=3)
    theirs, ours = booker.post(CUSTOMERS), referrizer.create(**ADA)
    assert (theirs.status_code, theirs.headers["Retry-After"], theirs.json()["statusCode"]) == (
        status,
        "3",
        status,
    )
    assert (ours.status_code, ours.headers["Retry-After"]) == (status, "3")
    assert set(ours.json()) == {"errorCode", "message"}
    assert not booker.box.referrizer.contacts


def test_a_403_without_retry_after_is_a_permission_and_with_it_a_quota(booker: Any) -> None:
    booker.post(CUSTOMERS)
    booker.box.faults.add("403", nth=1)
    booker.box.faults.add("403", nth=2, retry_after=60)
    first, second = booker.post(CUSTOMERS), booker.post(CUSTOMERS)
    assert "Retry-After" not in first.headers
    assert "quota" in second.json()["message"]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "timeout_before", "timeout_after"])
def test_a_lost_answer_says_nothing_about_the_effect(referrizer: Any, kind: str) -> None:
    referrizer.box.faults.add(kind, times=1, hang=0.01)
    with pytest.raises(requests.ConnectionError):
        referrizer.create(**ADA)
    assert bool(referrizer.box.referrizer.contacts) is kind.endswith("after")
    assert (referrizer.box.requests[-1].status, referrizer.box.requests[-1].fault) == (0, kind)
    assert referrizer.call("GET", "/contacts").status_code == 200


def test_a_client_that_gives_up_first_leaves_the_server_well(referrizer: Any) -> None:
    referrizer.box.faults.add("timeout_before", times=1, hang=60)
    with pytest.raises(requests.Timeout):
        requests.get(f"{referrizer.box.referrizer_url}/contacts", timeout=0.05)
    assert referrizer.call("GET", "/contacts").status_code == 200


def test_an_empty_object_and_an_empty_body_come_with_200(booker: Any) -> None:
    booker.post(CUSTOMERS)
    booker.box.faults.add("empty_object", nth=1)
    booker.box.faults.add("empty_body", nth=2)
    assert booker.post(CUSTOMERS).json() == {}
    assert (booker.post(CUSTOMERS).status_code, booker.box.requests[-1].answer_size) == (200, 0)


def test_a_short_page_loses_nothing_to_those_who_read_until_empty(booker: Any) -> None:
    booker.post(CUSTOMERS)
    booker.box.faults.add("short_page", path="customers", nth=2)
    sizes, seen = [], []
    for number in range(1, 20):
        page = booker.customers(UsePaging=True, PageSize=8, PageNumber=number)
        if not page:
            break
        sizes.append(len(page))
        seen += [row["CustomerID"] for row in page]
    assert sizes[:3] == [8, 4, 8]
    assert seen == sorted(booker.box.salon.customers)


def test_a_short_page_of_contacts_loses_nothing_either(referrizer: Any) -> None:
    for number in range(10):
        referrizer.box.referrizer.contacts.add(email=f"{number}@example.com")
    referrizer.box.faults.add("short_page", nth=1)
    sizes = [len(referrizer.call("GET", f"/contacts?perPage=4&page={page}").json()) for page in (1, 2, 3, 4)]
    assert sizes == [2, 4, 4, 0]


def test_a_broken_record_breaks_its_page_whatever_the_size(booker: Any) -> None:
    ids = sorted(booker.box.salon.customers)
    booker.box.faults.add("fault_100000", path="customers", record_id=ids[4])
    answer = booker.post(CUSTOMERS, UsePaging=True, PageSize=10, PageNumber=1)
    assert answer.json()["Fault"]["Detail"]["InternalErrorFault"]["ErrorCode"] == 100000
    assert len(booker.customers(UsePaging=True, PageSize=10, PageNumber=2)) == 10
    good = [
        number
        for number in range(1, 11)
        if "Fault" not in booker.post(CUSTOMERS, UsePaging=True, PageSize=1, PageNumber=number).json()
    ]
    assert good == [1, 2, 3, 4, 6, 7, 8, 9, 10]


def test_a_fault_100000_may_also_hit_a_call(booker: Any) -> None:
    booker.post(CUSTOMERS)
    booker.box.faults.add("fault_100000", nth=1)
    assert "Fault" in booker.post(CUSTOMERS).json()
    assert booker.post(CUSTOMERS).json()["IsSuccess"] is True


def test_an_expired_token_stays_expired_until_a_new_one_comes(booker: Any) -> None:
    booker.post(CUSTOMERS)
    booker.box.faults.add("expired_token", path="customers", nth=1)
    assert [booker.post(CUSTOMERS).json()["ErrorCode"] for _ in range(2)] == [1000, 1000]
    token = booker.grant().json()["access_token"]
    assert booker.post(CUSTOMERS, access_token=token).json()["IsSuccess"] is True


def test_referrizers_token_may_be_refused_for_once(referrizer: Any) -> None:
    referrizer.box.faults.add("expired_token", nth=1)
    assert [referrizer.call("GET", "/contacts").status_code for _ in range(2)] == [401, 200]


@pytest.mark.parametrize(
    ("when", "struck"),
    [
        ({"nth": 2}, [2]),
        ({"nth": [1, 4]}, [1, 4]),
        ({"every": 2}, [2, 4, 6]),
        ({"times": 3}, [1, 2, 3]),
        ({}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_when_a_fault_happens_is_counted(referrizer: Any, when: dict[str, Any], struck: list[int]) -> None:
    referrizer.box.faults.add("503", vendor="referrizer", method="get", path="contacts$", **when)
    referrizer.box.faults.add("503", vendor="booker")
    referrizer.create(**ADA)
    statuses = [referrizer.call("GET", "/contacts").status_code for _ in range(6)]
    assert [number for number, status in enumerate(statuses, 1) if status == 503] == struck


def test_a_seeded_die_falls_the_same_way_each_time(referrizer: Any) -> None:
    runs = []
    for _ in range(2):
        referrizer.box.faults.clear()
        referrizer.box.faults.add("503", probability=0.5, seed=3)
        runs.append([referrizer.call("GET", "/contacts").status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


def test_unknown_kinds_and_options_are_refused(box: Any) -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        box.faults.add("418")
    with pytest.raises(ValueError, match="unknown options"):
        box.faults.add("503", when="now")


def test_sixteen_clients_at_once_are_served(box: Any) -> None:
    headers = {"Authorization": f"Bearer {box.referrizer.token}"}

    def create(number: int) -> int:
        body = {"email": f"{number}@example.com"}
        return requests.post(
            f"{box.referrizer_url}/contacts", json=body, headers=headers, timeout=30
        ).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(create, range(160))) == {201}
    assert len(box.referrizer.contacts) == len(box.requests) == 160
