"""Reading customers from Booker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import inputs
from bench.comparing import Comparison
from bench.measuring import Cost, Stub, cost_of, stub
from bench.programs import DLT, STOCK_TAP, TAP
from bench.shapes import CPU_RATE, WALL_RATE, Floor, Variant, overlap, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = 100
LATENCY, READERS = 0.2, 8


def cases(scale: float) -> list[Comparison]:
    """With slow pages, where overlap counts; and with quick ones, where the processor does."""
    of = scaled(scale, PAGE)
    slow = Comparison(
        "reading_slow_pages",
        f"Reading, {LATENCY * 1000:.0f} ms for each page of {PAGE}, {READERS} at once",
        WALL_RATE,
        [
            Variant("tap-booker", _reading(_ours(READERS), LATENCY), of(60_000)),
            Variant("stock SDK tap", _reading(_stock, LATENCY), of(2_000)),
            Variant("dlt rest_api", _reading(_dlt, LATENCY), of(2_000)),
        ],
        overlap("tap-booker"),
        ideal=READERS * PAGE / LATENCY,
    )
    quick = Comparison(
        "reading_processor",
        f"Reading from a server without latency, pages of {PAGE}",
        CPU_RATE,
        [
            Variant("tap-booker", _reading(_ours(4), 0), of(50_000)),
            Variant("stock SDK tap", _reading(_stock, 0), of(50_000)),
            Variant("dlt rest_api", _reading(_dlt, 0), of(20_000)),
        ],
        [Floor("tap-booker", 2.0, against="stock SDK tap")],
    )
    return [slow, quick]


def _reading(command: Callable[[Stub], list[str]], latency: float) -> Callable[[int], Cost]:
    def run(amount: int) -> Cost:
        with stub(latency=latency, customers=amount) as vendors:
            return cost_of(command(vendors), by=vendors)

    return run


def _ours(requests: int) -> Callable[[Stub], list[str]]:
    def command(vendors: Stub) -> list[str]:
        config = inputs.of_tap(vendors.url, page_size=PAGE, concurrent_requests=requests)
        return [*TAP, "--config", config]

    return command


def _stock(vendors: Stub) -> list[str]:
    return [*STOCK_TAP, "--config", inputs.settings("stock", base_url=vendors.url, page_size=PAGE)]


def _dlt(vendors: Stub) -> list[str]:
    return [*DLT, "read", vendors.url, str(PAGE)]
