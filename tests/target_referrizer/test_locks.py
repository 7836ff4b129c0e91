"""One run for each source, one delivery at a time, and what a process that is killed leaves behind."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from tests.target_referrizer.asking import ask
from tests.target_referrizer.salon import check_in, contact, singer

from target_referrizer.cli import ledger_command
from target_referrizer.errors import LedgerBusy
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.target_referrizer.salon import Record, Salon


PROGRAM = "from target_referrizer.target import main; main()"
PATIENCE = 30


@pytest.fixture
def held(either: Salon) -> Salon:
    """A salon with an empty ledger, in a file or on a server."""
    return either


@contextmanager
def process(salon: Salon, contacts: list[Record], check_ins: list[Record], **more: Any) -> Iterator[Any]:
    """The target in a process of its own, with all of its input."""
    file = salon.folder / f"{more.get('source', 'booker')}.json"
    file.write_text(json.dumps({"as_of": salon.now.isoformat(), **salon.config(**more)}))
    lines = [*singer("contacts", contacts), *singer("check_ins", check_ins)]
    input_file = file.with_suffix(".jsonl")
    input_file.write_text("\n".join(lines))
    with input_file.open() as stdin, subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--config", str(file)],
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def hanging(salon: Salon, kind: str, path: str) -> Iterator[threading.Event]:
    """Hold one request open until the client is gone; the event says that it has arrived."""
    rule = salon.box.faults.add(kind, vendor="referrizer", method="POST", path=path, nth=1, hang=PATIENCE)
    arrived, strikes = threading.Event(), rule.strikes

    def tell() -> bool:
        struck = strikes()
        if struck:
            arrived.set()
        return struck

    rule.strikes = tell  # type: ignore[method-assign]
    try:
        yield arrived
    finally:
        salon.box.faults.clear()


def killed_while(salon: Salon, kind: str, path: str, contacts: list[Record], visits: list[Record]) -> None:
    """Kill a process whose request to this path is under way."""
    with hanging(salon, kind, path) as arrived, process(salon, contacts, visits) as running:
        assert arrived.wait(PATIENCE)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait(PATIENCE) == -signal.SIGKILL


def statuses(salon: Salon) -> dict[str, str]:
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        return {row.id: row.status for row in ledger.rows(sa.select(tables.visit))}


#: A run that has taken its place in the ledger, says so, and waits for input that never comes.
HOLDING = """
import json, pathlib, sys
from target_referrizer.target import TargetReferrizer
TargetReferrizer(config=json.loads(pathlib.Path(sys.argv[2]).read_text())).run
print("holding", flush=True)
sys.stdin.read()
"""


def settings_file(salon: Salon) -> Path:
    file = salon.folder / "settings.json"
    file.write_text(json.dumps(salon.config()))
    return file


def started(salon: Salon, program: str) -> subprocess.Popen[str]:
    """The target in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", program, "--config", str(settings_file(salon))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_second_run_of_the_same_source_is_refused_and_told_who_runs(salon: Salon) -> None:
    first = salon.target()
    with pytest.raises(LedgerBusy, match=r"RFZ-401 .*process \d+ on .* since") as busy:
        salon.target()
    assert busy.value.exit_code == 4
    first.run.abort(1)
    assert salon.run([contact(1)]).code == 0


def test_another_source_stages_beside_a_run(salon: Salon) -> None:
    first = salon.target()
    assert salon.run([contact("s-1")], source="shop").code == 0
    first.run.abort(1)


def test_a_second_process_of_the_same_source_exits_4_at_once_and_names_the_first(salon: Salon) -> None:
    first = salon.target()
    assert not first.run.is_over
    with started(salon, PROGRAM) as second:
        out, err = second.communicate("\n".join(singer("contacts", [contact(1)])), timeout=30)
    assert (second.returncode, out) == (4, "")
    assert "RFZ-401" in err
    assert f"process {os.getpid()} " in err
    first.run.abort(1)
    assert salon.shown() == []


