"""What one check found, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_booker.errors import BookerError

OK, WARN, FAIL = "ok", "warn", "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line.

    Attributes:
        name: What was checked.
        state: `ok`, `warn` or `FAIL`.
        finding: What is so, without personal data and without secrets.
        what_to_do: In sentences; empty when there is nothing to do.
        code: Code of the catalogue, None where none fits.
        exit_code: What a failure asks for; 0 for all else.
    """

    name: str
    state: str
    finding: str
    what_to_do: str = ""
    code: str | None = None
    exit_code: int = 0

    def as_dict(self) -> dict[str, str | None]:
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


def fail(name: str, failure: BookerError, what_to_do: str = "") -> Finding:
    """A run would end, or lose a location, so; the catalogue advises unless there is better advice."""
    advice = what_to_do or failure.action
    return Finding(name, FAIL, failure.happened.rstrip("."), advice, failure.code, failure.exit_code)


def worst(findings: Iterable[Finding]) -> int:
    """The exit code: 0 when nothing failed, 2 when a person must mend a setting, else 1."""
    return max((one.exit_code for one in findings), default=0)


def verdict(findings: Iterable[Finding]) -> str:
    """The last line."""
    states = [one.state for one in findings]
    failures, warnings = states.count(FAIL), states.count(WARN)
    if failures:
        return f"Not ready: {failures} failed, {warnings} to look at"
    return f"Ready, {warnings} to look at" if warnings else "All is well"
