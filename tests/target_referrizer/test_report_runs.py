"""The strip of runs: what each came to, how often one is expected, and which did not come."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.target_referrizer import pages, salon_books
from tests.target_referrizer.salon import NOW

from target_referrizer import report
from target_referrizer.ledger import Ledger, tables
from target_referrizer.report.rhythm import Rhythm, cadence, rhythm
from target_referrizer.report.runs import UNFED, RunSeen, state_of, strip
from target_referrizer.report.words import every
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HOUR = timedelta(hours=1)
CHICAGO = ZoneInfo("America/Chicago")


def page_of(folder: Path, runs: Sequence[dict[str, Any]], now: datetime = NOW) -> pages.Element:
    """The report on a ledger with these runs."""
    url = f"sqlite:///{folder}/ledger.db"
    given_settings = Settings.parse({"api_token": "x", "ledger_url": url, "timezone": "America/Chicago"})
    with closing(Ledger(url)) as ledger:
        salon_books.insert(ledger, tables.run, runs)
        return pages.read(report.make(ledger, given_settings, now, folder / "report.html").read_text())


def hourly(count: int, until: datetime = NOW) -> list[datetime]:
    return [until - HOUR * back for back in range(count - 1, -1, -1)]


def seen(instants: Sequence[datetime]) -> list[RunSeen]:
    return [RunSeen(no, at, 0, "done", at) for no, at in enumerate(instants)]


def missing(instants: Sequence[datetime], gap: timedelta, now: datetime) -> list[datetime]:
    return list(Rhythm(instants, instants, CHICAGO, gap).missing(now))


@pytest.mark.parametrize(
    ("code", "state"),
    [(0, "done"), (3, "partly"), (5, "partly"), (6, "partly"), (1, "failed"), (2, "failed"), (-1, "failed"),
     (UNFED, "partly"), (137, "failed"), (None, "failed")],
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
    assert missing(late, HOUR, NOW + HOUR / 3) == []


def test_each_run_that_did_not_come_is_missing_also_up_to_now() -> None:
    runs = [*hourly(5, NOW - 8 * HOUR), NOW - 5 * HOUR]
    due = [NOW - back * HOUR for back in (7, 6, 4, 3, 2, 1)]
    assert missing(runs, HOUR, NOW - HOUR / 2) == due


@given(st.lists(st.integers(0, 3 * 24 * 60), min_size=1, max_size=40, unique=True), st.integers(5, 300))
def test_between_two_runs_as_many_are_missing_as_whole_gaps_fit(
    minutes: list[int], every_minutes: int
) -> None:
    gap = timedelta(minutes=every_minutes)
    instants = sorted(NOW + timedelta(minutes=one) for one in minutes)
    found = missing(instants, gap, instants[-1])
    assert all(min(abs(at - one) for one in instants) >= gap / 2 for at in found)
    everything = sorted([*instants, *found])
    assert all(after - before <= gap * 1.5 for before, after in pairwise(everything))


def test_of_several_runs_in_an_hour_the_worst_is_shown_and_all_are_counted() -> None:
    at = NOW.replace(minute=0)
    runs = [
        RunSeen(1, at, 0, "done", at),
        RunSeen(2, at + timedelta(minutes=5), 2, "failed", at + timedelta(minutes=5)),
        RunSeen(3, at + timedelta(minutes=20), 0, "done", at + timedelta(minutes=20)),
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
    assert listed["4"][1].startswith("stopped by signal 9 (exit code 137)")
    assert "Nothing: the next run goes on" in listed["3"][1]


def test_runs_after_each_other_that_ended_alike_are_one_line_and_hide_no_other(tmp_path: Path) -> None:
    codes = {3: 2, **dict.fromkeys(range(5, 30), 3)}
    runs = [salon_books.run(no, at, codes.get(no, 0)) for no, at in enumerate(hourly(29), 1)]
    page = page_of(tmp_path, runs)
    listed = pages.table(page, "Runs that were not done")
    assert list(listed) == ["5 to 29", "3"]
    assert listed["5 to 29"][0] == "1 Mar, 09:00 to 2 Mar, 09:00"
    assert listed["5 to 29"][1].startswith("25 runs: each was done, but a person is needed (exit code 3)")
    assert "Runs that were not done (26)" in pages.section(page, "Runs").text


def test_the_strip_is_there_in_numbers_as_well(tmp_path: Path) -> None:
    codes = {3: 6, 4: 2, 5: 137, 7: 3}
    runs = [salon_books.run(no, at, codes.get(no, 0)) for no, at in enumerate(hourly(15), 1) if no != 6]
    days = pages.table(page_of(tmp_path, runs), "Runs by day")
    assert [sum(int(row[no]) for row in days.values()) for no in range(4)] == [10, 2, 2, 1]


# --- when a source rests


def weeks(of: Callable[[datetime], bool], days: int, until: datetime = NOW) -> list[datetime]:
    """Hourly runs at those hours of Chicago that a schedule has."""
    return [at for at in hourly(24 * days, until) if of(at.astimezone(CHICAGO))]


def by_day(local: datetime) -> bool:
    return 8 <= local.hour <= 20


def at_work(local: datetime) -> bool:
    return by_day(local) and local.weekday() < 5


def known(instants: Sequence[datetime]) -> Rhythm:
    return rhythm([(at, at) for at in instants], CHICAGO)


def test_nights_that_a_schedule_rests_at_are_not_missing_once_three_have_shown_it() -> None:
    found = [at.astimezone(CHICAGO) for at in known(weeks(by_day, 21)).missing(NOW)]
    assert {at.date() for at in found} <= {date(2026, 2, 9) + timedelta(days=no) for no in range(4)}
    assert known(weeks(by_day, 21)).every == HOUR


def test_weekends_that_a_schedule_rests_at_are_not_missing_once_two_have_shown_it() -> None:
    last_month = [at for at in known(weeks(at_work, 35)).missing(NOW) if at > NOW - timedelta(days=14)]
    assert last_month == []


def test_over_its_nights_a_sync_has_not_stalled_and_its_next_run_is_that_of_the_morning() -> None:
    night = datetime(2026, 2, 28, 5, tzinfo=CHICAGO)
    runs = known(weeks(by_day, 21, night))
    assert runs.next_due() == datetime(2026, 2, 28, 8, tzinfo=CHICAGO)
    assert not runs.is_overdue(datetime(2026, 2, 28, 9, tzinfo=CHICAGO))
    late = datetime(2026, 2, 28, 9, 1, tzinfo=CHICAGO)
    assert runs.is_overdue(late)
    assert [at.astimezone(CHICAGO).hour for at in runs.missing(late)][-1] == 8


@pytest.mark.parametrize("of", [by_day, at_work])
def test_a_schedule_that_rests_and_stalls_is_missing_at_the_hours_that_it_keeps(
    of: Callable[[datetime], bool],
) -> None:
    stalled = [at for at in weeks(of, 35) if at < datetime(2026, 2, 24, 12, tzinfo=CHICAGO)]
    found = [at.astimezone(CHICAGO) for at in known(stalled).missing(NOW + HOUR / 2)]
    kept = [at for at in (one.astimezone(CHICAGO) for one in hourly(24 * 7)) if of(at)]
    wanted = {at for at in kept if at >= datetime(2026, 2, 24, 12, tzinfo=CHICAGO)}
    assert wanted <= set(found)
    assert known(stalled).is_overdue(NOW)


@settings(deadline=None, max_examples=40)  # up to 1,000 hours are looked at, each by the weeks before it
@given(
    st.integers(3 * 24, 40 * 24), st.integers(2, 40 * 24), st.integers(0, 5 * 24), st.integers(0, 23),
)  # fmt: skip
def test_an_hourly_sync_that_stalls_is_missing_at_every_hour_however_long(
    before: int, silent: int, after: int, hour: int
) -> None:
    """Whatever the sync did before: a silence of any length never becomes the rule."""
    end = NOW + HOUR * hour
    resumed = hourly(after, end)
    stopped = (resumed[0] if resumed else end) - HOUR * silent
    found = known([*hourly(before, stopped), *resumed])
    due = [stopped + HOUR * no for no in range(1, silent)]
    assert list(found.missing(end))[-len(due) :] == due
    if not resumed and silent > 2:
        assert found.is_overdue(end)


def test_nights_off_that_are_new_are_missing_for_weeks() -> None:
    """A machine that somebody began to turn off at night is not a schedule yet."""
    change = NOW - timedelta(days=20)
    runs = [at for at in hourly(24 * 60) if at < change or by_day(at.astimezone(CHICAGO))]
    last_night = [at for at in known(runs).missing(NOW) if at > NOW - timedelta(days=1)]
    assert len(last_night) == 11


def test_while_a_long_run_is_under_way_no_other_is_missing() -> None:
    runs = [(at, at) for at in hourly(24, NOW - 6 * HOUR)]
    runs[-1] = (runs[-1][0], NOW - HOUR / 2)
    found = rhythm(runs, CHICAGO)
    assert list(found.missing(NOW + HOUR / 4)) == []
    assert not found.is_overdue(NOW + HOUR / 4)


def test_where_no_hour_is_kept_a_silence_longer_than_any_says_something() -> None:
    """Three runs after each other, each day at another hour."""
    starts = [NOW - timedelta(days=back, hours=back * 5 % 24) for back in range(20, 0, -1)]
    bursts = sorted(at + HOUR * no for at in starts for no in range(3))
    longest = max(after - before for before, after in pairwise(bursts))
    due = known(bursts).next_due()
    assert due is not None
    assert due <= bursts[-1] + longest
    assert known(bursts).is_overdue(NOW + timedelta(days=9))


def test_a_run_of_another_command_is_no_run_of_the_sync(tmp_path: Path) -> None:
    runs = [salon_books.run(no, at) for no, at in enumerate(hourly(8), 1)]
    page = page_of(tmp_path, [*runs, salon_books.run(9, NOW, 1, command="verify")])
    assert next(page.all("header")).text.count("All is in order") == 1
