"""The target's README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from target_referrizer import schemas
from target_referrizer.cli import ledger_command
from target_referrizer.properties import PROPERTIES

README = (Path(__file__).parents[2] / "target-referrizer" / "README.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def _defaults() -> dict[str, str]:
    schema = PROPERTIES.to_dict()
    shown = {}
    for name, prop in schema["properties"].items():
        value = prop.get("default")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        shown[name] = "–" if value in (None, [], {}) else f"`{text}`"  # noqa: RUF001 - as the table has it
    shown |= dict.fromkeys(schema["required"], "required")
    return shown | {"groups": "Referrizer's rule, see below"}


def test_every_setting_stands_in_the_table_with_its_default_and_description() -> None:
    table = {name: (default, text) for name, default, text in ROW.findall(README) if name in _defaults()}
    described = {name: prop["description"] for name, prop in PROPERTIES.to_dict()["properties"].items()}
    assert table == {name: (default, described[name]) for name, default in _defaults().items()}


@pytest.mark.parametrize("stream", ["contacts", "check_ins"])
def test_every_field_of_the_contract_stands_in_its_table(stream: str) -> None:
    section = README.split(f"`{stream}`, key `id`")[1].split("\n\n")[1]
    named = {
        name
        for cell in re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert named == set(schemas.load(stream)["properties"])


def test_every_command_is_named() -> None:
    named = set(re.findall(r"^referrizer-ledger --config \w+.json (\w+)", README, re.MULTILINE))
    assert named == set(ledger_command.commands)


def test_the_articles_attributes_are_all_answered() -> None:
    table = README.split("## Referrizer's table of attributes")[1]
    rows = re.findall(
        r"^\| (.+?) \| (Synced initially, Hourly|Synced initially|Hourly|Yes|N/A) \| (.+) \|$",
        table,
        re.MULTILINE,
    )
    assert len(rows) == 31
    assert all(
        "sent" in answer or "read" in answer or "written" in answer
        for _, said, answer in rows
        if said == "N/A"
    )
