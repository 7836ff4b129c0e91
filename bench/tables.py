"""What a person sees while the benchmarks run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console


def show(found: Mapping[str, Any], console: Console) -> None:
    """A table of one case, and its floors."""
    console.print(_growth(found) if "sizes" in found else _comparison(found))
    for floor in found["floors"]:
        console.print(told(floor), markup=False)
    console.print()


def _comparison(found: Mapping[str, Any]) -> Table:
    table = Table(title=found["title"], title_justify="left", box=None)
    for name in ("", "ours ÷ this", found["unit"], "least to most", "MB"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=not name)
    memory = found.get("memory_mb", {})
    for who, value in found["values"].items():
        ratio = f"{found['ratios'][who]:.2f}" if who in found["ratios"] else ""
        span = f"{value['least']:,} to {value['most']:,}"
        table.add_row(who, ratio, f"{value['median']:,}", span, f"{memory.get(who, '')}")
    for who in found.get("too_short_to_tell", ()):
        table.add_row(who, "", "too short to tell", "", f"{memory[who]}")
    if "ideal" in found["ratios"]:
        table.add_row("the limit", f"{found['ratios']['ideal']:.2f}", f"{found['ideal']:,.0f}", "", "")
    return table


def _growth(found: Mapping[str, Any]) -> Table:
    table = Table(title=found["title"], title_justify="left", box=None)
    for name in ("", "", *found["sizes"], "power", ""):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for phase, fits in found["fits"].items():
        for nth, (quantity, fit) in enumerate(fits.items()):
            values = [f"{one[phase][quantity]:,}" for one in found["sizes"].values()]
            power = "" if fit["power"] is None else f"{fit['power']:.2f}"
            table.add_row("" if nth else phase, quantity.replace("_", " "), *values, power, fit["verdict"])
    return table


def told(floor: Mapping[str, Any]) -> str:
    """A floor in one line."""
    of = f"{floor['of']} ÷ {floor['against']}" if floor["against"] else floor["of"]
    found = "not known" if floor["found"] is None else f"{floor['found']:,} {floor['unit']}".strip()
    bound = f"{floor['bound']} {floor['limit']:,} {floor['unit']}".strip()
    return f"{of}: {found}, wanted {bound}: {'reached' if floor['is_reached'] else 'MISSED'}"
