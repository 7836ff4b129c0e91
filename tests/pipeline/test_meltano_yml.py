"""meltano.yml says about the plugins what the plugins say about themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tap_booker.connect import connect
from target_referrizer.cli import ledger_command

KINDS = {
    "string": {"string", "options", "date_iso8601"},
    "integer": {"integer"},
    "boolean": {"boolean"},
    "array": {"array"},
    "object": {"object"},
}
# The SDK's own, for mapping and flattening: a Meltano user sets them by name without a declaration.
BUILT_IN = ("stream_map", "faker_config", "flattening_", "batch_config", "add_record_metadata", "load_method")
BUILT_IN_TOO = ("batch_size_rows", "validate_records", "process_activate_version_messages")


@pytest.fixture(scope="module")
def declared(checkout: Path) -> dict[str, dict[str, Any]]:
    document = yaml.safe_load((checkout / "meltano.yml").read_text())
    return {plugin["name"]: plugin for kind in document["plugins"].values() for plugin in kind}


@cache
def about(name: str) -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name(name)), "--about", "--format=json"]
    said: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return said


def own_settings(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = about(name)["settings"]["properties"]
    return {key: value for key, value in properties.items() if not key.startswith(BUILT_IN + BUILT_IN_TOO)}


PLUGINS = pytest.mark.parametrize("name", ["tap-booker", "target-referrizer"])


@PLUGINS
def test_every_setting_is_declared_and_no_other(name: str, declared: dict[str, Any]) -> None:
    assert {setting["name"] for setting in declared[name]["settings"]} == set(own_settings(name))


@PLUGINS
def test_kinds_fit_the_types(name: str, declared: dict[str, Any]) -> None:
    own = own_settings(name)
    for setting in declared[name]["settings"]:
        types = own[setting["name"]].get("type", "string")
        fitting = set().union(*(KINDS.get(t, set()) for t in ([types] if isinstance(types, str) else types)))
        assert setting["kind"] in fitting, setting["name"]


@PLUGINS
def test_defaults_are_those_of_the_plugin(name: str, declared: dict[str, Any]) -> None:
    own = own_settings(name)
    for setting in declared[name]["settings"]:
        if "value" in setting and setting["name"] != "ledger_url":
            assert setting["value"] == own[setting["name"]].get("default"), setting["name"]


@PLUGINS
def test_every_setting_has_a_label_and_a_description(name: str, declared: dict[str, Any]) -> None:
    assert all(setting.get("label") and setting.get("description") for setting in declared[name]["settings"])


@PLUGINS
def test_secrets_are_marked(name: str, declared: dict[str, Any]) -> None:
    secret = {key for key, value in own_settings(name).items() if value.get("secret")}
    assert {setting["name"] for setting in declared[name]["settings"] if setting.get("sensitive")} == secret


@PLUGINS
def test_capabilities_are_those_that_the_plugin_has(name: str, declared: dict[str, Any]) -> None:
    assert set(declared[name]["capabilities"]) <= set(about(name)["capabilities"])
    assert "structured-logging" in declared[name]["capabilities"]


def test_state_reaches_the_tap(declared: dict[str, Any]) -> None:
    assert {"state", "catalog", "discover"} <= set(declared["tap-booker"]["capabilities"])


def test_every_command_of_the_ledger_can_be_invoked(declared: dict[str, Any]) -> None:
    commands = declared["target-referrizer"]["commands"]
    assert set(commands) == set(ledger_command.commands)
    for name, command in commands.items():
        assert (command["executable"], command["args"]) == ("referrizer-ledger", name)


def test_every_command_of_the_way_to_booker_can_be_invoked(declared: dict[str, Any]) -> None:
    commands = declared["tap-booker"]["commands"]
    names = {"connect": "sign-in", "doctor": "doctor"}
    assert set(names.values()) == set(connect.commands)
    assert {name: command["args"] for name, command in commands.items()} == names
    assert {command["executable"] for command in commands.values()} == {"booker-connect"}


def test_nothing_is_reported_and_nothing_is_written_back(checkout: Path) -> None:
    document = yaml.safe_load((checkout / "meltano.yml").read_text())
    assert document["send_anonymous_usage_stats"] is False
    assert document["default_environment"] == "sandbox"
    assert document["project_id"]  # Meltano would write one of its own into the file


def test_no_plugin_is_one_of_the_hubs(declared: dict[str, Any]) -> None:
    assert all(plugin["namespace"] and plugin["pip_url"] for plugin in declared.values())
