"""Singer's side: settings, messages, and the state that leaves once."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.salon import check_in, contact, singer
from tests.target_referrizer.test_readme import README

from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.settings import Settings
from target_referrizer.sinks import ContractSink
from target_referrizer.target import TargetReferrizer

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

TARGET = Path(sys.executable).with_name("target-referrizer")
BOOKMARK = {"bookmarks": {"contacts": {"replication_key_value": "2026-03-02"}}}


def as_user(salon: Salon, stdin: str = "", **config: Any) -> subprocess.CompletedProcess[str]:
    """The console script with a settings file, as a user runs it."""
    file = salon.folder / "target.json"
    given = {"as_of": salon.now.isoformat(), **salon.config(**config)}
    file.write_text(json.dumps({key: value for key, value in given.items() if value is not None}))
    return subprocess.run(
        [TARGET, "--config", file], input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


# Settings


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"api_token": None}, "RFZ-103 api_token is missing"),
        ({"api_token": " "}, "RFZ-103 api_token is empty"),
        ({"groups": [{"name": "A", "visited_within": "3 moons"}, {"name": "B"}]}, "RFZ-101 group 'A'"),
        ({"concurrent_requests": 0}, "RFZ-101 concurrent_requests must be at least 1"),
        ({"update_style": "upsert"}, "RFZ-101 update_style must be one of merge, patch"),
        ({"timezone": "Mars/Phobos"}, "RFZ-101"),
        ({"visits_since": "last week"}, "RFZ-101 visits_since"),
        ({"default_country": "Atlantis"}, "RFZ-101 default_country"),
        ({"ledger_url": "oracle://x"}, "RFZ-101 ledger_url"),
        ({"ledger_url": "sqlite:////no/such/folder/x.db"}, "RFZ-403"),
        ({"api_url": "referrizer"}, "RFZ-101 api_url"),
        ({"field_map": {"shoe_size": "x"}}, "RFZ-101 field_map"),
    ],
)
def test_a_wrong_setting_is_one_clear_line_and_exit_2(
    salon: Salon, wrong: dict[str, Any], named: str
) -> None:
    config = {key: value for key, value in salon.config(**wrong).items() if value is not None}
    with pytest.raises(SettingsError) as refused:
        _ = TargetReferrizer(config=config).run
    assert str(refused.value).startswith(named)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_user_sees_one_line_and_no_traceback(salon: Salon) -> None:
    ended = as_user(salon, stream_maps={"contacts": {"__else__": "x"}})
    lines = [line for line in ended.stderr.splitlines() if "RFZ-" in line]
    assert (ended.returncode, len(lines), "Traceback" in ended.stderr) == (2, 1, False)


def test_a_setting_that_does_not_exist_names_its_neighbour(salon: Salon) -> None:
    ended = as_user(salon, request_timeot=3)
    assert "RFZ-102 there is no setting 'request_timeot'; did you mean 'request_timeout'?" in ended.stderr
    assert "What to do: Correct or remove it" in ended.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"update_style": "upsert", "concurrent_requests": 0, "api_token": None},
        {"timezone": "Mars", "default_country": "XX", "visits_since": "once"},
    ],
)
def test_several_wrong_settings_get_a_line_each_also_from_the_command(
    salon: Salon, wrong: dict[str, Any]
) -> None:
    ended = [as_user(salon, **wrong)]
    command = [
        str(TARGET.with_name("referrizer-ledger")),
        "--config",
        str(salon.folder / "target.json"),
        "status",
    ]
    ended += [subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)]
    for one in ended:
        lines = [line for line in one.stderr.splitlines() if "RFZ-10" in line and "What to do: " in line]
        assert (one.returncode, len(lines), "Traceback" in one.stderr) == (2, 3, False)


def test_a_variable_of_the_environment_that_cannot_be_read_is_named() -> None:
    for command in ([str(TARGET), "--config=ENV"], [str(TARGET.with_name("referrizer-ledger")), "status"]):
        ended = subprocess.run(
            command, input="", capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "TARGET_REFERRIZER_API_TOKEN": "t", "TARGET_REFERRIZER_POINTS": "many"},
        )  # fmt: skip
        assert ended.returncode == 2
        assert "RFZ-101 the environment variable TARGET_REFERRIZER_POINTS cannot be read" in ended.stderr


def test_a_settings_file_that_is_missing_or_no_object_is_exit_2(salon: Salon) -> None:
    broken = salon.folder / "broken.json"
    broken.write_text("[1]")
    for file in (salon.folder / "none.json", broken):
        ended = subprocess.run(
            [TARGET, "--config", file], input="", capture_output=True, text=True, timeout=60, check=False
        )
        assert (ended.returncode, "RFZ-101" in ended.stderr, "Traceback" in ended.stderr) == (2, True, False)


def test_another_day_is_refused_against_the_real_account_unless_nothing_is_written() -> None:
    pretended = {"api_token": "t", "as_of": "2026-03-02T15:00:00Z"}
    for host in ("api.referrizer.com", "api.referrizer.com.", "API.Referrizer.com:443", "app.referrizer.com"):
        with pytest.raises(SettingsError, match="RFZ-108"):
            Settings.parse({**pretended, "api_url": f"https://{host}/v1"})
    assert Settings.parse({**pretended, "dry_run": True}).as_of is not None


def test_a_refused_token_is_exit_2_and_is_not_shown(salon: Salon) -> None:
    outcome = salon.run([contact(1)], api_token="no-such-token")
    assert outcome.code == 2
    assert "RFZ-104" in outcome.log
    assert "no-such-token" not in outcome.log


def test_a_ledger_of_another_account_is_refused(salon: Salon) -> None:
    salon.run([contact(1)])
    with pytest.raises(SettingsError, match="RFZ-105"):
        salon.target(api_url=salon.box.referrizer_url + "/other")


# Messages


WORD = "(a word)"


def refused(salon: Salon, lines: list[str]) -> str:
    with pytest.raises(TargetError) as error:
        salon.run_lines(lines)
    salon.box.requests.clear()
    assert salon.shown() == []
    return str(error.value)


def test_an_unknown_stream_is_named_and_refused(salon: Salon) -> None:
    assert "RFZ-201 the input holds an unknown stream 'orders'" in refused(
        salon, singer("orders", [{"id": 1}])
    )


@pytest.mark.parametrize("word", ["Augusta Kingsley", "a@example.com", "x" * 61, "\x1b[2J", "Ä"])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RFZ-202", {"type": WORD}),
        ("RFZ-202", {"type": "RECORD", "stream": WORD, "record": {"id": 1}}),
        ("RFZ-201", {"type": "SCHEMA", "stream": WORD, "schema": {"properties": {}}, "key_properties": []}),
        ("RFZ-215", {"type": "BATCH", "stream": WORD, "encoding": {}, "manifest": []}),
    ],
    ids=["type", "record", "schema", "batch"],
)
def test_a_type_or_stream_that_does_not_look_like_one_is_not_quoted(
    salon: Salon, word: str, code: str, message: dict[str, Any]
) -> None:
    line = {name: word if value == WORD else value for name, value in message.items()}
    said = refused(salon, [json.dumps(line)])
    assert (said[:7], word in said, ascii(word)[1:-1] in said) == (code, False, False)


def test_an_unknown_type_that_looks_like_one_is_named(salon: Salon) -> None:
    assert "line 1 has an unknown message type 'NEWS'" in refused(salon, [json.dumps({"type": "NEWS"})])


def test_a_line_that_is_no_message_is_refused_without_being_quoted(salon: Salon) -> None:
    text = refused(salon, [*singer("contacts", [contact(1)]), '{"email": "secret@example.com"'])
    assert "RFZ-202 line 3" in text
    assert "secret" not in text


def test_a_record_before_its_schema_is_refused(salon: Salon) -> None:
    assert "before its SCHEMA" in refused(salon, singer("contacts", [contact(1)])[1:])


def test_batch_messages_are_refused(salon: Salon) -> None:
    batch = {"type": "BATCH", "stream": "contacts", "encoding": {"format": "jsonl"}, "manifest": []}
    assert "RFZ-215" in refused(salon, [singer("contacts", [contact(1)])[0], json.dumps(batch)])


def test_versions_of_a_full_table_are_passed_over(salon: Salon) -> None:
    salon.caplog.set_level("INFO")
    version = json.dumps({"type": "ACTIVATE_VERSION", "stream": "contacts", "version": 1})
    assert salon.run_lines([*singer("contacts", [contact(1), contact(2)]), version]).code == 0
    outcome = salon.run_lines([version, *singer("contacts", [contact(1)]), version])
    assert (outcome.code, outcome.writes, len(salon.shown())) == (0, [], 2)
    assert outcome.log.count("deletes are not carried over") == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"first_name": 7.5},
        {"email": ["a@example.com"]},
        {"is_member": "maybe"},
        {"birthday": "yesterday"},
        {"last_visit_at": "2026-03-01 10:00"},
        {"id": True},
    ],
)
def test_a_record_that_breaks_the_contract_is_rejected_and_the_others_arrive(
    salon: Salon, broken: dict[str, Any]
) -> None:
    outcome = salon.run([{**contact(1), **broken}, contact(2)])
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-203": 1}
    assert [one["email"] for one in salon.shown()] == ["ada2@example.com"]
    assert f"RFZ-203 {next(iter(broken))}" in outcome.log


def test_a_record_without_id_is_rejected(salon: Salon) -> None:
    outcome = salon.run([{"first_name": "Ada", "email": "a@example.com"}])
    assert outcome.accounting["contacts"]["reasons"]["rejected"] == {"RFZ-204": 1}


@pytest.mark.parametrize(
    "odd", ["x" * 256, "a\x00b", "a\x1bb", float("nan"), float("inf"), 1e300, ["a"], {"a": "b"}]
)
def test_an_id_that_no_ledger_can_keep_is_rejected_and_the_others_arrive(salon: Salon, odd: Any) -> None:
    rows = [check_in(odd, 1, salon.now), check_in(7, odd, salon.now), check_in(8, 2, salon.now)]
    outcome = salon.run([contact(1, id=odd), contact(2)], rows)
    for stream, number in (("contacts", 1), ("check_ins", 2)):
        assert outcome.accounting[stream]["reasons"]["rejected"] == {"RFZ-203": number}
    assert (len(salon.shown()), len(salon.visits())) == (1, 1)


def test_an_id_that_is_none_is_not_shown_for_it_may_hold_a_person(salon: Salon) -> None:
    outcome = salon.run([contact(1, id=["secret@example.com"])])
    assert "secret" not in outcome.log + outcome.err


def test_a_contact_that_cannot_be_reached_by_mistake_is_named(salon: Salon) -> None:
    outcome = salon.run([contact(1, email=None, phone="x"), contact(2, email="x")])
    assert "contact 1 rejected: RFZ-206" in outcome.log
    assert "contact 2 rejected: RFZ-203" in outcome.log


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "RECORD", "stream": "contacts", "record": [1]}',
        '{"type": "RECORD", "stream": "contacts", "record": "x"}',
        '{"type": "RECORD", "stream": ["contacts"], "record": {"id": 1}}',
        '{"type": "SCHEMA", "stream": "contacts", "schema": 7, "key_properties": ["id"]}',
        '{"type": "SCHEMA", "stream": "contacts", "schema": {"properties": null}, "key_properties": ["id"]}',
        '{"type": "SCHEMA", "stream": "contacts", "schema": {"properties": {}}, "key_properties": 7}',
        '{"type": "SCHEMA", "stream": "contacts", "schema": {"properties": {}}, "key_properties": "id"}',
        '{"type": "SCHEMA", "stream": "contacts", "schema": {"properties": {}}, "key_properties": [["id"]]}',
        "[" * 100_000,
    ],
)
def test_a_message_of_the_wrong_shape_is_refused_as_malformed(salon: Salon, line: str) -> None:
    assert refused(salon, [*singer("contacts", [contact(1)]), line]).startswith("RFZ-202 line 3")


def test_half_of_a_character_is_replaced_and_the_contact_arrives(salon: Salon) -> None:
    outcome = salon.run([contact(1, first_name="Ada \ud83d", last_name="Byron \U0001f600")])
    assert outcome.accounting["contacts"]["created"] == 1
    assert (salon.one()["firstName"], salon.one()["lastName"]) == ("Ada \ufffd", "Byron \U0001f600")


def test_rows_that_are_marked_as_deleted_are_told_once_and_left_out_by_the_readmes_map(salon: Salon) -> None:
    gone = {"_sdc_deleted_at": "2026-03-01T00:00:00Z"}
    rows = singer("contacts", [contact(1, **gone), contact(2, **gone), contact(3, _sdc_deleted_at=None)])
    told = "the stream 'contacts' marks rows as deleted (_sdc_deleted_at)"
    salon.caplog.set_level("INFO")
    assert salon.run_lines(rows, dry_run=True).log.count(told) == 1
    assert told not in salon.run_lines([rows[0], rows[3]], dry_run=True).log
    (left_out,) = re.findall(r'^\| rows that are marked .+ `"__filter__": "(.+)"` \|$', README, re.MULTILINE)
    outcome = salon.run_lines(rows, stream_maps={"contacts": {"__filter__": left_out}})
    assert told not in outcome.log
    assert [one["email"] for one in salon.shown()] == ["ada3@example.com"]


def test_the_mark_at_the_beginning_of_a_windows_file_is_passed_over(salon: Salon) -> None:
    first, *rows = singer("contacts", [contact(1)])
    assert salon.run_lines([f"\ufeff{first}", *rows]).accounting["contacts"]["created"] == 1


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_input_that_is_not_utf_8_is_one_clear_line(salon: Salon, locale: str) -> None:
    file = salon.folder / "target.json"
    file.write_text(json.dumps(salon.config(as_of=salon.now.isoformat())))
    ended = subprocess.run(
        [TARGET, "--config", file],
        input="\n".join(singer("contacts", [contact(1, city="Z\u00fcrich")])).encode("latin-1", "replace")
        + b'\n{"type": "STATE", "value": "\xfc"}\n',
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "LC_ALL": locale},
    )
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"RFZ-202 line" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_streams_of_another_tap_come_through_stream_maps(salon: Salon) -> None:
    rows = [{"guest": "g-1", "mail": "g1@example.com"}]
    schema = {"properties": {"guest": {"type": "string"}, "mail": {"type": "string"}}}
    lines = [
        json.dumps({"type": "SCHEMA", "stream": "guests", "schema": schema, "key_properties": ["guest"]}),
        *(json.dumps({"type": "RECORD", "stream": "guests", "record": row}) for row in rows),
    ]
    maps = {"guests": {"__alias__": "contacts", "id": "guest", "email": "mail", "__key_properties__": ["id"]}}
    outcome = salon.run_lines(lines, stream_maps=maps, source="desk")
    assert outcome.accounting["contacts"]["created"] == 1
    assert salon.shown()[0]["email"] == "g1@example.com"


def test_a_row_from_before_a_changed_schema_does_not_win_over_a_later_one(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of the new one that is full goes into the ledger while the input still runs."""
    monkeypatch.setattr(ContractSink, "MAX_SIZE_DEFAULT", 2)
    old, new = ([contact(1, updated_at=None, city=city)] for city in ("Austin", "Chicago"))
    more = [contact(2)]
    schema, *rows = singer("contacts", [*new, *more])
    changed = json.dumps(json.loads(schema) | {"schema": {"properties": {"id": {}, "city": {}}}})
    outcome = salon.run_lines([*singer("contacts", old), changed, *rows])
    assert (outcome.code, outcome.accounting["contacts"]["superseded"]) == (0, 1)
    assert salon.one(email="ada1@example.com")["address"]["city"] == "Chicago"


