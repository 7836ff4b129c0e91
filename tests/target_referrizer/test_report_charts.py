"""Charts are true to scale, for nothing, for one, and for very many."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.target_referrizer import pages

from target_referrizer.report import charts
from target_referrizer.report.charts import BOTTOM, HEIGHT, TOP, WIDTH, Series, bars, ceiling, grid, share_bar

FULL = HEIGHT - BOTTOM - TOP
BAR = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)V([\d.]+)h-[\d.]+z")


def drawn(series: list[Series], labels: int = 3) -> dict[str, list[tuple[float, float, float]]]:
    """The bars of each series: where from the left, and from what share of the height to what share."""
    page = pages.read(str(bars(series, [f"day {no}" for no in range(labels)], "a chart", "words")))
    return {
        str(one.attributes["class"]): [
            (float(x), (HEIGHT - BOTTOM - float(low)) / FULL, (HEIGHT - BOTTOM - float(high)) / FULL)
            for x, high, _, low in BAR.findall(str(one.attributes["d"]))
        ]
        for one in page.all("path")
        if one.attributes["class"] != "line"
    }


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (1, 1), (2, 2), (3, 3), (7, 8), (9, 10), (10, 10), (11, 20), (291, 300), (100_001, 200_000)],
)  # fmt: skip
def test_the_axis_ends_at_a_number_that_reads_well(highest: int, top: int) -> None:
    assert ceiling(highest) == top


@given(st.integers(0, 10**9))
def test_the_axis_reaches_what_it_shows_and_is_never_mostly_empty(highest: int) -> None:
    assert max(highest, 1) <= ceiling(highest) <= max(highest, 1) * 2


@pytest.mark.parametrize("most", [1, 100_000])
def test_a_bar_is_as_high_as_its_number(most: int) -> None:
    ((_, low, high),) = drawn([Series("s0", [most, 0, None])])["on-s0"]
    assert low == 0
    assert high == pytest.approx(most / ceiling(most))


def test_series_stand_on_each_other() -> None:
    found = drawn([Series("s0", [2, 0, 1]), Series("s1", [3, 5, None])])
    assert [round(low, 2) for _, low, _ in found["on-s1"]] == [0.4, 0]
    assert [round(high, 2) for _, _, high in found["on-s1"]] == [1, 1]
    assert found["on-s0"][0][0] == found["on-s1"][0][0]


def test_nothing_is_drawn_where_there_is_nothing() -> None:
    assert drawn([Series("s0", [0, None, 0])]) == {}
    assert drawn([], labels=0) == {}


@given(st.lists(st.lists(st.integers(0, 100_000), min_size=5, max_size=5), min_size=1, max_size=6))
def test_all_bars_stay_on_the_chart(values: list[list[int]]) -> None:
    series = [Series(charts.fill(no), one) for no, one in enumerate(values)]
    for places in drawn(series, 5).values():
        assert all(0 <= low <= high <= 1.001 for _, low, high in places)
        assert all(0 < x < WIDTH for x, _, _ in places)


def test_shares_fill_the_bar_in_proportion_and_empty_groups_have_none() -> None:
    page = pages.read(str(share_bar([("s0", 1), ("s1", 0), ("s2", 3)], "shares", "words")))
    parts = {one.attributes["class"]: float(str(one.attributes["width"])) for one in page.all("rect")}
    assert parts == {"empty": WIDTH, "on-s0": WIDTH / 4, "on-s2": WIDTH * 3 / 4}


def test_no_contact_at_all_is_an_empty_bar() -> None:
    page = pages.read(str(share_bar([("s0", 0)], "shares", "words")))
    assert [one.attributes["class"] for one in page.all("rect")] == ["empty"]


def test_hours_that_are_still_to_come_have_no_place() -> None:
    page = pages.read(str(grid(["Mon 1", "Tue 2"], {(1, 3): ("done", "")}, "runs", "words", last=3)))
    assert sum(str(one.attributes["d"]).count("M") for one in page.all("path")) == 24 + 4


def test_every_hour_of_the_grid_is_there_once() -> None:
    cells = {(0, 3): ("done", "3 o'clock: done"), (1, 23): ("failed", "23 o'clock: failed")}
    page = pages.read(str(grid(["Mon 1", "Tue 2"], cells, "runs", "words")))
    shapes = [str(one.attributes["d"]) for one in page.all("path")]
    places = [place for shape in shapes for place in re.findall(r"M[\d.]+ [\d.]+", shape)]
    assert len(places) == len(set(places)) == 48
    assert [next(one.all("title")).text for one in page.all("path") if one.children] == [
        "3 o'clock: done", "23 o'clock: failed",
    ]  # fmt: skip
