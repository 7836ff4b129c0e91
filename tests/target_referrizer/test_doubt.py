"""What may have been written is looked up, whatever the source says meanwhile; an outage holds a handful."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.asking import ask, ask_json
from tests.target_referrizer.dying import dies_at
from tests.target_referrizer.salon import UNDONE, ago, check_in, contact, custom, singer

from target_referrizer.settling import SETTLE_SECONDS

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


def told(salon: Salon, key: int = 1, **fields: Any) -> dict[str, Any]:
    """A contact as the source says it now."""
    salon.pass_time(minutes=1)
    return contact(key, updated_at=salon.now.isoformat(), **fields)


# Updates


def test_a_field_in_doubt_is_looked_at_also_when_the_source_goes_back_to_what_was_before(
    salon: Salon,
) -> None:
    salon.run([told(salon, city="Gary")])
    salon.box.faults.add("cut_after", vendor="referrizer", method="PUT", path="contacts/")
    salon.run([told(salon, city="Hammond")])
    salon.box.faults.clear()
    assert salon.one()["address"]["city"] == "Hammond"
    salon.run([told(salon, city="Gary")])
    assert salon.one()["address"]["city"] == "Gary"
    assert salon.run([]).reads == []


def test_a_group_in_doubt_is_looked_at_also_when_the_visit_is_undone(salon: Salon) -> None:
    salon.settings["visits_since"] = ago(days=-9).isoformat()
    salon.run([contact(1, last_visit_at=ago(days=300).isoformat())])
    came = check_in(7, 1, salon.now)
    salon.box.faults.add("cut_after", vendor="referrizer", method="PUT", path="contacts/")
    salon.run([], [came])
    salon.box.faults.clear()
    assert salon.group() == "Current customers"
    salon.pass_time(minutes=5)
    salon.run([], [{**came, **UNDONE, "as_of": salon.now.isoformat()}])
    assert (salon.group(), custom(salon.one(), "Last Visit Date")) == ("Past customers", "2025-05-06")


@pytest.mark.parametrize("shard", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_an_update_that_dies_anywhere_ends_as_the_source_says_then(salon: Salon, shard: int) -> None:
    salon.run([told(salon, city="Gary")])
    for step in range(shard, 99, 2):
        died = dies_at(salon, step, singer("contacts", [told(salon, city="Hammond")]))
        assert salon.run([told(salon, city="Gary")]).code == 0
        assert salon.one()["address"]["city"] == "Gary", step
        if not died:
            break
    assert step > 8


def test_a_contact_whose_update_never_left_is_not_taken_for_settled(salon: Salon) -> None:
    """One before it may have arrived."""
    salon.run([told(salon, city="Gary")])
    salon.box.faults.add("cut_after", vendor="referrizer", method="PUT", path="contacts/")
    salon.run([told(salon, city="Hammond")])
    salon.box.faults.clear()
    salon.box.faults.add("503", vendor="referrizer")
    assert salon.run([told(salon, city="Gary")]).code == 6
    salon.box.faults.clear()
    salon.run([])
    assert salon.one()["address"]["city"] == "Gary"


def test_a_single_silence_after_an_answer_begins_a_new_wait(salon: Salon) -> None:
    salon.run([told(salon), contact(9)])
    for city in ("Gary", "Hammond"):
        salon.box.faults.add("500", vendor="referrizer", method="PUT", path="contacts/")
        salon.run([told(salon, city=city)])
        salon.box.faults.clear()
        salon.run([])
        salon.pass_time(hours=40)
    assert ask_json(salon, "rejects") == []


def test_a_birthday_is_not_dropped_because_a_patch_could_not_read_the_contact(salon: Salon) -> None:
    salon.settings["update_style"] = "patch"
    salon.box.referrizer.switches.patch = True
    salon.owner_adds(firstName="Ada", lastName="Byron", email="ada1@example.com")
    salon.box.faults.add("500", vendor="referrizer", method="GET", path="contacts/[0-9a-f]")
    salon.run([contact(1, birthday="1961-03-02")])
    assert salon.one()["birthday"] is None
    salon.box.faults.clear()
    salon.run([])
    assert salon.one()["birthday"] == "1961-03-02"


# Creates


@pytest.fixture
def created(salon: Salon) -> Salon:
    """A salon whose one contact was created, without an answer and without a look afterwards."""
    salon.box.referrizer.switches.unique_by = "none"
    salon.box.faults.add("cut_after", vendor="referrizer", method="POST", path="contacts")
    salon.box.faults.add("401", vendor="referrizer", method="GET", path="contacts", nth=[2, 3, 4, 5])
    assert salon.run([told(salon)]).code == 2
    salon.box.faults.clear()
    assert len(salon.shown()) == 1
    return salon


def test_a_create_in_doubt_is_found_though_the_record_has_another_email_by_now(created: Salon) -> None:
    created.run([told(created, email="new@example.com")])
    assert [one["email"] for one in created.shown()] == ["new@example.com"]


def test_a_create_in_doubt_is_our_own_though_the_record_has_another_name_by_now(created: Salon) -> None:
    outcome = created.run([told(created, first_name="Augusta")])
    assert (len(created.shown()), created.one()["firstName"]) == (1, "Augusta")
    assert "brings visits, not fields" not in outcome.log


def test_who_is_forgotten_while_a_create_is_in_doubt_may_be_left_in_referrizer_and_that_is_said(
    created: Salon,
) -> None:
    said = ask(created, "forget", "1").stdout
    assert "by hand: look in Referrizer whether a contact of this person has just been created" in said
    assert created.run([told(created)]).writes == []


@pytest.mark.parametrize("shard", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_create_that_dies_anywhere_is_one_contact_whatever_its_email_is_then(
    salon: Salon, shard: int
) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    for step in range(shard, 99, 2):
        key = 100 + step
        died = dies_at(salon, step, singer("contacts", [told(salon, key, first_name=f"Ada{step}")]))
        salon.run([told(salon, key, first_name=f"Ada{step}", email=f"new{step}@example.com")])
        found = [one["email"] for one in salon.shown() if one["firstName"] == f"Ada{step}"]
        assert found == [f"new{step}@example.com"], step
        if not died:
            break
    assert step > 12


# Visits


@pytest.mark.parametrize(
    ("every", "at_once", "why"),
    [
        (2, 1, "20 visits were never answered"),
        (3, 1, "20 visits were never answered"),
        (2, 8, "never answered"),  # side by side five in a row may come first
    ],
)
def test_answers_lost_here_and_there_hold_a_handful_and_not_a_hundred(
    salon: Salon, every: int, at_once: int, why: str
) -> None:
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.run([contact(key) for key in range(200)])
    salon.pass_time(hours=1)
    salon.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", every=every)
    visits = [check_in(key, key, salon.now) for key in range(200)]
    outcome = salon.run([], visits, brake_percent=1000, concurrent_requests=at_once)
    assert (outcome.code, why in outcome.log) == (6, True)
    assert len(ask_json(salon, "held")) <= 20 + at_once


@pytest.mark.parametrize("how", ["setting", "person"])
def test_a_visit_that_is_sent_again_and_had_arrived_is_the_same_visit(known: Salon, how: str) -> None:
    """The minimum interval refuses it: that says that it stands."""
    known.box.referrizer.switches.minimum_interval_minutes = 240
    known.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", nth=1)
    more: dict[str, Any] = {"uncertain_visits": "resend"} if how == "setting" else {}
    known.run([], [check_in(7, 1, known.now)], **more)
    if how == "person":
        ask(known, "held", "--resend", "7")
    known.pass_time(hours=1)
    known.run([], **more)
    assert (ask_json(known, "status")["visits"], len(known.visits())) == ({"merged": 1}, 1)


def test_the_last_writes_of_a_dead_process_are_waited_for(salon: Salon) -> None:
    salon.run([told(salon, city="Gary")])
    salon.box.faults.add("cut_before", vendor="referrizer", method="PUT", path="contacts/")
    salon.run([told(salon, city="Hammond")])
    salon.box.faults.clear()
    salon.pass_time(minutes=1)

    def arrive(seconds: float) -> None:
        if seconds == SETTLE_SECONDS:
            salon.one()["address"]["city"] = "Hammond"

    salon.on_wait = arrive
    salon.run([told(salon, city="Joliet")])
    assert salon.one()["address"]["city"] == "Joliet"


@pytest.mark.parametrize("unique", ["none", "phone"])
def test_a_create_in_doubt_is_found_by_name_where_the_list_shows_no_phones(salon: Salon, unique: Any) -> None:
    switches = salon.box.referrizer.switches
    switches.unique_by, switches.list_shows = unique, "identity"
    people = [contact(key, first_name=f"Ada{key}", email=None, phone=f"312555010{key}") for key in range(3)]
    salon.box.faults.add("cut_after", vendor="referrizer", method="POST", path="contacts")
    salon.run(people)
    salon.box.faults.clear()
    assert salon.run(people).code == 0
    assert sorted(one["firstName"] for one in salon.shown()) == ["Ada0", "Ada1", "Ada2"]
    assert ask_json(salon, "status")["contacts"] == {"linked": 3}


def test_a_person_whom_another_source_may_have_created_is_looked_up_first(salon: Salon) -> None:
    """The second try arrived, and its answer did not; the other source must not trust the list of before."""
    salon.box.referrizer.switches.unique_by = "email"
    salon.run([contact(8)])
    salon.run([contact(9)], source="shop")
    pia = {"first_name": "Pia", "last_name": "Lone", "email": None, "phone": "(312) 555-0107"}
    for kind, nth in (("cut_before", 1), ("cut_after", 2)):
        salon.box.faults.add(kind, vendor="referrizer", method="POST", path="contacts", nth=nth)
    salon.run([contact(1, **pia)])
    salon.box.faults.clear()
    assert salon.run([contact(1, **pia)], source="shop").accounting["contacts"]["created"] == 0
    salon.run([])
    assert [one["firstName"] for one in salon.shown()].count("Pia") == 1
