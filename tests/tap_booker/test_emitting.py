"""Rows that go out the quick way are what the SDK's own way would have written."""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib.json import serialize_json

from tap_booker import answers, emitting
from tap_booker.dates import utc_text
from tap_booker.tap import TapBooker
from tap_booker.transport import Reply

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., Any]

VALUES = st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.text(st.characters())
ODD = ["Zoë", "\ud83d", "😀", "a\x7fb", '\x00\u2028"\\/', "  ", "O'Brien"]


@given(st.dictionaries(st.text(st.characters(), max_size=5), VALUES, max_size=5))
def test_a_line_says_what_the_sdk_would_have_written(row: dict[str, Any]) -> None:
    line = emitting.record_line("contacts", row)
    found = json.loads(line)
    moment = found["time_extracted"]
    assert datetime.fromisoformat(moment).utcoffset() is not None
    message = {"type": "RECORD", "stream": "contacts", "record": row, "time_extracted": moment}
    assert found == json.loads(serialize_json(message)) == message
    assert line.isascii()
    assert line.index(b"\n") == len(line) - 1


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_written_as_python_writes_it(moment: datetime) -> None:
    assert utc_text(moment) == moment.isoformat()


@pytest.mark.parametrize(
    "body",
    [
        '{"a": NaN}', '{"a": [Infinity, -Infinity]}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a": 1, "a": 2}',
        '{"a": 123456789012345678901234567890}', '{"a": -0, "b": -0.0, "c": 1.0, "d": 0.1234567890123456789}',
        '\ufeff{"a": 1}', '{"a": "\x01"}', '{"a": "\\u0000"}', ' {"a": 1}\n', '{"a": 01}', "[1,]", "", "{",
        "null", '{"a": 1} x', "[" * 500 + "]" * 500, '{"a": "Zoë 😀"}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_answer_is_read_as_python_reads_it(body: str, encoding: str) -> None:
    raw = body.encode(encoding)
    try:
        wanted = json.loads(raw)
    except ValueError:
        wanted = None
    assert repr(answers._parsed(raw)) == repr(wanted)


@given(st.binary(max_size=20) | st.text().map(lambda text: json.dumps(text).encode()))
def test_any_answer_is_read_as_python_reads_it(raw: bytes) -> None:
    try:
        wanted = json.loads(raw)
    except ValueError:
        wanted = None
    assert repr(answers._parsed(raw)) == repr(wanted)


def test_an_answer_nested_beyond_reason_fails_as_before() -> None:
    with pytest.raises(RecursionError):
        answers.payload(Reply(200, b"[" * 100_000 + b"]" * 100_000, None))


def written(settings: dict[str, Any], catalog: dict[str, Any] | None = None) -> tuple[list[str], TapBooker]:
    """The lines of a run, the moments of extraction left out."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        tap = TapBooker(config={**settings, "as_of": "2026-03-02T15:00:00Z"}, catalog=catalog)
        tap.read()
        text = raw.getvalue().decode()
    return re.sub(r',"time_extracted":"[^"]+"', "", text).splitlines(), tap


def counted(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the SDK's metrics counted."""
    points = [one.getMessage() for one in caplog.records if '"type":"counter"' in one.getMessage()]
    caplog.clear()
    return points


def test_a_run_writes_byte_for_byte_what_the_sdk_would_have_written(
    fake: Any,
    customer: Any,
    appointment: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake.customers = [customer(n, FirstName=name) for n, name in enumerate(ODD, 1) if "\x7f" not in name]
    fake.customers += [customer(2**70), customer(50, RequestedToBeForgotten=True)]
    fake.appointments = [appointment(n, Status={"Name": "Zoë"}) for n in range(1, 9)]
    caplog.set_level("INFO")
    quick, _ = written(fake.settings())
    counts = counted(caplog)
    monkeypatch.setattr(emitting, "is_plain", lambda _: False)
    usual, _ = written(fake.settings())
    assert quick == usual
    assert len(counts) == 4
    assert counts == counted(caplog)
    assert len([line for line in quick if '"RECORD"' in line]) == 8 + 8
    kinds = [json.loads(line)["type"] for line in quick]
    assert kinds[0] == "SCHEMA"
    assert kinds[-1] == "STATE"


def without(catalog: dict[str, Any], field: str) -> None:
    """Deselect a field."""
    for one in catalog["streams"][0]["metadata"]:
        one["metadata"]["selected"] = one["breadcrumb"][-1:] != [field]


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        (lambda c: without(c, "zip"), {}),
        (lambda c: c["streams"][0]["schema"]["properties"].pop("zip"), {}),
        (lambda c: c["streams"][0]["schema"]["properties"]["zip"].update(type="integer"), {}),
        (None, {"stream_maps": {"contacts": {"zip": "__NULL__"}}}),
        (None, {"stream_maps": {"contacts": "__NULL__"}}),
        (None, {"flattening_enabled": True, "flattening_max_depth": 1}),
    ],
    ids=["field", "schema", "type", "map", "removed", "flattened"],
)
def test_whatever_asks_for_something_else_goes_the_sdks_way(
    fake: Any, customer: Any, monkeypatch: pytest.MonkeyPatch, change: Any, settings: dict[str, Any]
) -> None:
    fake.customers = [customer(1, Address={"Zip": "60601"})]
    catalog = json.loads(json.dumps(TapBooker(config=fake.settings()).catalog_dict))
    catalog["streams"].sort(key=lambda one: one["tap_stream_id"] != "contacts")
    plain, _ = written(fake.settings(), catalog)
    if change:
        change(catalog)

    def taken(stream: str, row: Any) -> bytes:
        raise AssertionError(stream, row)

    monkeypatch.setattr(emitting, "record_line", taken)
    found, tap = written(fake.settings(**settings), catalog)
    assert not emitting.is_plain(tap.streams["contacts"])
    assert any('"STATE"' in line for line in found)
    assert (found == plain) is settings.get("flattening_enabled", False)  # there is nothing to flatten


def test_rows_of_a_read_that_breaks_off_are_written_all_the_same(
    fake: Any, customer: Any, answer: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    fake.customers = [customer(n) for n in range(1, 12)]
    fake.always["customers"] = lambda asked: answer(b"", 403) if asked.body["PageNumber"] == 3 else None
    (tmp_path / "config.json").write_text(json.dumps(fake.settings()))
    with (tmp_path / "out").open("wb") as out:
        ended = subprocess.run(
            [sys.executable, "-c", "from tap_booker.start import main; main()", "--config", "config.json"],
            cwd=tmp_path, stdout=out, stderr=subprocess.PIPE, check=False, env=environment,
        )  # fmt: skip
    messages = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    ids = [one["record"]["id"] for one in messages if one["type"] == "RECORD"]
    assert ended.returncode != 0
    assert ids == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("python", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["usual", "unbuffered"])
def test_rows_are_written_many_at_once_whatever_python_was_told(
    fake: Any, customer: Any, tmp_path: Path, environment: dict[str, str], python: dict[str, str]
) -> None:
    """Each write arrives as one packet."""
    fake.customers = [customer(n) for n in range(1, 501)]
    (tmp_path / "config.json").write_text(json.dumps(fake.settings(page_size=100)))
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, subprocess.Popen(
        [sys.executable, "-c", "from tap_booker.start import main; main()", "--config", "config.json"],
        cwd=tmp_path, stdout=there.fileno(), stderr=subprocess.DEVNULL, env={**environment, **python},
    ) as tap:  # fmt: skip
        there.close()
        packets = list(iter(lambda: here.recv(1 << 20), b""))
    assert tap.returncode == 0
    messages = [json.loads(line) for line in b"".join(packets).splitlines()]
    rows = [one["record"]["id"] for one in messages if one["type"] == "RECORD"]
    assert rows == list(range(1, 501))
    assert len(packets) < 500 / 20
