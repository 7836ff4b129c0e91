"""The whole tap against the sandbox: what the salon's books say is what comes out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.booker import BookerSwitches

Run = Callable[..., Any]
Settings = Callable[..., dict[str, Any]]

ZONES = ["America/New_York", "America/Chicago", "America/Phoenix", "Europe/London", "Asia/Kolkata"]
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)

Visit = tuple[int, bool, float | None, bool]
"""Contact, whether the guest came, when, and whether that is inferred."""


def seconds(moment: datetime | str | None) -> float | None:
    """To the second: the books may keep finer stamps than the wire."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return float(int(moment.timestamp())) if moment else None


def expected_visits(box: Sandbox, since: datetime) -> dict[int, Visit]:
    """What the books say of each appointment that is due by now."""
    found: dict[int, Visit] = {}
    now = box.clock.now
    for one in box.salon.appointments.values():
        came = one.is_visit
        due = since <= one.start <= now or (came and one.start > now)
        if one.customer_id is not None and due:
            when = (one.checked_in or min(one.start, now)) if came else None
            found[one.id] = (one.customer_id, came, seconds(when), came and one.checked_in is None)
    return found


def visits(output: Any) -> dict[int, Visit]:
    """What the tap says."""
    return {
        row["id"]: (
            row["contact_id"],
            row["is_checked_in"],
            seconds(row["checked_in_at"]),
            row["is_time_inferred"],
        )
        for row in output.rows("check_ins")
    }


@pytest.mark.parametrize("twins", ["all", "none"])
@pytest.mark.parametrize("zone", ZONES)
def test_every_contact_and_check_in_is_right_in_every_zone(
    run_tap: Run, box_settings: Settings, zone: str, twins: Any
) -> None:
    switches = BookerSwitches(offset_twins=twins, empty_dates="year_one")
    with Sandbox(contacts=45, seed=3, zone=zone, now=NOW, booker=switches) as box:
        output = run_tap(box_settings(box, page_size=17))
        wanted = expected_visits(box, NOW - timedelta(days=365))
        found = visits(output)
        # The plain form can carry neither the hour that Eastern skips nor the second pass of a repeated one.
        who = "dst_repeated_hour" if zone in {"America/New_York", "America/Chicago"} else "dst_skipped_hour"
        lossy = (
            {one.id for one in box.salon.by_customer[box.salon.people[who].id]} if twins == "none" else set()
        )
        for one in lossy & set(wanted):
            assert abs((found.pop(one)[2] or 0) - (wanted.pop(one)[2] or 0)) <= 3600
        assert output.code == 0
        assert found == wanted
        people = {row["id"]: row for row in output.rows("contacts")}
        assert set(people) == set(box.salon.customers)
        for person in box.salon.customers.values():
            assert_person(people[person.id], person)


def assert_person(row: dict[str, Any], person: Any) -> None:
    address = person.address
    assert row["is_forgotten"] is person.forgotten
    assert seconds(row["updated_at"]) == seconds(person.modified)
    assert seconds(row["created_at"]) == seconds(person.created)
    shown = {
        "first_name": person.first,
        "last_name": person.last,
        "email": person.email,
        "phone": person.cell or person.home or person.work,
        "birthday": person.birthday.isoformat() if person.birthday else None,
        "street": address.street if address else None,
        "city": address.city if address else None,
        "zip": address.zip if address else None,
        "is_member": person.member,
    }
    expected = dict.fromkeys(shown) if person.forgotten else shown
    assert {name: row[name] for name in shown} == expected


@pytest.mark.parametrize("style", ["offset", "dotnet"])
@pytest.mark.parametrize("ignores", [False, True])
@pytest.mark.parametrize("zone", ["America/Chicago", "Asia/Kolkata"])
def test_a_later_run_brings_exactly_what_changed_plus_the_overlap(
    run_tap: Run, box_settings: Settings, *, style: str, ignores: bool, zone: str
) -> None:
    switches = BookerSwitches(honour_modified_filter_customers=not ignores)
    with Sandbox(contacts=60, seed=5, zone=zone, now=NOW, booker=switches) as box:
        first = run_tap(box_settings(box, date_filter_style=style))
        box.clock.advance(timedelta(hours=1))
        box.salon.hour_of_news(11)
        later = run_tap(box_settings(box, date_filter_style=style), first.state)
        since = NOW - timedelta(hours=24)
        changed = {person.id for person in box.salon.customers.values() if person.modified >= since}
        assert set(later.ids("contacts")) == changed
        assert len(later.ids("contacts")) == len(changed)
        trailing = expected_visits(box, box.clock.now - timedelta(days=7))
        assert visits(later).items() >= trailing.items()
        assert len(visits(later)) < len(visits(first))


def test_an_undone_check_in_of_long_ago_comes_through_the_modified_window(
    run_tap: Run, box_settings: Settings, box: Sandbox
) -> None:
    old = next(
        a for a in box.salon.appointments.values() if a.checked_in and a.start < NOW - timedelta(days=60)
    )
    first = run_tap(box_settings(box))
    assert visits(first)[old.id][1] is True
    box.clock.advance(timedelta(hours=1))
    box.salon.undo_check_in(old, at=box.clock.now - timedelta(minutes=5))
    later = run_tap(box_settings(box), first.state)
    assert visits(later)[old.id][1] is False


