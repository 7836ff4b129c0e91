"""The benchmarks run, all do the same work in them, and the page is what they found.

What they find is no test's business: a test that a slow machine fails says nothing of the code.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bench import __main__ as bench_command
from bench import inputs
from bench.cases import cases, delivering, memory, reading, staging
from bench.cases.delivering import CALLING_RATE
from bench.cases.pacing import paces
from bench.causes import CAUSES
from bench.comparing import Comparison, measured, summary
from bench.fitting import fitted
from bench.growing import NAMES
from bench.measuring import Cost, FailedError, cost_of, stub
from bench.million import carried_on
from bench.peers.stock_tap import StockTap
from bench.programs import STOCK_TARGET
from bench.report import HISTORY, PAGE, RESULTS, page
from bench.shapes import CPU, CPU_RATE, Floor, Variant, overlap
from bench.shapes import memory as at_most
from bench.vendors import FIRST_NEWS, NOW, Booker, Order, customer
from singer_sdk.pagination import PageNumberPaginator

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = 0.001
ROOT = Path(__file__).parents[1]
FULL_RUN = pytest.mark.xdist_group("bench")  # its tests in one worker, so that it is made once


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


def test_overlap_counts_from_the_first_call_to_the_last_answer_whatever_came_before() -> None:
    calls = [7 + 0.05 * (no // 16) for no in range(1600)]
    whole = Cost(wall=60.0, cpu=1.0, rss=1.0, arrivals=calls)
    ours = Variant("target-referrizer", lambda _: replace(whole, arrivals=calls[:1]), 1600)
    case = Comparison("name", "Title", CALLING_RATE, [ours], overlap("target-referrizer"), ideal=320.0)
    found = measured(replace(case, variants=[replace(ours, run=lambda _: whole)]), 1)
    assert (found["ratios"], found["values"]["target-referrizer"]["median"]) == ({"ideal": 1.0}, 320)
    assert measured(case, 1)["too_short_to_tell"] == ["target-referrizer"]


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


def test_more_than_the_latency_allows_is_no_success() -> None:
    case = Comparison("name", "Title", CPU_RATE, [variant("ours", 600)], overlap("ours"), ideal=100)
    verdicts = {
        rate: [
            floor["is_reached"]
            for floor in summary(case, {"ours": [cost(600 / rate)]}, {"ours": 0})["floors"]
        ]
        for rate in (80, 95, 101, 121)
    }
    assert verdicts == {80: [False, True], 95: [True, True], 101: [True, True], 121: [True, False]}


def test_the_memory_of_what_is_measured_for_its_time_has_a_bound_too() -> None:
    case = Comparison("name", "Title", CPU, [variant("ours")], [at_most("ours")])
    for most, is_reached in ((250, True), (251, False)):
        found = summary(case, {"ours": [cost(1, most), cost(1, 90)]}, {"ours": 0})
        assert [(floor["found"], floor["is_reached"]) for floor in found["floors"]] == [(most, is_reached)]


@pytest.mark.parametrize(("calls", "told_of"), [(99, set()), (100, {"ours"})])
def test_what_a_call_took_in_the_stub_is_not_told_of_few(calls: int, told_of: set[str]) -> None:
    case = Comparison("name", "Title", CPU, [variant("ours")])
    one = Cost(wall=1, cpu=1, rss=1, calls={"POST visits": calls}, stub_cpu=0.1)
    assert set(summary(case, {"ours": [one]}, {"ours": 0})["stub"]) == told_of


def test_what_was_too_short_to_tell_reaches_no_floor() -> None:
    floors = [Floor("ours", 0.9, against="ideal"), Floor("ours", 9.0, against="ideal", is_ceiling=True)]
    case = Comparison("name", "Title", CPU_RATE, [variant("ours", 600)], floors, ideal=100)
    found = summary(case, {"ours": [cost(1.05)]}, {"ours": 1.0})
    assert found["too_short_to_tell"] == ["ours"]
    assert [(floor["found"], floor["is_reached"]) for floor in found["floors"]] == [(None, False)] * 2


def test_the_memory_of_a_command_is_its_own_and_not_that_of_whoever_starts_it() -> None:
    much = b"x" * 300_000_000
    assert cost_of([sys.executable, "-c", "pass"]).rss < 100 < len(much) / 1e6


def test_a_pipe_costs_what_all_of_it_costs_and_each_failure_is_quoted() -> None:
    burn = "import time; sum(iter(lambda: time.process_time() < 0.3, False))"
    work = [sys.executable, "-c", burn]
    assert cost_of(work, work).cpu > 0.6
    wrong = [sys.executable, "-c", "import sys; sys.exit('no luck')"]
    with pytest.raises(FailedError, match=r"ended with 1:\nno luck\n(?s:.*)ended with 1:\nno luck"):
        cost_of(wrong, wrong)


def test_the_stub_shows_every_customer_once_and_later_only_those_that_changed() -> None:
    booker = Booker(customers=250, check_ins=0)
    pages = [booker.customers_page({"PageNumber": nth, "PageSize": 100}) for nth in range(1, 5)]
    rows = [json.loads(one)["Customers"] for one in pages]
    assert [len(one) for one in rows] == [100, 100, 50, 0]
    shown = rows[0][6]
    assert shown == customer(7, "3120000007", shown["Customer"]["CustomerStats"]["DateOfLastVisitOffset"])
    booker.changed = 2
    later = {"PageNumber": 1, "PageSize": 100, "FromDateLastModifiedOffset": "…"}
    found = json.loads(booker.customers_page(later))["Customers"]
    assert [(one["ID"], one["Customer"]["LastName"]) for one in found] == [(1, "Lovelace"), (2, "Lovelace")]


@pytest.mark.parametrize("number", [0, 1, 7, 250])
def test_the_stub_shows_every_check_in_in_one_window(number: int) -> None:
    booker = Booker(customers=10, check_ins=number)
    booker.arrived = 3
    bounds = [NOW + timedelta(days=1 - 30 * nth) for nth in range(14)]
    found = Counter(
        one["ID"]
        for end, start in pairwise(bounds)
        for page_number in (1, 2, 3)
        for one in json.loads(booker.appointments_page(asked(start, end, page_number)))["Results"]
    )
    assert sorted(found) == [*range(1, number + 1), *(FIRST_NEWS + nth for nth in (1, 2, 3))]
    assert set(found.values()) == {1}


def asked(start: datetime, end: datetime, number: int) -> dict[str, Any]:
    """A search by start."""
    bounds = {"FromStartDateOffset": start.isoformat(), "ToStartDateOffset": end.isoformat()}
    return {**bounds, "PageNumber": number, "PageSize": 100}


@pytest.mark.parametrize(
    ("came", "misplaced"),
    [
        ([("c", 0.0), ("2026-01-01", 0.05), ("2026-01-02", 0.10)], 0),
        ([("2026-01-01", 0.0), ("c", 0.1), ("2026-01-02", 0.2)], 1),
        ([("c", 0.0), ("2026-01-02", 0.1), ("2026-01-01", 0.2), ("2026-01-03", 0.3)], 1),
        ([("c", 0.0), ("2026-01-01", 0.04)], 1),
        ([("c", 0.0), ("2026-01-01", 0.1), ("2026-01-02", 0.14)], 1),
    ],
    ids=["as it should be", "before the create", "earlier", "create not answered", "visit not answered"],
)
def test_the_stub_sees_what_is_out_of_order(came: list[tuple[str, float]], misplaced: int) -> None:
    order, is_there = Order(latency=0.05), False
    for what, at in came:
        if what == "c":
            order.created("r1", at)
            is_there = True
        else:
            order.visited("r1", what, at, is_there=is_there)
    assert order.misplaced == misplaced


def test_staging_is_not_measured_on_the_quick_ways_alone() -> None:
    people = [inputs.contact(one) for one in range(1, 1001)]
    phones = [one["phone"] for one in people if one["phone"]]
    assert {"(", "+", "3"} == {phone[0] for phone in phones}
    assert len({re.sub(r"\D", "", phone)[-10:] for phone in phones}) == len(phones)
    assert any(not one["first_name"].isascii() for one in people)
    assert any(not one["last_name"].isascii() for one in people)
    for field in ("email", "phone", "birthday", "street"):
        assert 0 < sum(one[field] is None for one in people) < 500, field
    assert all(one["email"] or one["phone"] for one in people)


def test_the_stock_tap_goes_from_page_to_page_as_the_sdk_does() -> None:
    (stream,) = StockTap(config={"base_url": "http://127.0.0.1:9"}).discover_streams()
    assert type(stream.get_new_paginator()) is PageNumberPaginator


def test_each_growth_has_its_cause_and_no_other() -> None:
    assert {(phase, name) for phase, _ in CAUSES for name in NAMES} == set(CAUSES)
    for cause in CAUSES.values():
        assert cause.of(cause.verdict) == cause.text
        assert cause.of("not linear: more") == f"{cause.verdict} was expected; not explained"
        assert cause.of("not linear: less") != cause.text


def test_a_poor_fit_is_not_carried_on() -> None:
    points = {1_000: 30.0, 10_000: 200.0, 100_000: 2_000.0}
    good = {"fixed": 5.0, "each": 0.02, "power": 1.0, "off": 0.05}
    assert carried_on(points, good, 1_000_000) == pytest.approx(20_005)
    for poor in ({**good, "off": 0.2}, {**good, "power": None, "off": None}):
        assert carried_on(points, poor, 1_000_000) == pytest.approx(20_000)
    assert carried_on(dict.fromkeys(points, 7.0), {"power": None}, 1_000_000) == 7


def test_the_pace_of_calls_is_counted_by_their_arrivals() -> None:
    even = [nth / 10 for nth in range(31)]
    assert paces(even, 10) == {
        "mean": pytest.approx(10),
        "busiest second": 11,
        "most ahead of the pace": pytest.approx(0, abs=1e-9),
    }
    burst = [0.0, 0.1, *[2.0] * 15, 3.9]  # 15 where, after an idle time, one second's worth is 10
    assert paces(burst, 10)["most ahead of the pace"] == pytest.approx(14)


@pytest.mark.parametrize(
    ("of", "verdict", "power"),
    [
        (lambda size: 30 + 2 * size, "linear", 1.0),
        (lambda size: 30 + size**1.3, "not linear: more", 1.3),
        (lambda size: 30 + size**0.5, "not linear: less", 0.5),
        (lambda size: 30 + size / 100_000, "flat", None),
    ],
)
def test_growth_is_named_by_the_power_that_fits_above_the_fixed_part(
    of: Callable[[int], float], verdict: str, power: float | None
) -> None:
    fit = fitted({size: of(size) for size in (1_000, 10_000, 100_000)}, fixed=30)
    assert fit["verdict"] == verdict
    assert fit["power"] == power
    assert fit["fixed"] == 30
    assert fit["off"] in {0, None}


def test_what_is_lost_in_the_fixed_part_is_left_out_of_the_fit() -> None:
    assert fitted({10: 5.1, 100: 9, 1_000: 45}, fixed=5)["verdict"] == "linear"
    assert fitted({10: 5.1, 100: 5.2, 1_000: 50}, fixed=5)["verdict"] == "grows, too few sizes to tell how"


def test_the_page_is_what_was_measured() -> None:
    results, history = (json.loads(path.read_text(encoding="utf-8")) for path in (RESULTS, HISTORY))
    assert PAGE.read_text(encoding="utf-8") == page(results, history)
    assert {case.name for case in cases(1.0)} <= set(results["cases"])


def test_the_page_shows_a_bound_that_was_missed_as_missed() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    bounds = [floor for case in results["cases"].values() for floor in case["floors"]]
    for floor in bounds:
        floor["is_reached"] = floor is not bounds[0]
    made = page(results, [{"change": "A change", "what": "seconds", "before": "9", "after": "1"}])
    assert f"{len(bounds)} bounds, {len(bounds) - 1} reached, 1 missed." in made
    assert made.count("**missed**") == 1
    assert "| A change | seconds | 9 | 1 |" in made


def test_the_page_says_what_it_was_measured_of_and_what_was_left_out() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    for nth, case in enumerate(results["cases"].values()):
        case.update(commit="abc1234-dirty" if nth else "abc1234", took_seconds=60, scale=1.0 if nth else 0.5)
    made = page({**results, "left_out": ["a thing that is not here"]}, [])
    assert "commit abc1234 and abc1234-dirty" in made
    assert "Left out: a thing that is not here." in made
    title = next(iter(results["cases"].values()))["title"]
    assert f"**Only a look**, with 0.5 of the work: {title}.\n" in made
    assert made.count("Only a look") == 1
    assert f"{len(results['cases'])} minutes here" in made
    assert re.fullmatch(r"[0-9a-f]{7,}(-dirty)?|", bench_command.commit())


def test_a_case_that_fails_is_told_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def failing(error: Exception) -> Callable[[int], Cost]:
        def run(_: int) -> Cost:
            raise error

        return run

    runs = {
        "command": failing(FailedError("no luck")),
        "server": failing(subprocess.CalledProcessError(1, ["initdb"])),
        "good": lambda _: cost(1),
    }
    made = [Comparison(name, name, CPU, [Variant("ours", run)]) for name, run in runs.items()]
    monkeypatch.setattr(bench_command, "cases", lambda _: made)
    monkeypatch.setattr(sys, "argv", ["bench", "--json", str(tmp_path / "found.json")])
    assert bench_command.main() == 1
    told = capsys.readouterr().out
    assert told.startswith(f"processor {bench_command.machine()['processor']}")
    assert "command: no luck" in told
    assert "server: Command '['initdb']' returned non-zero" in told
    found = json.loads((tmp_path / "found.json").read_text())
    assert [*found["cases"]] == ["good"]
    assert found["cases"]["good"]["commit"] == bench_command.commit()


@pytest.mark.slow
def test_visits_out_of_order_fail_the_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    with stub() as vendors:  # the stock target posts as the file has it: those of each contact latest first
        settings = inputs.settings("stock", api_url=f"{vendors.url}/v1")
        cost_of([*STOCK_TARGET, "posting", "--config", settings], stdin=inputs.together(50), by=vendors)
        with pytest.raises(FailedError, match=r"40 visits.*'misplaced': 30"):
            delivering.check_order(vendors, 40)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `make bench` finds, with little work."""
    folder = tmp_path_factory.mktemp("bench")
    file = folder / "results.json"
    line = ["make", "--no-print-directory", "bench"]
    line += [f"BENCH=--scale {SMALL} --runs 1 --json {file}"]
    home = {**os.environ, "BENCH_CACHE": str(folder / "cache")}
    ended = subprocess.run(line, check=False, cwd=ROOT, env=home, capture_output=True, text=True)
    assert file.exists(), ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(file.read_text())
    assert set(found["cases"]) == {case.name for case in cases(SMALL)}, ended.stdout + ended.stderr
    assert "MISSED" in ended.stdout or "reached" in ended.stdout
    return found


