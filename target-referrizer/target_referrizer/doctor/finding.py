"""What one check of the doctor found, and which exit code all of them together stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_referrizer.errors import TargetError

OK, WARN, FAIL = "ok", "warn", "FAIL"

#: Exit codes by who has to act: whoever owns the settings, whoever owns the machine, nobody but time.
_BY_URGENCY = (2, 1, 6)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor.

    Attributes:
        name: What was checked.
        state: `ok`, `warn` or `FAIL`.
        finding: What is so, without personal data and without secrets.
        what_to_do: In sentences; empty when there is nothing to do.
        code: Code of the error catalogue, None where none fits.
        exit_code: What a failure asks for; 0 for all else.
    """

    name: str
    state: str
    finding: str
    what_to_do: str = ""
    code: str | None = None
    exit_code: int = 0

    def as_json(self) -> dict[str, str | None]:
        """The finding for scripts."""
        return {
            "name": self.name,
            "state": self.state,
            "finding": self.finding,
            "what_to_do": self.what_to_do,
            "code": self.code,
        }

    def line(self) -> str:
        """The finding for people."""
        code = f"{self.code} " if self.code else ""
        stop = "" if self.finding.endswith("?") else "."
        advice = f"{stop} What to do: {self.what_to_do}" if self.what_to_do else ""
        return f"{self.state:<4}  {self.name}: {code}{self.finding}{advice}"


def ok(name: str, finding: str) -> Finding:
    """All is as it should be."""
    return Finding(name, OK, finding)


def warn(name: str, finding: str, what_to_do: str, code: str | None = None) -> Finding:
    """A run can do its work, and a person should know this."""
    return Finding(name, WARN, finding, what_to_do, code)


def fail(name: str, error: TargetError, what_to_do: str = "") -> Finding:
    """A run cannot do its work.

    Args:
        name: What was checked.
        error: What a run would end with.
        what_to_do: Better advice than the catalogue's, where there is some.
    """
    return Finding(name, FAIL, error.what, what_to_do or error.entry.action, error.code, error.exit_code)


def worst(findings: Iterable[Finding]) -> int:
    """The exit code of the most urgent failure, 0 without one."""
    codes = {one.exit_code for one in findings}
    return next((code for code in _BY_URGENCY if code in codes), 0)


def verdict(findings: Iterable[Finding]) -> Iterator[str]:
    """The last line, for people."""
    states = [one.state for one in findings]
    failures, warnings = states.count(FAIL), states.count(WARN)
    if failures:
        yield f"Not ready: {failures} failed, {warnings} to look at"
    else:
        yield f"Ready, {warnings} to look at" if warnings else "All is well"
