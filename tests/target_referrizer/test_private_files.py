"""The files of a ledger are their owner's alone at every moment, and a place that others reach is told of."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import check_in, contact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.target_referrizer.salon import Salon


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """A user whose new files are everybody's."""
    before = os.umask(0)
    yield
    os.umask(before)


@contextmanager
def watched(folder: Path) -> Iterator[dict[str, set[int]]]:
    """Modes of all files in a folder, looked at before and after each statement and each transaction."""
    seen: dict[str, set[int]] = {}

    def look(*_: Any) -> None:
        for file in folder.glob("**/*.db*"):
            seen.setdefault(re.sub(r"run-\w+", "run", file.name), set()).add(file.stat().st_mode & 0o777)

    moments = ("begin", "before_cursor_execute", "after_cursor_execute", "commit", "rollback")
    for moment in moments:
        sa.event.listen(sa.Engine, moment, look)
    try:
        yield seen
    finally:
        for moment in moments:
            sa.event.remove(sa.Engine, moment, look)


def ledger_in(folder: Path) -> str:
    return f"sqlite:///{folder}/ledger.db"


def test_every_file_of_a_ledger_is_its_owners_alone_at_every_moment(salon: Salon) -> None:
    with watched(salon.folder) as seen:
        for _ in range(2):
            assert salon.run([contact(1), contact(2)], [check_in(7, 1, salon.now)]).code == 0
            salon.pass_time(hours=1)
    locks = {"ledger.db.run.lock", "ledger.db.delivery.lock"}
    assert set(seen) == {"ledger.db", "ledger.db-wal", "ledger.db-shm", *locks}
    assert set().union(*seen.values()) == {0o600}


def test_the_copy_that_a_dry_run_works_on_is_its_owners_alone(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    salon.run([contact(1)])
    temporary = salon.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with watched(temporary) as seen:
        assert salon.run([contact(2)], dry_run=True).code == 0
    assert {"ledger.db", "ledger.db-wal"} <= set(seen)
    assert set().union(*seen.values()) == {0o600}


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777, 0o722])
def test_a_folder_that_others_may_write_to_is_told_of_and_the_run_goes_on(salon: Salon, mode: int) -> None:
    folder = salon.folder / "shared"
    folder.mkdir()
    folder.chmod(mode)
    outcome = salon.run([contact(1)], ledger_url=ledger_in(folder))
    assert (outcome.code, len(salon.shown())) == (0, 1)
    assert f"RFZ-406 others may write to the folder {folder}, and so replace the ledger." in outcome.log


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o700])
def test_a_folder_that_others_may_only_look_into_is_nothing_to_tell(salon: Salon, mode: int) -> None:
    folder = salon.folder / "project"
    folder.mkdir()
    folder.chmod(mode)
    assert "RFZ-406" not in salon.run([contact(1)], ledger_url=ledger_in(folder)).log


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_ledger_that_others_could_open_is_closed_and_told_of_once(salon: Salon, mode: int) -> None:
    folder = salon.folder / "own"
    salon.run([contact(1)], ledger_url=ledger_in(folder))
    (folder / "ledger.db").chmod(mode)
    told = salon.run([], ledger_url=ledger_in(folder)).log
    assert f"RFZ-406 others could open the ledger {folder}/ledger.db; now only its owner can." in told
    assert (folder / "ledger.db").stat().st_mode & 0o777 == 0o600
    assert "RFZ-406" not in salon.run([], ledger_url=ledger_in(folder)).log
