"""Nothing stands in the manual that does not run."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from sandbox import Sandbox
from sandbox.server.faults import KINDS, Rule

README = (Path(__file__).parents[2] / "sandbox" / "README.md").read_text()


def test_every_example_runs() -> None:
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})


def test_every_special_person_and_fault_and_option_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", README))
    assert set(Sandbox(contacts=0).salon.people) - named == set()
    assert set(KINDS) - named == set()
    options = {f"{field.name}=" for field in fields(Rule) if field.init} - {"kind="}
    assert {option for option in options if option not in README} == set()
