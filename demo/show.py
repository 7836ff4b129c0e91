"""How the demo looks on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.columns import Columns
from rich.rule import Rule
from rich.table import Table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rich.console import Console

    from demo.ledger import Move

SHOWN_MOVES = 6


def heading(console: Console, title: str, when: datetime, news: str) -> None:
    """A step's title, the salon's own time, and what has happened there since the last step."""
    console.print()
    console.print(Rule(f"[bold]{title}[/] · {when:%A %-d %B %Y, %H:%M} in the salon", align="left"))
    console.print(f"The salon {news}.")


def news(counts: Mapping[str, int]) -> str:
    """An hour at the front desk in one sentence."""
    said = "had {new} new contacts, {edited} edits, {checked_in} check-ins and {undone} undone"
    return said.format_map(counts)


def command(console: Console, words: str, took: float, calls: Counter[str]) -> None:
    """What was run, how long it took and what it cost in calls."""
    console.print(
        f"[bold]$ meltano {words}[/]\n{took:.1f} s, {calls['booker']} calls to Booker, "
        f"{calls['referrizer']} reads and {calls['writes']} writes at Referrizer"
    )


def accounting(console: Console, counts: Mapping[str, Any]) -> None:
    """Where every record of the run went, one table for each stream, side by side."""
    tables = [_account(stream, counts[stream]) for stream in ("contacts", "check_ins")]
    console.print(Columns(tables, padding=(0, 4)))
    others = {**counts["besides"], **counts["backlog"]}
    said = [f"{_words(name)} {number:,}" for name, number in others.items() if number]
    if said:
        console.print(f"Written without a record of their own: {', '.join(said)}", highlight=False)


def _account(stream: str, counts: Mapping[str, Any]) -> Table:
    table = _table(stream.replace("_", "-"))
    for word, number in counts.items():
        if word == "read" or (number and word != "reasons"):
            why = counts["reasons"].get(word, {})
            said = ", ".join(f"{_words(reason)} {count:,}" for reason, count in why.items())
            table.add_row(_words(word), f"{number:,}", said)
    return table


def _table(title: str) -> Table:
    """Words, numbers to the right, and a remark, without lines."""
    table = Table(
        title=title, title_style="bold", title_justify="left", box=None, show_header=False, min_width=48
    )
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    return table


def _words(name: str) -> str:
    return name.replace("check_ins", "check-ins").replace("_", " ")


def groups(console: Console, before: Mapping[str, int], now: Mapping[str, int]) -> None:
    """Referrizer's contacts by group, with the change that this run made."""
    table = _table("Contacts by group, as Referrizer has them")
    for name in sorted({*before, *now}):
        change = now.get(name, 0) - before.get(name, 0)
        table.add_row(name, f"{now.get(name, 0):,}", f"{change:+,}" if before and change else "")
    console.print(table)


def moves(console: Console, moved: Sequence[Move]) -> None:
    """Who went to another group and why: the first few, and how many more."""
    if not moved:
        console.print("[bold]Who moved:[/] nobody")
        return
    table = _table(f"Who moved and why: {len(moved):,}")
    for move in moved[:SHOWN_MOVES]:
        table.add_row(move.contact, f"{move.before} → {move.after}", move.why)
    console.print(table)
    if len(moved) > SHOWN_MOVES:
        console.print(f" … and {len(moved) - SHOWN_MOVES:,} more", style="dim")
