"""What is measured: each case is one piece of work, done by ours and by peers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import inputs
from bench.measuring import ROOT, Cost, Stub, cost_of, stub

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PYTHON = [sys.executable]
TAP = [*PYTHON, "-c", "from tap_booker.tap import main; main()"]
TARGET = [*PYTHON, "-c", "from target_referrizer.target import main; main()"]
STAGING = [*PYTHON, "-m", "bench.staging"]
STOCK_TAP = [*PYTHON, "-m", "bench.peers.stock_tap"]
STOCK_TARGET = [*PYTHON, "-m", "bench.peers.stock_target"]
PEERS = ROOT / ".cache" / "bench-peers"
JSONL = [str(PEERS / "jsonl" / "bin" / "target-jsonl")]
DLT = [str(PEERS / "dlt" / "bin" / "python"), str(ROOT / "bench" / "peers" / "with_dlt.py")]

PAGE = 100
READ_LATENCY, READERS = 0.2, 8
WRITE_LATENCY, WRITERS = 0.05, 16


@dataclass(frozen=True)
class Variant:
    """One way to do the work of a case.

    Attributes:
        who: Ours, or the peer's name.
        amount: How many records it does, enough to be timed.
        run: Does so many, and says what it cost; 0 is the start alone, which is taken off.
    """

    who: str
    amount: int
    run: Callable[[int], Cost]


@dataclass(frozen=True)
class Case:
    """A piece of work.

    Attributes:
        name: Key in the results.
        title: What it is.
        by: `wall` or `cpu`: which seconds count.
        variants: Ours first.
        ideal: Records per second that the latency allows, where it decides.
        floors: What ours has to reach, as a multiple, by the peer's name or `ideal`.
    """

    name: str
    title: str
    by: str
    variants: Sequence[Variant]
    floors: dict[str, float]
    ideal: float | None = None


def _reading(command: Callable[[Stub], list[str]], latency: float) -> Callable[[int], Cost]:
    def run(amount: int) -> Cost:
        with stub(latency=latency, customers=amount) as vendors:
            return cost_of(command(vendors), by=vendors)

    return run


def _ours_reading(requests: int) -> Callable[[Stub], list[str]]:
    def command(vendors: Stub) -> list[str]:
        config = inputs.of_tap(vendors.url, page_size=PAGE, concurrent_requests=requests)
        return [*TAP, "--config", config]

    return command


def _stock_reading(vendors: Stub) -> list[str]:
    return [*STOCK_TAP, "--config", inputs.settings("stock", base_url=vendors.url, page_size=PAGE)]


def _dlt_reading(vendors: Stub) -> list[str]:
    return [*DLT, "read", vendors.url, str(PAGE)]


def _writing(command: Callable[[Stub], list[str]], latency: float) -> Callable[[int], Cost]:
    def run(amount: int) -> Cost:
        with stub(latency=latency) as vendors:
            return cost_of(command(vendors), stdin=inputs.contacts(amount), by=vendors)

    return run


def _ours_writing(vendors: Stub) -> list[str]:
    return [*TARGET, "--config", inputs.of_target(vendors.url, concurrent_requests=WRITERS)]


def _stock_writing(vendors: Stub) -> list[str]:
    return [*STOCK_TARGET, "posting", "--config", inputs.settings("stock", api_url=f"{vendors.url}/v1")]


def _dlt_writing(vendors: Stub) -> list[str]:
    return [*DLT, "write", vendors.url]


def _staging(command: Callable[[], list[str]]) -> Callable[[int], Cost]:
    return lambda amount: cost_of(command(), stdin=inputs.contacts(amount))


def _idle(*, validate: bool) -> Callable[[int], Cost]:
    return _staging(lambda: [*STOCK_TARGET, "idle", "--config", inputs.settings("idle", validate=validate)])


def cases(scale: float) -> list[Case]:
    """All cases; `scale` makes them smaller, to see whether they work."""

    def of(number: int) -> int:
        return max(int(number * scale) // PAGE, 1) * PAGE

    return [
        Case(
            "reading_slow_pages",
            f"Reading, {READ_LATENCY * 1000:.0f} ms for each page of {PAGE}, {READERS} at once",
            "wall",
            [
                Variant("tap-booker", of(60_000), _reading(_ours_reading(READERS), READ_LATENCY)),
                Variant("stock SDK tap", of(2_000), _reading(_stock_reading, READ_LATENCY)),
                Variant("dlt rest_api", of(2_000), _reading(_dlt_reading, READ_LATENCY)),
            ],
            {"ideal": 0.9},
            READERS * PAGE / READ_LATENCY,
        ),
        Case(
            "delivering_slow_calls",
            f"Creating contacts, {WRITE_LATENCY * 1000:.0f} ms for each call, {WRITERS} at once",
            "wall",
            [
                Variant("target-referrizer", of(6_000), _writing(_ours_writing, WRITE_LATENCY)),
                Variant("stock SDK target", of(200), _writing(_stock_writing, WRITE_LATENCY)),
                Variant("dlt destination", of(200), _writing(_dlt_writing, WRITE_LATENCY)),
            ],
            {"ideal": 0.9},
            WRITERS / WRITE_LATENCY,
        ),
        Case(
            "reading_processor",
            f"Reading from a server without latency, pages of {PAGE}",
            "cpu",
            [
                Variant("tap-booker", of(50_000), _reading(_ours_reading(4), 0)),
                Variant("stock SDK tap", of(50_000), _reading(_stock_reading, 0)),
                Variant("dlt rest_api", of(20_000), _reading(_dlt_reading, 0)),
            ],
            {"stock SDK tap": 2.0},
        ),
        Case(
            "staging",
            "Staging contacts: validated, fingerprinted, stored",
            "cpu",
            [
                Variant("target-referrizer", of(200_000), _staging(_ours_staging)),
                Variant("target-jsonl", of(200_000), _staging(lambda: JSONL)),
                Variant("idle SDK target, validating", of(50_000), _idle(validate=True)),
                Variant("idle SDK target, not validating", of(200_000), _idle(validate=False)),
            ],
            {"target-jsonl": 1.0},
        ),
    ]


def _ours_staging() -> list[str]:
    return [*STAGING, "--config", inputs.of_target("http://127.0.0.1:9")]
