"""What `booker-connect doctor` looks at: the settings, and with the right ones all that Booker shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_booker import settings, validation
from tap_booker.check import examine
from tap_booker.errors import BookerError, SettingsError
from tap_booker.finding import Finding, fail, ok, warn
from tap_booker.given import REQUIRED, problems_of, settings_given
from tap_booker.run import Run
from tap_booker.tap import TapBooker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A dead host costs so long, and no more: nothing is asked twice.
ANSWER_SECONDS = 6
NAME = "settings"


class Doctor:
    """Settings from files or the environment, and what can be found out with them.

    Attributes:
        calls: Requests sent so far.
    """

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.calls = 0
        self._paths = paths
        TapBooker.append_builtin_config(settings.SCHEMA)

    def examine(self) -> Iterator[Finding]:
        """All findings, each as soon as it is known."""
        try:
            config = settings_given(self._paths)
        except BookerError as failure:
            yield from _failures(failure)
            return
        findings = list(_judge(config))
        yield from findings or [ok(NAME, f"all {len(config)} that are given can be used")]
        good = {name: value for name, value in config.items() if _is_good(name, value)}
        if lacking := [name for name in REQUIRED if name not in good]:
            yield warn(
                "address", f"not asked without a good {' and '.join(lacking)}", "Correct the settings."
            )
            return
        if "base_url" in set(config) - set(good) or problems_of(good):
            yield warn("address", "not asked with such settings", "Correct the settings.")
            return
        yield from self._look(good)

    def _look(self, good: dict[str, Any]) -> Iterator[Finding]:
        """All that Booker shows. The tap is made for its handling of signals: no refresh token gets lost."""
        whole = dict(TapBooker(config=good).config)
        whole["request_timeout"] = min(whole["request_timeout"], ANSWER_SECONDS)
        run = Run(whole, TapBooker.clock, sleep=None)
        try:
            yield from examine(run)
        finally:
            run.close()
            self.calls = run.report.calls


def _is_good(name: str, value: object) -> bool:
    """Whether there is such a setting and it could be used; `as_of` is not for the default address."""
    alone = {**REQUIRED, "base_url": "http://localhost", name: value}
    return name in settings.SCHEMA["properties"] and not problems_of(alone)


def _judge(config: Mapping[str, Any]) -> Iterator[Finding]:
    """One finding for each setting that is wrong, or is none."""
    known = list(settings.SCHEMA["properties"])
    for surplus in validation.unknown(config, known):
        yield warn(NAME, surplus.happened.rstrip("."), "Correct or remove it.", surplus.code)
    for problem in problems_of(config):
        yield fail(NAME, problem)


def _failures(failure: BookerError) -> Iterator[Finding]:
    """A failure, or the several that it consists of."""
    several = failure.problems if isinstance(failure, SettingsError) else [failure]
    yield from (fail(NAME, one) for one in several)
