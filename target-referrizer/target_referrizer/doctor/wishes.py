"""The settings: what is wrong with them, and what can be used of them for the other checks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from target_referrizer import settings as rules
from target_referrizer import variables
from target_referrizer.doctor.finding import Finding, fail, ok, warn
from target_referrizer.errors import SettingsError, SettingsErrors
from target_referrizer.properties import PROPERTIES
from target_referrizer.settings import Settings
from target_referrizer.target import TargetReferrizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAME = "settings"
#: What the other checks cannot do without.
_ESSENTIAL = ("api_token", "api_url", "ledger_url", "source")
_ANYTHING = "-"


class Wishes:
    """A configuration, from files or else from the environment.

    Attributes:
        findings: What there is to say about it.
        settings: As good as can be made of it: what is wrong is left at its default.
        wrong: The settings that are wrong or missing.
    """

    def __init__(self, files: tuple[Path, ...]) -> None:
        self._schema = PROPERTIES.to_dict()
        TargetReferrizer.append_builtin_config(self._schema)
        self.findings: list[Finding] = []
        config = self._from_files(files) if files else self._from_environment()
        self.findings += self._judge(config)
        self.settings, self.wrong = _salvaged(config, self._schema)
        if not self.findings:
            self.findings.append(ok(NAME, f"all {len(config)} that are given can be used"))

    def _from_files(self, files: tuple[Path, ...]) -> dict[str, Any]:
        """The settings of these files, later ones over earlier ones."""
        config: dict[str, Any] = {}
        for file in files:
            try:
                config |= json.loads(file.read_text())
            except (OSError, TypeError, ValueError):
                error = SettingsError("RFZ-101", f"{file.name} cannot be read, or holds no JSON object")
                self.findings.append(fail(NAME, error))
        return config

    def _from_environment(self) -> dict[str, Any]:
        """The settings of `TARGET_REFERRIZER_*`, each read for itself."""
        config = variables.surplus(self._schema)
        for name, spec in self._schema["properties"].items():
            try:
                config |= variables.one(name, spec)
            except SettingsError as error:
                self.findings.append(fail(NAME, error))
        return config

    def _judge(self, config: Mapping[str, Any]) -> Iterator[Finding]:
        """One finding for each setting that is wrong, or is none."""
        for surplus in rules.unknown(config, self._schema):
            yield warn(NAME, surplus.what, surplus.entry.action, surplus.code)
        found = list(rules.problems(config, self._schema))
        well_formed = {key: value for key, value in config.items() if _has_form(self._schema, {key: value})}
        if "api_url" in set(config) - set(well_formed):  # as_of is not aimed at the address of the default
            well_formed["dry_run"] = True
        try:
            Settings.parse({"api_token": _ANYTHING, **well_formed})
        except SettingsErrors as errors:
            found += errors.errors
        except SettingsError as error:
            found.append(error)
        yield from (fail(NAME, error) for error in found)


def _salvaged(config: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Settings, set[str]]:
    """Settings without those that are wrong, and which those are."""
    good = {key: value for key, value in config.items() if _is_good(schema, {key: value})}
    if not _is_good(schema, good):  # each by itself is, and together they are not
        good = {key: value for key, value in good.items() if key in _ESSENTIAL}
    wrong = set(config) - set(good) | ({"api_token"} - set(good))
    usable = Settings.parse({"api_token": _ANYTHING, **good, "dry_run": True})
    return replace(usable, dry_run=good.get("dry_run") is True), wrong


def _is_good(schema: Mapping[str, Any], some: Mapping[str, Any]) -> bool:
    """Whether a configuration that holds just these would be accepted."""
    if not _has_form(schema, some):
        return False
    try:
        # dry_run, as `as_of` by itself would be aimed at the real account, the default address
        Settings.parse({"api_token": _ANYTHING, **some, "dry_run": True})
    except SettingsError:
        return False
    return True


def _has_form(schema: Mapping[str, Any], some: Mapping[str, Any]) -> bool:
    """Whether these have the types that the schema asks for."""
    return not list(rules.problems({"api_token": _ANYTHING, **some}, schema))