def test_a_check_in_that_booker_does_not_count_as_a_change_comes_through_the_trailing_window(
    run_tap: Run, box_settings: Settings, box: Sandbox
) -> None:
    box.booker.switches.check_in_touches_modified = False
    person = box.salon.people["no_visit"]
    booked = box.salon.book(person, NOW - timedelta(hours=3), at=NOW - timedelta(days=30))
    first = run_tap(box_settings(box))
    assert visits(first)[booked.id][1] is False
    box.clock.advance(timedelta(days=3))
    box.salon.check_in(booked, at=NOW + timedelta(hours=1))
    assert visits(run_tap(box_settings(box), first.state))[booked.id][1] is True


@pytest.mark.parametrize(
    "switches",
    [
        {"customers_wrapped": False},
        {"customers_key": "Results"},
        {"location_nested": True},
        {"standard_zone_name": False},
        {"expired_token": "unauthorized", "token_seconds": 1},
        {"token_in": "both"},
        {"location_token_needed": "always"},
        {"null_address_every": 2},
        {"customer_stats_in_list": False},
        {"dotnet_offset": False},
        {"check_in_stamp": False},
        {"offset_filters": "ignored"},
        {"token_error_status": 401},
    ],
    ids=str,
)
def test_every_doubt_about_booker_still_brings_every_id(
    run_tap: Run, box_settings: Settings, switches: dict[str, Any]
) -> None:
    with Sandbox(contacts=40, seed=7, now=NOW, booker=BookerSwitches(**switches)) as box:
        needs = switches.get("location_token_needed") == "always"
        output = run_tap(box_settings(box, page_size=15, use_location_token=needs))
        assert output.code == 0
        assert set(output.ids("contacts")) == set(box.salon.customers)
        assert set(output.ids("check_ins")) == set(expected_visits(box, NOW - timedelta(days=365)))


def test_customers_that_are_null_are_left_out_and_counted(run_tap: Run, box_settings: Settings) -> None:
    with Sandbox(contacts=40, seed=7, now=NOW, booker=BookerSwitches(null_customer_every=7)) as box:
        output = run_tap(box_settings(box, page_size=15))
        ignored = output.tally("contacts")["ignored"]
        assert output.code == 0
        assert ignored > 0
        assert len(output.ids("contacts")) == len(box.salon.customers) - ignored


@pytest.mark.parametrize("style", [("offset", 1), ("dotnet", 0)])
def test_a_booker_that_refuses_one_style_of_filter_is_read_with_the_other(
    run_tap: Run, box_settings: Settings, box: Sandbox, style: tuple[str, int]
) -> None:
    box.booker.switches.offset_filters = "refused"
    output = run_tap(box_settings(box, date_filter_style=style[0]))
    assert output.code == style[1]
    assert output.tally("check_ins")["outcome"] == ("BKR-401" if style[1] else "ok")
    assert visits(output) == ({} if style[1] else expected_visits(box, NOW - timedelta(days=365)))


def test_the_other_two_grants_work_too(
    run_tap: Run, box_settings: Settings, box: Sandbox, tmp_path: Any
) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(f'{{"refresh_token": "{box.booker.credentials.refresh_token}"}}')
    for _ in range(2):
        assert run_tap(box_settings(box, personal_access_token=None, credentials_path=str(path))).code == 0
    assert run_tap(box_settings(box, personal_access_token=None)).code == 0


def test_several_locations_each_with_its_own_people_and_zone(run_tap: Run, box_settings: Settings) -> None:
    places = {3749: "America/Chicago", 3750: "Europe/London"}
    with Sandbox(contacts=60, seed=2, locations=places, now=NOW) as box:
        output = run_tap(box_settings(box))
        assert {row["id"]: row["location_id"] for row in output.rows("contacts")} == {
            person.id: person.location_id for person in box.salon.customers.values()
        }
        assert output.bookmark("contacts", 3749) == output.bookmark("check_ins", 3750) == NOW.isoformat()


@pytest.mark.parametrize("unknown", ["argument", "permission"])
def test_an_unknown_location_exits_2(
    run_tap: Run, box_settings: Settings, box: Sandbox, unknown: Any
) -> None:
    box.booker.switches.unknown_location = unknown
    output = run_tap(box_settings(box, location_ids=[3749, 99]))
    assert output.code == 2
    assert output.bookmark("contacts", 99) is None
    assert output.bookmark("contacts", 3749) is not None


def test_nothing_that_the_seed_leaves_out_is_emitted(
    run_tap: Run, box_settings: Settings, box: Sandbox
) -> None:
    said = str(run_tap(box_settings(box)).messages)
    for word in ("Country", "Gender", "CreditCard", "Notes", "Loyalty", "Referr", "Treatment", "4111-SECRET"):
        assert word not in said
