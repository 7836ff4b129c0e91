"""docs/scaling.md is arithmetic over figures that were measured, and nothing else."""

from __future__ import annotations

import json
import re

import pytest
from bench.scaling import FIGURES, PAGE
from bench.scaling_page import Franchise, Prices, page


def figures() -> dict[str, object]:
    found: dict[str, object] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def test_the_page_is_what_the_figures_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(figures())


def test_the_arithmetic_by_hand() -> None:
    run = {"cpu": 3.6, "seconds": 10.0, "booker": 10, "referrizer": 5}
    quiet = {"cpu": 1.8, "seconds": 9.0, "booker": 4, "referrizer": 0}
    night = {"cpu": 7.2, "seconds": 20.0, "booker": 30, "referrizer": 1}
    watch, memory = {"cpu": 0.9, "seconds": 1.0}, 100
    runs = {"news": run, "quiet": quiet, "night": night, "watch": watch}
    of = {"runs": runs, "rows": 7, "bytes": 2_000_000, "largest_process_mb": memory}
    some = Franchise(1000, of)
    assert some.monthly("booker") == 1000 * (312 * 10 + 418 * 4 + 30 * 30)
    assert some.cores == pytest.approx(1.0)  # 1000 runs of 3.6 s in an hour
    assert some.watch_cores == pytest.approx(1.0)  # 1000 looks of 0.9 s in 15 minutes
    assert some.machine == 3  # 2 busy cores at 70%
    assert some.slots == 4  # 10,000 s in an hour, at 70%
    assert some.memory == pytest.approx(4 * 3 * 100 / 1024)
    assert some.core_hours == pytest.approx(
        (1000 * (312 * 3.6 + 418 * 1.8 + 30 * 7.2) + 1000 * 2920 * 0.9) / 3600
    )
    assert some.tasks == 1000 * (730 + 30)
    assert (some.rows, some.gigabytes) == (7000, 2.0)
    calls = 1000 * (312 * 10 + 418 * 4 + 30 * 30) / 1e6
    assert some.money(Prices(0.1, 0.5, 2.0)) == pytest.approx(3 * 730 * 0.1 + 2.0 * 0.5 + calls * 2.0)


def test_prices_of_a_reader_change_the_money_and_nothing_else() -> None:
    usual, dear = page(figures()).splitlines(), page(figures(), million_calls=1000.0).splitlines()
    differing = [line for line, other in zip(usual, dear, strict=True) if line != other]
    assert [re.sub(r"[^a-z ]", "", line).strip()[:20] for line in differing] == [
        "money a month",
        "for a million calls ",
    ]
