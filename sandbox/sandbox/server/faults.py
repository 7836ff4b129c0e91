"""A list of when which fault happens, decided by counting or by a seeded die, never by chance."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from random import Random
from threading import Lock
from typing import Any, Literal, get_args

Kind = Literal[
    "401",
    "403",
    "404",
    "429",
    "500",
    "503",
    "504",
    "timeout_before",
    "timeout_after",
    "cut_before",
    "cut_after",
    "empty_object",
    "empty_body",
    "short_page",
    "fault_100000",
    "expired_token",
]
KINDS: tuple[str, ...] = get_args(Kind)
#: Kinds that keep a request from taking effect: an HTTP status, an empty answer, or a break before it.
BEFORE = frozenset(kind for kind in KINDS if kind.isdigit() or kind.startswith("empty") or "before" in kind)


@dataclass
class Rule:
    """One rule. It looks at the requests that fit `vendor`, `method` and `path`, and counts them from 1.

    Attributes:
        kind: What happens; one of `KINDS`. "before" and "after" say whether the request took effect.
        vendor: ``booker`` or ``referrizer``; None for both.
        method: HTTP method; None for all.
        path: Regular expression that is searched in the path; None for all.
        nth: Happens at this matching request (or at each of these).
        every: Happens at every k-th matching request.
        probability: Happens with this probability, from a die seeded with `seed`.
        times: Happens at most so often; None for no limit.
        retry_after: Seconds in a ``Retry-After`` header, for 403, 429, 503 and 504.
        hang: Real seconds that a timeout fault holds the connection before it closes it.
        record_id: For ``fault_100000``: only answers that hold this record fail, whatever the page size.
        seed: Seed of the die.

    Without `nth`, `every` and `probability` it happens at every matching request.
    """

    kind: str
    vendor: str | None = None
    method: str | None = None
    path: str | None = None
    nth: int | list[int] | None = None
    every: int | None = None
    probability: float | None = None
    times: int | None = None
    retry_after: int | None = None
    hang: float = 30.0
    record_id: int | None = None
    seed: int = 0
    seen: int = field(default=0, init=False)
    happened: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist."""
        if self.kind not in KINDS:
            message = f"unknown kind of fault {self.kind!r}; known: {', '.join(KINDS)}"
            raise ValueError(message)
        self._die = Random(self.seed)  # noqa: S311 - a fault plan must be the same for the same seed
        self._path = re.compile(self.path or "")

    def fits(self, vendor: str, method: str, path: str) -> bool:
        """Whether the rule looks at such a request at all."""
        same = self.vendor in {None, vendor} and (self.method or method).upper() == method
        return same and self._path.search(path) is not None

    def strikes(self) -> bool:
        """Count one matching request, and say whether the fault happens at it."""
        self.seen += 1
        if self.times is not None and self.happened >= self.times:
            return False
        struck = self._chosen()
        self.happened += struck
        return struck

    def _chosen(self) -> bool:
        if self.nth is not None:
            return self.seen in (self.nth if isinstance(self.nth, list) else [self.nth])
        if self.every is not None:
            return self.seen % self.every == 0
        return self.probability is None or self._die.random() < self.probability


class Faults:
    """The rules in force. The first rule that strikes a request decides; all fitting rules count it."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._lock = Lock()

    def add(self, kind: Kind | str, **options: Any) -> Rule:
        """Add a rule; the options are the attributes of `Rule`. Returns it, with its counts.

        Raises:
            ValueError: The kind or an option does not exist.
        """
        known = {f.name for f in fields(Rule) if f.init} - {"kind"}
        if unknown := options.keys() - known:
            message = (
                f"unknown options of a fault: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
            )
            raise ValueError(message)
        rule = Rule(str(kind), **options)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Take all rules away."""
        self.rules.clear()

    def choose(self, vendor: str, method: str, path: str) -> Rule | None:
        """The rule that strikes this request, or None. Rules on a broken record are asked by `breaks`."""
        with self._lock:
            fitting = [
                rule for rule in self.rules if rule.record_id is None and rule.fits(vendor, method, path)
            ]
            struck = [rule for rule in fitting if rule.strikes()]
        return struck[0] if struck else None

    def breaks(self, vendor: str, method: str, path: str, rows: tuple[int, ...]) -> bool:
        """Whether a rule on a broken record makes an answer with these records fail."""
        with self._lock:
            broken = [r for r in self.rules if r.record_id in rows and r.fits(vendor, method, path)]
            struck = [rule for rule in broken if rule.strikes()]
        return bool(struck)
