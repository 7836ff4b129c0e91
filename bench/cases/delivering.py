"""Writing to Referrizer: new contacts, changed ones, visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import inputs, ledgers
from bench.comparing import Comparison
from bench.measuring import Cost, FailedError, Stub, cost_of, stub
from bench.programs import DLT, STOCK_TARGET, TARGET
from bench.shapes import Quantity, Variant, overlap, scaled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LATENCY, WORKERS = 0.05, 16
PORTION = 100
CALLING_RATE = Quantity(
    "records per second from the first call about one of them to the last answer",
    lambda cost: cost.arrivals[-1] - cost.arrivals[0] + LATENCY if cost.arrivals else 0.0,
    is_rate=True,
    has_start=False,
)
NOTE = (
    "Staging, the list of contacts, matching and planning come before: the whole time has them in, and a "
    "case of its own measures staging. The last answer is taken as one latency after the last call."
)
OURS = "target-referrizer"


def cases(scale: float) -> list[Comparison]:
    """Each kind of write; an update is a read and a write."""
    of = scaled(scale, PORTION)
    many, few = of(5_000), of(200)
    books = lambda: ledgers.written(many)  # noqa: E731 - made only when it is needed
    how = f"{LATENCY * 1000:.0f} ms for each call, {WORKERS} at once"
    return [
        _case(
            "delivering_creates",
            f"Creating contacts, {how}",
            [
                Variant(OURS, _ours(inputs.contacts), many),
                Variant("stock SDK target", _peer(_stock, inputs.contacts), few),
                Variant("dlt destination", _peer(_dlt, inputs.contacts), few),
            ],
        ),
        _case(
            "delivering_updates",
            f"Updating contacts (a read and a write each), {how}",
            [Variant(OURS, _ours(inputs.changed, books), many // 2)],
            calls=2,
        ),
        _case(
            "delivering_visits",
            f"Posting visits, {how}",
            [
                Variant(OURS, _ours(inputs.visits, books), many),
                Variant("stock SDK target", _peer(_stock, inputs.visits, books), few),
            ],
        ),
        _case(
            "delivering_together",
            f"Creating contacts and posting {inputs.OF_EACH - 1} visits of each, in their order, {how}",
            [
                Variant(OURS, _ours(inputs.together, is_in_order=True), many),
                Variant("stock SDK target", _peer(_stock, inputs.together), few),
            ],
        ),
    ]


def _case(name: str, title: str, variants: list[Variant], calls: int = 1) -> Comparison:
    ideal = WORKERS / LATENCY / calls
    return Comparison(name, title, CALLING_RATE, variants, overlap(OURS), ideal=ideal, note=NOTE)


def _ours(
    given: Callable[[int], Path],
    books: Callable[[], ledgers.Books] | None = None,
    *,
    is_in_order: bool = False,
) -> Callable[[int], Cost]:
    """The target over an empty ledger, or over one that knows everybody."""

    def run(amount: int) -> Cost:
        known = books() if books else None
        with stub(latency=LATENCY, book=known.contacts if known else None) as vendors:
            ledger = ledgers.copied(known.ledger, vendors) if known else ledgers.empty()
            more = {"concurrent_requests": WORKERS, "visits_since": inputs.LONG_AGO}
            config = inputs.of_target(vendors.url, ledger, **more)
            cost = cost_of([*TARGET, "--config", config], stdin=given(amount), by=vendors)
            if is_in_order:
                check_order(vendors, amount // inputs.OF_EACH * (inputs.OF_EACH - 1))
            return cost

    return run


def check_order(vendors: Stub, visits: int) -> None:
    """A rate that is reached by not waiting for the create, or for the visit before, is none."""
    order = vendors.ask("order")
    if order != {"visits": visits, "misplaced": 0}:
        raise FailedError(f"{visits} visits were to be posted in their order, but the stub saw {order}")


def _peer(
    command: Callable[[Stub], list[str]],
    given: Callable[[int], Path],
    books: Callable[[], ledgers.Books] | None = None,
) -> Callable[[int], Cost]:
    def run(amount: int) -> Cost:
        with stub(latency=LATENCY, book=books().contacts if books else None) as vendors:
            return cost_of(command(vendors), stdin=given(amount), by=vendors)

    return run


def _stock(vendors: Stub) -> list[str]:
    return [*STOCK_TARGET, "posting", "--config", inputs.settings("stock", api_url=f"{vendors.url}/v1")]


def _dlt(vendors: Stub) -> list[str]:
    return [*DLT, "write", vendors.url]
