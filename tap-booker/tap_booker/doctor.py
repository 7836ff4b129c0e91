"""What `booker-connect doctor` looks at: the settings, and with the right ones all that Booker shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.plugin_base import JSONSchemaValidator

from tap_booker import files, settings, validation
from tap_booker.check import examine
from tap_booker.errors import BookerError, SettingsError
from tap_booker.finding import Finding, fail, ok, warn
from tap_booker.run import Run
from tap_booker.tap import TapBooker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: A dead host costs so long, and no more: nothing is asked twice.
ANSWER_SECONDS = 6
NAME = "settings"
#: Stand in for the settings that must be given, where another one is judged by itself.
_REQUIRED = {"location_ids": [1], "subscription_key": "-", "client_id": "-", "client_secret": "-"}


class Doctor:
    """Settings from files or the environment, and what can be found out with them.

    Attributes:
        calls: Requests sent so far.
    """

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.calls = 0
        self._paths = paths or ("ENV",)
        TapBooker.append_builtin_config(settings.SCHEMA)

    def examine(self) -> Iterator[Finding]:
        """All findings, each as soon as it is known."""
        try:
            config = validation.tidy(self._config())
        except BookerError as failure:
            yield from _failures(failure)
            return
        findings = list(_judge(config))
        yield from findings or [ok(NAME, f"all {len(config)} that are given can be used")]
        good = {name: value for name, value in config.items() if _is_good(name, value)}
        if lacking := [name for name in _REQUIRED if name not in good]:
            yield warn(
                "address", f"not asked without a good {' and '.join(lacking)}", "Correct the settings."
            )
            return
        if "base_url" in set(config) - set(good) or _problems(good):
            yield warn("address", "not asked with such settings", "Correct the settings.")
            return
        yield from self._look(good)

    def _config(self) -> dict[str, Any]:
        """The settings as the tap reads them: the environment over files."""
        given = files.settings_of(self._paths)
        return {**given.config, **(TapBooker._env_var_config if given.parse_env else {})}  # noqa: SLF001  as the SDK

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
    alone = {**_REQUIRED, "base_url": "http://localhost", name: value}
    return name in settings.SCHEMA["properties"] and not _problems(alone)


def _judge(config: Mapping[str, Any]) -> Iterator[Finding]:
    """One finding for each setting that is wrong, or is none."""
    known = list(settings.SCHEMA["properties"])
    for surplus in validation.unknown(config, known):
        yield warn(NAME, surplus.happened.rstrip("."), "Correct or remove it.", surplus.code)
    for problem in _problems(config):
        yield fail(NAME, problem)


def _problems(config: Mapping[str, Any]) -> list[BookerError]:
    """Everything that is wrong with settings: what the schema sees, and of the rest what it cannot."""
    formed = {name: value for name, value in config.items() if not _malformed({**_REQUIRED, name: value})}
    whole = {**_REQUIRED, **formed}
    JSONSchemaValidator(settings.SCHEMA).validate(whole)  # fills the defaults in
    return _malformed(config) + list(validation.value_problems(whole, TapBooker.clock()))


def _malformed(config: Mapping[str, Any]) -> list[BookerError]:
    """What the schema sees; it fills in defaults as it looks, so it gets a copy."""
    return validation.schema_problems(JSONSchemaValidator(settings.SCHEMA).iter_errors(dict(config)))


def _failures(failure: BookerError) -> Iterator[Finding]:
    """A failure, or the several that it consists of."""
    several = failure.problems if isinstance(failure, SettingsError) else [failure]
    yield from (fail(NAME, one) for one in several)
