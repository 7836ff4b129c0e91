"""What the demo asks the target's ledger: how the last run ended, and whom it moved why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.project import Project


@dataclass(frozen=True)
class Move:
    """A contact that went from one group to another, and what the target noted as the reason."""

    contact: str
    before: str
    after: str
    why: str


def accounting(project: Project, settings: Mapping[str, str]) -> dict[str, Any]:
    """The last run's accounting, in the words of the table that it printed."""
    counts: dict[str, Any] = project.ledger("status", settings=settings)["run"]["accounting"]
    return counts


def report(project: Project, settings: Mapping[str, str], place: Path) -> Path:
    """Write the report on everything that happened; gives the file."""
    return Path(project.ledger("report", f"--output={place}", settings=settings)["report"])


def moves(project: Project, settings: Mapping[str, str]) -> list[Move]:
    """Every group move of the last run, in the order in which they were confirmed."""
    return [
        Move(", ".join(one["records"]), one["from"] or "no group", one["to"], one["why"])
        for one in project.ledger("moves", settings=settings)
    ]
