"""Why each cost grows as it does; said only where it does."""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """An explanation of what `bench.fitting` is expected to find.

    Attributes:
        verdict: What it explains.
        text: How.
        less: Why it may be less than linear, where it may.
    """

    verdict: str
    text: str
    less: str = ""

    def of(self, found: str) -> str:
        """The explanation, if that is what was found."""
        if found == self.verdict:
            return self.text
        return self.less if self.less and found == LESS else f"{self.verdict} was expected; not explained"


LINEAR, LESS, FLAT = "linear", "not linear: less", "flat"
_ROUNDED = "a page that is not full is a call too, and few contacts fill few pages"
FIRST, REFRESH, HOUR = "first load", "full refresh", "hour with 1 % changed"
_PAGES = Cause(
    LINEAR,
    "a page for each hundred contacts; check-ins by slices of 30 days, a page for each hundred of a slice. "
    "The one page that each slice has at least, also without any, is the fixed part",
    _ROUNDED,
)
_PORTIONS = Cause(FLAT, "records pass through in portions")
_CHANGED = Cause(LINEAR, "the changed ones, the check-ins of seven days, and aging, one pass in the database")
CAUSES = {
    (FIRST, "booker_calls"): _PAGES,
    (FIRST, "referrizer_calls"): Cause(
        LINEAR,
        "one write for each new contact. The index is read once, a page for each hundred that Referrizer has "
        "already: none here",
    ),
    (FIRST, "cpu"): Cause(LINEAR, "each record is validated, stored, matched, sent and confirmed"),
    (FIRST, "wall"): Cause(LINEAR, "one write for each contact, and Booker's pages before"),
    (FIRST, "memory_mb"): _PORTIONS,
    (FIRST, "ledger_mb"): Cause(LINEAR, "a row for each contact, check-in, link and event"),
    (REFRESH, "booker_calls"): _PAGES,
    (REFRESH, "referrizer_calls"): Cause(FLAT, "nothing differs, so nothing is sent"),
    (REFRESH, "cpu"): Cause(LINEAR, "each record is read, validated and compared"),
    (REFRESH, "wall"): Cause(LINEAR, "Booker's pages, and comparing"),
    (REFRESH, "memory_mb"): _PORTIONS,
    (REFRESH, "ledger_mb"): Cause(LINEAR, "it stays what the first load has made it"),
    (HOUR, "booker_calls"): Cause(
        LINEAR, "pages of what changed, and of the check-ins of seven days", _ROUNDED
    ),
    (HOUR, "referrizer_calls"): Cause(
        LINEAR, "a read and a write for each contact that changed or came, and a write for each visit"
    ),
    (HOUR, "cpu"): _CHANGED,
    (HOUR, "wall"): _CHANGED,
    (HOUR, "memory_mb"): _PORTIONS,
    (HOUR, "ledger_mb"): Cause(LINEAR, "it stays what the first load has made it, but for the news"),
}
"""By phase and quantity."""
