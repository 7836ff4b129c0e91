"""What the documents say of a version is what the tests run."""

from __future__ import annotations

import re

from tests.pipeline.blocks import text_of

from demo.project import CHECKOUT

PINNED = {
    tuple(line.split("==")[:2])
    for pins in CHECKOUT.glob("tests/foreign/pins/*.txt")
    for line in pins.read_text(encoding="utf-8").splitlines()
}


def test_versions_of_others_plugins_that_documents_name_are_those_that_are_tried() -> None:
    table = re.findall(r"^\| `([a-z-]+)` ([\d.]+) \|", text_of("tap-booker/README.md"), re.MULTILINE)
    installed = re.findall(r"pip_url: ([a-z-]+)==([\d.]+)", text_of("docs/composing.md"))
    assert len(table) == 4
    assert len(installed) == 2
    assert {*table, *installed} <= PINNED


def test_duckdb_is_one_that_loses_nothing() -> None:
    [version] = [version for name, version in PINNED if name == "duckdb"]
    assert tuple(map(int, version.split(".")[:2])) < (1, 3)
