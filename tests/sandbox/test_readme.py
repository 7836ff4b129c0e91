"""The manual names all that there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from sandbox import Sandbox
from sandbox.server.faults import KINDS, Rule

README = (Path(__file__).parents[2] / "sandbox" / "README.md").read_text()


def test_every_special_person_and_fault_and_option_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", README))
    assert set(Sandbox(contacts=0).salon.people) - named == set()
    assert set(KINDS) - named == set()
    options = {f"{field.name}=" for field in fields(Rule) if field.init} - {"kind="}
    assert {option for option in options if option not in README} == set()
