"""Writes the pages of this folder that are made from code: `python docs/generate.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_booker.catalogue import CATALOGUE as OF_THE_TAP
from target_referrizer.errors import CATALOGUE as OF_THE_TARGET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ERRORS = Path(__file__).with_name("errors.md")

HEAD = """\
# Errors

Every failure is one line with a code, what happened and what to do. `BKR-…` comes from tap-booker, `RFZ-…`
from target-referrizer. Remarks on what mends itself, such as a phone that was left out, carry no code. This
page is made from the catalogues; `make docs` renews it.
"""


def errors_page() -> str:
    """The page of both catalogues."""
    return "\n".join([HEAD, *_table("tap-booker", OF_THE_TAP), *_table("target-referrizer", OF_THE_TARGET)])


def _table(plugin: str, catalogue: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {plugin}\n"
    yield "| code | meaning | what to do |"
    yield "|---|---|---|"
    for code, entry in sorted(catalogue.items()):
        yield f"| {code} | {entry.meaning} | {entry.action} |"
    yield ""


if __name__ == "__main__":
    ERRORS.write_text(errors_page(), encoding="utf-8")
