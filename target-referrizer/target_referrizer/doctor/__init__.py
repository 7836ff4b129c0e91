"""The doctor: looks at settings, account and ledger, and says of each whether a run can do its work.

It only reads: every call to Referrizer is a GET, and a ledger is opened so that nothing of it can change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_referrizer.doctor import work
from target_referrizer.doctor.books import Books
from target_referrizer.doctor.finding import Finding, ok, verdict, warn, worst
from target_referrizer.doctor.remote import Remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from target_referrizer.doctor.wishes import Wishes

__all__ = ["Finding", "examine", "verdict", "worst"]

SETTINGS_FIRST = "Correct the settings above, and run this again."


def examine(wishes: Wishes, now: Callable[[], datetime], monotonic: Callable[[], float]) -> Iterator[Finding]:
    """All checks, each made whatever the ones before have found, as far as its settings are right.

    Args:
        wishes: The configuration.
        now: The machine's clock.
        monotonic: Seconds that only grow.
    """
    settings, wrong = wishes.settings, wishes.wrong
    total: int | None = None
    yield from wishes.findings
    if lacking := sorted(wrong & {"api_token", "api_url"}):
        yield warn("address", f"not asked without a good {' and '.join(lacking)}", SETTINGS_FIRST)
    else:
        remote = Remote(settings, now, monotonic)
        yield from remote.examine(with_fields="field_map" not in wrong)
        total = remote.total
    names = []
    if lacking := sorted(wrong & {"ledger_url", "source"}):
        yield warn("ledger", f"not looked at without a good {' and '.join(lacking)}", SETTINGS_FIRST)
    else:
        for finding in Books(settings, settings.as_of or now(), wrong, total).examine():
            names.append(finding.name)
            yield finding
    if work.INTERVAL not in names:
        yield ok(work.INTERVAL, work.hint(settings))