@pytest.mark.slow
@FULL_RUN
def test_everybody_asks_for_every_record(done: dict[str, Any]) -> None:
    kinds = {
        "delivering_creates": {"POST contacts"},
        "delivering_updates": {"GET contact", "PUT contact"},
        "delivering_visits": {"POST visits"},
    }
    for name in ("reading_slow_pages", "reading_processor", *kinds):
        case = done["cases"][name]
        assert set(case["calls"]) == set(case["records"])
        for who, calls in case["calls"].items():
            amount = case["records"][who]
            made = {kind: number for kind, number in calls.items() if kind != "GET contacts"}
            if name in kinds:
                assert made == dict.fromkeys(kinds[name], amount), (name, who)
            else:
                pages = amount // reading.PAGE + 1
                assert made["POST customers"] in range(pages, pages + reading.READERS), (name, who)


@pytest.mark.slow
def test_a_profile_names_rooms_of_ours_and_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    (case,) = staging.cases(0.01)
    rooms = case.profile()
    assert {"target_referrizer.sinks", "SQLAlchemy", "Singer SDK", "JSON", "imports"} <= set(rooms)
    assert list(rooms.values()) == sorted(rooms.values(), reverse=True)
    slow, _ = reading.cases(0.01)
    assert {"tap_booker.rows", "tap_booker.pages", "requests and urllib3"} <= set(slow.profile())


