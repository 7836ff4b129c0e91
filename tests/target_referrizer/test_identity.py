"""Who is whom: one Referrizer contact for each person, and nobody guessed at."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import POSTED, ago, check_in, contact, custom

from target_referrizer.ledger import Ledger, decisions

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


PHONE = "312-555-0101"
HOUSEHOLD = {"email": "home@example.com", "phone": "312-555-0101", "last_name": "Reyes"}


def test_a_new_contact_costs_one_write_and_arrives_whole(salon: Salon) -> None:
    given = contact(
        1, phone="(312) 555-0101", street="1 Main St", city="Chicago", state="IL", zip="60601",
        birthday="1988-07-04", is_member=True, last_visit_at=ago(days=3).isoformat(),
    )  # fmt: skip
    outcome = salon.run([given])
    assert outcome.writes == ["POST /contacts"]
    shown = salon.one(email="ada1@example.com")
    assert (shown["firstName"], shown["lastName"], shown["phone"]) == ("Ada", "Byron", "+13125550101")
    assert {key: shown["address"][key] for key in ("street", "city", "state", "zip")} == {
        "street": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601",
    }  # fmt: skip
    assert shown["birthday"] == "1988-07-04"
    assert custom(shown, "CRM Member") == "Y"
    assert custom(shown, "Last Visit Date") == "2026-02-27"
    assert custom(shown, "Customer Group") == "Current customers"


def test_a_family_on_one_email_is_one_contact_and_the_newest_names_it(salon: Salon) -> None:
    family = [
        contact(1, first_name="Maria", updated_at=ago(days=3).isoformat(), **HOUSEHOLD),
        contact(2, first_name="Luis", updated_at=ago(days=1).isoformat(), **HOUSEHOLD),
        contact(3, first_name="Sofia", updated_at=ago(days=2).isoformat(), **HOUSEHOLD),
    ]
    outcome = salon.run(family, [check_in(9, 3, ago(days=1))])
    assert outcome.code == 0
    assert salon.one(email="home@example.com")["firstName"] == "Luis"
    assert salon.group(email="home@example.com") == "Current customers"
    assert "contact 1 has another first name" in outcome.log


def test_a_second_run_over_the_same_input_writes_nothing(salon: Salon) -> None:
    people = [
        contact(key, first_name=f"Ada{key}", last_visit_at=ago(days=key * 40).isoformat())
        for key in range(1, 6)
    ]
    salon.run(people, [check_in(7, 1, ago(days=2))])
    second = salon.run(people, [check_in(7, 1, ago(days=2))])
    assert second.writes == []
    assert second.reads == []
    assert second.accounting["contacts"]["unchanged"] == 5


def test_a_contact_that_the_owner_made_is_linked_by_email_and_not_doubled(salon: Salon) -> None:
    salon.owner_adds(firstName="ada", email="ADA1@example.com")
    outcome = salon.run([contact(1)])
    assert len(salon.shown()) == 1
    assert [one.split()[0] for one in outcome.writes] == ["POST", "PUT"][1:]
    assert outcome.accounting["contacts"]["updated"] == 1


def test_a_phone_links_where_only_one_side_has_an_email_and_the_names_fit(salon: Salon) -> None:
    salon.owner_adds(firstName="Ada", lastName="Byron", phone="+13125550101")
    salon.run([contact(1, phone=PHONE)])
    assert len(salon.shown()) == 1


def test_a_phone_does_not_link_another_first_name(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "email"
    salon.owner_adds(firstName="Clara", lastName="Byron", phone="+13125550101")
    salon.run([contact(1, phone=PHONE)])
    assert len(salon.shown()) == 2


def test_a_family_on_one_phone_with_own_emails_stays_separate(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "email"
    salon.run([contact(1, phone=PHONE), contact(2, phone=PHONE, first_name="Clara")])
    assert len(salon.shown()) == 2


def test_two_records_of_one_person_without_email_become_one_contact(salon: Salon) -> None:
    older = contact(1, email=None, phone=PHONE, updated_at=ago(days=9).isoformat(), city="Gary")
    newer = contact(2, email=None, phone="+1 312 555 0101", city="Chicago")
    outcome = salon.run([older, newer])
    assert [one["address"]["city"] for one in salon.shown()] == ["Chicago"]
    assert outcome.accounting["contacts"]["created"] == 1


def test_two_candidates_are_ambiguous_and_never_guessed(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    salon.owner_adds(firstName="Ada", email="ada1@example.com")
    salon.owner_adds(firstName="Ada", email="ada1@example.com")
    outcome = salon.run([contact(1), contact(2)])
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-207": 1}
    assert outcome.writes == ["POST /contacts"]
    assert "RFZ-207" in outcome.log


def test_the_link_holds_when_the_email_changes(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.run([contact(1, email="new@example.com", updated_at=salon.now.isoformat())])
    assert [one["email"] for one in salon.shown()] == ["new@example.com"]


def test_a_duplicate_that_referrizer_refuses_is_looked_up_once_and_linked(salon: Salon) -> None:
    salon.run([contact(9)])
    salon.owner_adds(firstName="Ada", email="ada1@example.com")  # after the index was read
    outcome = salon.run([contact(1)])
    assert len(salon.shown()) == 2
    assert outcome.reads.count("GET /contacts") >= 1
    assert outcome.accounting["contacts"]["rejected"] == 0


def test_a_duplicate_that_nobody_can_be_is_rejected_and_the_others_go_on(salon: Salon) -> None:
    outcome = salon.run([contact(1, phone=PHONE), contact(2, first_name="Clara", phone=PHONE), contact(3)])
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-208": 1}
    assert outcome.accounting["contacts"]["created"] == 2
    again = salon.run([contact(1, phone=PHONE), contact(2, first_name="Clara", phone=PHONE), contact(3)])
    assert again.writes == []


def test_a_deleted_contact_is_gone_and_never_created_again(salon: Salon) -> None:
    salon.run([contact(1)])
    del salon.box.referrizer.contacts[salon.shown()[0]["id"]]
    changed = contact(1, city="Gary", updated_at=salon.now.isoformat())
    outcome = salon.run([changed])
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"gone": 1}
    assert "RFZ-214" in outcome.log
    later = salon.run([contact(1, city="Chicago", updated_at=salon.now.isoformat())])
    assert (later.writes, salon.shown()) == ([], [])


def test_a_deleted_contact_that_came_back_under_another_id_is_found(salon: Salon) -> None:
    salon.run([contact(1, city="Gary")])
    del salon.box.referrizer.contacts[salon.shown()[0]["id"]]
    salon.owner_adds(firstName="Ada", email="ada1@example.com")
    salon.run([contact(1, city="Chicago", updated_at=salon.now.isoformat())])
    assert [one["address"]["city"] for one in salon.shown()] == ["Chicago"]


def test_a_visit_of_a_deleted_contact_shows_that_it_is_gone(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=salon.now.isoformat())])
    del salon.box.referrizer.contacts[salon.shown()[0]["id"]]
    salon.pass_time(hours=1)
    outcome = salon.run([], [check_in(7, 1, salon.now)])
    assert salon.visits() == []
    assert outcome.accounting["check_ins"]["reasons"]["skipped"] == {"gone": 1}


def test_someone_to_be_forgotten_leaves_the_ledger_and_is_left_alone(salon: Salon) -> None:
    salon.run([contact(1, first_name="Rosalind", city="Gary")])
    outcome = salon.run(
        [{"id": 1, "is_forgotten": True, "first_name": None, "updated_at": salon.now.isoformat()}]
    )
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"forgotten": 1}
    assert outcome.writes == []
    with sqlite3.connect(salon.folder / "ledger.db") as ledger:
        text = "\n".join(ledger.iterdump())
    ledger.close()
    assert "rosalind" not in text.casefold()
    assert "ada1@example.com" not in text
    salon.pass_time(days=200)
    assert salon.run([contact(1, updated_at=salon.now.isoformat())]).writes == []


def test_nobody_without_email_and_phone_is_sent(salon: Salon) -> None:
    outcome = salon.run([contact(1, email=None), contact(2, email="", phone=" ")])
    assert outcome.writes == []
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"unreachable": 2}


def test_an_unreadable_phone_without_email_is_rejected(salon: Salon) -> None:
    outcome = salon.run([contact(1, email=None, phone="call the desk")])
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-206": 1}


def test_an_unreadable_phone_beside_a_good_email_is_left_out_with_a_warning(salon: Salon) -> None:
    outcome = salon.run([contact(1, phone="call the desk")])
    assert salon.one(email="ada1@example.com").get("phone") is None
    assert "contact 1: phone unreadable; left out" in outcome.log


def test_a_bad_email_beside_a_good_phone_is_left_out_with_a_warning(salon: Salon) -> None:
    outcome = salon.run([contact(1, email="ada at home", phone=PHONE)])
    assert salon.one(phone="+13125550101").get("email") is None
    assert "contact 1: email unreadable; left out" in outcome.log


def test_a_walk_in_who_leaves_an_email_later_gets_the_visits_since_the_first_run(salon: Salon) -> None:
    salon.run([contact(9)])
    salon.pass_time(hours=2)
    salon.run([contact(1, email=None)], [check_in(7, 1, salon.now)])
    assert salon.visits() == []
    salon.pass_time(hours=1)
    outcome = salon.run([contact(1, updated_at=salon.now.isoformat())])
    assert len(salon.visits()) == 1
    assert outcome.accounting["backlog"]["visits_delivered"] == 1


def test_whole_number_ids_and_their_text_are_one_contact(salon: Salon) -> None:
    salon.run([contact(12, email="one@example.com")])
    outcome = salon.run([contact("12", email="one@example.com")], [check_in("a-1", "12", salon.now)])
    assert len(salon.shown()) == 1
    assert outcome.accounting["check_ins"]["delivered"] == 1


def test_two_sources_share_one_contact_and_neither_undoes_the_other(salon: Salon) -> None:
    salon.run([contact(1, city="Gary", updated_at=ago(days=5).isoformat())], [check_in(7, 1, ago(days=200))])
    shop = contact("c-77", email="ada1@example.com", city="Chicago", phone=PHONE)
    salon.run([shop], [check_in("o-1", "c-77", ago(days=2))], source="shop")
    assert salon.one(email="ada1@example.com")["address"]["city"] == "Chicago"
    assert salon.group(email="ada1@example.com") == "Current customers"
    assert salon.run([contact(1, city="Gary", updated_at=ago(days=5).isoformat())]).writes == []


def test_the_setting_sources_says_whose_fields_count(salon: Salon) -> None:
    salon.settings["sources"] = ["booker", "shop"]
    salon.run([contact(1, city="Gary", updated_at=ago(days=5).isoformat())])
    salon.run([contact("c-77", email="ada1@example.com", city="Chicago", phone=PHONE)], source="shop")
    shown = salon.one(email="ada1@example.com")
    assert (shown["address"]["city"], shown["phone"]) == ("Gary", "+13125550101")


def test_no_email_phone_or_name_reaches_output_or_log(salon: Salon, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    secret = contact(1, first_name="Rosalind", email="rosalind@private.example", phone="312-555-0177")
    broken = {"id": 2, "first_name": "Rosalind", "email": ["rosalind@private.example"]}
    outcome = salon.run([secret, broken, contact(3, phone="Rosalind Franklin", email=None)])
    everything = outcome.out + outcome.err + outcome.log + json.dumps(outcome.accounting)
    for private in ("Rosalind", "rosalind", "5550177", "555-0177", salon.box.referrizer.token):
        assert private not in everything


# Gone


def test_a_visit_of_a_contact_that_the_owner_deleted_is_not_lost_when_it_is_found_again(
    known: Salon,
) -> None:
    del known.box.referrizer.contacts[known.one(email="ada1@example.com")["id"]]
    known.owner_adds(firstName="Ada", email="ada1@example.com")
    outcome = known.run([], [check_in(7, 1, known.now)])
    found = known.one(email="ada1@example.com")
    assert outcome.code == 0
    assert [one["contactId"] for one in known.visits()] == [found["id"]]
    assert custom(found, "Customer Group") == "Current customers"


def test_a_contact_that_the_owner_deleted_is_not_created_again_by_a_visit(known: Salon) -> None:
    del known.box.referrizer.contacts[known.one(email="ada1@example.com")["id"]]
    outcome = known.run([], [check_in(7, 1, known.now), check_in(8, 2, known.now)])
    assert "contact 1: RFZ-214" in outcome.log
    assert outcome.fate("skipped") == {"gone": 1}
    assert [one["email"] for one in known.shown()] == ["ada2@example.com"]
    known.pass_time(hours=1)
    assert known.run([contact(1, city="Gary")], [check_in(9, 1, known.now)]).writes == []


def test_a_contact_is_found_gone_by_its_visit_alone_when_the_group_is_not_mapped(known: Salon) -> None:
    known.settings["field_map"] = {"group": None, "last_visit_at": None}
    known.run([])
    del known.box.referrizer.contacts[known.one(email="ada1@example.com")["id"]]
    rows = [check_in(7, 1, known.now - timedelta(hours=1)), check_in(8, 1, known.now)]
    outcome = known.run([], rows)
    assert outcome.writes == [POSTED]
    assert outcome.fate("skipped") == {"gone": 2}


@pytest.mark.parametrize("unknown", ["not_found", "illegal_argument"])
def test_a_visit_that_is_refused_because_its_contact_is_gone_is_taken_for_that(
    known: Salon, unknown: Any
) -> None:
    known.settings["field_map"] = {"group": None, "last_visit_at": None}
    known.run([])
    known.box.referrizer.switches.unknown_contact = unknown
    del known.box.referrizer.contacts[known.one(email="ada1@example.com")["id"]]
    outcome = known.run([], [check_in(7, 1, known.now)])
    assert (outcome.fate("skipped"), outcome.fate("rejected")) == ({"gone": 1}, {})


def test_a_refused_visit_of_a_contact_that_is_there_stays_a_rejected_visit(known: Salon) -> None:
    known.box.referrizer.switches.points_zero = "refused"
    known.box.referrizer.switches.get_by_id = False  # nor does it matter whether the contact can be looked at
    outcome = known.run([], [check_in(7, 1, known.now)], points=0, update_style="patch",
                        field_map={"group": None, "last_visit_at": None})  # fmt: skip
    assert outcome.fate("rejected") == {"RFZ-210": 1}


def test_a_deleted_contact_is_not_created_again_through_another_source(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.run([contact("s-1", email="ada1@example.com")], source="shop")
    del salon.box.referrizer.contacts[salon.one()["id"]]
    assert salon.run([contact(1, city="Gary", updated_at=salon.now.isoformat())]).code == 0
    later = (salon.now + timedelta(minutes=1)).isoformat()
    outcome = salon.run(
        [contact("s-1", email="ada1@example.com", city="Gary", updated_at=later)], source="shop"
    )
    assert (outcome.writes, salon.shown()) == ([], [])
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"gone": 1}


def test_a_gone_contact_that_the_owner_made_again_is_linked_when_the_index_is_read(salon: Salon) -> None:
    salon.run([contact(1)])
    del salon.box.referrizer.contacts[salon.one()["id"]]
    salon.run([contact(1, city="Gary", updated_at=salon.now.isoformat())])
    salon.owner_adds(firstName="Ada", email="ada1@example.com")
    salon.pass_time(hours=25)
    salon.run([contact(2)])
    assert salon.one(email="ada1@example.com")["address"]["city"] == "Gary"


def test_a_gone_contact_is_looked_for_when_a_person_asks(salon: Salon) -> None:
    salon.run([contact(1)])
    del salon.box.referrizer.contacts[salon.one()["id"]]
    salon.run([contact(1, city="Gary", updated_at=salon.now.isoformat())])
    salon.owner_adds(firstName="Ada", email="ada1@example.com")
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        decisions.retry(ledger, "booker", salon.now)
    salon.run([])
    assert salon.one(email="ada1@example.com")["address"]["city"] == "Gary"


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("stamped", [True, False])
def test_nothing_outdates_the_wish_to_be_forgotten(salon: Salon, order: int, *, stamped: bool) -> None:
    wish = {"id": 1, "is_forgotten": True, **({"updated_at": ago(days=1).isoformat()} if stamped else {})}
    rows = [
        wish,
        contact(1, updated_at=ago(days=30).isoformat()),
        contact(1, updated_at=salon.now.isoformat()),
    ]
    outcome = salon.run(rows[::order])
    assert (salon.shown(), outcome.accounting["contacts"]["superseded"]) == ([], 2)
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"forgotten": 1}
    later = salon.run([contact(1)])
    assert later.accounting["contacts"]["reasons"]["skipped"] == {"forgotten": 1}


def test_a_visit_that_is_not_found_although_its_contact_is_there_is_a_rejected_visit(known: Salon) -> None:
    known.box.faults.add("404", vendor="referrizer", method="POST", path="visits")
    outcome = known.run([], [check_in(7, 1, known.now)])
    assert outcome.fate("rejected") == {"RFZ-210": 1}
    assert outcome.writes.count(POSTED) == 1
    assert known.run([]).writes == []


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_where_only_one_may_have_a_phone_it_is_always_the_newest(salon: Salon, workers: int) -> None:
    homes = [
        [contact(f"{home}-{age}", last_name=f"Name{age}", phone=f"312-555-{home:04}",
                 updated_at=ago(days=age).isoformat()) for age in (9, 1, 5)]
        for home in range(100, 112)
    ]  # fmt: skip
    outcome = salon.run([one for home in homes for one in home], concurrent_requests=workers)
    assert {one["lastName"] for one in salon.shown()} == {"Name1"}
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-208": 24}


def test_a_contact_that_somebody_else_made_meanwhile_is_linked_and_not_taken_for_our_own(
    salon: Salon,
) -> None:
    salon.run([contact(9)])
    salon.owner_adds(firstName="Ada", lastName="Byron", email="ada1@example.com")
    outcome = salon.run([contact(1, birthday="1961-03-02", city="Gary")])
    counts = outcome.accounting["contacts"]
    assert (counts["created"], counts["updated"]) == (0, 1)
    assert salon.one(email="ada1@example.com")["birthday"] == "1961-03-02"


def test_one_contact_that_is_listed_and_not_found_by_its_id_stops_no_other(known: Salon) -> None:
    odd = known.one(email="ada1@example.com")["id"]
    known.box.faults.add("404", vendor="referrizer", method="GET", path=f"contacts/{odd}")
    later = known.now.isoformat()
    alone = known.run([contact(1, city="Gary", updated_at=later)])
    assert (alone.code, alone.accounting["contacts"]["reasons"]["skipped"]) == (0, {"gone": 1})
    changed = [contact(key, city="Gary", updated_at=later) for key in (1, 2)]
    outcome = known.run(changed, [check_in(7, 2, known.now)])
    assert outcome.code == 0
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"gone": 1}
    assert known.one(email="ada2@example.com")["address"]["city"] == "Gary"
    assert len(known.visits()) == 1
    assert outcome.accounting["backlog"]["contacts_updated"] == 0


def test_a_refused_visit_is_rejected_where_contacts_cannot_be_found_by_id_at_all(known: Salon) -> None:
    known.box.referrizer.switches.patch = True
    known.box.referrizer.switches.points_zero = "refused"
    known.box.faults.add("404", vendor="referrizer", method="GET", path="contacts/")
    known.settings["update_style"] = "patch"
    outcome = known.run([], [check_in(7, 1, known.now - timedelta(hours=1))], points=0)
    assert outcome.fate("rejected") == {"RFZ-210": 1}
    assert known.run([], [check_in(8, 1, known.now)]).accounting["check_ins"]["delivered"] == 1
