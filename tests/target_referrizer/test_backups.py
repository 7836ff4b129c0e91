"""A backup that is put back, as docs/operating.md tells."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.salon import check_in, contact

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon


@pytest.fixture
def dated(salon: Salon) -> tuple[Salon, list[Record]]:
    """A salon whose backup is older than its last run, which posted a visit; and what the tap reads again."""
    salon.box.referrizer.switches.minimum_interval_minutes = 0  # only the ledger keeps a visit from doubling
    salon.settings["minimum_interval_minutes"] = 0
    salon.run([contact(1)])
    shutil.copy(salon.folder / "ledger.db", salon.folder / "backup.db")
    salon.pass_time(hours=1)
    seen = [check_in(7, 1, salon.now)]
    salon.run([], seen)
    assert len(salon.visits()) == 1
    for file in salon.folder.glob("ledger.db*"):
        file.unlink()
    shutil.copy(salon.folder / "backup.db", salon.folder / "ledger.db")
    salon.settings["visits_since"] = (salon.now + timedelta(seconds=1)).isoformat()
    salon.pass_time(hours=1)
    return salon, seen


def test_visits_that_an_old_backup_does_not_know_are_not_posted_again(
    dated: tuple[Salon, list[Record]],
) -> None:
    salon, seen = dated
    outcome = salon.run([contact(1)], [*seen, check_in(8, 1, salon.now)])
    assert (outcome.accounting["check_ins"]["history"], outcome.accounting["check_ins"]["delivered"]) == (
        1,
        1,
    )
    assert len(salon.visits()) == 2


def test_without_that_instant_they_would_be(dated: tuple[Salon, list[Record]]) -> None:
    salon, seen = dated
    del salon.settings["visits_since"]
    salon.run([contact(1)], seen)
    assert len(salon.visits()) == 2
