"""What a contact shows after a run: only what the source says, only where it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import ago, check_in, contact, custom

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


def test_a_changed_contact_costs_one_read_and_one_write_whatever_changes(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=200).isoformat(), is_member=False)])
    salon.pass_time(hours=1)
    changed = contact(1, city="Gary", is_member=True, updated_at=salon.now.isoformat())
    outcome = salon.run([changed], [check_in(7, 1, ago(days=1))])
    key = salon.one()["id"]
    assert (outcome.reads, outcome.writes) == ([f"GET /contacts/{key}"], [f"PUT /contacts/{key}"])
    assert salon.group() == "Current customers"


def test_what_the_owner_keeps_in_other_fields_survives_a_replacing_put(salon: Salon) -> None:
    salon.owner_adds(firstName="Ada", email="ada1@example.com", gender="F", unsubscribedFromText=True)
    salon.run([contact(1, city="Gary")])
    shown = salon.one(email="ada1@example.com")
    assert (shown["gender"], shown["unsubscribedFromText"]) == ("F", True)
    assert salon.box.referrizer.journal.of("field_wiped") == []


def test_what_a_person_changed_in_referrizer_is_kept_until_the_source_changes_it(salon: Salon) -> None:
    salon.run([contact(1, city="Gary", zip="46402")])
    salon.one()["address"]["city"] = "Hammond"
    salon.run([contact(1, city="Gary", zip="46404", updated_at=salon.now.isoformat())])
    assert salon.one()["address"]["city"] == "Hammond"
    salon.run([contact(1, city="Chicago", zip="46404", updated_at=salon.now.isoformat())])
    assert salon.one()["address"]["city"] == "Chicago"


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_value_that_is_missing_never_blanks_referrizers(salon: Salon, nothing: str | None) -> None:
    salon.run([contact(1, city="Gary")])
    outcome = salon.run([contact(1, city=nothing, first_name=nothing, updated_at=salon.now.isoformat())])
    assert outcome.writes == []
    assert salon.one()["address"]["city"] == "Gary"


def test_the_birthday_goes_with_the_create_and_never_again(salon: Salon) -> None:
    salon.run([contact(1, birthday="1961-03-02")])
    assert salon.one()["birthday"] == "1961-03-02"
    outcome = salon.run([contact(1, birthday="1999-01-01", updated_at=salon.now.isoformat())])
    assert (salon.one()["birthday"], outcome.writes) == ("1961-03-02", [])


def test_the_birthday_goes_with_the_first_link_where_referrizer_has_none(salon: Salon) -> None:
    salon.owner_adds(firstName="Ada", email="ada1@example.com")
    salon.owner_adds(firstName="Ada", email="ada2@example.com", birthday="1950-05-05")
    born = "1961-03-02"
    salon.run([contact(1, birthday=born), contact(2, birthday=born)])
    assert [one["birthday"] for one in salon.shown()] == [born, "1950-05-05"]


def test_a_birthday_that_comes_after_the_first_write_is_not_sent(salon: Salon) -> None:
    salon.run([contact(1)])
    assert salon.run([contact(1, birthday="1961-03-02", updated_at=salon.now.isoformat())]).writes == []


def test_attributes_that_are_not_synced_are_never_sent(salon: Salon) -> None:
    extra = {"gender": "F", "country": "US", "notes": "allergic", "referred_by": 3, "accepts_email": False}
    salon.run([contact(1, **extra)])
    shown = salon.one()
    assert not any((shown.get("address") or {}).values())
    assert {key for key, value in shown.items() if value and key != "address"} == {
        "id", "firstName", "lastName", "email", "customFields",
    }  # fmt: skip
    assert {key for key, value in shown["customFields"].items() if value} == {"Customer Group"}


def test_opt_outs_are_carried_only_when_asked_and_only_a_no(salon: Salon) -> None:
    said = [
        contact(1, accepts_email=False, accepts_sms=True),
        contact(2, accepts_email=True, accepts_sms=False),
    ]
    salon.run(said, sync_opt_outs=True)
    assert [(one["unsubscribedFromEmail"], one["unsubscribedFromText"]) for one in salon.shown()] == [
        (True, False),
        (False, True),
    ]
    salon.run([contact(1, accepts_email=True, updated_at=salon.now.isoformat())], sync_opt_outs=True)
    assert salon.shown()[0]["unsubscribedFromEmail"] is True
    assert salon.box.referrizer.journal.of("resubscribed") == []


def test_people_who_opted_out_and_are_created_without_it_are_counted_aloud(salon: Salon) -> None:
    people = [contact(1, accepts_sms=False), contact(2)]
    planned = salon.run(people, dry_run=True)
    assert "said no" not in planned.log, "the plan itself counts them"
    assert "opted out in the source, created without it: 1" in planned.err
    assert "1 new contact said no to e-mails or texts" in salon.run(people).log


def test_a_field_map_moves_and_leaves_out_fields(salon: Salon) -> None:
    salon.box.referrizer.switches.custom_fields = ("Member?", "Ref")
    renamed = {"is_member": "customFields.Member?", "source_id": "customFields.Ref", "group": None}
    salon.run(
        [contact(1, is_member=True, city="Gary")], field_map={**renamed, "last_visit_at": None, "city": None}
    )
    shown = salon.one()
    assert (custom(shown, "Member?"), custom(shown, "Ref"), custom(shown, "Customer Group")) == (
        "Y",
        "1",
        None,
    )
    assert not (shown.get("address") or {}).get("city")


def test_a_changed_field_map_reaches_every_contact(salon: Salon) -> None:
    salon.run([contact(1, city="Gary")], field_map={"city": None})
    salon.run([])
    assert salon.one()["address"]["city"] == "Gary"


def test_a_missing_custom_field_stops_the_run_names_the_field_and_rejects_nobody(salon: Salon) -> None:
    salon.box.referrizer.switches.custom_fields = ("CRM Member", "Last Visit Date")
    outcome = salon.run([contact(key) for key in range(1, 30)])
    assert outcome.code == 2
    assert "RFZ-107" in outcome.log
    assert "Customer Group" in outcome.log
    salon.box.referrizer.switches.custom_fields = ("CRM Member", "Last Visit Date", "Customer Group")
    assert salon.run([]).accounting["backlog"]["contacts_created"] == 29


def test_patch_sends_only_what_differs_and_reads_nothing(salon: Salon) -> None:
    salon.box.referrizer.switches.patch = True
    salon.run([contact(1, city="Gary")], update_style="patch")
    outcome = salon.run([contact(1, city="Chicago", updated_at=salon.now.isoformat())], update_style="patch")
    assert (outcome.reads, [one.split()[0] for one in outcome.writes]) == ([], ["PATCH"])
    assert (salon.one()["firstName"], salon.one()["address"]["city"]) == ("Ada", "Chicago")


def test_a_refused_change_still_leaves_the_contact_in_the_right_group(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=200).isoformat()), contact(2)])
    collides = contact(1, email="ada2@example.com", updated_at=salon.now.isoformat())
    outcome = salon.run([collides], [check_in(7, 1, ago(days=1))])
    assert salon.group(email="ada1@example.com") == "Current customers"
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-208": 1}
    assert salon.run([collides], [check_in(7, 1, ago(days=1))]).writes == []


def test_short_answers_and_short_lists_are_enough(salon: Salon) -> None:
    switches = salon.box.referrizer.switches
    switches.create_answer, switches.update_answer, switches.list_shows = "id", "no_content", "identity"
    salon.owner_adds(firstName="Ada", email="ada2@example.com")
    people = [contact(1, birthday="1961-03-02"), contact(2, birthday="1961-03-02", city="Gary")]
    salon.run(people)
    assert [one["birthday"] for one in salon.shown()] == ["1961-03-02"] * 2
    assert salon.run(people).writes == []


def test_a_group_name_of_hostile_text_arrives_as_it_is(salon: Salon) -> None:
    name = 'O\'Neil "<script>" \u05d0\u05d1 \U0001f9d6'
    salon.run([contact(1, first_name=name)])
    assert salon.one()["firstName"] == name


MOVED = {"city": "customFields.Town", "group": "customFields.Segment", "birthday": "customFields.Born"}


def test_a_field_that_is_mapped_elsewhere_is_written_there_although_nothing_else_changed(
    salon: Salon,
) -> None:
    salon.box.referrizer.switches.custom_fields += ("Town", "Segment", "Born")
    people = [
        contact(1, city="Gary", birthday="1961-03-02"),
        contact(2, last_visit_at=ago(days=2).isoformat()),
    ]
    salon.run(people)
    outcome = salon.run(people, field_map=MOVED)
    assert outcome.code == 0
    shown = salon.one(email="ada1@example.com")["customFields"]
    assert {name: shown[name] for name in ("Town", "Segment", "Born")} == {
        "Town": "Gary", "Segment": "Leads", "Born": "1961-03-02",
    }  # fmt: skip
    assert custom(salon.one(email="ada2@example.com"), "Segment") == "Current customers"
    assert salon.run(people, field_map=MOVED).writes == []


def test_a_field_mapped_to_one_that_is_missing_is_found_out_on_an_old_ledger_too(salon: Salon) -> None:
    salon.run([contact(1, city="Gary")])
    outcome = salon.run([], field_map={"city": "customFields.Nope"})
    assert (outcome.code, "RFZ-107" in outcome.log) == (2, True)


@pytest.mark.parametrize("style", ["merge", "patch"])
@pytest.mark.parametrize("shows", ["full", "identity"])
def test_a_last_visit_that_nobody_can_vouch_for_is_emptied_whatever_the_list_shows(
    salon: Salon, style: str, shows: Any
) -> None:
    salon.box.referrizer.switches.patch = True
    salon.box.referrizer.switches.list_shows = shows
    salon.owner_adds(
        firstName="Ada", email="ada1@example.com", customFields={"Last Visit Date": "2020-01-01"}
    )
    salon.run([contact(1)], update_style=style)
    shown = salon.one(email="ada1@example.com")
    assert (custom(shown, "Last Visit Date"), custom(shown, "Customer Group")) == (None, "Leads")


def test_a_referrizer_that_finds_no_contact_by_its_id_is_a_wrong_setting_and_nobody_is_gone(
    salon: Salon,
) -> None:
    salon.run([contact(1), contact(2)])
    switches = salon.box.referrizer.switches
    salon.box.faults.add("404", vendor="referrizer", method="GET", path="contacts/")
    later = salon.now.isoformat()
    outcome = salon.run([contact(key, city="Gary", updated_at=later) for key in (1, 2)])
    assert (outcome.code, "update_style patch" in outcome.log) == (2, True)
    switches.patch = True
    again = salon.run([], update_style="patch")
    assert (again.code, salon.one(email="ada1@example.com")["address"]["city"]) == (0, "Gary")


def test_a_patch_that_cannot_read_first_overwrites_no_birthday(salon: Salon) -> None:
    salon.box.referrizer.switches.patch = True
    salon.box.referrizer.switches.get_by_id = False
    salon.owner_adds(firstName="Ada", email="ada1@example.com", birthday="1961-03-02")
    salon.box.referrizer.switches.list_shows = "identity"
    outcome = salon.run([contact(1, birthday="1999-09-09", city="Gary")], update_style="patch")
    shown = salon.one(email="ada1@example.com")
    assert (outcome.code, shown["birthday"], shown["address"]["city"]) == (0, "1961-03-02", "Gary")


def test_an_account_whose_fields_have_other_names_needs_settings_and_no_code(salon: Salon) -> None:
    salon.box.referrizer.switches.field_names = {
        "phone": "mobile", "birthday": "dateOfBirth", "customFields": "attributes",
    }  # fmt: skip
    person = contact(1, phone="312-555-0101", birthday="1961-03-02", is_member=True)
    refused = salon.run([person])
    assert refused.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-209": 1}
    field_map = {
        "phone": "mobile", "birthday": "dateOfBirth", "is_member": "attributes.CRM Member",
        "last_visit_at": "attributes.Last Visit Date", "group": "attributes.Customer Group",
    }  # fmt: skip
    salon.settings["field_map"] = field_map
    changed = {**person, "city": "Gary", "updated_at": salon.now.isoformat()}
    assert salon.run([changed]).accounting["contacts"]["created"] == 1
    shown = salon.one(email="ada1@example.com")
    assert (shown["phone"], shown["birthday"], shown["address"]["city"]) == (
        "+13125550101",
        "1961-03-02",
        "Gary",
    )
    assert (custom(shown, "CRM Member"), custom(shown, "Customer Group")) == ("Y", "Leads")
    assert salon.run([changed]).writes == []
