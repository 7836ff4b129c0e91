"""Calls may be billed: the sandbox counts how many a run makes, and none is made in vain."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.booker import BookerSwitches
from tap_booker.report import Tally
from tap_booker.transport import Call, Transport

Run = Callable[..., Any]
Settings = Callable[..., dict[str, Any]]

PAGE = 5
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


def pages_by_window(box: Sandbox, path: str) -> dict[tuple[Any, ...], list[int]]:
    """Numbers of the pages that were asked for, for each window of a list."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for seen in box.requests.matching(path):
        body = seen.body
        window = tuple(sorted((k, v) for k, v in body.items() if k.startswith(("From", "To"))))
        found.setdefault(window, []).append(body["PageNumber"])
    return found


@pytest.mark.parametrize("number", [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, 5 * PAGE + 2])
def test_contacts_cost_their_pages_and_one_empty_one(
    run_tap: Run, box_settings: Settings, number: int
) -> None:
    """Ahead of time at most so many pages are asked for in vain as others are under way; one by one, none."""
    with Sandbox(contacts=40, seed=7, now=NOW) as box:
        box.salon.customers = dict(islice(box.salon.customers.items(), number))
        for ahead in (1, 2, 4, 8):
            box.requests.clear()
            output = run_tap(
                box_settings(box, page_size=PAGE, concurrent_requests=ahead, start_date="2026-03-01")
            )
            assert (output.code, len(set(output.ids("contacts")))) == (0, number)
            assert arrived(box, output) == output.tap.run.report.calls
            [asked] = pages_by_window(box, "customers").values()
            least, spare = math.ceil(number / PAGE) + 1, ahead - 1 if number >= PAGE else 0
            assert sorted(asked) == list(range(1, len(asked) + 1))
            assert least <= len(asked) <= least + spare
            assert len(box.requests.matching("/connect/token")) == 1
            assert len(box.requests.matching("/merchant/location/")) == 1
            assert output.tally("contacts")["calls"] == len(asked)


@pytest.mark.parametrize("ahead", [1, 2, 4, 8])
@pytest.mark.parametrize("counts", [False, True])
def test_every_window_of_check_ins_costs_its_pages_and_one_empty_one(
    run_tap: Run, box_settings: Settings, *, ahead: int, counts: bool
) -> None:
    """Where Booker counts the list, not a single page is asked for in vain, however many at once."""
    switches = BookerSwitches(appointments_total=counts)
    with Sandbox(contacts=40, seed=7, now=NOW, booker=switches) as box:
        settings = box_settings(box, page_size=3, concurrent_requests=ahead, window_days=90)
        first = run_tap(settings)
        assert arrived(box, first) == first.tap.run.report.calls
        windows = pages_by_window(box, "appointments")
        assert len(windows) == 5
        assert any(len(asked) > 6 for asked in windows.values())
        for window, asked in windows.items():
            least = math.ceil(starting_in(box, dict(window)) / 3) + 1
            assert sorted(asked) == list(range(1, len(asked) + 1))
            assert least <= len(asked) <= least + (0 if counts else ahead - 1)
        box.requests.clear()
        later = run_tap(settings, first.state)
        assert arrived(box, later) == later.tap.run.report.calls
        assert len(pages_by_window(box, "appointments")) == 2
        assert len(box.requests.matching("/connect/token")) == 1
        assert len(box.requests.matching("/merchant/location/")) == 1


def arrived(box: Sandbox, output: Any) -> int:
    """How many calls the sandbox got; pages that nobody waits for any more may still be on their way."""
    until = time.monotonic() + 10
    while len(box.requests) < output.tap.run.report.calls and time.monotonic() < until:
        time.sleep(0.01)
    return len(box.requests)


def starting_in(box: Sandbox, bounds: dict[str, str]) -> int:
    """How many appointments of the salon a window of starts holds."""
    low, high = (datetime.fromisoformat(bounds[f"{end}StartDateOffset"]) for end in ("From", "To"))
    return sum(low <= one.start <= high for one in box.salon.appointments.values())


def test_calls_go_the_way_that_the_environment_says(fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", fake.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    transport, tally = Transport("key", 10, 1), Tally("contacts")
    body = {"PageSize": 1, "PageNumber": 1}
    for _ in range(2):
        for base in ("http://booker.invalid", fake.url):
            url = f"{base}/v4.1/merchant/customers"
            assert transport.send(Call("POST", url, "hush", json=body), tally).status == 200
    assert [asked.headers["Host"] for asked in fake.asked] == 2 * ["booker.invalid", fake.url[7:]]
