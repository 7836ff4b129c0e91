"""Drift: what a person changed in Referrizer is seen, reported, and never overwritten in silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.asking import ask, ask_json
from tests.target_referrizer.raw_vendor import Answer, Lab, refusal, reply
from tests.target_referrizer.salon import ago, contact, custom

from target_referrizer.errors import LedgerBusy, SettingsError, TargetError
from target_referrizer.ledger import tables
from target_referrizer.outcomes import Refused, Unknown
from target_referrizer.reading import Reading
from target_referrizer.verification import Verified

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

HOW = pytest.mark.parametrize("how", [("--all",), ("--sample", "100")], ids=["all", "sample"])


@pytest.fixture
def drifting(salon: Salon) -> Salon:
    """Five contacts; of one a person changed the city and the group, and one was deleted."""
    salon.run([contact(key, city="Gary", last_visit_at=ago(days=3).isoformat()) for key in range(5)])
    salon.one(email="ada1@example.com")["address"]["city"] = "Springfield"
    salon.one(email="ada1@example.com")["customFields"]["Customer Group"] = "VIP"
    del salon.box.referrizer.contacts[salon.one(email="ada2@example.com")["id"]]
    return salon


def verify(salon: Salon, *arguments: str, **more: Any) -> dict[str, Any]:
    """Call the command; it must not write."""
    salon.box.requests.clear()
    found = ask_json(salon, "verify", *arguments, **more)
    assert {one.method for one in salon.box.requests} <= {"GET"}
    return dict(found)


@HOW
def test_nothing_differs_after_a_run(salon: Salon, how: tuple[str, ...]) -> None:
    salon.run(
        [contact(1, city="Gary", phone="312-555-0142", is_member=True), contact(2, birthday="1961-03-02")]
    )
    found = verify(salon, *how)
    assert (found["checked"], found["drifted"], found["missing"], found["whom"]) == (2, 0, 0, [])


@HOW
def test_drift_is_counted_by_field_and_named_by_contact(drifting: Salon, how: tuple[str, ...]) -> None:
    found = verify(drifting, *how)
    assert (found["checked"], found["drifted"], found["missing"]) == (5, 1, 1)
    assert found["fields"] == {"city": 1, "group": 1}
    whom = {tuple(one["records"]): (one["is_missing"], sorted(one["fields"])) for one in found["whom"]}
    assert whom == {("booker 1",): (False, ["city", "group"]), ("booker 2",): (True, [])}


def test_values_are_masked_unless_asked_for(drifting: Salon) -> None:
    said = ask(drifting, "verify").stdout
    assert "city G… → S…, group Current customers → V…" in said
    assert "Springfield" not in said
    assert "city Gary → Springfield" in ask(drifting, "verify", "--show-personal-data").stdout


def test_the_exit_code_tells_of_drift_only_on_request(drifting: Salon) -> None:
    assert ask(drifting, "verify").exit_code == 0
    assert ask(drifting, "verify", "--exit-code").exit_code == 3
    drifting.box.referrizer.contacts.clear()
    assert ask(drifting, "verify", "--all", "--exit-code").exit_code == 3


def test_no_drift_is_exit_code_0_also_on_request(salon: Salon) -> None:
    salon.run([contact(1)])
    assert ask(salon, "verify", "--exit-code").exit_code == 0


def test_a_sample_reads_no_more_than_it_says(salon: Salon) -> None:
    salon.run([contact(key) for key in range(9)])
    found = verify(salon, "--sample", "4")
    assert (found["checked"], len(salon.box.requests)) == (4, 4)


def test_what_the_list_does_not_show_is_said_and_not_taken_for_drift(salon: Salon) -> None:
    salon.box.referrizer.switches.list_shows_custom_fields = False
    salon.run([contact(1, city="Gary", is_member=True)])
    found = verify(salon, "--all")
    assert (found["drifted"], found["not_shown"]) == (0, ["group", "is_member"])
    assert "--sample reads them" in ask(salon, "verify", "--all").stdout
    salon.one()["customFields"]["Customer Group"] = "VIP"
    assert verify(salon)["fields"] == {"group": 1}


def test_a_contact_whose_write_has_no_answer_yet_is_not_compared(salon: Salon) -> None:
    salon.run([contact(1, city="Gary"), contact(2)])
    salon.box.faults.add("timeout_after", vendor="referrizer", method="PUT", hang=0)
    salon.run([contact(1, city="Joliet", updated_at=salon.now.isoformat())])
    salon.box.faults.clear()
    found = verify(salon)
    assert (found["checked"], found["in_doubt"], found["drifted"]) == (1, 1, 0)


def test_drift_stays_and_is_not_overwritten(drifting: Salon) -> None:
    drifting.run([contact(1, city="Gary", last_visit_at=ago(days=3).isoformat())])
    shown = drifting.one(email="ada1@example.com")
    assert (shown["address"]["city"], custom(shown, "Customer Group")) == ("Springfield", "VIP")


def test_a_change_of_another_field_leaves_drift_alone(drifting: Salon) -> None:
    news = contact(1, city="Gary", zip="46402", last_visit_at=ago(days=3).isoformat())
    outcome = drifting.run([news | {"updated_at": drifting.now.isoformat()}])
    shown = drifting.one(email="ada1@example.com")
    assert (shown["address"]["zip"], shown["address"]["city"]) == ("46402", "Springfield")
    assert "had been changed there" not in outcome.log


def test_a_change_of_the_same_field_replaces_drift_and_says_so(drifting: Salon) -> None:
    news = contact(1, city="Joliet", last_visit_at=ago(days=3).isoformat())
    outcome = drifting.run([news | {"updated_at": drifting.now.isoformat()}])
    assert drifting.one(email="ada1@example.com")["address"]["city"] == "Joliet"
    assert "city had been changed there, and what the source says now replaced it" in outcome.log
    assert "Springfield" not in outcome.log
    assert "replaced fields city" in ask(drifting, "explain", "1").stdout


def test_a_group_that_was_changed_by_hand_is_replaced_aloud_when_time_moves_the_contact(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    salon.one()["customFields"]["Customer Group"] = "VIP"
    salon.pass_time(days=30)
    assert "group had been changed there" in salon.run([]).log
    assert salon.group() == "Past customers"


def test_verify_leaves_the_last_runs_exit_code(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.box.faults.add("401", vendor="referrizer", method="POST")
    assert salon.run([contact(2)]).code == 2
    salon.box.faults.clear()
    ask(salon, "verify")
    ask(salon, "baseline")
    assert ask(salon, "status", "--exit-code").exit_code == 2
    assert "run 2 of source booker" in ask(salon, "status").stdout


def test_verify_makes_no_ledger(salon: Salon) -> None:
    with pytest.raises(TargetError, match="RFZ-403 there is no ledger yet"):
        ask(salon, "verify")
    assert not (salon.folder / "ledger.db").exists()


def test_nothing_is_verified_while_a_run_is_under_way(salon: Salon) -> None:
    salon.run([contact(1)])
    running = salon.target().run
    with pytest.raises(LedgerBusy):
        ask(salon, "verify")
    running.abort(1)


# Contacts that cannot be read


def verify_against(salon: Salon, *script: Answer) -> Any:
    """Verify two contacts, one after the other, against a vendor that answers so."""
    salon.run([contact(1), contact(2)])
    with Lab() as lab:
        url = lab.vendor(*script).url
        moved = sa.func.replace(tables.meta.c.value, salon.box.referrizer_url, url)
        salon.edit_ledger(sa.update(tables.meta).where(tables.meta.c.key == "account").values(value=moved))
        return ask(salon, "verify", "--format", "json", concurrent_requests=1, api_url=url)


NO_CONTACT = pytest.mark.parametrize(
    "answer",
    [refusal("INVALID"), reply(200, {}), reply(200, {"firstName": "Ada"})],
    ids=["refused", "empty", "no id"],
)


@NO_CONTACT
def test_a_contact_that_cannot_be_read_by_its_id_is_no_drift(salon: Salon, answer: Answer) -> None:
    whole = {"id": "x", "firstName": "Ada", "lastName": "Byron", "customFields": {"Customer Group": "Leads"}}
    found = json.loads(verify_against(salon, answer, reply(200, whole)).stdout)
    assert (found["unreadable"], found["missing"], found["checked"]) == (1, 0, 1)
    assert "customFields" not in str(found["whom"])


@NO_CONTACT
def test_when_no_contact_can_be_read_by_its_id_the_address_is_to_blame(salon: Salon, answer: Answer) -> None:
    with pytest.raises(SettingsError, match="RFZ-101 none of 2 contacts can be read by its id"):
        verify_against(salon, answer, answer)


def test_two_contacts_that_are_both_gone_look_like_a_wrong_address(salon: Salon) -> None:
    with pytest.raises(SettingsError, match="--all reads the list instead"):
        verify_against(salon, reply(404), reply(404))


@pytest.mark.parametrize(
    ("outcome", "kept", "unread"),
    [(Refused(404, None, "x"), 1, 0), (Refused(400, None, "x"), 0, 1), (Unknown("x"), 0, 1)],
)
def test_only_a_contact_that_is_not_there_is_missing(outcome: Exception, kept: int, unread: int) -> None:
    missing: list[str] = []
    unreadable: list[str] = []
    tx: Any = None
    client: Any = None
    reading = Reading(client, lambda *_: [], lambda _, key, __: missing.append(key), unreadable.append)
    reading.settle(tx, [("c1", outcome)])
    assert (len(missing), len(unreadable)) == (kept, unread)


def test_contacts_that_could_not_be_read_are_said() -> None:
    said = list(Verified(checked=1, missing=1, unreadable=3).lines())
    assert said[0] == "1 contact read back: 0 differ, 1 is missing"
    assert "not compared, since they could not be read by their ids: 3" in said
