"""The strip of runs: what each came to, how often one is expected, and which did not come."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.target_referrizer import pages, salon_books
from tests.target_referrizer.salon import NOW

from target_referrizer import report
from target_referrizer.ledger import Ledger, tables
from target_referrizer.report.runs import RunSeen, cadence, missing, state_of, strip
from target_referrizer.report.words import every
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOUR = timedelta(hours=1)
CHICAGO = ZoneInfo("America/Chicago")


def page_of(folder: Path, runs: Sequence[dict[str, Any]], now: datetime = NOW) -> pages.Element:
    """The report on a ledger with these runs."""
    url = f"sqlite:///{folder}/ledger.db"
    settings = Settings.parse({"api_token": "x", "ledger_url": url, "timezone": "America/Chicago"})
    with closing(Ledger(url)) as ledger:
        salon_books.insert(ledger, tables.run, runs)
        return pages.read(report.make(ledger, settings, now, folder / "report.html").read_text())


def hourly(count: int, until: datetime = NOW) -> list[datetime]:
    return [until - HOUR * back for back in range(count - 1, -1, -1)]


def seen(instants: Sequence[datetime]) -> list[RunSeen]:
    return [RunSeen(no, at, 0, "done") for no, at in enumerate(instants)]


@pytest.mark.parametrize(
    ("code", "state"),
    [(0, "done"), (3, "partly"), (5, "partly"), (6, "partly"), (1, "failed"), (2, "failed"), (-1, "failed"),
     (137, "failed"), (None, "failed")],
)  # fmt: skip
def test_every_exit_code_has_its_state(code: int | None, state: str) -> None:
    assert state_of(code, is_running=False) == state


def test_hourly_runs_with_a_nightly_one_between_are_expected_every_hour() -> None:
    night = [at + HOUR / 2 for at in hourly(30) if at.hour == 3]
    assert cadence(sorted([*hourly(30), *night])) == HOUR


def test_one_long_silence_changes_nothing_about_how_often_a_run_is_expected() -> None:
    assert cadence([*hourly(20, NOW - timedelta(days=9)), *hourly(2)]) == HOUR


def test_a_few_runs_say_nothing_about_how_often_one_is_expected() -> None:
    assert cadence(hourly(5)) is None
    assert cadence(hourly(6)) == HOUR
    assert cadence([NOW] * 9) is None


def test_runs_that_are_a_little_late_are_not_missing() -> None:
    late = [at + timedelta(minutes=(no * 7) % 25) for no, at in enumerate(hourly(48))]
    assert list(missing(late, HOUR, NOW + HOUR / 3)) == []


def test_each_run_that_did_not_come_is_missing_also_up_to_now() -> None:
    runs = [*hourly(5, NOW - 8 * HOUR), NOW - 5 * HOUR]
    due = [NOW - back * HOUR for back in (7, 6, 4, 3, 2, 1)]
    assert list(missing(runs, HOUR, NOW - HOUR / 2)) == due


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=40, unique=True), st.integers(5, 300))
def test_between_two_runs_as_many_are_missing_as_whole_gaps_fit(
    minutes: list[int], every_minutes: int
) -> None:
    gap = timedelta(minutes=every_minutes)
    instants = sorted(NOW + timedelta(minutes=one) for one in minutes)
    found = list(missing(instants, gap, instants[-1]))
    assert all(min(abs(at - one) for one in instants) >= gap / 2 for at in found)
    everything = sorted([*instants, *found])
    assert all(after - before <= gap * 1.5 for before, after in pairwise(everything))


def test_of_several_runs_in_an_hour_the_worst_is_shown_and_all_are_counted() -> None:
    at = NOW.replace(minute=0)
    runs = [
        RunSeen(1, at, 0, "done"),
        RunSeen(2, at + timedelta(minutes=5), 2, "failed"),
        RunSeen(3, at + timedelta(minutes=20), 0, "done"),
    ]
    found = strip(runs, NOW + HOUR, CHICAGO)
    assert found.cells == {(date(2026, 3, 2), 9): ("failed", "done", "done")}
    assert found.counts == {"done": 2, "failed": 1}


@pytest.mark.parametrize("change", [datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)])
def test_where_the_clocks_change_no_hourly_run_is_missing_or_lost(change: datetime) -> None:
    found = strip(seen(hourly(72, change + timedelta(days=2))), change + timedelta(days=2), CHICAGO)
    assert found.counts == {"done": 72}


def test_only_the_last_two_weeks_are_shown_and_none_before_the_first_run() -> None:
    assert len(strip(seen(hourly(24 * 40)), NOW, CHICAGO).days) == 14
    young = strip(seen(hourly(3)), NOW, CHICAGO)
    assert young.days == (date(2026, 3, 2),)
    assert "missing" not in young.counts


def test_a_gap_that_began_before_the_strip_is_missing_on_all_its_days() -> None:
    runs = [*hourly(30, NOW - timedelta(days=40)), *hourly(24)]
    found = strip(seen(runs), NOW, CHICAGO)
    whole_day = [found.cells.get((date(2026, 2, 20), hour)) for hour in range(24)]
    assert whole_day == [("missing",)] * 24


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(60, "hour"), (58, "hour"), (62, "hour"), (15, "15 minutes"), (120, "2 hours"), (1440, "24 hours"),
     (90, "90 minutes"), (5, "5 minutes")],
)  # fmt: skip
def test_a_gap_is_said_as_people_say_it(minutes: int, said: str) -> None:
    assert every(timedelta(minutes=minutes)) == said


# --- as the page shows them


def cells(page: pages.Element, state: str) -> list[str]:
    return [
        next(one.all("title")).text
        for one in pages.section(page, "Runs").all("path")
        if one.attributes.get("class") == f"on-{state}"
    ]


def test_a_stalled_sync_is_the_headline_and_a_row_of_missing_runs(tmp_path: Path) -> None:
    runs = [salon_books.run(no, at) for no, at in enumerate(hourly(48, NOW - 9 * HOUR), 1)]
    page = page_of(tmp_path, runs)
    assert "The sync has stalled: no run since 2 Mar 2026, 00:00" in next(page.all("header")).text
    hours = ["2 Mar, 01:00: missing", "2 Mar, 08:00: missing"]  # 09:00 is due now
    assert [cells(page, "missing")[place] for place in (0, -1)] == hours
    assert len(cells(page, "missing")) == 8


def test_each_state_has_its_cells_and_is_counted(tmp_path: Path) -> None:
    codes = {3: 6, 4: 2, 5: 137, 7: 3}
    runs = [salon_books.run(no, at, codes.get(no, 0)) for no, at in enumerate(hourly(9), 1) if no != 6]
    page = page_of(tmp_path, runs)
    counts = {state: len(cells(page, state)) for state in ("done", "partly", "failed", "missing")}
    assert counts == {"done": 4, "partly": 2, "failed": 2, "missing": 1}
    said = pages.section(page, "Runs").text
    assert "4 done, 2 partly, 1 missing, 2 failed" in said
    assert "expected every hour" in said


def test_runs_that_were_not_done_are_listed_with_what_to_do(tmp_path: Path) -> None:
    runs = [salon_books.run(no, at, {3: 6, 4: 137}.get(no, 0)) for no, at in enumerate(hourly(9), 1)]
    listed = pages.table(page_of(tmp_path, runs), "Runs that were not done")
    assert list(listed) == ["4", "3"]
    assert listed["4"][1] == "stopped by signal 9 (exit code 137)"
    assert listed["3"][2].startswith("Nothing: the next run goes on")


def test_a_run_of_another_command_is_no_run_of_the_sync(tmp_path: Path) -> None:
    runs = [salon_books.run(no, at) for no, at in enumerate(hourly(8), 1)]
    page = page_of(tmp_path, [*runs, salon_books.run(9, NOW, 1, command="verify")])
    assert next(page.all("header")).text.count("All is in order") == 1