@pytest.mark.slow
@FULL_RUN
def test_every_case_comes_out(done: dict[str, Any]) -> None:
    assert done["machine"]["cores"]
    found = done["cases"]
    assert set(found["delivering_creates"]["memory_mb"]) == {
        "target-referrizer",
        "stock SDK target",
        "dlt destination",
    }
    assert found["empty_hour"]["floors"][0]["found"] > 0
    plan = {"creates": 999, "updates": 0, "visits": 0}  # one was loaded before, so that there is a brake
    for backend in ("sqlite", *(() if memory.left_out() else ("postgresql",))):
        of_target = found[f"memory_target_{backend}"]
        assert of_target["planned"]["1000"] == plan
        assert 0 < of_target["ledger_mb"]["1000"] < 100
    together = found["delivering_together"]
    people = together["records"][delivering.OURS] // inputs.OF_EACH
    for made in together["calls"].values():
        assert (made["POST contacts"], made["POST visits"]) == (people, 4 * people)
    largest = list(found["growth"]["sizes"].values())[-1]
    assert largest["first load"]["calls"]["POST contacts"] == 100
    assert largest["full refresh"]["referrizer_calls"] == 0
    assert largest["hour with 1 % changed"]["calls"]["POST visits"] == 1
    assert page(done, []).startswith("# Performance")
