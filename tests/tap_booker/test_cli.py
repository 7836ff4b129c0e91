"""The command as a process: exit codes, what stands on stdout and stderr, signals, closed pipes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-c", "from tap_booker.tap import main; main()"]
Tap = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def tap(tmp_path: Path, environment: dict[str, str]) -> Tap:
    def run(config: Any, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "config.json"
        path.write_text(config if isinstance(config, str) else json.dumps(config))
        given = ["--config", str(path)] if config is not None else []
        return subprocess.run(
            [*COMMAND, *given, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
            env={**environment, **variables},
        )

    return run


def code_lines(stderr: str) -> list[str]:
    """What a person is told: the lines with a code and a sentence."""
    return re.findall(r"BKR-\d+ .* What to do: .*", stderr)


def test_a_good_run_speaks_singer_on_stdout_and_sums_up_on_stderr(tap: Tap, fake: Any, customer: Any) -> None:
    fake.customers = [customer(n) for n in range(1, 5)]
    done = tap(fake.settings())
    kinds = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert set(kinds) == {"SCHEMA", "RECORD", "STATE"}
    assert "calls made in all" in done.stderr
    summary = next(line for line in done.stderr.splitlines() if "summary {" in line)
    assert json.loads(summary[summary.index("{") :])["calls"] == len(fake.asked)


def test_state_of_one_run_is_understood_by_the_next(tap: Tap, fake: Any, tmp_path: Path) -> None:
    done = tap(fake.settings())
    last = [m["value"] for m in map(json.loads, done.stdout.splitlines()) if m["type"] == "STATE"][-1]
    path = tmp_path / "state.json"
    path.write_text(json.dumps(last))
    fake.asked.clear()
    assert tap(fake.settings(), "--state", str(path)).returncode == 0
    assert "FromDateLastModifiedOffset" in fake.paths("customers")[0].body


@pytest.mark.parametrize("arguments", [[], ["--test=connection"], ["--test"], ["--test=schema"]])
def test_wrong_settings_end_every_entry_with_a_line_each(tap: Tap, arguments: list[str]) -> None:
    done = tap({"location_ids": [1], "page_size": 0}, *arguments)
    assert done.returncode == 2
    assert len(code_lines(done.stderr)) == 4
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("config", "arguments"),
    [
        ("{not json", []),
        ("[]", []),
        (None, ["--config", "nowhere.json"]),
        (None, ["--config", "."]),
    ],
)
def test_unreadable_settings_files_are_one_line(tap: Tap, config: str | None, arguments: list[str]) -> None:
    done = tap(config, *arguments)
    assert (done.returncode, len(code_lines(done.stderr))) == (2, 1)
    assert code_lines(done.stderr)[0].startswith("BKR-101")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--state", "--catalog"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"bookmarks": [], "streams": 5}'])
def test_unreadable_state_and_catalog_are_one_line(
    tap: Tap, fake: Any, tmp_path: Path, option: str, content: str
) -> None:
    path = tmp_path / "input.json"
    path.write_text(content)
    done = tap(fake.settings(), option, str(path))
    assert (done.returncode, len(code_lines(done.stderr))) == (2, 1)
    assert "Traceback" not in done.stderr
    assert not fake.asked


@pytest.mark.parametrize("config", [None, {}, {"page_size": "x", "location_ids": {}}])
def test_discovery_needs_no_settings(tap: Tap, config: Any) -> None:
    done = tap(config, "--discover")
    streams = {s["tap_stream_id"]: s for s in json.loads(done.stdout)["streams"]}
    assert done.returncode == 0
    assert set(streams) == {"contacts", "check_ins"}
    assert streams["contacts"]["key_properties"] == streams["check_ins"]["key_properties"] == ["id"]
    assert streams["contacts"]["replication_key"] == "updated_at"
    assert streams["check_ins"]["replication_key"] == "as_of"


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_about_needs_no_settings(tap: Tap, form: str) -> None:
    done = tap(None, "--about", "--format", form)
    assert done.returncode == 0
    assert "personal_access_token" in done.stdout


def test_refused_credentials_exit_2_with_one_line(tap: Tap, fake: Any, answer: Any) -> None:
    fake.always["token"] = lambda _: answer({"error": "invalid_client"}, 400)
    done = tap(fake.settings())
    assert (done.returncode, len(code_lines(done.stderr))) == (2, 1)
    assert code_lines(done.stderr)[0].startswith(
        "BKR-201 Booker refused the credentials (invalid_client). What to do: "
    )
    assert "unhandled" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_connection_test_tells_what_it_found(
    tap: Tap, fake: Any, customer: Any, appointment: Any
) -> None:
    fake.customers = [customer(1, Email="dana@example.com"), customer(2), customer(3)]
    fake.appointments = [appointment(1, IsGuestCheckedIn=True), appointment(2, CustomerID=None)]
    done = tap(fake.settings(as_of="2026-03-02T15:00:00Z"), "--test=connection")
    assert done.returncode == 0
    assert "Downtown Spa" in done.stdout
    assert "America/Chicago" in done.stdout
    assert "3 customers, more follow, on the first page, 1 with e-mail" in done.stdout
    assert "2 appointments of the last 7 days on the first page, 1 checked in" in done.stdout
    assert "All is well; calls made: 5" in done.stdout
    assert "dana" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "reply", "code"),
    [("token", ({"error": "invalid_client"}, 400), "BKR-201"), ("location", ({}, 404), "BKR-203")],
)
def test_the_connection_test_fails_aloud(
    tap: Tap, fake: Any, answer: Any, *, path: str, reply: Any, code: str
) -> None:
    fake.always[path] = lambda _: answer(*reply)
    done = tap(fake.settings(), "--test=connection")
    assert done.returncode == 2
    assert re.search(f"^FAIL  .*: {code} ", done.stdout, re.MULTILINE)
    assert "Not ready" in done.stdout
    assert "Traceback" not in done.stderr


def test_an_unknown_kind_of_test_is_refused(tap: Tap, fake: Any) -> None:
    done = tap(fake.settings(), "--test=nonsense")
    assert done.returncode == 2
    assert not fake.asked


def start(
    config: dict[str, Any], tmp_path: Path, environment: dict[str, str], *arguments: str
) -> subprocess.Popen[str]:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    return subprocess.Popen(
        [*COMMAND, "--config", str(path), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_with_its_number_and_moves_no_bookmark(
    fake: Any,
    customer: Any,
    answer: Any,
    *,
    tmp_path: Path,
    environment: dict[str, str],
    number: signal.Signals,
) -> None:
    reached = threading.Event()
    fake.customers = [customer(n) for n in range(1, 9)]

    def stall(asked: Any) -> Any:
        if asked.body["PageNumber"] == 3:
            reached.set()
            return answer(hang=True)
        return None

    fake.always["customers"] = stall
    process = start(fake.settings(concurrent_requests=4), tmp_path, environment)
    assert reached.wait(30)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number, err
    states = [m["value"] for m in map(json.loads, out.splitlines()) if m["type"] == "STATE"]
    assert all("contacts" not in state["bookmarks"] for state in states)
    assert "Traceback" not in err
    assert f"Stopped by signal {int(number)}" in err


def test_a_closed_pipe_is_one_clear_line(
    fake: Any, customer: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    fake.customers = [customer(n, FirstName="x" * 2000) for n in range(1, 400)]
    process = start(fake.settings(page_size=100), tmp_path, environment)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(20) == 1
    assert code_lines(err)[-1].startswith("BKR-901")
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert "BrokenPipeError" not in err
    assert "unhandled" not in err


def test_no_secret_and_no_person_stands_in_the_log_at_debug_level(
    tap: Tap, fake: Any, customer: Any, answer: Any
) -> None:
    fake.customers = [customer(1, Email="dana@example.com", Notes="likes tea")]
    fake.queue["location"] = [answer(cut=True)]
    fake.queue["customers"] = [answer(b"", 401)]
    done = tap(fake.settings(), LOGLEVEL="DEBUG", TAP_BOOKER_LOGLEVEL="DEBUG")
    assert done.returncode == 0
    for word in ("hush", "dana", "First1", "tea"):
        assert word not in done.stderr
    assert "hush" not in done.stdout
    assert "tea" not in done.stdout


def test_a_failure_that_nobody_foresaw_names_its_place_and_shows_no_value(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    program = (
        "from tap_booker import tap\n"
        "def read(self): raise KeyError('dana@example.com')\n"
        "tap.TapBooker.read = read\n"
        "tap.main()"
    )
    config = {"location_ids": [1], "subscription_key": "k", "client_id": "c", "client_secret": "s"}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    done = subprocess.run(
        [sys.executable, "-c", program, "--config", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "LOGLEVEL": "DEBUG"},
    )
    assert done.returncode == 1
    assert code_lines(done.stderr)[-1].startswith(
        "BKR-902 The tap failed in a way that it does not know (KeyError at"
    )
    assert "dana" not in done.stderr


@pytest.mark.parametrize(
    "maps",
    [
        {"contacts": {"email": "no_such_name"}},
        {"contacts": {"x": "("}},
        {"contacts": {"x": "first_name / 2"}},
        {"contacts": {"__else__": "x"}},
    ],
)
def test_a_stream_map_that_cannot_be_applied_is_named(
    tap: Tap, fake: Any, customer: Any, maps: dict[str, Any]
) -> None:
    fake.customers = [customer(1, FirstName="Rosalind")]
    done = tap(fake.settings(stream_maps=maps))
    assert (done.returncode, len(code_lines(done.stderr))) == (2, 1)
    assert "stream_maps" in code_lines(done.stderr)[0]
    assert "Traceback" not in done.stderr
    assert "Rosalind" not in done.stderr


@pytest.mark.parametrize("wanted", [(), ("--discover",)])
@pytest.mark.parametrize("output", [">&-", "> /dev/full"])
def test_an_output_that_takes_nothing_is_one_clear_line(
    fake: Any,
    customer: Any,
    *,
    tmp_path: Path,
    environment: dict[str, str],
    output: str,
    wanted: tuple[str, ...],
) -> None:
    fake.customers = [customer(n) for n in range(1, 9)]
    path = tmp_path / "config.json"
    path.write_text(json.dumps(fake.settings()))
    line = f'exec "$@" {output}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, "sh", *COMMAND, "--config", str(path), *wanted],
        stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 1
    assert [text[:7] for text in code_lines(done.stderr)] == ["BKR-901"]
    assert "Traceback" not in done.stderr


def test_a_stream_that_did_not_come_to_its_end_is_not_said_to_be_well(
    fake: Any, customer: Any, answer: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    reached = threading.Event()
    fake.customers = [customer(n) for n in range(1, 9)]

    def stall(asked: Any) -> Any:
        if asked.body["PageNumber"] == 2:
            reached.set()
            return answer(hang=True)
        return None

    fake.always["customers"] = stall
    process = start(fake.settings(), tmp_path, environment)
    assert reached.wait(30)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    summary = next(line for line in err.splitlines() if "summary {" in line)
    reads = {one["stream"]: one["outcome"] for one in json.loads(summary[summary.index("{") :])["reads"]}
    assert reads == {"connection": "ok", "check_ins": "ok", "contacts": "interrupted"}


@pytest.mark.parametrize("arguments", [[], ["--test"]])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_first_token_call_loses_no_refresh_token(
    fake: Any,
    answer: Any,
    *,
    tmp_path: Path,
    environment: dict[str, str],
    number: signal.Signals,
    arguments: list[str],
) -> None:
    asked_for, told = threading.Event(), threading.Event()
    path = tmp_path / "booker.json"
    path.write_text(json.dumps({"refresh_token": "refresh-1"}))

    def rotate(_: Any) -> Any:
        asked_for.set()
        told.wait(20)
        return answer({**fake.token, "refresh_token": "refresh-2"})

    fake.always["token"] = rotate
    settings = fake.settings(personal_access_token=None, credentials_path=str(path))
    process = start(settings, tmp_path, environment, *arguments)
    assert asked_for.wait(30)
    process.send_signal(number)
    threading.Timer(0.5, told.set).start()
    process.communicate(timeout=20)
    assert process.returncode in {128 + number, 1}
    assert json.loads(path.read_text())["refresh_token"] == "refresh-2"


def test_a_signal_does_not_wait_for_a_token_that_replaces_nothing(
    fake: Any, answer: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    asked_for = threading.Event()

    def hang(_: Any) -> Any:
        asked_for.set()
        return answer(hang=True)

    fake.always["token"] = hang
    process = start(fake.settings(), tmp_path, environment)
    assert asked_for.wait(30)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("wanted", [(), ("--discover",)])
def test_a_reader_who_is_gone_is_one_clear_line(
    fake: Any, tmp_path: Path, environment: dict[str, str], wanted: tuple[str, ...]
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(fake.settings()))
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [*COMMAND, "--config", str(path), *wanted],
        stdout=writes, stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    os.close(writes)
    assert (done.returncode, [text[:7] for text in code_lines(done.stderr)]) == (1, ["BKR-901"])
