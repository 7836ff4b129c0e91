"""Whoever is forgotten leaves no trace, is not created again, and costs nobody else anything."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.asking import ask, ask_json
from tests.target_referrizer.salon import ago, check_in, contact

from target_referrizer.errors import LedgerBusy, TargetError
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

PERSON: Record = {
    "first_name": "Augusta",
    "last_name": "Kingsley",
    "email": "augusta.k@example.com",
    "phone": "312-555-0142",
    "street": "12 Dorset Street",
    "birthday": "1979-12-10",
}
TRACES = ("augusta", "kingsley", "augusta.k@example.com", "3125550142", "dorset", "1979-12-10", "900777")
AUGUSTA = contact("900777", **PERSON)


@pytest.fixture
def kept(either: Salon) -> Salon:
    """A salon whose ledger is in a file or on a server; Ada came once, and Augusta twice."""
    salon = either
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.run([AUGUSTA, contact(1)], [check_in(6, 1, salon.now), check_in(7, "900777", salon.now)])
    salon.pass_time(hours=5)
    salon.run([], [check_in(8, "900777", salon.now)])
    return salon


def everything(salon: Salon) -> str:
    """All that stands in the ledger, and in every byte of its files."""
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        found = [row for table in tables.metadata.sorted_tables for row in ledger.rows(table.select())]
    files = [file.read_bytes().decode("latin-1") for file in salon.folder.glob("ledger.db*")]
    return "\n".join([*(str(tuple(row)) for row in found), *files]).casefold()


def traces(salon: Salon) -> list[str]:
    found = everything(salon)
    return [trace for trace in TRACES if trace in found]


def test_nothing_of_a_forgotten_person_is_left_in_the_ledger_or_in_its_file(kept: Salon) -> None:
    assert traces(kept) == list(TRACES)
    remote = kept.one(email=PERSON["email"])["id"]
    ask(kept, "forget", "900777")
    assert traces(kept) == []
    assert remote not in everything(kept)


def test_what_must_be_erased_by_hand_is_said(kept: Salon) -> None:
    remote = kept.one(email=PERSON["email"])["id"]
    said = ask(kept, "forget", "900777").stdout
    assert f"by hand: delete contact {remote} in Referrizer" in said
    assert "1 record, 2 visits" in said
    assert [trace for trace in TRACES if trace in said.casefold()] == []


def test_a_forgotten_person_is_not_created_written_or_posted_for_again(kept: Salon) -> None:
    ask(kept, "forget", "900777")
    kept.pass_time(days=100)
    again = [check_in(7, "900777", ago(hours=0)), check_in(9, "900777", kept.now)]
    outcome = kept.run([AUGUSTA | {"city": "Gary"}], again)
    assert [one for one in outcome.writes if one != "PUT /contacts/" + kept.one(firstName="Ada")["id"]] == []
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"forgotten": 1}
    assert outcome.accounting["check_ins"]["reasons"]["skipped"] == {"forgotten": 2}
    assert traces(kept) == []


def test_the_index_does_not_bring_a_forgotten_person_back(kept: Salon) -> None:
    ask(kept, "forget", "900777")
    kept.pass_time(hours=25)
    outcome = kept.run([contact(2)])
    assert "GET /contacts" in outcome.reads
    assert traces(kept) == []


@pytest.mark.parametrize(
    "again",
    [
        {"id": "900778", **PERSON},
        {"id": "900778", "email": "AUGUSTA.K@example.com"},
        {"id": "900778", **PERSON, "email": None},
    ],
    ids=["all", "e-mail", "phone and name"],
)
def test_a_forgotten_person_is_recognised_under_another_id(kept: Salon, again: Record) -> None:
    ask(kept, "forget", "900777")
    outcome = kept.run([again], [check_in(9, "900778", kept.now)])
    assert outcome.writes == []
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"forgotten": 1}
    assert outcome.accounting["check_ins"]["reasons"]["skipped"] == {"forgotten": 1}
    assert [*traces(kept), *(["900778"] if "900778" in everything(kept) else [])] == []


def test_a_forgotten_person_is_recognised_in_another_source(kept: Salon) -> None:
    ask(kept, "forget", "900777")
    assert kept.run([{"id": "w-1", **PERSON}], source="shop").writes == []
    assert traces(kept) == []


def test_a_broken_record_of_a_forgotten_person_is_not_kept(kept: Salon) -> None:
    ask(kept, "forget", "900777")
    kept.run(
        [AUGUSTA | {"is_member": "perhaps"}], [check_in(9, "900777", kept.now) | {"checked_in_at": "soon"}]
    )
    assert traces(kept) == []


def test_the_others_go_on_as_before(kept: Salon) -> None:
    ask(kept, "forget", "900777")
    kept.pass_time(hours=5)
    outcome = kept.run([contact(1, city="Gary", updated_at=kept.now.isoformat())], [check_in(9, 1, kept.now)])
    assert (outcome.code, len(outcome.writes)) == (0, 2)
    assert outcome.accounting["contacts"]["updated"] == 1


# Who is meant


def test_a_person_can_be_named_by_an_email_that_stands_in_no_list_of_processes(salon: Salon) -> None:
    salon.run([AUGUSTA])
    ask(salon, "forget", "-", stdin="Augusta.K@example.com\n")
    assert traces(salon) == []


def test_a_person_can_be_named_by_the_id_of_referrizer(salon: Salon) -> None:
    salon.run([AUGUSTA])
    ask(salon, "forget", salon.one()["id"])
    assert traces(salon) == []


def test_the_same_id_of_another_source_is_somebody_else(salon: Salon) -> None:
    salon.run([contact(5)])
    salon.run([AUGUSTA | {"id": 5}], source="shop")
    ask(salon, "forget", "5", source="shop")
    assert traces(salon) == []
    assert ask_json(salon, "explain", "5")["records"][0]["status"] == "linked"


def test_all_records_of_one_person_are_erased(salon: Salon) -> None:
    salon.run([AUGUSTA])
    salon.run([AUGUSTA | {"id": "w-1", "first_name": "Aug"}], source="shop")
    found = ask_json(salon, "forget", "900777")
    assert (found["records"], found["shared"], len(found["delete"])) == (2, [], 1)
    assert traces(salon) == []


def test_a_second_record_of_the_person_that_is_linked_to_nobody_is_erased_too(salon: Salon) -> None:
    salon.run([AUGUSTA])
    salon.box.faults.add("503", vendor="referrizer")
    salon.run(
        [{**AUGUSTA, "id": "w-1", "email": None}, {"id": "w-2", **PERSON, "phone": None}], source="shop"
    )
    salon.box.faults.clear()
    assert ask_json(salon, "forget", "900777")["records"] == 3
    assert traces(salon) == []


def test_a_record_that_was_staged_just_before_is_not_created(salon: Salon) -> None:
    """On a server another source may stage while a person is erased."""
    salon.run([AUGUSTA])
    ask(salon, "forget", "900777")
    late = {"source": "booker", "id": "900779", "record": "{}", "status": "new", "staged_run": 1}
    keys = {"email_key": str(PERSON["email"]), "first_key": "augusta", "last_key": "kingsley"}
    salon.edit_ledger(sa.insert(tables.contact).values(**late, **keys))
    assert salon.run([]).writes == []
    assert [*traces(salon), *(["900779"] if "900779" in everything(salon) else [])] == []


def test_status_counts_the_forgotten_and_names_none_that_only_the_ledger_knew(salon: Salon) -> None:
    salon.run([AUGUSTA, contact(1)])
    ask(salon, "forget", "900777")
    assert ask_json(salon, "status")["forgotten"] == {"count": 1, "ids": []}
    assert "asked to be forgotten: 1 (…)" in ask(salon, "status").stdout


@pytest.fixture
def family(salon: Salon) -> Salon:
    """Maria and Luis Reyes share an e-mail; the contact in Referrizer is Maria's."""
    home = {"email": "home@example.com", "last_name": "Reyes"}
    newer = {"updated_at": salon.now.isoformat()}
    older = {"updated_at": ago(days=1).isoformat()}
    maria = contact(4, first_name="Maria", phone="3125550177", **home, **newer)
    salon.run([maria, contact(5, first_name="Luis", **home, **older)])
    return salon


