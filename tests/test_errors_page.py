"""The page of errors and the catalogues are one."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_errors_is_what_the_catalogues_say() -> None:
    made = runpy.run_path(str(DOCS / "generate.py"))["errors_page"]()
    assert (DOCS / "errors.md").read_text(encoding="utf-8") == made
