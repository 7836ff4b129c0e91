"""Two sources in one Referrizer account: what the account must show is worked out here, by another way."""

from __future__ import annotations

import io
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import ago, check_in, contact, custom, singer
from tests.target_referrizer.test_brake import people

from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

EACH, SHARED = 45, 20
SINCE = ago(days=1)
#: In the order in which they own fields. The shop knows newer words, no zip, and no members.
SOURCES = ("booker", "shop")
FIELDS = {"first_name": "firstName", "city": "city", "zip": "zip", "phone": "phone"}


def books() -> dict[str, tuple[list[Record], list[Record]]]:
    """Contacts and check-ins of each source; half of the people are in both."""
    booker = [
        contact(no, first_name=f"Bo{no}", email=f"p{no}@example.com", city="Chicago", zip=f"606{no:02d}",
                is_member=no % 2 == 0, updated_at=ago(days=3).isoformat())
        for no in range(EACH)
    ]  # fmt: skip
    shop = [
        contact(f"c-{no}", first_name=f"Bo{no}", email=f"P{no}@example.com ", city="Gary", zip="",
                phone=f"312-555-{no:04d}", updated_at=ago(days=1).isoformat())
        for no in range(EACH - SHARED, 2 * EACH - SHARED)
    ]  # fmt: skip
    visits = [check_in(f"v{one['id']}", one["id"], ago(hours=9)) for one in booker]
    orders = [check_in(f"v{one['id']}", one["id"], ago(hours=2)) for one in shop]
    return {"booker": (booker, visits), "shop": (shop, orders)}


def oracle() -> dict[str, dict[str, Any]]:
    """By e-mail: each field of the first source that has a value, and the instants of all visits."""
    given = books()
    people: dict[str, dict[str, Any]] = {}
    of_whom: dict[tuple[str, Any], str] = {}
    for source in SOURCES:
        for one in given[source][0]:
            email = one["email"].strip().lower()
            of_whom[source, one["id"]] = email
            known = people.setdefault(email, {"visits": []})
            for name in (*FIELDS, "is_member"):
                if known.get(name) in (None, "") and one.get(name) not in (None, ""):
                    known[name] = one[name]
    for source in SOURCES:
        for one in given[source][1]:
            people[of_whom[source, one["contact_id"]]]["visits"].append(one["checked_in_at"])
    return people


def shown(salon: Salon) -> dict[str, dict[str, Any]]:
    """The same, of the account."""
    found: dict[str, dict[str, Any]] = {}
    for one in salon.shown():
        flat = {**one, **(one.get("address") or {})}
        member = {"Y": True, "N": False}.get(custom(one, "CRM Member"))
        values = {name: flat.get(path) for name, path in FIELDS.items()} | {"is_member": member}
        visits = sorted(each["date"] for each in salon.visits() if each["contactId"] == one["id"])
        assert custom(one, "Customer Group") == "Current customers"
        found[str(one["email"]).lower()] = {**values, "visits": visits}
    assert len(found) == len(salon.shown())
    return found


def simple(people: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What can be compared: phones by their digits, instants by the minute."""
    return {
        email: {
            **{name: one.get(name) for name in (*FIELDS, "is_member")},
            "phone": "".join(filter(str.isdigit, one.get("phone") or ""))[-10:],
            "visits": sorted(at[:16] for at in one["visits"]),
        }
        for email, one in people.items()
    }


def runs(salon: Salon, source: str) -> int:
    """One run of a source over all that it has; gives the exit code."""
    contacts, check_ins = books()[source]
    try:
        target = salon.target(source=source)
        lines = [*singer("contacts", contacts), *singer("check_ins", check_ins)]
        target.listen(io.StringIO("\n".join(lines)))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture
def two(request: pytest.FixtureRequest, salon: Salon) -> Salon:
    """An account of two sources, its ledger in a file or on a server; visits of one day count."""
    if request.param == "server":
        salon.settings["ledger_url"] = request.getfixturevalue("server")
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.settings |= {"sources": list(SOURCES), "visits_since": SINCE.isoformat()}
    return salon


@pytest.mark.parametrize(
    ("two", "order"),
    [("file", "shop first"), ("file", "at once"), ("server", "at once")],
    indirect=["two"],
)
def test_two_sources_of_one_account_end_as_an_oracle_says(two: Salon, order: str) -> None:
    codes: dict[str, int] = {}
    names = SOURCES[::-1] if order == "shop first" else SOURCES

    def run(source: str) -> None:
        codes[source] = runs(two, source)

    if order == "at once":
        threads = [threading.Thread(target=run, args=(source,)) for source in names]
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
    else:
        for source in names:
            run(source)
    assert codes == dict.fromkeys(SOURCES, 0)
    assert simple(shown(two)) == simple(oracle())
    for source in SOURCES:  # neither undoes what the other did
        two.pass_time(minutes=30)
        contacts, check_ins = books()[source]
        assert two.run(contacts, check_ins, source=source).writes == []


# The brake of a source that joins


def test_the_brake_watches_a_source_from_its_second_run_on_by_its_own_contacts(salon: Salon) -> None:
    assert salon.run(people(0, 100)).code == 0
    shop = [{**one, "id": f"s-{one['id']}"} for one in people(200, 230)]
    assert salon.run(shop, source="shop", brake_percent=1).code == 0
    more = [{**one, "id": f"s-{one['id']}"} for one in people(300, 322)]
    braked = salon.run(more, source="shop")  # few of the account's 130, and most of the shop's own 30
    assert (braked.code, len(salon.shown())) == (5, 130)


def test_a_source_that_joins_does_not_carry_a_wrong_day_past_the_brake(salon: Salon) -> None:
    """All contacts of the other source would fall back at once: of that the newcomer knows nothing."""
    assert salon.run(people(0, 30, last_visit_at=ago(days=60).isoformat())).code == 0
    salon.pass_time(days=60)
    outcome = salon.run([contact("s-1")], source="shop")
    assert (outcome.code, "withheld: group moves" in outcome.log) == (5, True)
    assert salon.one(email="adas-1@example.com")


def test_the_visit_that_made_a_person_known_does_not_count_for_the_brake(salon: Salon) -> None:
    salon.run(people(0, 50))
    salon.pass_time(hours=1)
    rows = [check_in(key, key, salon.now) for key in range(30, 70)]
    assert salon.run(people(50, 70), rows, brake_percent=1).code == 0
    assert len(salon.visits()) == 40


def test_a_source_that_rested_for_long_is_not_new(salon: Salon) -> None:
    """Runs are kept for 90 days; that there was one is kept for ever."""
    salon.run(people(0, 1), source="shop")
    for _ in range(2):
        salon.pass_time(days=100)
        salon.run([])
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        kept = ledger.rows(sa.select(tables.run.c.source).distinct())
    assert [row.source for row in kept] == ["booker"]
    assert salon.run(people(1, 30), source="shop").code == 5