def test_who_shares_a_contact_with_others_is_erased_alone_and_the_contact_is_named(family: Salon) -> None:
    said = ask(family, "forget", "4").stdout
    assert f"by hand: contact {family.one()['id']} in Referrizer is that of other records too" in said
    assert "by hand: delete" not in said
    assert "maria" not in everything(family)
    assert "3125550177" not in everything(family)
    assert ask_json(family, "explain", "5")["records"][0]["status"] == "linked"


def test_the_others_of_a_family_are_not_taken_for_the_forgotten_one(family: Salon) -> None:
    ask(family, "forget", "4")
    luis = contact(5, first_name="Luis", last_name="Reyes", email="home@example.com", city="Gary")
    outcome = family.run([luis | {"updated_at": family.now.isoformat()}], [check_in(9, 5, family.now)])
    assert (outcome.accounting["contacts"]["skipped"], len(family.visits())) == (0, 1)


def test_the_forgotten_one_of_a_family_is_recognised_by_the_name(family: Salon) -> None:
    ask(family, "forget", "4")
    maria = contact(6, first_name="Maria", last_name="Reyes", email="home@example.com")
    assert family.run([maria]).accounting["contacts"]["reasons"]["skipped"] == {"forgotten": 1}


def test_an_email_of_several_people_is_not_enough(family: Salon) -> None:
    with pytest.raises(TargetError, match=r"RFZ-405 .* records 4, 5\."):
        ask(family, "forget", "-", stdin="home@example.com\n")
    assert "maria" in everything(family)


