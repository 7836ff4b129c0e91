"""Writes what is made from code: `python docs/generate.py`.

The pages of this folder, and the plugins' definitions for Meltano projects that are not this one.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_booker.catalogue import CATALOGUE as OF_THE_TAP
from target_referrizer.errors import CATALOGUE as OF_THE_TARGET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ERRORS = Path(__file__).with_name("errors.md")
CHECKOUT = Path(__file__).resolve().parent.parent
VARIANT = "booker-referrizer"

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


def definitions() -> dict[Path, str]:
    """What `meltano add --from-ref` takes, by its path: meltano.yml's entries, free of this checkout.

    The path is the one at which Meltano itself looks for the entry of a plugin that a project only names.
    """
    declared = yaml.safe_load((CHECKOUT / "meltano.yml").read_text(encoding="utf-8"))["plugins"]
    return {
        CHECKOUT / "plugins" / kind / f"{entry['name']}--{VARIANT}.lock": _definition(kind, entry)
        for kind, entries in declared.items()
        for entry in entries
    }


def _definition(kind: str, entry: Mapping[str, Any]) -> str:
    name = entry["name"]
    package = tomllib.loads((CHECKOUT / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = f"{name}=={package['version']}"  # another's package of that name would have to have it, too
    own = {"variant": VARIANT, "pip_url": pinned, "executable": name}
    return json.dumps({"plugin_type": kind, **entry, **own}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, text in definitions().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    ERRORS.write_text(errors_page(), encoding="utf-8")
