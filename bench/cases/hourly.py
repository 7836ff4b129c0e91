"""The run of every hour: nothing new, and little new beside a long history.

Booker shows all check-ins of the last days anew each hour. The ledger knows them; they are read and compared.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bench import inputs, ledgers
from bench.comparing import Comparison
from bench.measuring import Cost, FailedError, cost_of, stub
from bench.programs import BARE_SDK, TAP, TARGET
from bench.shapes import CPU, Floor, Variant, memory, scaled
from bench.vendors import NOW, YEAR

if TYPE_CHECKING:
    from collections.abc import Callable

PORTION = 100
CONTACTS, NEWS = 200_000, 100
EACH, YEARS = 3, 4
"""Check-ins of each contact in a year, and so many years of them."""
TRAILING, HOUR = timedelta(days=7), timedelta(hours=1)
"""What the tap reads again, unless it is told otherwise."""
WRITES = ("POST contacts", "PUT contact", "POST visits")


def cases(scale: float) -> list[Comparison]:
    """Both plugins in a pipe, with the state and the ledger of a first load an hour before."""
    contacts = scaled(scale, PORTION)(CONTACTS)
    check_ins = contacts * EACH

    def year() -> ledgers.Books:
        return ledgers.loaded(contacts, check_ins)

    def hour(books: Callable[[], ledgers.Books], news: int) -> Callable[[int], Cost]:
        return _hour(books, contacts, check_ins, news)

    pipe, bare = "tap-booker | target-referrizer", "two times the bare Singer SDK"
    deep, shallow = f"{check_ins * YEARS:,} check-ins", "check-ins of a month"
    again = f"{_trailing(check_ins):,} check-ins of the last days are read again"
    return [
        Comparison(
            "empty_hour",
            f"An hour without news, {contacts:,} contacts in the ledger",
            CPU,
            [
                Variant(pipe, hour(year, news=0)),
                Variant(bare, lambda _: cost_of(BARE_SDK, BARE_SDK)),
            ],
            [Floor(pipe, 2.0, is_ceiling=True, unit="s"), memory(pipe)],
            note=f"The ledger has {check_ins:,} check-ins; {again}. The index of Referrizer is an hour old.",
        ),
        Comparison(
            "deep_history",
            f"An hour with {NEWS} new check-ins, {contacts:,} contacts in the ledger",
            CPU,
            [
                Variant(deep, hour(lambda: ledgers.deepened(year(), YEARS), NEWS)),
                Variant(shallow, hour(lambda: ledgers.recent(year()), NEWS)),
            ],
            [Floor(deep, 1.2, against=shallow, is_ceiling=True), memory(deep)],
            note=f"In both, {again}.",
        ),
    ]


def _hour(
    books: Callable[[], ledgers.Books], customers: int, check_ins: int, news: int
) -> Callable[[int], Cost]:
    """An hour after the first load, which has to be what the case says it is."""

    def run(_: int) -> Cost:
        before = books()
        later = (NOW + HOUR).isoformat()
        with stub(customers=customers, check_ins=check_ins, book=before.contacts) as vendors:
            vendors.ask("news", customers=0, check_ins=news)
            tap = [*TAP, "--config", inputs.of_tap(vendors.url, as_of=later), "--state", str(before.state)]
            target = inputs.of_target(vendors.url, ledgers.copied(before.ledger, vendors), as_of=later)
            cost = cost_of(tap, [*TARGET, "--config", target], by=vendors)
            shown = vendors.ask("shown")
        made = {kind: number for kind, number in cost.calls.items() if kind in (*WRITES, "GET contacts")}
        wanted = {"POST visits": news, "PUT contact": news} if news else {}
        if made != wanted:
            raise FailedError(f"an hour with {news} new check-ins made these calls: {cost.calls}")
        if shown < _trailing(check_ins):
            raise FailedError(
                f"{_trailing(check_ins)} check-ins were to be read again, but {shown} were shown"
            )
        return cost

    return run


def _trailing(check_ins: int) -> int:
    """So many of a year's are of the last days: it ended an hour before NOW, and the run is an hour after."""
    return int(check_ins * (TRAILING - 2 * HOUR) / YEAR)