def test_somebody_else_who_takes_over_the_email_of_a_linked_record_stays(kept: Salon) -> None:
    ask(kept, "forget", "900777")
    moved = contact(1, email=PERSON["email"], updated_at=kept.now.isoformat())
    assert kept.run([moved]).accounting["contacts"]["skipped"] == 0


def test_nobody_is_forgotten_by_an_id_that_is_not_there(salon: Salon) -> None:
    salon.run([contact(1)])
    with pytest.raises(TargetError, match="RFZ-404"):
        ask(salon, "forget", "99")


def test_nobody_is_forgotten_while_a_run_is_under_way(salon: Salon) -> None:
    salon.run([contact(1)])
    running = salon.target().run
    with pytest.raises(LedgerBusy):
        ask(salon, "forget", "1")
    running.abort(1)


# Who else is not meant (each of these is somebody who must lose nothing)

AL = contact(1, first_name="Al", last_name="Reyes", email="al@example.com", phone="3125550142")
ALICE = contact(2, first_name="Alice", last_name="Reyes", email="alice@example.com", phone="3125550142")


def test_a_phone_and_a_last_name_make_nobody_of_two_who_have_emails_of_their_own(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "email"
    salon.run([AL, ALICE])
    found = ask_json(salon, "forget", "1")
    assert (found["records"], len(found["delete"])) == (1, 1)
    assert ask_json(salon, "explain", "2")["records"][0]["status"] == "linked"
    assert salon.run([ALICE]).accounting["contacts"]["unchanged"] == 1


def test_somebody_new_on_the_forgotten_email_with_another_first_name_is_let_in(salon: Salon) -> None:
    salon.run([AL])
    ask(salon, "forget", "1")
    zoe = contact(3, first_name="Zoe", last_name="Reyes", email="al@example.com")
    assert salon.run([zoe]).accounting["contacts"]["skipped"] == 0


def test_somebody_new_on_the_forgotten_phone_with_an_email_of_their_own_is_let_in(salon: Salon) -> None:
    salon.run([AL])
    ask(salon, "forget", "1")
    junior = contact(3, first_name="Al", last_name="Reyes", email="junior@example.com", phone="3125550142")
    salon.box.referrizer.switches.unique_by = "email"
    assert salon.run([junior]).accounting["contacts"]["created"] == 1


@pytest.mark.parametrize("first", ["Al", "Alfred", "A", None])
def test_a_short_or_long_form_of_the_name_on_the_same_email_is_the_same_person(
    salon: Salon, first: str | None
) -> None:
    salon.run([AL])
    ask(salon, "forget", "1")
    again = contact(3, first_name=first, last_name="Reyes", email="al@example.com")
    assert salon.run([again]).accounting["contacts"]["reasons"]["skipped"] == {"forgotten": 1}


def test_a_person_of_whom_there_is_only_a_rejected_record_can_be_forgotten(salon: Salon) -> None:
    salon.run([contact(1), AUGUSTA | {"is_member": "perhaps"}])
    found = ask_json(salon, "forget", "900777")
    assert (found["records"], found["rejects"]) == (0, 1)
    assert traces(salon) == []
    assert salon.run([AUGUSTA]).writes == []


def test_rejects_that_tell_of_the_person_go_too_whatever_their_source_or_id(salon: Salon) -> None:
    salon.run([AUGUSTA])
    broken = {"is_member": "perhaps"}
    salon.run([{**PERSON, **broken, "id": "w-1"}], source="shop")
    odd = check_in(7, 0, salon.now) | {"contact_id": 900777.0, "checked_in_at": "soon"}
    salon.run([{"id": "900778", "phone": PERSON["phone"], **broken}], [odd])
    assert ask_json(salon, "forget", "900777")["rejects"] == 3
    assert traces(salon) == []


def test_a_broken_record_of_a_forgotten_person_is_not_kept_under_another_id_either(salon: Salon) -> None:
    salon.run([AUGUSTA])
    ask(salon, "forget", "900777")
    salon.run([{**PERSON, "id": "900778", "is_member": "perhaps"}])
    assert [*traces(salon), *(["900778"] if "900778" in everything(salon) else [])] == []


def test_the_marks_tell_nothing_without_the_salt_of_this_ledger(salon: Salon) -> None:
    digests = []
    for name in ("one", "two"):
        salon.settings["ledger_url"] = f"sqlite:///{salon.folder}/{name}.db"
        salon.run([AUGUSTA])
        ask(salon, "forget", "900777")
        with closing(Ledger(salon.config()["ledger_url"])) as ledger:
            digests.append({row.digest for row in ledger.rows(sa.select(tables.mark))})
    assert digests[0].isdisjoint(digests[1])


def test_a_wish_about_a_contact_that_others_share_names_it(family: Salon) -> None:
    wish = {"id": 4, "is_forgotten": True, "updated_at": family.now.isoformat()}
    assert f"Referrizer contact {family.one()['id']} is that of other records too" in family.run([wish]).log


def test_a_plan_does_not_say_that_somebody_was_erased(family: Salon) -> None:
    wish = {"id": 4, "is_forgotten": True, "updated_at": family.now.isoformat()}
    planned = family.run([wish], dry_run=True)
    assert "contact 4 asked to be forgotten: a run erases it from the ledger; " in planned.log
    assert "contact 4 asked to be forgotten: erased from the ledger; " in family.run([wish]).log


def test_a_wish_can_be_taken_back(salon: Salon) -> None:
    salon.run([{"id": "900777", "is_forgotten": True}])
    ask(salon, "forget", "--undo", "900777")
    assert salon.run([AUGUSTA]).accounting["contacts"]["created"] == 1


# Visits in doubt, coming back, and the wish of the source


def test_held_visits_of_a_forgotten_person_call_nobody_any_more(salon: Salon) -> None:
    salon.run([AUGUSTA])
    salon.pass_time(hours=1)
    salon.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", nth=1)
    assert salon.run([], [check_in(7, "900777", salon.now)]).code == 3
    ask(salon, "forget", "900777")
    assert salon.run([AUGUSTA], [check_in(7, "900777", salon.now)]).code == 0
    assert len(salon.visits()) == 1


@pytest.mark.parametrize("named", ["id", "e-mail"])
def test_who_signs_up_again_is_created_again_when_a_person_says_so(salon: Salon, named: str) -> None:
    salon.run([AUGUSTA])
    ask(salon, "forget", "900777")
    salon.box.referrizer.contacts.clear()
    arguments: tuple[Any, ...] = ("forget", "--undo", "900777" if named == "id" else "-")
    said = ask(salon, *arguments, stdin=f"{PERSON['email']}\n").stdout
    assert "is created again when the source sends the record" in said
    assert salon.run([AUGUSTA]).accounting["contacts"]["created"] == 1


def test_nobody_comes_back_who_was_not_forgotten(salon: Salon) -> None:
    salon.run([contact(1)])
    with pytest.raises(TargetError, match="RFZ-404"):
        ask(salon, "forget", "--undo", "1")


def test_a_wish_of_the_source_erases_too_and_names_the_contact_once(kept: Salon) -> None:
    remote = kept.one(email=PERSON["email"])["id"]
    wish = {"id": "900777", "is_forgotten": True, "updated_at": kept.now.isoformat()}
    outcome = kept.run([wish])
    assert f"Referrizer contact {remote} is still to be deleted by hand" in outcome.log
    assert traces(kept) == ["900777"]  # the source itself goes on naming it
    assert remote not in kept.run([wish]).log
