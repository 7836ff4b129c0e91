"""Documents that name things which exist."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
import yaml

from sandbox.booker import BookerSwitches
from sandbox.referrizer import ReferrizerSwitches
from target_referrizer import errors

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = ["README.md", "CHANGELOG.md", "docs/assumptions.md", "docs/operating.md"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(checkout: Path, name: str) -> None:
    place = checkout / name
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", place.read_text())
    assert [link for link in links if "://" not in link and not (place.parent / link).exists()] == []


def test_every_switch_of_the_sandbox_stands_among_the_assumptions(checkout: Path) -> None:
    text = (checkout / "docs/assumptions.md").read_text()
    switches = [field.name for vendor in (BookerSwitches, ReferrizerSwitches) for field in fields(vendor)]
    assert [name for name in switches if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", ["docs/assumptions.md", "README.md"])
def test_settings_that_are_named_exist(checkout: Path, name: str) -> None:
    document = yaml.safe_load((checkout / "meltano.yml").read_text())
    known = {
        s["name"] for kind in document["plugins"].values() for plugin in kind for s in plugin["settings"]
    }
    known |= {field.name for vendor in (BookerSwitches, ReferrizerSwitches) for field in fields(vendor)}
    known |= set(CONTRACT)
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)(?:: [^`]*)?`", (checkout / name).read_text())
    assert [word for word in named if word not in known] == []


CONTRACT = ("offline_access", "first_run", "is_time_inferred", "stream_maps", "check_ins", "last_visit_at")


def test_the_readme_is_short(checkout: Path) -> None:
    assert len((checkout / "README.md").read_text().splitlines()) <= 120


def test_every_exit_code_is_explained(checkout: Path) -> None:
    table = re.findall(r"^\| (\d+) \|", (checkout / "docs/operating.md").read_text(), re.MULTILINE)
    classes = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")
    ]
    assert {str(kind.exit_code) for kind in classes} <= set(table)
