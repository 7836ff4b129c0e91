"""The benchmarks run, and all do the same work in them. What they measure is no test's business."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from bench.cases import PAGE, READERS, cases

SMALL = 0.001
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def peers() -> None:
    """Each peer's environment."""
    folders = [f".cache/bench-peers/{name}/.ready" for name in ("jsonl", "dlt")]
    subprocess.run(["make", "--no-print-directory", *folders], check=True, cwd=ROOT)


@pytest.mark.slow
@pytest.mark.usefixtures("peers")
def test_everybody_asks_for_every_record() -> None:
    for case in cases(SMALL):
        for variant in case.variants:
            calls = variant.run(variant.amount).calls
            created, read = calls.get("POST contacts", 0), calls.get("POST customers", 0)
            pages = variant.amount // PAGE + 1
            if case.name.startswith("reading"):
                assert read in range(pages, pages + READERS), (case.name, variant.who)
            elif case.name.startswith("delivering"):
                assert created == variant.amount, (case.name, variant.who)


@pytest.mark.slow
@pytest.mark.usefixtures("peers")
def test_the_results_are_a_table_and_json(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    line = ["make", "--no-print-directory", "bench"]
    line += [f"BENCH=--only delivering_slow_calls --scale 0.02 --runs 1 --json {file}"]
    done = subprocess.run(line, check=False, cwd=ROOT, capture_output=True, text=True)
    assert file.exists(), done.stdout + done.stderr
    found = json.loads(file.read_text())
    assert found["machine"]["cores"]
    case = found["cases"]["delivering_slow_calls"]
    assert set(case["memory_mb"]) == {"target-referrizer", "stock SDK target", "dlt destination"}
    assert "MISSED" in done.stdout or "reached" in done.stdout
