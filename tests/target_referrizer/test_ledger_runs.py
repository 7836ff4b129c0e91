"""The ledger: private, versioned, one run at a time, and wiser after an accident."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import ago, check_in, contact, custom

from target_referrizer.errors import LedgerBusy, TargetError
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


def execute(salon: Salon, statement: sa.Executable) -> None:
    with closing(Ledger(salon.config()["ledger_url"])) as ledger, ledger.transaction() as tx:
        tx.execute(statement)


def test_the_ledger_and_a_folder_made_for_it_are_the_owners_alone(salon: Salon) -> None:
    salon.run([contact(1)], ledger_url=f"sqlite:///{salon.folder}/made/ledger.db")
    folder = salon.folder / "made"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_newer_ledger_is_refused_untouched(salon: Salon) -> None:
    salon.run([contact(1)])
    execute(salon, sa.update(tables.meta).where(tables.meta.c.key == "schema_version").values(value="99"))
    before = (salon.folder / "ledger.db").read_bytes()
    with pytest.raises(TargetError, match="RFZ-402"):
        salon.target()
    assert (salon.folder / "ledger.db").read_bytes() == before


def test_a_file_that_is_no_ledger_is_refused(salon: Salon) -> None:
    (salon.folder / "ledger.db").write_text("this is a shopping list, not a database" * 99)
    with pytest.raises(TargetError, match="RFZ-403"):
        salon.target()


def test_a_second_run_of_the_same_source_is_refused_and_told_who_runs(salon: Salon) -> None:
    first = salon.target()
    with pytest.raises(LedgerBusy, match=r"RFZ-401 .*process \d+ on .* since") as busy:
        salon.target()
    assert busy.value.exit_code == 4
    first.run.abort(1)
    assert salon.run([contact(1)]).code == 0


def test_another_source_stages_beside_a_run(salon: Salon) -> None:
    first = salon.target()
    assert salon.run([contact("s-1")], source="shop").code == 0
    first.run.abort(1)


def test_the_token_is_not_in_the_ledger(salon: Salon) -> None:
    salon.run([contact(1)])
    with closing(sqlite3.connect(salon.folder / "ledger.db")) as ledger:
        assert salon.box.referrizer.token not in "\n".join(ledger.iterdump())


def test_a_visit_that_was_under_way_when_a_run_died_is_held(salon: Salon) -> None:
    salon.run([contact(1)], [check_in(7, 9, salon.now)])
    salon.run([], [check_in(8, 1, ago(days=1))])
    under_way = {"status": "sending", "remote_contact_id": salon.one()["id"], "sent_at": salon.now}
    execute(salon, sa.update(tables.visit).where(tables.visit.c.id == "8").values(**under_way))
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
    execute(salon, intent.values(create_intent_at=salon.now))
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


# Brake


def test_the_brake_withholds_what_changes_too_much_until_a_higher_value_releases_it(
    salon: Salon,
) -> None:
    people = [contact(key, last_visit_at=ago(days=60).isoformat()) for key in range(30)]
    assert salon.run(people).code == 0
    salon.pass_time(days=60)
    changed = {**people[1], "city": "Gary", "updated_at": salon.now.isoformat()}
    outcome = salon.run([changed], state={"seen": 1})
    assert (outcome.code, outcome.states) == (5, [])
    assert salon.one(email="ada1@example.com")["address"]["city"] == "Gary"
    assert {custom(one, "Customer Group") for one in salon.shown()} == {"Current customers"}
    assert salon.run([], brake_percent=100).code == 0
    assert {custom(one, "Customer Group") for one in salon.shown()} == {"Past customers"}


# A lost ledger


def test_a_lost_ledger_is_rebuilt_without_a_visit_or_a_group_falling_back(salon: Salon) -> None:
    salon.run([contact(1, birthday="1961-03-02")])
    salon.pass_time(hours=1)
    salon.run([], [check_in(7, 1, salon.now)])
    (salon.folder / "ledger.db").unlink()
    salon.pass_time(hours=1)
    salon.settings["visits_since"] = ago(days=9).isoformat()
    outcome = salon.run([contact(1, birthday="1999-09-09")], [check_in(7, 1, ago(hours=-1))])
    assert (outcome.code, "RFZ-303" in outcome.log) == (3, True)
    assert len(salon.visits()) == 1
    assert (salon.group(), salon.one()["birthday"]) == ("Current customers", "1961-03-02")
    assert custom(salon.one(), "Last Visit Date") == "2026-03-02"
    assert salon.run([]).code == 0
