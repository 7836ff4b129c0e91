"""What the ledger keeps, drops, refuses, and survives."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import check_in, contact
from tests.target_referrizer.unsynced import as_shipped

from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger import Ledger, store, tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Salon


def counted(salon: Salon, table: sa.Table) -> int:
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        return int(ledger.scalar(sa.select(sa.func.count()).select_from(table)))


def dump(path: Path) -> str:
    with closing(sqlite3.connect(path)) as ledger:
        return "\n".join(ledger.iterdump())


def test_the_ledger_and_a_folder_made_for_it_are_the_owners_alone(salon: Salon) -> None:
    salon.run([contact(1)], ledger_url=f"sqlite:///{salon.folder}/made/ledger.db")
    folder = salon.folder / "made"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_ledger_in_a_file_is_synced_as_a_write_ahead_log_wants_it_and_keeps_nothing_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_sqlite_pragmas", as_shipped)
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        names = ("journal_mode", "synchronous", "secure_delete")
        found = {name: ledger.scalar(sa.text(f"PRAGMA {name}")) for name in names}
    assert found == {"journal_mode": "wal", "synchronous": 1, "secure_delete": 1}  # 1: NORMAL


def test_a_newer_ledger_is_refused_untouched(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.edit_ledger(sa.update(tables.meta).where(tables.meta.c.key == "schema_version").values(value="99"))
    before = (salon.folder / "ledger.db").read_bytes()
    with pytest.raises(TargetError, match="RFZ-402"):
        salon.target()
    assert (salon.folder / "ledger.db").read_bytes() == before


def test_a_file_that_is_no_ledger_is_refused(salon: Salon) -> None:
    (salon.folder / "ledger.db").write_text("this is a shopping list, not a database" * 99)
    with pytest.raises(TargetError, match="RFZ-403"):
        salon.target()


def test_the_token_is_not_in_the_ledger(salon: Salon) -> None:
    salon.run([contact(1)])
    with closing(sqlite3.connect(salon.folder / "ledger.db")) as ledger:
        assert salon.box.referrizer.token not in "\n".join(ledger.iterdump())


# Private


def test_an_open_ledger_that_others_could_read_is_closed_to_them(salon: Salon) -> None:
    salon.run([contact(1)])
    (salon.folder / "ledger.db").chmod(0o644)
    salon.run([])
    assert (salon.folder / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_the_files_beside_an_open_ledger_are_the_owners_alone(salon: Salon) -> None:
    run = salon.target().run
    files = [file for file in salon.folder.iterdir() if file.name.startswith("ledger.db")]
    assert len(files) > 1
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    run.abort(1)


def test_a_folder_that_was_there_keeps_its_mode(salon: Salon) -> None:
    folder = salon.folder / "shared"
    folder.mkdir(mode=0o755)
    salon.run([contact(1)], ledger_url=f"sqlite:///{folder}/ledger.db")
    assert folder.stat().st_mode & 0o777 == 0o755


def test_a_token_that_says_no_account_is_kept_as_a_keyed_hash(salon: Salon) -> None:
    token = salon.box.referrizer.token = "an-opaque-token-of-some-length"
    salon.run([contact(1)])
    found = dump(salon.folder / "ledger.db")
    assert token not in found
    assert "token:" in found
    assert salon.run([contact(1)]).writes == []


def test_two_sources_that_begin_a_ledger_at_once_know_its_account_by_one_key(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    salon.box.referrizer.token = "an-opaque-token-of-some-length"

    def make(size: int) -> str:
        monkeypatch.undo()
        assert salon.run([contact("s-1")], source="shop").code == 0
        return secrets.token_hex(size)

    monkeypatch.setattr(secrets, "token_hex", make)
    for source in ("booker", "shop"):
        assert salon.run([contact(f"{source}-2")], source=source).code == 0


def test_a_dry_run_leaves_no_copy_of_personal_data_behind(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    salon.run([contact(1)])
    place = salon.folder / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    before = dump(salon.folder / "ledger.db")
    salon.run([contact(1, city="Gary"), contact(2)], dry_run=True)
    assert list(place.iterdir()) == []
    assert dump(salon.folder / "ledger.db") == before


# Versions and strangers


def test_a_newer_ledger_loses_not_a_row_to_the_one_who_refuses_it(salon: Salon) -> None:
    salon.run([contact(1)])
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        ledger.put("schema_version", "99")
    before = dump(salon.folder / "ledger.db")
    for attempt in ({}, {"source": "shop"}, {"dry_run": True}):
        with pytest.raises(TargetError, match="RFZ-402 the ledger has version 99"):
            salon.target(**attempt)
    assert dump(salon.folder / "ledger.db") == before


def test_a_file_that_is_no_ledger_is_left_as_it_was(salon: Salon) -> None:
    file = salon.folder / "ledger.db"
    file.write_text("a shopping list: soap, towels, oil" * 99)
    before = file.read_text()
    with pytest.raises(TargetError, match="RFZ-403") as refused:
        salon.target()
    assert file.read_text() == before
    assert "Traceback" not in str(refused.value)


def test_a_token_that_was_refused_does_not_bind_a_new_ledger(salon: Salon) -> None:
    assert salon.run([contact(1)], api_token="mistyped").code == 2
    assert salon.run([contact(1)]).code == 0


def test_a_renewed_token_of_the_same_account_goes_on(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.box.referrizer.token = salon.box.referrizer.token[:-4] + "beef"
    assert salon.run([contact(1)]).writes == []


def test_the_token_of_another_account_is_refused(salon: Salon) -> None:
    salon.run([contact(1)])
    with pytest.raises(SettingsError, match="RFZ-105"):
        salon.target(api_token="an-opaque-token-of-another-account")


# For ever, and for 90 days


def test_events_runs_and_settled_rejects_are_dropped_after_90_days_and_nothing_else(salon: Salon) -> None:
    broken = contact(2, email=None, phone="unreadable")
    salon.run([contact(1), broken], [check_in(7, 1, salon.now)])
    salon.run([contact(2), contact(3, email=None, phone="unreadable")])
    old = {table.name: counted(salon, table) for table in (tables.event, tables.run)}
    assert min(old.values()) >= 2
    salon.pass_time(days=89)
    salon.run([])
    assert counted(salon, tables.run) == 3
    salon.pass_time(days=2)
    salon.run([])
    assert (counted(salon, tables.run), counted(salon, tables.rejection)) == (2, 1)
    assert (counted(salon, tables.contact), counted(salon, tables.visit)) == (3, 1)


def test_a_visit_of_years_ago_is_not_posted_again(salon: Salon) -> None:
    came = check_in(7, 1, salon.now)
    salon.run([contact(1)], [came])
    for _ in range(3):
        salon.pass_time(days=365)
        salon.run([])
    assert salon.run([contact(1)], [came]).accounting["check_ins"]["already_delivered"] == 1
    assert len(salon.visits()) == 1


def test_a_ledger_that_is_opened_again_goes_on_where_it_was(salon: Salon) -> None:
    rows = [check_in(7, 1, salon.now)]
    salon.run([contact(1)], rows)
    moved = salon.folder / "elsewhere.db"
    shutil.copy(salon.folder / "ledger.db", moved)
    assert salon.run([contact(1)], rows, ledger_url=f"sqlite:///{moved}").writes == []


def test_a_place_that_cannot_hold_a_file_is_named_as_a_setting(salon: Salon) -> None:
    (salon.folder / "file").write_text("")
    with pytest.raises(SettingsError, match="RFZ-403"):
        salon.target(ledger_url=f"sqlite:///{salon.folder}/file/ledger.db")


def test_runs_of_a_day_far_ahead_are_kept_and_numbered_on(salon: Salon) -> None:
    """`as_of` and the machine's clock may be years apart."""
    ahead = (salon.now + timedelta(days=400)).isoformat()
    numbers = [salon.run([contact(1)], as_of=ahead).accounting["run"] for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert counted(salon, tables.run) == 3


def test_a_dry_run_that_cannot_begin_leaves_no_copy_behind(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = salon.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    salon.run([contact(1)])
    salon.edit_ledger(sa.update(tables.meta).where(tables.meta.c.key == "schema_version").values(value="99"))
    with pytest.raises(TargetError, match="RFZ-402"):
        _ = salon.target(dry_run=True).run
    (salon.folder / "ledger.db").write_text("this is a shopping list, not a database" * 99)
    with pytest.raises(TargetError, match="RFZ-403"):
        _ = salon.target(dry_run=True).run
    assert list(temporary.iterdir()) == []
