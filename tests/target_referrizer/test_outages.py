"""Refusals, cuts and silence: what is waited for, what is left for the next run, what is never doubled."""

from __future__ import annotations

import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import ago, check_in, contact

from target_referrizer.ledger import tables
from target_referrizer.settling import SETTLE_SECONDS

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon


def people(number: int) -> list[Record]:
    """So many contacts, none like another."""
    return [contact(key, first_name=f"Ada{key}") for key in range(number)]


def nowhere() -> str:
    """An address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def fault(salon: Salon, kind: str, method: str, path: str, **more: Any) -> None:
    salon.box.faults.add(kind, vendor="referrizer", method=method, path=path, **more)


@pytest.mark.parametrize("kind", ["429", "503"])
def test_a_pause_that_the_vendor_asked_for_is_kept(salon: Salon, kind: str) -> None:
    fault(salon, kind, "POST", "contacts", nth=1, retry_after=7)
    outcome = salon.run(people(1))
    assert (outcome.code, len(salon.shown()), sum(salon.waited) >= 7) == (0, 1, True)


def test_a_pause_asked_of_one_worker_binds_all(salon: Salon) -> None:
    fault(salon, "429", "POST", "contacts", nth=1, retry_after=30)
    assert salon.run(people(12)).code == 0
    assert (len(salon.shown()), sum(salon.waited) >= 30) == (12, True)


def test_a_503_without_a_time_is_tried_again_for_reads_and_writes(salon: Salon) -> None:
    fault(salon, "503", "GET", "contacts", nth=1)
    fault(salon, "503", "POST", "contacts", nth=[1, 2])
    assert salon.run(people(2)).code == 0
    assert len(salon.shown()) == 2


def test_a_pause_beyond_the_patience_ends_the_run_at_once_and_says_so(salon: Salon) -> None:
    fault(salon, "429", "POST", "contacts", retry_after=3600)
    outcome = salon.run(people(2), concurrent_requests=1)
    assert (outcome.code, "RFZ-602" in outcome.log) == (6, True)
    assert sum(salon.waited) < 60


def test_when_nobody_answers_everything_waits_and_no_state_leaves(salon: Salon) -> None:
    rows = [check_in(7, 1, salon.now)]
    outcome = salon.run(people(3), rows, api_url=nowhere(), state={"seen": 1}, outage_patience_seconds=5)
    assert (outcome.code, outcome.states, "RFZ-601" in outcome.log) == (6, [], True)
    counts = outcome.accounting
    assert counts["exit_code"] == 6
    assert counts["contacts"]["reasons"]["waiting"] == {"outage": 3}
    assert counts["check_ins"]["waiting"] == 1


def test_the_run_after_an_outage_delivers_what_waited_and_doubles_nothing(salon: Salon) -> None:
    salon.run(people(2))
    salon.pass_time(hours=1)
    fault(salon, "503", "POST", "contacts", times=500)
    rows = [check_in(key, key, salon.now) for key in range(6)]
    out = salon.run(people(6), rows, outage_patience_seconds=0)
    assert (out.code, len(salon.shown()), len(salon.visits())) == (6, 2, 0)
    salon.box.faults.clear()
    after = salon.run([], state={"seen": 2})
    assert (after.code, len(salon.shown()), len(salon.visits())) == (0, 6, 6)
    backlog = after.accounting["backlog"]
    assert (backlog["contacts_created"], backlog["visits_delivered"]) == (4, 6)
    assert salon.run(people(6), rows).writes == []


def test_an_outage_among_visits_leaves_the_rest_and_the_next_run_posts_each_once(salon: Salon) -> None:
    salon.run(people(9))
    salon.pass_time(hours=1)
    rows = [check_in(key, key, salon.now) for key in range(9)]
    fault(salon, "503", "POST", "visits", nth=list(range(4, 99)))
    out = salon.run([], rows, outage_patience_seconds=0, concurrent_requests=2)
    counts = out.accounting["check_ins"]
    assert (out.code, counts["delivered"]) == (6, len(salon.visits()))
    assert counts["reasons"]["waiting"] == {"outage": 9 - len(salon.visits())}
    salon.box.faults.clear()
    assert salon.run([]).code == 0
    assert len({one["contactId"] for one in salon.visits()}) == len(salon.visits()) == 9


def test_silence_holds_a_handful_of_visits_and_leaves_the_rest_waiting(salon: Salon) -> None:
    salon.run(people(12))
    salon.pass_time(hours=1)
    fault(salon, "cut_after", "POST", "visits")
    rows = [check_in(key, key, salon.now) for key in range(12)]
    out = salon.run([], rows, concurrent_requests=2)
    counts = out.accounting["check_ins"]
    assert out.code == 6
    assert 5 <= counts["held"] <= 7
    assert counts["held"] == len(salon.visits())
    assert counts["held"] + counts["waiting"] == 12


def test_a_create_whose_answer_was_lost_is_one_contact(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    fault(salon, "cut_after", "POST", "contacts", nth=1)
    outcome = salon.run(people(1))
    assert (outcome.code, len(salon.shown()), outcome.writes) == (0, 1, ["POST /contacts"])
    assert outcome.accounting["contacts"]["rejected"] == 0


def test_a_create_that_was_cut_off_before_it_arrived_is_made_after_all(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    fault(salon, "cut_before", "POST", "contacts", nth=1)
    assert salon.run(people(1)).code == 0
    assert len(salon.shown()) == 1
    assert sum(salon.waited) >= 5  # a request may still be at work over there


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_an_update_whose_answer_was_lost_ends_as_it_should(salon: Salon, kind: str) -> None:
    salon.run(people(1))
    salon.pass_time(hours=1)
    fault(salon, kind, "PUT", "contacts", nth=1)
    changed = {**people(1)[0], "city": "Gary", "updated_at": salon.now.isoformat()}
    assert salon.run([changed]).code == 0
    assert salon.one()["address"]["city"] == "Gary"
    assert salon.run([changed]).writes == []


def test_what_is_held_already_stays_a_persons_whatever_the_setting_says_later(salon: Salon) -> None:
    salon.run(people(1))
    salon.pass_time(hours=1)
    fault(salon, "cut_after", "POST", "visits", nth=1)
    assert salon.run([], [check_in(7, 0, salon.now)]).code == 3
    assert salon.run([], uncertain_visits="resend").code == 3
    assert len(salon.visits()) == 1


def test_a_visit_that_was_under_way_when_a_run_died_is_held(salon: Salon) -> None:
    salon.run([contact(1)], [check_in(7, 9, salon.now)])
    salon.run([], [check_in(8, 1, ago(days=1))])
    under_way = {"status": "sending", "remote_contact_id": salon.one()["id"], "sent_at": salon.now}
    salon.edit_ledger(sa.update(tables.visit).where(tables.visit.c.id == "8").values(**under_way))
    outcome = salon.run([])
    assert (outcome.code, salon.visits()) == (3, [])


def test_a_create_that_was_under_way_when_a_run_died_is_looked_up_first(
    salon: Salon,
) -> None:
    salon.run([contact(9)])
    salon.owner_adds(firstName="Ada", email="ada1@example.com")  # the dead run's request arrived after all
    salon.box.faults.add("401", vendor="referrizer", method="POST", path="contacts", nth=1)
    salon.run([contact(1), contact(2)])
    intent = sa.update(tables.contact).where(tables.contact.c.status == "new")
    salon.edit_ledger(intent.values(create_intent_at=salon.now))
    salon.run([])
    assert [one["email"] for one in salon.shown()] == [f"ada{key}@example.com" for key in (1, 2, 9)]
    assert salon.waited  # it looked a second time before it created the one that was not there


def test_a_create_whose_answer_was_lost_is_found_and_not_doubled(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    salon.box.faults.add("cut_after", vendor="referrizer", method="POST", path="contacts", nth=[1, 3])
    outcome = salon.run([contact(key, first_name=f"Ada{key}") for key in range(5)])
    assert len(salon.shown()) == 5
    assert outcome.code == 0
    assert salon.run([contact(key, first_name=f"Ada{key}") for key in range(5)]).writes == []


def test_an_outage_leaves_the_rest_for_the_next_run_and_doubles_nothing(salon: Salon) -> None:
    people = [contact(key, first_name=f"Ada{key}") for key in range(12)]
    salon.box.faults.add("503", vendor="referrizer", method="POST", path="contacts", nth=list(range(6, 60)))
    outcome = salon.run(people, outage_patience_seconds=0, concurrent_requests=2)
    assert outcome.code == 6
    assert outcome.accounting["contacts"]["reasons"]["waiting"]["outage"] >= 1
    salon.box.faults.clear()
    assert salon.run([]).code == 0
    assert len(salon.shown()) == 12


def test_a_storm_of_refusals_ends_with_everything_delivered_once(salon: Salon) -> None:
    for kind, every in (("429", 3), ("503", 5)):
        salon.box.faults.add(kind, vendor="referrizer", every=every, retry_after=0)
    salon.run([contact(key, first_name=f"Ada{key}") for key in range(9)])
    salon.pass_time(hours=1)
    salon.run([], [check_in(key, key, salon.now) for key in range(9)])
    assert (len(salon.shown()), len(salon.visits())) == (9, 9)


# Creates that nobody answers


@pytest.mark.parametrize("kind", ["500", "cut_before"])
def test_a_contact_whose_creation_is_never_answered_waits_and_holds_nobody_up(
    salon: Salon, kind: str
) -> None:
    salon.run(people(3))
    salon.pass_time(hours=1)
    fault(salon, kind, "POST", "contacts")
    outcome = salon.run([contact(9)], [check_in(7, 1, salon.now)])
    assert (outcome.code, outcome.writes.count("POST /contacts")) == (0, 2)
    assert outcome.accounting["contacts"]["waiting"] == 1
    assert outcome.accounting["check_ins"]["delivered"] == 1
    assert "contact 9: Referrizer does not say what its creation came to" in outcome.log
    salon.box.faults.clear()
    again = salon.run([])
    assert (again.code, len(salon.shown())) == (0, 4)
    assert again.reads[0] == "GET /contacts"


def test_a_creation_is_sent_twice_in_a_run_at_most_also_when_visits_show_that_somebody_is_gone(
    known: Salon,
) -> None:
    known.settings["field_map"] = {"group": None, "last_visit_at": None}
    known.run([])
    del known.box.referrizer.contacts[known.one(email="ada1@example.com")["id"]]
    fault(known, "500", "POST", "contacts")
    outcome = known.run([contact(9)], [check_in(7, 1, known.now)])
    assert outcome.fate("skipped") == {"gone": 1}
    assert outcome.writes.count("POST /contacts") == 2


def test_a_creation_that_takes_effect_late_is_found_by_the_second_look(salon: Salon) -> None:
    """A request that was cut off may still be at work over there."""
    salon.box.referrizer.switches.unique_by = "none"
    salon.box.faults.add("timeout_before", vendor="referrizer", method="POST", path="contacts", nth=1, hang=0)

    def take_effect(seconds: float) -> None:
        if seconds == SETTLE_SECONDS:
            salon.owner_adds(firstName="Ada", lastName="Byron", email="ada1@example.com")

    salon.on_wait = take_effect
    assert salon.run([contact(1, city="Gary")]).code == 0
    assert salon.one()["address"]["city"] == "Gary"


def test_a_create_whose_answer_was_lost_is_recognised_by_all_that_was_sent(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    fault(salon, "cut_after", "POST", "contacts", nth=1)
    outcome = salon.run([contact(1, email=None, last_name=None, phone="312-555-0101", birthday="1961-03-02")])
    assert (outcome.code, len(salon.shown())) == (0, 1)
    assert outcome.accounting["contacts"]["created"] == 1
    assert salon.run([]).writes == []


def test_a_lost_create_of_a_family_member_is_not_taken_for_another_ones_contact(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    salon.run([contact(1, email=None, last_name=None, phone="312-555-0101")])
    fault(salon, "cut_before", "POST", "contacts", nth=1)
    salon.run([contact(2, email=None, last_name=None, phone="312-555-0101")])
    assert len(salon.shown()) == 2


def test_two_records_of_one_person_are_never_created_side_by_side_also_after_an_outage(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    fault(salon, "503", "POST", "contacts")
    assert salon.run([contact(1, email="one@example.com")], outage_patience_seconds=0).code == 6
    salon.box.faults.clear()
    twin = contact(2, email="one@example.com", updated_at=salon.now.isoformat())
    assert salon.run([twin]).code == 0
    assert len(salon.shown()) == 1


def test_one_contact_that_cannot_be_read_does_not_keep_the_visits_back(salon: Salon) -> None:
    salon.run(people(3))
    salon.pass_time(hours=5)
    fault(salon, "500", "GET", f"contacts/{salon.one(email='ada1@example.com')['id']}")
    changed = contact(1, first_name="Ada1", city="Gary", updated_at=salon.now.isoformat())
    outcome = salon.run([changed], [check_in(7, 2, salon.now)])
    assert outcome.code == 0
    assert (outcome.accounting["contacts"]["waiting"], len(salon.visits())) == (1, 1)
    assert "no answer to its update" in outcome.log
    salon.box.faults.clear()
    salon.run([])
    assert salon.one(email="ada1@example.com")["address"]["city"] == "Gary"


def test_a_stop_ends_a_pause_at_once_and_sends_nothing_more(salon: Salon, monkeypatch: Any) -> None:
    fault(salon, "429", "POST", "contacts", retry_after=20)

    def asked_to_stop(seconds: float) -> None:
        salon.waited.append(seconds)
        salon.stop.signum = 15
        salon.stop.set()

    monkeypatch.setattr(salon, "_wait", asked_to_stop)
    outcome = salon.run(people(3), state={"seen": 1}, concurrent_requests=1)
    assert (outcome.code, outcome.states) == (143, [])
    assert outcome.writes == ["POST /contacts"]
    assert "RFZ-603 stopped by signal 15" in outcome.log


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_many_contacts_that_always_fail_are_no_outage_and_hold_up_nobody(salon: Salon, method: str) -> None:
    salon.run(people(20))
    salon.pass_time(hours=1)
    later = salon.now.isoformat()
    bad = [contact(key, first_name=f"Ada{key}", city="Gary", updated_at=later) for key in range(8)]
    if method == "POST":
        bad = [{**one, "id": f"new-{one['id']}", "email": f"new{one['id']}@example.com"} for one in bad]
    fault(salon, "500", method, "contacts")
    outcome = salon.run(bad, [check_in(key, key, salon.now) for key in range(10, 20)])
    assert (outcome.code, outcome.accounting["contacts"]["waiting"]) == (0, 8)
    assert len(salon.visits()) == 10


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_when_every_write_fails_it_is_an_outage_and_few_are_tried(salon: Salon, method: str) -> None:
    salon.run(people(60))
    later = (salon.now + timedelta(minutes=1)).isoformat()
    fault(salon, "500", method, "contacts")
    changed = [contact(key, first_name=f"Ada{key}", city="Gary", updated_at=later) for key in range(60)]
    fresh = [contact(f"new{key}", first_name=f"Eve{key}") for key in range(60)]
    outcome = salon.run(fresh if method == "POST" else changed, brake_percent=1000)
    assert outcome.code == 6
    assert len({one.path + str(one.body) for one in outcome.requests if one.method == method}) < 30


def test_a_creation_that_was_acknowledged_without_an_id_is_never_sent_again(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    fault(salon, "empty_object", "POST", "contacts")  # says yes, and the list does not show it yet
    posts = 0
    for _ in range(3):
        outcome = salon.run([contact(1)])
        posts += outcome.writes.count("POST /contacts")
        assert (outcome.code, outcome.accounting["contacts"]["waiting"]) == (0, 1)
        salon.pass_time(hours=1)
    assert posts == 1
    salon.box.faults.clear()
    salon.owner_adds(firstName="Ada", lastName="Byron", email="ada1@example.com")
    assert salon.run([contact(1)]).accounting["contacts"]["created"] == 1


def test_a_long_pause_asked_for_by_one_contact_ends_the_run(salon: Salon) -> None:
    salon.run(people(2))
    fault(salon, "504", "GET", "contacts/", retry_after=3600)
    changed = contact(1, first_name="Ada1", city="Gary", updated_at=salon.now.isoformat())
    outcome = salon.run([changed], state={"seen": 1})
    assert (outcome.code, outcome.states, len(outcome.reads)) == (6, [], 1)


# What the settings say about time


def test_the_ceiling_of_requests_is_the_settings(salon: Salon) -> None:
    outcome = salon.run(people(10), requests_per_second=2)
    assert sum(salon.waited) >= (len(outcome.requests) - 1) / 2 >= 5


def test_an_outage_is_borne_as_long_as_the_settings_say(salon: Salon) -> None:
    fault(salon, "503", "GET", "contacts")
    for patience in (5, 40):
        salon.waited.clear()
        assert salon.run(people(1), outage_patience_seconds=patience).code == 6
        assert patience / 2 <= sum(salon.waited) <= patience + 1


def test_an_answer_is_waited_for_as_long_as_the_settings_say(salon: Salon) -> None:
    fault(salon, "timeout_after", "POST", "contacts", nth=1, hang=8)
    began = time.monotonic()
    assert salon.run(people(1), request_timeout=1).code == 0
    assert time.monotonic() - began < 7
