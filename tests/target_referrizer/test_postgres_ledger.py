"""A ledger on a real PostgreSQL server does what one in a file does."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import ago, check_in, contact, custom

from target_referrizer.errors import LedgerBusy, TargetError
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon


def test_the_whole_path_and_a_second_run_that_writes_nothing(shared: Salon) -> None:
    people = [
        contact(key, first_name=f"Ada{key}", last_visit_at=ago(days=key * 30).isoformat()) for key in range(6)
    ]
    visits = [check_in(key, key, shared.now) for key in range(3)]
    first = shared.run(people, visits, state={"seen": 1})
    assert (first.code, first.accounting["contacts"]["created"], len(shared.visits())) == (0, 6, 3)
    assert shared.run(people, visits).writes == []
    shared.pass_time(days=45)
    moved = shared.run([])
    assert len(moved.writes) == len([one for one in moved.writes if one.startswith("PUT")]) > 0
    assert {custom(one, "Customer Group") for one in shared.shown()} == {
        "Current customers",
        "Past customers",
    }


def test_an_undone_check_in_and_a_changed_contact(shared: Salon) -> None:
    shared.run([contact(1)], [check_in(7, 1, ago(days=2))])
    undone = {"is_checked_in": False, "checked_in_at": None, "as_of": shared.now.isoformat()}
    changed = contact(1, city="Gary", updated_at=shared.now.isoformat())
    outcome = shared.run([changed], [check_in(7, 1, ago(days=2)) | undone])
    assert outcome.accounting["check_ins"]["reasons"]["skipped"] == {"undone": 1}
    assert (shared.group(), shared.one()["address"]["city"]) == ("Leads", "Gary")


def test_families_rejects_and_the_accounting(shared: Salon) -> None:
    home = {"email": "home@example.com", "last_name": "Reyes"}
    family = [contact(key, first_name=name, **home) for key, name in enumerate(("Maria", "Luis", "Sofia"))]
    others = [contact(8, email=None, phone="x"), contact(9, email=None), contact(7, first_name=[])]
    outcome = shared.run([*family, *others])
    counts = outcome.accounting["contacts"]
    assert (counts["created"], counts["unchanged"], counts["rejected"], counts["skipped"]) == (1, 2, 2, 1)


def test_a_second_run_is_refused_and_a_dead_one_leaves_no_lock(shared: Salon) -> None:
    first = shared.target()
    with pytest.raises(LedgerBusy, match="RFZ-401"):
        shared.target()
    first.run.ledger.close()
    assert shared.run([contact(1)]).code == 0


def test_a_dry_run_leaves_nothing(shared: Salon) -> None:
    shared.run([contact(1)])
    outcome = shared.run([contact(1), contact(2)], dry_run=True)
    assert (outcome.writes, outcome.plan["creates"]) == ([], 1)
    with closing(Ledger(shared.config()["ledger_url"])) as ledger:
        assert ledger.scalar(sa.select(sa.func.count()).select_from(tables.contact)) == 1


def test_a_schema_that_is_not_there_is_told(server: str) -> None:
    with pytest.raises(TargetError, match=r"RFZ-403 .*search_path names is not there .CREATE SCHEMA"):
        Ledger(f"{server}?options=-csearch_path%3Dnot_there")


def test_a_newer_ledger_is_refused(shared: Salon) -> None:
    shared.run([contact(1)])
    with closing(Ledger(shared.config()["ledger_url"])) as ledger:
        ledger.put("schema_version", "99")
    with pytest.raises(TargetError, match="RFZ-402"):
        shared.target()
