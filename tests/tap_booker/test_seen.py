"""What was met already is remembered, beyond what memory holds too."""

from __future__ import annotations

import contextlib
import gc
import re
import resource
import sqlite3
import stat
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_booker import seen
from tap_booker.client import Page
from tap_booker.errors import TemporaryFileError
from tap_booker.seen import Merged, Seen, new_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import stat_result

IDS = st.integers(1, 30) | st.sampled_from([2**63 - 1, 2**63, 2**70])
ROWS = st.none() | st.fixed_dictionaries({"id": IDS, "status": st.none() | st.text(st.characters())})


@pytest.fixture(autouse=True, scope="module")
def _little_memory() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen, "IDS_IN_MEMORY", 5)
        patch.setattr(seen, "ROWS_IN_MEMORY", 5)
        patch.setattr(seen, "AT_ONCE", 3)
        yield


@given(st.lists(st.lists(IDS | st.none(), max_size=9), max_size=9))
def test_an_id_is_new_once(pages: list[list[int | None]]) -> None:
    ids = Seen()
    met: set[int | None] = {None}
    for page in pages:
        assert ids.take(page) == set(page) - met
        met |= set(page)


@given(st.lists(st.tuples(IDS, ROWS)))
def test_the_row_that_was_put_last_counts(items: list[tuple[int, Any]]) -> None:
    merged = Merged()
    for one, row in items:
        merged.put(one, row)
    wanted = [row for row in dict(items).values() if row is not None]
    assert sorted(map(repr, merged.rows())) == sorted(map(repr, wanted))


@given(st.lists(st.lists(IDS | st.none(), min_size=1, max_size=6), max_size=12))
def test_rows_without_an_id_all_come_and_others_once(lists: list[list[int | None]]) -> None:
    pages = [Page([{"id": one, "page": n} for one in ids]) for n, ids in enumerate(lists)]
    if any(a == b for a, b in pairwise(lists)):
        return  # a page that is repeated ends the list: tested with the pages
    met: set[int] = set()
    wanted = []
    for page in pages:
        for row in page.rows:
            if row["id"] not in met:
                wanted.append(row)
            met |= {row["id"]} - {None}
    assert list(new_rows(iter(pages), lambda row: row["id"])) == wanted


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="lists open files as Linux does")
@pytest.mark.parametrize("kind", ["ids", "rows"])
def test_beyond_the_limit_all_is_in_a_file_without_a_name_that_only_we_can_read(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A million records take no more memory than what is kept near, and SQLite's own cache of 2 MB."""
    for name, limit in {"IDS_IN_MEMORY": 2_000, "ROWS_IN_MEMORY": 500, "AT_ONCE": 100}.items():
        monkeypatch.setattr(seen, name, limit)
    gc.collect()
    before = {number for number, _ in unnamed_files()}
    ids, merged = Seen(), Merged()
    number = 250_000 if kind == "ids" else 20_000
    for start in range(0, number, 100):
        some = [(start + n) * 2654435761 % 2**32 for n in range(100)]
        if kind == "ids":
            ids.take(some)
        else:
            put_rows(merged, some)
    assert len(ids._near) <= seen.IDS_IN_MEMORY
    assert len(merged._near) <= seen.ROWS_IN_MEMORY
    made = [found for number, found in unnamed_files() if number not in before]
    assert [(stat.S_IMODE(one.st_mode), one.st_nlink) for one in made] == [(0o600, 0)]
    assert sum(one.st_size for one in made) > 100_000
    assert kind == "rows" or not ids.take([0, (number - 1) * 2654435761 % 2**32])


def put_rows(merged: Merged, ids: Iterable[int]) -> None:
    for one in ids:
        merged.put(one, {"id": one, "status": "hush" * 50})


def unnamed_files() -> list[tuple[int, stat_result]]:
    """SQLite's temporary files among the open ones of this process."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if re.search(r"/etilqs_\w+ \(deleted\)$", str(one.readlink())):
                found.append((int(one.name), one.stat()))
    return found


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow, as on a disk without room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_with_what_to_do() -> None:
    ids, merged = Seen(), Merged()
    with full_disk(), pytest.raises(TemporaryFileError) as of_ids:
        ids.take(range(500_000))
    with full_disk(), pytest.raises(TemporaryFileError) as of_rows:
        put_rows(merged, range(50_000))
    for failure in (of_ids, of_rows):
        said = str(failure.value)
        assert re.match(r"BKR-110 The temporary file .* cannot be written \(disk I/O error\)\. What", said)
        assert "SQLITE_TMPDIR" in said


def test_without_room_for_a_file_one_location_ends_and_a_smaller_one_is_read(
    fake: Any, run_tap: Callable[..., Any], customer: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(_: str) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    def few(asked: Any) -> Any:
        is_small = asked.body["LocationID"] == 3750
        shown = [customer(n) for n in (50, 51)] if asked.body["PageNumber"] == 1 else []
        return answer({"IsSuccess": True, "Customers": shown}) if is_small else None

    fake.customers = [customer(n) for n in range(1, 9)]
    fake.always["customers"] = few
    monkeypatch.setattr(sqlite3, "connect", no_room)
    output = run_tap(fake.settings(location_ids=[3749, 3750]))
    assert (output.code, output.ids("contacts")) == (2, [1, 2, 3, 50, 51])
    assert output.tally("contacts", 3749)["outcome"] == "BKR-110"
    assert (output.bookmark("contacts", 3749) is None, output.bookmark("contacts", 3750) is None) == (
        True,
        False,
    )