def test_a_killed_process_leaves_no_lock_and_the_next_run_goes_on(salon: Salon) -> None:
    with started(salon, HOLDING) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "holding\n"
        with pytest.raises(LedgerBusy, match=f"process {killed.pid} "):
            salon.target()
        killed.kill()
    assert salon.run([contact(1)]).code == 0
    assert len(salon.shown()) == 1


def test_nobody_decides_about_held_visits_while_a_run_is_under_way(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    salon.box.faults.add("cut_after", vendor="referrizer", method="POST", path="visits", nth=1)
    salon.run([], [check_in(7, 1, salon.now)])
    running = salon.target()
    assert not running.run.is_over
    for decision in (["held", "--resend", "7"], ["held", "--confirm", "7"], ["rejects", "--retry"]):
        asked = CliRunner().invoke(ledger_command, ["--config", str(settings_file(salon)), *decision])
        assert isinstance(asked.exception, LedgerBusy), decision
    running.run.abort(1)
    assert salon.run([]).code == 3


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_a_visit_under_way_when_the_process_was_killed_is_held(held: Salon, kind: str) -> None:
    held.run([contact(1), contact(2)])
    held.pass_time(hours=1)
    rows = [check_in(key, key, held.now) for key in (1, 2)]
    held.settings["concurrent_requests"] = 1
    killed_while(held, kind, "visits", [], rows)
    outcome = held.run([], rows)
    assert outcome.code == 3
    assert sorted(statuses(held).values()) == ["delivered", "held"]
    assert len(held.visits()) == 1 + (kind == "timeout_after")
    assert held.run([], rows).writes == []


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_a_contact_under_way_when_the_process_was_killed_is_one_contact(held: Salon, kind: str) -> None:
    held.box.referrizer.switches.unique_by = "none"
    held.settings["concurrent_requests"] = 1
    people = [contact(key, first_name=f"Ada{key}") for key in range(4)]
    killed_while(held, kind, "contacts", people, [])
    outcome = held.run(people)
    assert outcome.code == 0
    assert [one["email"] for one in held.shown()] == [f"ada{key}@example.com" for key in range(4)]
    assert held.run(people).writes == []


def test_a_run_of_the_same_source_is_refused_while_another_delivers(held: Salon) -> None:
    held.settings["request_timeout"] = PATIENCE
    with hanging(held, "timeout_before", "contacts") as arrived, process(held, [contact(1)], []) as first:
        assert arrived.wait(PATIENCE)
        with process(held, [contact(2)], []) as second:
            _, said = second.communicate(timeout=PATIENCE)
        assert second.returncode == 4
        assert f"RFZ-401 another run of source 'booker' holds the ledger (process {first.pid} " in said
        assert ", creating contacts: 0 of 1)" in said
        running = ask(held, "status").stdout
        assert re.search(r"run 1 of source booker: running since .*, creating contacts: 0 of 1\n", running)
        assert "Traceback" not in said
        assert first.poll() is None


def test_another_source_stages_at_once_and_delivers_when_the_first_is_done(held: Salon) -> None:
    held.run([contact(1)])
    first = Ledger(held.config()["ledger_url"])
    ended: list[int] = []

    def shop() -> None:
        try:
            held.target(source="shop").listen(io.StringIO("\n".join(singer("contacts", [contact("s-1")]))))
        finally:
            ended.append(len(held.shown()))

    with first.locks.delivery():
        other = threading.Thread(target=shop)
        other.start()
        other.join(0.7)
        assert (other.is_alive(), ended) == (True, [])
        with first.transaction() as tx:
            staged = tx.scalar(sa.select(sa.func.count()).select_from(tables.contact))
        assert (staged, len(held.shown())) == (2, 1)
        assert "waiting for its turn" in ask(held, "status", source="shop").stdout
    other.join(PATIENCE)
    first.close()
    assert ended == [2]
