"""Runs that die in the middle."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from tests.target_referrizer.salon import singer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.target_referrizer.salon import Salon


class DiedError(BaseException):
    """The process is gone."""


def dies_at(salon: Salon, transaction: int, lines: Iterable[str]) -> bool:
    """Run, and die in this transaction of the ledger, before it is committed; False when the run ended first.

    A death before a commit is also the death after the commit before it: every place that a kill can leave a
    ledger in is one of these.
    """
    target = salon.target()
    ledger, begin, left = target.run.ledger, target.run.ledger.transaction, [transaction]

    def dying() -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise DiedError
        return begin()

    ledger.__dict__["transaction"] = dying
    try:
        target.listen(io.StringIO("\n".join(lines)))
    except DiedError:
        ledger.close()
        return True
    except SystemExit:
        pass
    return False


def died_within(
    salon: Salon,
    contacts: Iterable[Any],
    check_ins: Iterable[Any],
    transactions: range,
    *,
    before: Callable[[], object],
) -> Iterator[int]:
    """Let runs die in one transaction after the other, each followed by one that lives.

    Args:
        salon: Whose runs.
        contacts: Their input.
        check_ins: Their input.
        transactions: In which they die, until there are no more.
        before: Done before each of them.
    """
    lines = [*singer("contacts", contacts), *singer("check_ins", check_ins)]
    for step in transactions:
        before()
        died = dies_at(salon, step, lines)
        salon.run_lines(lines)
        yield step
        if not died:
            break
    assert step > 8