def test_the_order_of_the_streams_does_not_matter(salon: Salon) -> None:
    salon.run([contact(9)])
    lines = [*singer("check_ins", [check_in(7, 1, salon.now)]), *singer("contacts", [contact(1)])]
    assert salon.run_lines(lines).accounting["check_ins"]["delivered"] == 1


# State


def test_state_leaves_once_after_delivery(salon: Salon) -> None:
    assert salon.run([contact(1)], state=BOOKMARK).states == [BOOKMARK]


def test_state_leaves_also_when_a_person_is_needed(salon: Salon) -> None:
    outcome = salon.run([contact(key, phone="none", email=None) for key in range(25)], state=BOOKMARK)
    assert (outcome.code, outcome.states) == (3, [BOOKMARK])


def test_no_state_leaves_when_the_settings_are_wrong_or_referrizer_is_away(salon: Salon) -> None:
    wrong = salon.run([contact(1)], state=BOOKMARK, api_token="no-such-token")
    assert (wrong.code, wrong.states) == (2, [])
    away = salon.run([contact(1)], state=BOOKMARK, outage_patience_seconds=0, api_url="http://127.0.0.1:1/v1",
                     ledger_url=f"sqlite:///{salon.folder}/other.db")  # fmt: skip
    assert (away.code, away.states) == (6, [])


