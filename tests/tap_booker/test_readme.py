"""The README says what the tap does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tap_booker import errors, schemas
from tap_booker.catalogue import CATALOGUE
from tap_booker.settings import SCHEMA

ROOM = Path(__file__).parents[2] / "tap-booker"
README = (ROOM / "README.md").read_text(encoding="utf-8")


def default_of(name: str, spec: dict[str, Any]) -> str:
    if name in SCHEMA["required"]:
        return "required"
    given = spec.get("default")
    if given is None:
        return ""
    return f"`{str(given).lower() if isinstance(given, bool) else given}`"


def test_the_settings_table_is_the_settings() -> None:
    builtin = ("stream_map", "faker_config", "flattening_")
    secret = {True: " Secret.", None: ""}
    wanted = [
        f"| `{name}` | {default_of(name, spec)} | {spec['description']}{secret[spec.get('secret')]} |"
        for name, spec in SCHEMA["properties"].items()
        if not name.startswith(builtin)
    ]
    table = README.split("| setting | default | meaning |\n|---|---|---|\n")[1].split("\n\n")[0]
    assert table.splitlines() == wanted


def test_the_failure_table_is_the_catalogue() -> None:
    table = README.split("| code | meaning | what to do |\n|---|---|---|\n")[1]
    assert table.splitlines() == [f"| {code} | {e.meaning} | {e.action} |" for code, e in CATALOGUE.items()]


@pytest.mark.parametrize("schema", [schemas.CONTACTS, schemas.CHECK_INS], ids=["contacts", "check_ins"])
def test_every_field_is_described(schema: dict[str, Any]) -> None:
    described = set(re.findall(r"`(\w+)`", README))
    assert set(schema["properties"]) <= described


def test_every_class_of_failure_has_an_entry_and_every_entry_a_use() -> None:
    classes = [found for found in vars(errors).values() if isinstance(found, type)]
    used = {found.code for found in classes if issubclass(found, errors.BookerError)}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOM / "tap_booker").glob("*.py"))
    assert used <= set(CATALOGUE)
    for code, entry in CATALOGUE.items():
        assert source.count(f'"{code}"') >= 2, f"{code} is never raised"
        assert entry.meaning.endswith(".")
        assert entry.action.endswith(".")


def test_no_module_is_longer_than_a_room() -> None:
    for path in (ROOM / "tap_booker").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path.name
