"""`--about` describes every setting, in every form, as the plugin has it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner

from tap_booker.tap import TapBooker
from target_referrizer.target import TargetReferrizer

PLUGINS: dict[str, Any] = {"tap-booker": TapBooker, "target-referrizer": TargetReferrizer}
FORMS = ["text", "markdown"]
EACH = pytest.mark.parametrize("name", PLUGINS)


def about(name: str, *arguments: str) -> str:
    done = CliRunner().invoke(PLUGINS[name].get_singer_command(), ["--about", *arguments])
    assert done.exit_code == 0
    return done.stdout


def entries(name: str, form: str) -> dict[str, str]:
    """What is said of each setting, on one line and without marks."""
    text = about(name, "--format", form)
    if form == "markdown":
        found = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    else:
        found = re.findall(r"^(\w+): ((?:.+\n?)*)", text.split("\n\n", 3)[3], re.MULTILINE)
    return {one: " ".join(said.replace("`", "").split()) for one, said in found}


def known(name: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(about(name, "--format=json"))["settings"]
    return settings


@EACH
@pytest.mark.parametrize("form", FORMS)
def test_every_setting_is_described_with_default_choices_and_secrecy(name: str, form: str) -> None:
    settings, said = known(name), entries(name, form)
    assert list(said) == list(settings["properties"])
    for one, spec in settings["properties"].items():
        assert " ".join(spec["description"].replace("`", "").split()).rstrip(".") in said[one], one
        assert f"{name.upper().replace('-', '_')}_{one.upper()}" in said[one]
        head = said[one].split(spec["description"][:12].replace("`", ""))[0]
        assert ("secret" in head) == bool(spec.get("secret")), one
        assert ("required" in head) == (one in settings["required"]), one
        default = spec.get("default")
        shown = default if isinstance(default, str) else json.dumps(default)
        assert (f"default {shown}" in head) == (default is not None), one
        choices = [word for word in spec.get("enum", []) if word]
        assert not choices or " or ".join(choices) in head, one


@EACH
@pytest.mark.parametrize("form", FORMS)
def test_defaults_are_those_that_a_run_has(name: str, form: str) -> None:
    given = {
        "location_ids": [1],
        "subscription_key": "k",
        "client_id": "c",
        "client_secret": "s",
        "api_token": "t",
    }
    plugin = PLUGINS[name](config={k: v for k, v in given.items() if k in known(name)["properties"]})
    said = entries(name, form)
    for one, value in plugin.config.items():
        if (
            one not in given
            and value is not None
            and not one.startswith(("stream_map", "flattening", "faker"))
        ):
            assert f"default {value if isinstance(value, str) else json.dumps(value)}" in said[one]


@EACH
def test_capabilities_are_named_in_every_form(name: str) -> None:
    wanted = json.loads(about(name, "--format=json"))["capabilities"]
    for form in FORMS:
        assert f"Capabilities: {', '.join(wanted)}" in " ".join(
            about(name, "--format", form).replace("`", "").split()
        )


@EACH
def test_without_a_form_it_is_text_that_fits_the_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert about(name) == about(name, "--format=text")
    monkeypatch.setenv("COLUMNS", "40")
    for line in about(name).splitlines():
        assert len(line) <= 40 or max(map(len, line.split())) > 20, line


@EACH
def test_the_table_is_one_that_markdown_reads(name: str) -> None:
    rows = [line for line in about(name, "--format=markdown").splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5}
