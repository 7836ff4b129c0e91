"""What the ledger is asked grows with the number of contacts, and no faster.

Counted in steps of SQLite's machine, not in seconds: eight times the contacts may take eight times the steps
of a statement, and somewhat more for the depth of its indexes. A statement that looks at everybody for
everybody takes 64 times as many.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.asking import ask
from tests.target_referrizer.salon import NOW, Salon, ago, check_in, contact

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.target_referrizer.salon import Record

FEW, MANY = 40, 320
STEP = 50
"""So many steps are counted as one: a call for each would take longer than the step."""
WORTH_A_LOOK = 20_000
"""Steps; what takes fewer for MANY contacts may grow as it likes."""


@contextmanager
def steps_taken() -> Iterator[Counter[str]]:
    """Steps by statement, of all SQLite connections that are opened meanwhile."""
    taken: Counter[str] = Counter()
    now = ""

    def count() -> int:
        taken[now] += STEP
        return 0

    def connected(connection: Any, _record: object) -> None:
        connection.set_progress_handler(count, STEP)

    def asked(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal now
        now = re.sub(r"\(\?(, \?)*\)", "(…)", " ".join(statement.split()))

    sa.event.listen(sa.Engine, "connect", connected)
    sa.event.listen(sa.Engine, "before_cursor_execute", asked)
    try:
        yield taken
    finally:
        sa.event.remove(sa.Engine, "connect", connected)
        sa.event.remove(sa.Engine, "before_cursor_execute", asked)


def people(number: int) -> list[Record]:
    """So many contacts, some of them families on one e-mail."""
    return [
        contact(key, phone=f"312555{key:04d}", email=f"ada{key - key % 20 // 19}@example.com")
        for key in range(number)
    ]


def check_ins(number: int) -> list[Record]:
    """Three check-ins of each contact, one of them new."""
    days = [ago(days=-1), ago(days=60), ago(days=200)]
    return [
        check_in(3 * key + nth, key, at, as_of=ago(days=-2).isoformat())
        for key in range(number)
        for nth, at in enumerate(days)
    ]


def life(salon: Salon, number: int) -> Counter[str]:
    """A first load, the same again, a change of everybody, and a season without news."""
    salon.settings |= {
        "brake_percent": 100,
        "visits_since": ago(days=1).isoformat(),
        "max_reject_percent": 100,
    }
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.pass_time(days=3)
    with steps_taken() as taken:
        salon.run(people(number), check_ins(number))
        salon.run(people(number), check_ins(number))
        newer = {"updated_at": salon.now.isoformat(), "city": "Chicago"}
        salon.run([{**one, **newer} for one in people(number)])
        salon.pass_time(days=90)
        salon.run()
        for command in ("status", "plan", "verify", "moves", "rejects", "report"):
            assert ask(salon, command).exit_code in {0, 3}
    return taken


@pytest.mark.slow
def test_no_statement_looks_at_everybody_for_everybody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    little, much = Counter[str](), Counter[str]()
    for number, taken in ((FEW, little), (MANY, much)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Sandbox(contacts=0, zone="America/Chicago", now=NOW) as box:
            taken.update(life(Salon(box, folder, capsys, caplog), number))
    grown = [
        f"{little[statement]:,} → {steps:,} steps: {statement}"
        for statement, steps in much.items()
        if steps > WORTH_A_LOOK and steps > 2 * (MANY / FEW) * (little[statement] + STEP)
    ]
    assert sum(much.values()) > WORTH_A_LOOK
    assert not grown, "\n".join(grown)
