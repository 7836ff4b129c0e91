"""What is printed: no value that could be a person's, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.asking import ask, ask_json, config_file
from tests.target_referrizer.salon import ago, check_in, contact

from target_referrizer.masking import masked
from target_referrizer.terminal import as_json, counted, plain

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

COMMAND = Path(sys.executable).with_name("referrizer-ledger")
NAME = "Augusta Kingsley"
#: Controls, separators of lines, one that turns the direction of text, half a letter.
ODD = ("\x1b", "\x07", "\x9b", "\n", "\u2028", "\u2029", "\u202e", "\ud800")
ODD_ID = pytest.mark.parametrize("odd", ODD[:-1], ids=[f"U+{ord(one):04X}" for one in ODD[:-1]])


# Personal data


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[(field, True) for field in ("is_member", "accepts_email", "is_checked_in", "is_time_inferred")],
        *[("is_member", answer) for answer in ("Y", "N")],
        *[
            ("updated_at", text)
            for text in ("2026-03-02", "2026-03-02T15:00:00.500+00:00", "2026-03-02T15:00Z")
        ],
        *[("contact_id", key) for key in (7, "900001", "crm-1:a_b.c", 7.0)],
        ("group", "Leads"),
    ],
)
def test_a_field_that_holds_what_it_should_is_shown(field: str, value: Any) -> None:
    assert masked(field, value, unmasked=False, groups={"Leads"}) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[(field, NAME) for field in ("is_member", "accepts_sms", "is_checked_in", "is_time_inferred")],
        *[
            (field, "Augusta 1 2026-03-02")
            for field in ("last_visit_at", "checked_in_at", "starts_at", "as_of")
        ],
        *[("contact_id", key) for key in (NAME, f"{NAME} 312", "Augusta", "a@example.com1", "A" * 64 + "1")],
        ("updated_at", "2026-03-02 of Augusta"),
        ("checked_in_at", "2026-02-30"),
        ("group", "Augusta's friends"),
    ],
)
def test_a_field_that_holds_something_else_is_masked(field: str, value: Any) -> None:
    assert masked(field, value, unmasked=False, groups={"Leads"}) == f"{value[0]}…"
    assert masked(field, value, unmasked=True) == value


def test_no_first_letter_is_shown_where_a_terminal_would_obey_it() -> None:
    assert masked("first_name", "\x1b[31mAda", unmasked=False) == "…"


def test_a_rejected_record_with_a_name_in_a_plain_field_does_not_show_it(salon: Salon) -> None:
    odd = [
        check_in(1, 1, salon.now, checked_in_at=f"{NAME} 312-555-0142"),
        check_in(2, f"\t{NAME}", salon.now),
        check_in(3, 1, salon.now, starts_at=NAME, is_checked_in=NAME),
    ]
    salon.run([contact(1), {"id": 5, "is_member": NAME}], odd)
    said = ask(salon, "rejects").stdout
    assert len(ask_json(salon, "rejects")) == 4
    assert [word for word in ("Augusta", "Kingsley", "5550142", "555-0142") if word in said] == []


# A terminal


@pytest.mark.parametrize("odd", ODD)
def test_what_a_terminal_would_obey_is_escaped(odd: str) -> None:
    said = plain(f"a{odd}b é 客 →")
    assert (said.isprintable(), said[:2], said[-7:]) == (True, "a\\", "b é 客 →")


def test_json_of_it_is_escaped_and_reads_back_as_it_was() -> None:
    value = {"a": "".join((*ODD[:-1], "\x7f", "\U000e0001", "é 客"))}
    said = as_json(value, indent=2)
    assert json.loads(said) == value
    assert all(line.isprintable() for line in said.split("\n"))
    assert "é 客" in said


def test_one_is_one_and_more_are_more() -> None:
    assert [counted(n, "visit") for n in (0, 1, 2000)] == ["0 visits", "1 visit", "2,000 visits"]
    assert counted(2, "visit is", "visits are") == "2 visits are"


@ODD_ID
def test_an_id_that_a_terminal_would_obey_breaks_the_contract(salon: Salon, odd: str) -> None:
    salon.run([contact(1), contact(f"2{odd}")], [check_in(f"7{odd}", 1, salon.now)])
    found = ask_json(salon, "rejects")
    assert [(one["code"], one["id"][:6]) for one in found] == [("RFZ-203", "no-id-")] * 2


def test_the_tables_show_a_hostile_reply_of_referrizer_on_one_line(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=3).isoformat())])
    salon.one()["customFields"]["Customer Group"] = "\x1b]0;pwned\x07\nRFZ-000 all is well\u202e"
    for how in ("table", "json"):
        said = ask(salon, "verify", "--show-personal-data", "--format", how).stdout
        assert "pwned" in said
        assert all(line.isprintable() for line in said.split("\n"))


def test_a_plan_of_a_dry_run_shows_a_hostile_record_on_one_line(salon: Salon) -> None:
    target = salon.target(dry_run=True)
    target.run.unmasked = True
    hostile = contact(1, first_name="\x1b[2JAda\u2028\x9b")
    file = salon.folder / "input.jsonl"
    file.write_text("\n".join([*_lines(hostile)]))
    said = ask(salon, "plan", "--input", str(file), "--show-personal-data").stdout
    assert r"\x1b[2JAda\u2028\x9b" in said
    target.run.abort(1)


def _lines(record: dict[str, Any]) -> list[str]:
    schema = {"type": "SCHEMA", "stream": "contacts", "schema": {"properties": {}}, "key_properties": ["id"]}
    return [json.dumps(schema), json.dumps({"type": "RECORD", "stream": "contacts", "record": record})]


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "\x1b[2J7"],
        ["status", "\x1b[2Jx"],
        ["held", "--confirm", "\x1b[2J7"],
        ["moves", "--run", "\u202e7"],
    ],
)
def test_an_error_quotes_an_argument_without_what_a_terminal_would_obey(
    salon: Salon, arguments: list[str]
) -> None:
    salon.run([contact(1)])
    ended = subprocess.run(
        [COMMAND, "--config", config_file(salon), *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode in {1, 2}
    assert all(line.isprintable() for line in ended.stderr.split("\n")), ended.stderr
