"""The report as one page that asks for nothing but itself."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from target_referrizer.report import charts, sections
from target_referrizer.report.markup import Safe, join, name_of, tag
from target_referrizer.report.parts import para, with_code
from target_referrizer.report.words import clock, verdict
from target_referrizer.typed import Commands

if TYPE_CHECKING:
    from target_referrizer.report.figures import Figures

#: No script, no picture, no font, no form, no connection: only what stands on the page, and its style.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

#: Where nothing tells how the settings are given to a command.
SETTINGS = (
    "Commands take the settings of the sync from the environment, or with `--config FILE` before the name."
)


def page(figures: Figures) -> str:
    """The whole page."""
    body = tag("body", charts.fills(), _head(figures), tag("main", *_sections(figures)), _foot(figures))
    whole = tag("html", tag("head", *_meta(figures)), body, lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _meta(figures: Figures) -> tuple[Safe, ...]:
    style = Safe(resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8"))
    return (
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"Referrizer sync of {figures.sources[0]}, {clock(figures.local(figures.now))}"),
        tag("style", style),
    )


def _head(figures: Figures) -> Safe:
    state, headline, advice = verdict(figures)
    what = para(*with_code(figures.commands, advice))
    said = tag("div", tag("p", headline, class_="headline"), what, class_=f"verdict is-{state}")
    title = tag("h1", "Referrizer sync of ", name_of(figures.sources[0]))
    return tag("header", title, para(_as_of(figures), quiet=True), said)


def _as_of(figures: Figures) -> Safe:
    at = tag("time", clock(figures.local(figures.now)), datetime=figures.now.isoformat())
    due = None if figures.last is None or figures.stalled else figures.strip.rhythm.next_due()
    late = due + figures.strip.cadence if due and figures.strip.cadence else None
    stale = (
        f" If it is past {clock(figures.local(late))} now, look whether the sync still runs." if late else ""
    )
    return join("As of ", at, f" ({figures.zone.key}). This page does not renew itself.", stale)


def _sections(figures: Figures) -> tuple[Safe, ...]:
    parts = (
        sections.waiting, sections.runs, sections.groups_now, sections.groups_over_time, sections.moves,
        sections.visits, sections.accounts,
    )  # fmt: skip
    return tuple(part(figures) for part in parts)


def _foot(figures: Figures) -> Safe:
    names = (
        "This page shows names: keep it as you keep the ledger. `referrizer-ledger report` makes one without."
        if figures.unmasked
        else "Names are first letters; `referrizer-ledger report --show-personal-data` shows them whole."
    )
    if figures.commands == Commands():
        names += f" {SETTINGS}"
    others = figures.sources[1:]
    also = (
        "The ledger also has the sources ",
        name_of(", ".join(others)),
        "; each has a report of its own. ",
    )
    said = para(*(also if others else ()), *with_code(figures.commands, names), quiet=True)
    return tag("footer", said)
