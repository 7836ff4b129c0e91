"""A page takes the place of an older page, in one piece, and of nothing else."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer.asking import ask
from tests.target_referrizer.salon import contact

from target_referrizer.errors import CATALOGUE, TargetError
from target_referrizer.report.saving import BEGINNING, save
from target_referrizer.typed import as_typed, option

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.target_referrizer.salon import Salon

PAGE = BEGINNING.decode() + "<p>"


def _a_pipe(place: Path) -> None:
    os.mkfifo(place)


def _a_link_to_a_pipe(place: Path) -> None:
    os.mkfifo(place.with_name("pipe"))
    place.symlink_to("pipe")


def _a_socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(place.parent)  # addresses of sockets are short
        listener.bind(place.name)


def _settings(place: Path) -> None:
    place.write_text('{"api_token": "secret"}')


def _a_loop(place: Path) -> None:
    place.symlink_to(place)


@pytest.mark.parametrize("make", [Path.mkdir, _a_pipe, _a_link_to_a_pipe, _a_socket, _settings, _a_loop])
def test_what_is_no_report_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "report.html"
    make(place)
    before = [(one.name, one.lstat().st_ino, one.lstat().st_mtime_ns) for one in tmp_path.iterdir()]
    with pytest.raises(TargetError, match="RFZ-407"):
        save(PAGE, place)
    assert [(one.name, one.lstat().st_ino, one.lstat().st_mtime_ns) for one in tmp_path.iterdir()] == before


@pytest.mark.parametrize("end", ["", "-wal", "-shm", ".delivery.lock"])
def test_the_ledger_is_never_overwritten_by_its_report(salon: Salon, end: str) -> None:
    salon.run([contact(1)])
    link = salon.folder / "report.html"
    link.symlink_to(f"ledger.db{end}")
    for place in (salon.folder / f"ledger.db{end}", link):
        with pytest.raises(TargetError, match="it is a file of the ledger"):
            ask(salon, "report", "--output", str(place))
    assert salon.run([contact(2)]).code == 0


def test_an_older_page_and_an_empty_file_are_replaced_also_behind_a_link(tmp_path: Path) -> None:
    place, link = tmp_path / "report.html", tmp_path / "link.html"
    place.touch()
    link.symlink_to(place.name)
    assert save(PAGE + "1", link) == place
    assert save(PAGE + "2", place) == place
    assert link.is_symlink()
    assert link.read_text() == PAGE + "2"


def _save_often(page: str, place: Path) -> None:
    for _ in range(20):
        save(page, place)


def test_whoever_looks_while_runs_write_sees_one_whole_page(tmp_path: Path) -> None:
    place = tmp_path / "report.html"
    whole = {PAGE + letter * 300_000 for letter in "ab"}
    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(_save_often, page, place) for page in whole]
        seen = set()
        while not all(one.done() for one in writing):
            seen |= {place.read_text()} if place.exists() else set()
        for one in writing:
            one.result()
    assert seen
    assert seen <= whole
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


# --- the commands on it


@pytest.mark.parametrize(
    ("environment", "files", "typed"),
    [
        ({}, [], "`referrizer-ledger held`"),
        ({}, ["/a b/it's.json"], """`referrizer-ledger --config '/a b/it'"'"'s.json' held`"""),
        ({"MELTANO_PROJECT_ROOT": "/p"}, [], "`meltano invoke target-referrizer:held`"),
        (
            {"MELTANO_PROJECT_ROOT": "/p", "MELTANO_ENVIRONMENT": "production", "MELTANO_LOADER_NAME": "spa"},
            [],
            "`meltano --environment=production invoke spa:held`",
        ),
        (
            {"MELTANO_PROJECT_ROOT": "/p", "MELTANO_ENVIRONMENT": "$(x)", "MELTANO_LOADER_NAME": "a;b"},
            [],
            "`meltano invoke target-referrizer:held`",
        ),
        ({"MELTANO_PROJECT_ROOT": "/p"}, ["/x.json"], "`referrizer-ledger --config /x.json held`"),
        ({}, ["/a`b.json"], "`referrizer-ledger held`"),
    ],
)
def test_commands_are_told_as_they_are_typed_where_the_page_was_made(
    environment: dict[str, str], files: list[str], typed: str
) -> None:
    commands = as_typed(environment, [Path(one) for one in files])
    assert commands.told("`referrizer-ledger held`") == typed


@pytest.mark.parametrize(
    ("environment", "typed"),
    [
        ({}, "meltano --environment production run sync --full-refresh"),
        ({"MELTANO_PROJECT_ROOT": "/p"}, "meltano run sync --full-refresh"),
        (
            {"MELTANO_PROJECT_ROOT": "/p", "MELTANO_ENVIRONMENT": "sandbox"},
            "meltano --environment=sandbox run sync --full-refresh",
        ),
    ],
)
def test_commands_of_meltano_are_told_with_the_environment_that_it_was_called_with(
    environment: dict[str, str], typed: str
) -> None:
    assert f"(`{typed}`, else" in as_typed(environment).told(CATALOGUE["RFZ-303"].action)


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ("9000", "--confirm=9000"),
        ("-5", "--confirm=-5"),
        ("a b;$(x)'", "--confirm='a b;$(x)'\"'\"''"),
        ("a`b", None),
        ("a\nb", None),
        ("a\u202eb", None),
    ],
)
def test_an_id_is_typed_so_that_a_shell_takes_it_as_it_is_or_not_at_all(
    given: str, typed: str | None
) -> None:
    assert option("--confirm", given) == typed
