"""The report as a file that a browser shows."""

from __future__ import annotations

import os
import webbrowser
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from target_referrizer.cli import common
from target_referrizer.typed import as_typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_referrizer.cli.common import AskSettings

DEFAULT = "referrizer-report.html"


@common.command(
    changes="One HTML file on this machine. Nothing in the Referrizer account or the ledger.",
    examples={
        "report --open": "Look at it now",
        "report --output sync.html": "Put it somewhere",
        "report --show-personal-data": "With names in full",
    },
)
@click.option(
    "--output",
    metavar="FILE",
    help=f"Where to write it; default: the setting `report_path`, else {DEFAULT} in this folder.",
)
@click.option("--open", "show", is_flag=True, help="Show it in the browser.")
@common.unmasked
@common.as_format
@click.pass_obj
def report(
    settings: AskSettings, output: str | None, shape: str, *, show: bool, show_personal_data: bool
) -> None:
    """Write one HTML file that shows how the sync stands.

    Groups now and over time, who moved, visits, the runs hour by hour, what waits for a person and what to do
    about it. It needs no network, and only its owner can read it.
    """  # fmt: skip
    from target_referrizer import report as reporting

    chosen = settings()
    with closing(common.open_ledger(chosen)) as ledger:
        place = output or chosen.report_path or DEFAULT
        typed = as_typed(os.environ, settings.files)
        file = reporting.make(
            ledger, chosen, common.moment(chosen), place, typed, unmasked=show_personal_data
        )
    is_shown = show and webbrowser.open(file.as_uri())
    common.answer({"report": str(file), "shown": is_shown}, shape, lambda found: _lines(found, asked=show))


def _lines(found: dict[str, Any], *, asked: bool) -> Iterator[str]:
    yield f"the report is {Path(found['report'])}"
    if asked and not found["shown"]:
        yield "no browser could be started here: open this file with one"