def test_a_dry_run_tells_the_plan_and_changes_nothing(salon: Salon) -> None:
    salon.run([contact(1)])
    ledger = salon.folder / "ledger.db"
    before = hashlib.sha256(ledger.read_bytes()).hexdigest()
    people = [contact(1, city="Gary", updated_at=salon.now.isoformat()), contact(2)]
    outcome = salon.run(people, [check_in(7, 1, salon.now)], state=BOOKMARK, dry_run=True)
    assert (outcome.code, outcome.states, outcome.writes) == (0, [], [])
    assert outcome.plan["creates"] == 1
    assert outcome.plan["visits"] == 1
    assert hashlib.sha256(ledger.read_bytes()).hexdigest() == before


def test_a_run_stopped_while_it_reads_ends_with_the_signal_and_no_state(salon: Salon) -> None:
    salon.run([contact(1)])
    file = salon.folder / "target.json"
    file.write_text(json.dumps(salon.config(as_of=salon.now.isoformat())))
    with subprocess.Popen(
        [TARGET, "--config", file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        process.stdin.write("\n".join(singer("contacts", [contact(2)])) + "\n")
        process.stdin.write(json.dumps({"type": "STATE", "value": BOOKMARK}) + "\n")
        process.stdin.flush()
        while not list(salon.folder.glob("*.lock")) or not _running(salon):
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (143, "")
    assert len(salon.shown()) == 1


def _running(salon: Salon) -> bool:
    from target_referrizer.ledger import Ledger, journal  # noqa: PLC0415 - a look from outside

    ledger = Ledger(f"sqlite:///{salon.folder}/ledger.db")
    last = journal.current_run(ledger, "booker")
    ledger.close()
    return last is not None and last.exit_code is None
