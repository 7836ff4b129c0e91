"""The target and its command as real processes, and what has to be true however a run of theirs ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.target_referrizer import warm
from tests.target_referrizer.salon import contact, singer
from tests.target_referrizer.warm import Warm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.target_referrizer.salon import Record, Salon

PROGRAMS = Path(sys.executable).parent
TARGET = [str(PROGRAMS / "target-referrizer")]
MISHAP = Path(__file__).with_name("mishap.py")
STATE = {"bookmarks": {"contacts": {"seen": 1}}}
PATIENCE = 60


@dataclass
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on standard error: where a person looks first."""
        return self.err.splitlines()[-1]


def settings_file(salon: Salon, **config: Any) -> Path:
    file = salon.folder / "process.json"
    file.write_text(json.dumps({"as_of": salon.now.isoformat(), **salon.config(**config)}))
    return file


def lines(contacts: list[Record], check_ins: list[Record]) -> str:
    """All of an input, and a state at its end."""
    state = json.dumps({"type": "STATE", "value": STATE})
    return "\n".join([*singer("contacts", contacts), *singer("check_ins", check_ins), state]) + "\n"


@contextmanager
def running(
    salon: Salon, text: str, program: list[str] = TARGET, stdout: int = subprocess.PIPE, **config: Any
) -> Iterator[Warm]:
    """A run over a whole input that has been started."""
    file = settings_file(salon, **config)
    source = file.with_suffix(".jsonl")
    source.write_text(text)
    with (
        source.open() as stdin,
        Warm(
            [*program, "--config", str(file)], stdin=stdin.fileno(), stdout=stdout, env=os.environ
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def ran(salon: Salon, text: str, program: list[str] = TARGET, **config: Any) -> Ended:
    """A run over a whole input, from its start to its end."""
    with running(salon, text, program, **config) as process:
        return end_of(process)


def end_of(process: subprocess.Popen[str] | Warm) -> Ended:
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode is not None
    return Ended(process.returncode, out or "", err)


def mishap(breakage: str, statement: str, nth: int = 1) -> list[str]:
    """The target, in which this breaks at the n-th statement that begins so."""
    return [sys.executable, str(MISHAP), breakage, statement, str(nth), "--"]


def at_request(salon: Salon, method: str, path: str, nth: int, do: Callable[[], object]) -> None:
    """Do something when the n-th such request has reached Referrizer, which then takes its normal course."""
    rule = salon.box.faults.add("503", vendor="referrizer", method=method, path=path, nth=nth)
    strikes = rule.strikes

    def look() -> bool:
        if strikes():
            do()
        return False

    rule.strikes = look  # type: ignore[method-assign]


def last_exit_code(salon: Salon, **config: Any) -> int:
    """What `referrizer-ledger status --exit-code` says of the last run."""
    return asked(salon, "status", "--exit-code", **config).code


def check_end(ended: Ended, code: int, catalogue: str) -> None:
    """It ended so, said last what happened and what to do, and handed on no state."""
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert f"{catalogue} " in ended.last, ended.err
    assert "What to do: " in ended.last
    assert "Traceback" not in ended.err


def people(number: int) -> list[Record]:
    """So many contacts, none like another."""
    return [contact(key, first_name=f"Ada{key}") for key in range(number)]


def check_recovery(
    salon: Salon, persons: int, visits: int, *, may_hold: int = 0, again: str = "", **config: Any
) -> None:
    """The next run finishes the work: no contact twice, no visit twice or lost.

    Args:
        salon: Whose Referrizer is looked at.
        persons: How many contacts there have to be.
        visits: How many of them came once.
        may_hold: So many visits at most may wait for a person.
        again: What the tap sends again; nothing where all of it had been staged.
        config: Settings of the next run.
    """
    after = ran(salon, again or lines([], []), **config)
    emails = Counter(str(one["email"]) for one in salon.shown())
    assert (len(emails), set(emails.values())) == (persons, {1})
    counted = Counter(one["contactId"] for one in salon.visits())
    held = json.loads(asked(salon, "held", "--format", "json", **config).out)
    assert all(number == 1 for number in counted.values())
    unsure = {one["referrizer_contact"] for one in held}
    assert len(counted.keys() | unsure) == visits
    assert len(held) <= may_hold
    assert after.code == (3 if held else 0), after.err
    assert json.loads(after.out) == STATE


def asked(salon: Salon, *arguments: str, **config: Any) -> Ended:
    """What `referrizer-ledger` says."""
    command = [
        str(PROGRAMS / "referrizer-ledger"),
        "--config",
        str(settings_file(salon, **config)),
        *arguments,
    ]
    with Path(os.devnull).open() as stdin:
        ended = warm.run(command, stdin=stdin.fileno(), env=os.environ, timeout=PATIENCE)
    return Ended(ended.returncode, ended.stdout, ended.stderr)
