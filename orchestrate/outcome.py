"""What became of a run, by its own log: Meltano turns every exit code but 0 into 1.

The log and not the ledger's last run, since that may be another one: when the tap is dead the ledger says 0,
and a run that never began has left nothing there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

FAILURE = re.compile(r"\[critical *\] +(?:tap-booker|target-referrizer) +((?:BKR|RFZ)-\d{3}) (.+)")
ADVICE = " What to do: "
UNDER_WAY = "ignore this check using the"  # Meltano's words on a second run of one state id
UNINSTALLED = "been installed yet using"  # likewise, on a plugin whose program is not there
READER_GONE = "BKR-901"  # says only that the target had something to say


class Verdict(IntEnum):
    """How a run ended, from good to bad: what is to be done next."""

    DONE = 0
    AGAIN = 1
    FAILED = 2
    PERSON = 3

    @property
    def words(self) -> str:
        """As people read it."""
        return {0: "done", 1: "try again", 2: "failed", 3: "needs a person"}[self]


VERDICTS = (
    (r"BKR-[12]..", Verdict.PERSON),  # exit code 2: settings, credentials
    (r"BKR-3..", Verdict.AGAIN),  # Booker unavailable, slow, or the quota spent
    (r"RFZ-1..", Verdict.PERSON),  # 2: settings, token, another account
    (r"RFZ-3..", Verdict.PERSON),  # 3: done, but something waits for somebody
    (r"RFZ-401", Verdict.AGAIN),  # 4: another run holds the ledger
    (r"RFZ-501", Verdict.PERSON),  # 5: the brake
    (r"RFZ-60.", Verdict.AGAIN),  # 6: Referrizer unavailable, and runs that were stopped
)


@dataclass(frozen=True)
class Outcome:
    """How the run of one location ended.

    Attributes:
        name: Of the location.
        verdict: What is to be done next.
        code: Code of the error catalogue, empty where it has none.
        what: What happened.
        todo: What to do.
    """

    name: str
    verdict: Verdict
    code: str = ""
    what: str = ""
    todo: str = ""

    def __str__(self) -> str:
        said = " ".join(part for part in (self.code, self.what) if part)
        return f"{said}.{ADVICE}{self.todo}" if self.todo else said


def verdict_of(code: str) -> Verdict:
    """What a code of the catalogue asks for."""
    return next((verdict for like, verdict in VERDICTS if re.fullmatch(like, code)), Verdict.FAILED)


def outcome(name: str, ended: int, log: str) -> Outcome:
    """How a run ended, given Meltano's exit code and what it wrote.

    Where several things went wrong, the one counts that asks for most.
    """
    if ended == 0:
        return Outcome(name, Verdict.DONE)
    found = [_failure(name, *match.groups()) for match in FAILURE.finditer(log)]
    said = [one for one in found if one.code != READER_GONE] or found
    if said:
        return max(said, key=lambda one: one.verdict)
    if UNDER_WAY in log:
        return Outcome(name, Verdict.AGAIN, "", "another run of this location is under way")
    if UNINSTALLED in log:
        text = "the plugins are not installed"
        return Outcome(name, Verdict.PERSON, "", text, "Run `meltano install` in the project, once")
    if ended < 0:
        return Outcome(name, Verdict.FAILED, "", f"Meltano was ended by signal {-ended}")
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "[error" in line] or lines[-1:]
    last = errors[0].partition("] ")[2] or errors[0] if errors else "it said nothing"
    return Outcome(name, Verdict.FAILED, "", f"Meltano ended with {ended}: {' '.join(last.split())[:200]}")


def _failure(name: str, code: str, text: str) -> Outcome:
    what, _, todo = text.partition(ADVICE)
    return Outcome(name, verdict_of(code), code, what.strip().rstrip("."), todo.strip())
