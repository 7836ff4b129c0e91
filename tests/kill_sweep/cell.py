"""One cell of the table: a kind of write, a step, a database; killed there, and run again."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import sqlalchemy as sa
from tests.kill_sweep import promises, words
from tests.kill_sweep.steps import Kind, Step
from tests.kill_sweep.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kill_sweep.processes import Processes


@dataclass(frozen=True)
class Cell:
    """Where to kill what.

    Attributes:
        kind: The write that is due.
        step: Where the process dies.
        people: For how many contacts it is due.
        width: The setting `concurrent_requests`.
    """

    kind: Kind
    step: Step
    people: int = 1
    width: int = 1

    def __str__(self) -> str:
        crowd = f" ({self.people} due, {self.width} at a time)" if self.people > 1 else ""
        return f"{self.kind.words} killed at {self.step:d} {self.step.words}{crowd}"


@dataclass(frozen=True)
class Observed:
    """What became of a cell.

    Attributes:
        outcome: In words.
        broken: Broken promises; none is as it should be.
        unknown: Writes whose outcome the ledger did not know when the process died.
    """

    outcome: str
    broken: list[str]
    unknown: int


CELLS = [Cell(kind, step) for step in Step for kind in Kind]
IN_FLIGHT = [
    Cell(kind, step, people=6, width=4)
    for step in Step
    if Step.INTENDED <= step <= Step.CONFIRMED
    for kind in Kind
]


def observe(cell: Cell, processes: Processes, server: str | None = None) -> Observed:
    """Kill a run at the cell's step, run twice more, and judge; on SQLite, or a database of a server."""
    place = partial(_database, server) if server else _file
    with TemporaryDirectory(prefix="kill-sweep-") as folder, place(Path(folder)) as url:
        world = World(cell.kind, Path(folder), url, people=cell.people, width=cell.width)
        with world:
            return _observe(cell, world, processes)


def _observe(cell: Cell, world: World, processes: Processes) -> Observed:
    world.prepare(processes)
    killed = world.run(processes, world.lines(), cell.step)
    # State that has left is kept, and its records do not come again; else the same input does.
    second = world.run(processes, world.no_news() if killed.states else world.lines())
    third = world.run(processes, world.lines())
    broken = [
        *promises.of_the_killed(world, cell.step, killed),
        *promises.of_the_next_runs(second, third),
        *promises.of_the_vendor(world, third),
    ]
    return Observed(words.outcome(world, killed, second), broken, killed.intents)


@contextmanager
def _file(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/ledger.db"


@contextmanager
def _database(server: str, folder: Path) -> Iterator[str]:
    """A database of its own on a server."""
    name = folder.name.replace("-", "_").lower()
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
        try:
            yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()
