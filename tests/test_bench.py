"""The benchmarks run, and all do the same work in them. What they measure is no test's business."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from bench.cases import delivering, reading
from bench.comparing import Comparison, summary
from bench.measuring import Cost
from bench.shapes import CPU, CPU_RATE, Floor, Variant

SMALL = 0.001
ROOT = Path(__file__).parents[1]


def cost(seconds: float, rss: float = 100.0) -> Cost:
    """Made up."""
    return Cost(wall=9 * seconds, cpu=seconds, rss=rss)


def variant(who: str, amount: int = 0) -> Variant:
    """One that is never run."""
    return Variant(who, lambda _: cost(0), amount)


def test_a_rate_is_the_median_without_the_start_and_its_floor_lies_below() -> None:
    floors = [Floor("ours", 2.0, against="peer"), Floor("ours", 3.1, against="peer")]
    case = Comparison("name", "Title", CPU_RATE, [variant("ours", 600), variant("peer", 100)], floors)
    costs = {"ours": [cost(3.0), cost(2.0), cost(9.0)], "peer": [cost(2.0, 90), cost(1.5, 95), cost(1.7)]}
    found = summary(case, costs, {"ours": 1.0, "peer": 0.7})
    assert found["values"]["ours"] == {"median": 300, "least": 75, "most": 600}
    assert found["values"]["peer"]["median"] == 100
    assert found["ratios"] == {"peer": 3.0}
    assert found["memory_mb"] == {"ours": 100, "peer": 100}
    assert [(floor["found"], floor["is_reached"]) for floor in found["floors"]] == [(3.0, True), (3.0, False)]


def test_a_cost_keeps_its_start_and_its_ceiling_lies_above() -> None:
    floors = [
        Floor("ours", 2.0, is_ceiling=True, unit="s"),
        Floor("ours", 1.9, is_ceiling=True, unit="s"),
        Floor("ours", 1.3, against="bare", is_ceiling=True),
        Floor("ours", 1.2, against="bare", is_ceiling=True),
    ]
    case = Comparison("name", "Title", CPU, [variant("ours"), variant("bare")], floors)
    found = summary(case, {"ours": [cost(2.0)], "bare": [cost(1.6)]}, {"ours": 0.0, "bare": 0.0})
    assert [floor["is_reached"] for floor in found["floors"]] == [True, False, True, False]
    assert [floor["share_of_limit"] for floor in found["floors"]] == [1.0, 1.053, 0.962, 1.042]


def test_what_was_too_short_to_tell_reaches_no_floor() -> None:
    floors = [Floor("ours", 0.9, against="ideal"), Floor("ours", 9.0, against="ideal", is_ceiling=True)]
    case = Comparison("name", "Title", CPU_RATE, [variant("ours", 600)], floors, ideal=100)
    found = summary(case, {"ours": [cost(1.05)]}, {"ours": 1.0})
    assert found["too_short_to_tell"] == ["ours"]
    assert [(floor["found"], floor["is_reached"]) for floor in found["floors"]] == [(None, False)] * 2


@pytest.fixture(scope="module")
def peers() -> None:
    """Each peer's environment."""
    folders = [f".cache/bench-peers/{name}/.ready" for name in ("jsonl", "dlt")]
    subprocess.run(["make", "--no-print-directory", *folders], check=True, cwd=ROOT)


@pytest.mark.slow
@pytest.mark.usefixtures("peers")
def test_everybody_asks_for_every_record() -> None:
    for case in (*reading.cases(SMALL), *delivering.cases(SMALL)):
        for one in case.variants:
            calls = one.run(one.amount).calls
            pages = one.amount // reading.PAGE + 1
            if case.name.startswith("reading"):
                assert calls["POST customers"] in range(pages, pages + reading.READERS), (case.name, one.who)
            else:
                kinds = {
                    "delivering_creates": {"POST contacts"},
                    "delivering_updates": {"GET contact", "PUT contact"},
                    "delivering_visits": {"POST visits"},
                }
                made = {kind: number for kind, number in calls.items() if kind != "GET contacts"}
                assert made == dict.fromkeys(kinds[case.name], one.amount), (case.name, one.who)


@pytest.mark.slow
@pytest.mark.usefixtures("peers")
def test_the_results_are_a_table_and_json(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    line = ["make", "--no-print-directory", "bench"]
    line += [f"BENCH=--only delivering_creates --only empty_hour --scale 0.02 --runs 1 --json {file}"]
    done = subprocess.run(line, check=False, cwd=ROOT, capture_output=True, text=True)
    assert file.exists(), done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert found["machine"]["cores"]
    case = found["cases"]["delivering_creates"]
    assert set(case["memory_mb"]) == {"target-referrizer", "stock SDK target", "dlt destination"}
    assert found["cases"]["empty_hour"]["floors"][0]["found"] > 0
    assert "MISSED" in done.stdout or "reached" in done.stdout
