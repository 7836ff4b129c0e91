"""What the README of many locations names is there."""

from __future__ import annotations

import re
import shlex

import pytest

from demo.project import CHECKOUT
from orchestrate.__main__ import _parser
from orchestrate.locations import KEYS

README = (CHECKOUT / "orchestrate/README.md").read_text()
DAG = (CHECKOUT / "orchestrate/dags/booker_referrizer.py").read_text()
COMMANDS = sorted(
    set(re.findall(r"`python -m orchestrate ([^`]+)`", README + (CHECKOUT / "docs/operating.md").read_text()))
)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    assert _parser().parse_args(shlex.split(command)).does


def test_every_command_stands_there() -> None:
    assert {shlex.split(one.replace("--environment production ", ""))[0] for one in COMMANDS} == {
        "list",
        "run",
        "status",
        "exec",
    }


def test_keys_variables_and_dags_are_those_of_the_code() -> None:
    table = README.partition("## The file")[2].partition("##")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(KEYS)
    variables = r"BOOKER_REFERRIZER_[A-Z_]+"
    assert set(re.findall(variables, README)) == set(re.findall(variables, DAG))
    declared = re.findall(r'^_passes\("(\w+)"|^def (booker_referrizer\w*)', DAG, re.MULTILINE)
    assert set(re.findall(r"^\| `(booker_referrizer\w*)` \|", README, re.MULTILINE)) == {
        name for pair in declared for name in pair if name
    }
    [pool] = re.findall(r'^POOL = "(\w+)"', DAG, re.MULTILINE)
    assert f"`airflow pools set {pool} " in README
