"""Adopting an account: the ledger learns what Referrizer holds, and nobody is awarded or changed for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.asking import ask, ask_json
from tests.target_referrizer.dying import died_within
from tests.target_referrizer.salon import NOW, ago, check_in, contact, custom

from target_referrizer.errors import LedgerBusy, SettingsError

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


@pytest.fixture
def native(either: Salon) -> Salon:
    """An account that another integration has kept: Ada and Grace are there, and no group of ours."""
    salon = either
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.owner_adds(firstName="Ada", lastName="Byron", email="ada1@example.com", address={"city": "Gary"})
    salon.owner_adds(firstName="Grace", lastName="Hopper", email="grace@example.com")
    return salon


def baseline(salon: Salon, *arguments: str, **more: Any) -> dict[str, Any]:
    """Call the command; it must not write."""
    salon.box.requests.clear()
    found = ask_json(salon, "baseline", *arguments, **more)
    assert {one.method for one in salon.box.requests} == {"GET"}
    return dict(found)


def lose_ledger(salon: Salon) -> None:
    for file in salon.folder.glob("ledger.db*"):
        file.unlink()


# Switching over


def test_a_baseline_reads_the_account_and_writes_nothing(native: Salon) -> None:
    found = baseline(native)
    assert (found["ledger"], found["contacts"], found["linked"]) == ("new", 2, 0)
    assert found["posted_since"] == native.now.isoformat()


def test_after_a_baseline_the_first_run_awards_nothing_for_what_was_before(native: Salon) -> None:
    native.settings["visits_since"] = ago(days=90).isoformat()
    baseline(native)
    native.pass_time(hours=1)
    before, after = check_in(7, 1, ago(days=3)), check_in(8, 1, native.now)
    outcome = native.run([contact(1), contact(2)], [before, after])
    assert (outcome.code, outcome.accounting["check_ins"]["history"]) == (0, 1)
    assert [one["date"] for one in native.visits()] == ["2026-03-02T16:00:00.000Z"]
    assert custom(native.one(email="ada1@example.com"), "Last Visit Date") == "2026-03-02"


def test_after_a_baseline_the_first_run_links_and_needs_no_second_index(native: Salon) -> None:
    baseline(native)
    outcome = native.run([contact(1, city="Gary"), contact(2)])
    assert (outcome.accounting["contacts"]["created"], len(native.shown())) == (1, 3)
    assert "GET /contacts" not in outcome.reads


def test_a_baseline_does_not_make_the_first_load_look_like_an_accident(native: Salon) -> None:
    baseline(native)
    outcome = native.run([contact(key) for key in range(100, 140)])
    assert (outcome.code, outcome.accounting["contacts"]["created"]) == (0, 40)


def test_records_that_wait_are_linked_and_what_agrees_counts_as_confirmed(native: Salon) -> None:
    native.box.faults.add("503", vendor="referrizer")
    assert native.run([contact(1, city="Gary"), contact(2)]).code == 6
    native.box.faults.clear()
    native.one(firstName="Ada")["customFields"] = {"Customer Group": "Leads"}
    found = baseline(native)
    assert (found["newly_linked"], found["unlinked"], found["agreeing"]) == (1, 1, 1)


def test_a_group_that_was_set_right_by_hand_is_confirmed_without_a_write(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    salon.pass_time(days=30)
    salon.one()["customFields"]["Customer Group"] = "Past customers"
    assert baseline(salon)["agreeing"] == 1
    assert salon.run([]).writes == []


def test_what_already_agrees_is_not_written_again(salon: Salon) -> None:
    salon.run([contact(1, city="Gary", last_visit_at=ago(days=3).isoformat())])
    lose_ledger(salon)
    found = baseline(salon)
    assert found["ledger"] == "lost"
    assert salon.run([contact(1, city="Gary", last_visit_at=ago(days=3).isoformat())]).writes == []


def test_a_change_that_reached_referrizer_another_way_is_confirmed_without_a_write(salon: Salon) -> None:
    salon.run([contact(1, city="Gary")])
    salon.box.faults.add("503", vendor="referrizer", method="PUT")
    salon.run([contact(1, city="Joliet", updated_at=(NOW + timedelta(hours=1)).isoformat())])
    salon.box.faults.clear()
    salon.one()["address"]["city"] = "Joliet"
    assert baseline(salon)["differing"] == 0
    assert salon.run([]).writes == []


def test_what_a_person_changed_in_referrizer_is_neither_taken_over_nor_overwritten(salon: Salon) -> None:
    salon.run([contact(1, city="Gary")])
    salon.one()["address"]["city"] = "Springfield"
    assert baseline(salon)["differing"] == 0
    assert salon.run([contact(1, city="Gary")]).writes == []
    assert salon.one()["address"]["city"] == "Springfield"


def test_a_baseline_of_a_ledger_in_use_leaves_its_start_alone(salon: Salon) -> None:
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.run([contact(1)])
    salon.pass_time(hours=3)
    found = baseline(salon)
    assert (found["ledger"], found["posted_since"]) == ("in use", NOW.isoformat())
    outcome = salon.run([], [check_in(7, 1, salon.now - timedelta(hours=1))])
    assert outcome.accounting["check_ins"]["delivered"] == 1


def test_a_baseline_waits_for_no_run_of_its_own_source(salon: Salon) -> None:
    running = salon.target().run
    with pytest.raises(LedgerBusy):
        ask(salon, "baseline")
    running.abort(1)


# Visits of the gap


def test_a_person_can_have_the_visits_of_the_gap_posted_with_their_points(native: Salon) -> None:
    switched_off = native.now
    native.pass_time(hours=2)
    found = baseline(native, "--post-visits-since", f"{switched_off:%Y-%m-%dT%H:%M:%S}")
    assert found["posted_since"] == switched_off.isoformat()
    rows = [check_in(7, 1, ago(hours=1)), check_in(8, 1, NOW + timedelta(hours=1))]
    outcome = native.run([contact(1)], rows)
    counts = outcome.accounting["check_ins"]
    assert (counts["history"], counts["delivered"]) == (1, 1)
    assert [one["points"] for one in native.visits()] == [10]


def test_history_of_a_lost_ledger_is_posted_from_the_instant_that_a_person_names(salon: Salon) -> None:
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    salon.run([], [check_in(7, 1, salon.now)])
    lose_ledger(salon)
    salon.pass_time(hours=2)
    rows = [check_in(7, 1, NOW + timedelta(hours=1)), check_in(8, 1, NOW + timedelta(hours=2))]
    assert salon.run([contact(1)], rows).accounting["check_ins"]["history"] == 2
    baseline(salon, "--post-visits-since", f"{NOW + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}")
    outcome = salon.run([])
    assert outcome.accounting["backlog"]["visits_delivered"] == 1
    assert len(salon.visits()) == 2


def test_an_instant_that_has_not_come_is_refused(salon: Salon) -> None:
    with pytest.raises(SettingsError, match="RFZ-101 --post-visits-since"):
        ask(salon, "baseline", "--post-visits-since", "2027-01-01")


def test_a_baseline_is_told_of_no_further(salon: Salon) -> None:
    """Whoever ran it knows that the ledger was lost."""
    salon.run([contact(1)])
    lose_ledger(salon)
    assert baseline(salon)["ledger"] == "lost"
    assert salon.run([contact(1)]).code == 0


def test_a_baseline_says_what_it_found(native: Salon) -> None:
    said = ask(native, "baseline").stdout
    assert "2 contacts read from Referrizer into a ledger that was new" in said
    assert "check-ins before 2026-03-02 09:00 -06:00 are history" in said


def test_a_baseline_that_cannot_read_the_account_says_so_and_leaves_the_ledger_new(salon: Salon) -> None:
    salon.run([contact(1)])
    lose_ledger(salon)
    salon.box.faults.add("401", vendor="referrizer", nth=1)
    with pytest.raises(SettingsError, match="RFZ-104"):
        ask(salon, "baseline")
    assert baseline(salon)["ledger"] == "lost"


# Lists that show too little


@pytest.fixture(params=["no custom fields", "identity"])
def blind(request: pytest.FixtureRequest, salon: Salon) -> Salon:
    """A salon that posted a visit and lost its ledger; the list of contacts does not show our fields."""
    switches = salon.box.referrizer.switches
    switches.minimum_interval_minutes = 0
    switches.list_shows_custom_fields = False
    switches.list_shows = "identity" if request.param == "identity" else "full"
    salon.settings["visits_since"] = ago(days=30).isoformat()
    salon.run([contact(1, city="Gary"), contact(2)], [check_in(7, 1, ago(days=1))])
    assert len(salon.visits()) == 1
    lose_ledger(salon)
    salon.pass_time(hours=1)
    return salon


def test_a_lost_ledger_is_recognised_though_the_list_shows_no_groups(blind: Salon) -> None:
    outcome = blind.run([contact(1, city="Gary"), contact(2)], [check_in(7, 1, ago(days=1))])
    assert (outcome.code, "RFZ-303" in outcome.log) == (3, True)
    assert len(blind.visits()) == 1


def test_no_group_falls_back_though_the_list_shows_no_last_visit(blind: Salon) -> None:
    outcome = blind.run([contact(1, city="Gary"), contact(2)])
    shown = blind.one(email="ada1@example.com")
    assert (custom(shown, "Last Visit Date"), custom(shown, "Customer Group")) == (
        "2026-03-01",
        "Current customers",
    )
    assert outcome.writes == []


def test_contacts_that_come_later_are_looked_at_as_closely(blind: Salon) -> None:
    blind.run([contact(2)])
    blind.pass_time(hours=25)
    blind.run([contact(1, city="Gary")])
    assert blind.group(email="ada1@example.com") == "Current customers"


def test_a_first_ledger_is_not_taken_for_a_lost_one_because_of_a_list_that_shows_little(salon: Salon) -> None:
    salon.box.referrizer.switches.list_shows_custom_fields = False
    salon.owner_adds(firstName="Ada", lastName="Byron", email="ada1@example.com")
    outcome = salon.run([contact(1)], [check_in(7, 1, ago(days=1))], visits_since=ago(days=9).isoformat())
    assert (outcome.code, outcome.accounting["check_ins"]["delivered"]) == (0, 1)


@pytest.mark.parametrize("shard", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_rebuilding_with_a_list_that_shows_little_dies_anywhere_and_posts_nothing_twice(
    blind: Salon, shard: int
) -> None:
    people, visits = [contact(1, city="Gary"), contact(2)], [check_in(7, 1, ago(days=1))]
    for step in died_within(blind, people, visits, range(shard, 99, 2), before=lambda: lose_ledger(blind)):
        assert len(blind.visits()) == 1, step
        assert blind.group(email="ada1@example.com") == "Current customers"


def test_a_lost_ledger_is_recognised_though_its_first_run_brings_only_a_newcomer(blind: Salon) -> None:
    """An incremental tap brings whoever is new; the others come with the next full refresh."""
    for number in range(30):
        blind.owner_adds(firstName="Guest", email=f"guest{number}@example.com")
    blind.run([contact(9)])
    outcome = blind.run([contact(1, city="Gary"), contact(2)], [check_in(7, 1, ago(days=1))])
    assert len(blind.visits()) == 1
    assert blind.group(email="ada1@example.com") == "Current customers"
    assert outcome.accounting["check_ins"]["history"] == 1


def test_a_lost_ledger_is_said_to_be_lost_though_nobody_is_linked_and_the_list_shows_little(
    blind: Salon,
) -> None:
    assert blind.run([], [check_in(7, 1, ago(days=1))]).code == 3


def test_what_this_ledger_created_itself_does_not_make_it_a_lost_one(salon: Salon) -> None:
    salon.box.referrizer.switches.list_shows_custom_fields = False
    salon.settings["visits_since"] = ago(days=30).isoformat()
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.owner_adds(firstName="Grace", email="grace@example.com")
    assert salon.run([contact(1)]).code == 0
    salon.pass_time(hours=25)
    outcome = salon.run([contact(2)], [check_in(7, 2, ago(days=1)), check_in(8, 1, ago(days=1))])
    assert (outcome.code, len(salon.visits())) == (0, 2)
