"""The run of every hour: nothing new, and little new beside a long history."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bench import inputs, ledgers
from bench.comparing import Comparison
from bench.measuring import Cost, FailedError, cost_of, stub
from bench.programs import BARE_SDK, TAP, TARGET
from bench.shapes import CPU, Floor, Variant, scaled
from bench.vendors import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

PORTION = 100
CONTACTS, NEWS = 200_000, 100
FEW, MANY = 3, 10
"""Check-ins of each contact."""
WRITES = ("POST contacts", "PUT contact", "POST visits")


def cases(scale: float) -> list[Comparison]:
    """Both plugins in a pipe, with the state and the ledger of a first load an hour before."""
    contacts = scaled(scale, PORTION)(CONTACTS)

    def books(times: int) -> Callable[[], ledgers.Books]:
        return lambda: ledgers.deepened(ledgers.loaded(contacts, contacts), times)

    pipe = "tap-booker | target-referrizer"
    deep, shallow = f"{contacts * MANY:,} check-ins", f"{contacts:,} check-ins"
    return [
        Comparison(
            "empty_hour",
            f"An hour without news, {contacts:,} contacts in the ledger",
            CPU,
            [
                Variant(pipe, _hour(books(FEW), contacts, news=0)),
                Variant("two times the bare Singer SDK", lambda _: cost_of(BARE_SDK, BARE_SDK)),
            ],
            [Floor(pipe, 2.0, is_ceiling=True, unit="s")],
            note=f"The ledger has {contacts * FEW:,} check-ins, and the index of Referrizer is an hour old.",
        ),
        Comparison(
            "deep_history",
            f"An hour with {NEWS} new check-ins, {contacts:,} contacts in the ledger",
            CPU,
            [
                Variant(deep, _hour(books(MANY), contacts, NEWS)),
                Variant(shallow, _hour(books(1), contacts, NEWS)),
            ],
            [Floor(deep, 1.2, against=shallow, is_ceiling=True)],
        ),
    ]


def _hour(books: Callable[[], ledgers.Books], customers: int, news: int) -> Callable[[int], Cost]:
    """An hour after the first load, which has to be what the case says it is."""

    def run(_: int) -> Cost:
        before = books()
        later = (NOW + timedelta(hours=1)).isoformat()
        with stub(customers=customers, book=before.contacts) as vendors:
            vendors.ask("news", customers=0, check_ins=news)
            tap = [*TAP, "--config", inputs.of_tap(vendors.url, as_of=later), "--state", str(before.state)]
            target = inputs.of_target(vendors.url, ledgers.copied(before.ledger, vendors), as_of=later)
            cost = cost_of(tap, [*TARGET, "--config", target], by=vendors)
        made = {kind: number for kind, number in cost.calls.items() if kind in (*WRITES, "GET contacts")}
        wanted = {"POST visits": news, "PUT contact": news} if news else {}
        if made != wanted:
            raise FailedError(f"an hour with {news} new check-ins made these calls: {cost.calls}")
        return cost

    return run
