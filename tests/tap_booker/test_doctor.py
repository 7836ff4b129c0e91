"""`booker-connect doctor`: a line for each thing that a run needs from Booker."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from tap_booker.connect import connect
from tap_booker.given import settings_given

if TYPE_CHECKING:
    from sandbox import Sandbox

COMMAND = Path(sys.executable).with_name("booker-connect")

Check = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place without settings of its own."""
    for name in [name for name in os.environ if name.startswith("TAP_BOOKER")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(folder: Path, config: dict[str, Any], *arguments: str) -> Result:
    file = folder / "tap.json"
    file.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    found = CliRunner().invoke(connect, ["--config", str(file), "doctor", *arguments])
    assert isinstance(found.exception, SystemExit | None), found.exception
    return found


def checks(folder: Path, config: dict[str, Any]) -> dict[str, Check]:
    """The findings by name; of several with one name, the last."""
    said = json.loads(ask(folder, config, "--format", "json").stdout)
    assert all(set(one) == {"name", "state", "finding", "what_to_do", "code"} for one in said)
    return {one["name"]: one for one in said}


def states(folder: Path, config: dict[str, Any]) -> dict[str, str]:
    return {name: one["state"] for name, one in checks(folder, config).items()}


# --- the whole


def test_a_good_account_is_well_in_all_its_parts(folder: Path, box: Sandbox, box_settings: Any) -> None:
    found = states(folder, box_settings(box))
    assert list(found) == [
        *("settings", "address", "token", "location 3749", "time zone of 3749"),
        *("contacts of 3749", "check-ins of 3749", "filter of 3749", "clock"),
    ]
    # the sandbox's answers have no Date
    assert {name: state for name, state in found.items() if state != "ok"} == {"clock": "warn"}


def test_each_finding_is_one_line_and_the_last_counts_the_calls(
    folder: Path, box: Sandbox, box_settings: Any
) -> None:
    said = ask(folder, box_settings(box))
    *lines, last = said.stdout.splitlines()
    assert all(line[:6] in {"ok    ", "warn  ", "FAIL  "} for line in lines)
    assert (said.exit_code, last) == (0, f"Ready, 1 to look at; calls made: {len(box.requests)}")


def test_no_person_and_no_secret_is_shown(folder: Path, box: Sandbox, box_settings: Any) -> None:
    said = ask(folder, box_settings(box))
    shown = said.stdout + said.stderr
    for one in box.salon.customers.values():
        for word in (one.email, one.cell, one.home, one.last):
            assert word is None or not re.search(rf"\b{re.escape(word)}\b", shown), word
    secrets = box.booker.credentials
    for secret in (secrets.client_secret, secrets.personal_access_token, *box.booker.tokens.issued):
        assert secret not in shown


def test_the_command_reads_the_environment_and_ends_with_the_exit_code(
    folder: Path, fake: Any, answer: Any
) -> None:
    fake.always["token"] = lambda _: answer({"error": "invalid_client"}, 400)
    given = {f"TAP_BOOKER_{name.upper()}": str(value) for name, value in fake.settings().items()}
    done = subprocess.run(
        [str(COMMAND), "doctor"], env={**os.environ, **given}, capture_output=True, text=True, check=False,
        cwd=folder,
    )  # fmt: skip
    assert (done.returncode, "FAIL  token: BKR-201" in done.stdout) == (2, True)
    assert "Traceback" not in done.stderr


def test_an_env_file_that_the_sdk_finds_does_not_overrule_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("TAP_BOOKER_LOCATION_IDS=[3749]\n")
    monkeypatch.setattr("singer_sdk.configuration._dict_config.find_dotenv", lambda: folder / ".env")
    monkeypatch.setenv("TAP_BOOKER_LOCATION_IDS", "[12345]")
    assert settings_given(())["location_ids"] == [12345]


def test_several_files_are_laid_over_one_another(folder: Path, fake: Any) -> None:
    one, other = folder / "one.json", folder / "other.json"
    one.write_text(json.dumps(fake.settings(location_ids=[1])))
    other.write_text('{"location_ids": [7]}')
    said = CliRunner().invoke(connect, ["--config", str(one), "--config", str(other), "doctor"])
    assert ("ok    location 7" in said.stdout, "location 1:" in said.stdout) == (True, False)


# --- settings


def test_every_wrong_setting_has_its_line_and_the_rest_is_checked(folder: Path, fake: Any) -> None:
    said = ask(folder, fake.settings(page_size=0, timezone="Mars/Base", clientid="x"))
    lines = [line[:21] for line in said.stdout.splitlines() if " settings: " in line]
    assert lines == ["warn  settings: BKR-1", "FAIL  settings: BKR-1", "FAIL  settings: BKR-1"]
    assert "did you mean 'client_id'?" in said.stdout
    assert ("ok    contacts of 3749" in said.stdout, said.exit_code) == (True, 2)


@pytest.mark.parametrize("lacking", ["client_secret", "subscription_key", "location_ids"])
def test_nothing_is_asked_without_what_every_call_needs(folder: Path, fake: Any, lacking: str) -> None:
    found = checks(folder, fake.settings(**{lacking: None}))
    assert (found["settings"]["code"], found["address"]["state"]) == ("BKR-102", "warn")
    assert f"good {lacking}" in found["address"]["finding"]
    assert not fake.asked


def test_nothing_is_asked_of_an_address_that_was_not_meant(folder: Path, fake: Any) -> None:
    found = checks(folder, fake.settings(base_url="gopher://x"))
    assert (found["settings"]["state"], found["address"]["state"]) == ("FAIL", "warn")


def test_a_stream_map_of_the_wrong_form_is_a_wrong_setting(folder: Path, fake: Any) -> None:
    found = checks(folder, fake.settings(stream_maps={"contacts": {"__else__": "x"}}))
    assert (found["settings"]["state"], found["settings"]["code"]) == ("FAIL", "BKR-102")


def test_two_ways_in_at_once_are_not_tried(folder: Path, fake: Any) -> None:
    assert states(folder, fake.settings(credentials_path="x.json"))["settings"] == "FAIL"
    assert not fake.asked


@pytest.mark.parametrize("content", ["{", "[]"])
def test_an_unreadable_file_is_a_finding(folder: Path, content: str) -> None:
    file = folder / "broken.json"
    file.write_text(content)
    said = CliRunner().invoke(connect, ["--config", str(file), "doctor"])
    assert (said.exit_code, "FAIL  settings: BKR-101" in said.stdout) == (2, True)


# --- address and token


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://nowhere.invalid", "the name of its host is not known"),
        ("http://127.0.0.1:9", "the connection is refused"),
    ],
)
def test_a_host_that_is_not_there_is_told(folder: Path, fake: Any, *, base_url: str, words: str) -> None:
    said = ask(folder, fake.settings(base_url=base_url, location_ids=[1, 2, 3]))
    assert (said.exit_code, words in said.stdout) == (1, True)
    assert "FAIL  address: BKR-301" in said.stdout
    assert said.stdout.endswith("calls made: 1\n")


def test_a_server_without_tls_is_told(folder: Path, fake: Any) -> None:
    found = checks(folder, fake.settings(base_url=fake.url.replace("http:", "https:")))
    assert "(TLS fails)" in found["address"]["finding"]


def test_a_host_that_hangs_is_left_after_a_few_seconds(folder: Path, fake: Any, answer: Any) -> None:
    fake.always["token"] = lambda _: answer(hang=True)
    began = time.monotonic()
    found = checks(folder, fake.settings(location_ids=[1, 2]))
    assert time.monotonic() - began < 10
    assert "did not answer within 6 s" in found["address"]["finding"]
    assert "waits as long as a run does" in found["address"]["what_to_do"]
    assert len(fake.asked) == 1


@pytest.mark.parametrize(("status", "code"), [(404, "BKR-102"), (301, "BKR-102")])
def test_an_address_without_a_token_call_is_a_wrong_setting(
    folder: Path, fake: Any, answer: Any, *, status: int, code: str
) -> None:
    fake.always["token"] = lambda _: answer({}, status)
    found = checks(folder, fake.settings())
    assert (found["address"]["code"], found["token"]["state"]) == (code, "warn")


@pytest.mark.parametrize(("status", "code"), [(503, "BKR-304"), (429, "BKR-302")])
def test_a_busy_token_service_is_asked_once(
    folder: Path, fake: Any, answer: Any, *, status: int, code: str
) -> None:
    fake.always["token"] = lambda _: answer({}, status, {"Retry-After": "200"})
    said = ask(folder, fake.settings())
    assert (said.exit_code, f"FAIL  token: {code}" in said.stdout) == (1, True)
    assert len(fake.asked) == 1


def test_a_token_that_the_lists_refuse_is_told_for_its_location(
    folder: Path, box: Sandbox, box_settings: Any
) -> None:
    box.booker.switches.location_token_needed = "always"
    found = checks(folder, box_settings(box))
    assert (found["token"]["state"], found["location 3749"]["code"]) == ("ok", "BKR-202")
    assert states(folder, box_settings(box, use_location_token=True))["location 3749"] == "ok"


# --- the credential file


def by_file(folder: Path, box: Sandbox, box_settings: Any, mode: int = 0o600) -> tuple[Path, dict[str, Any]]:
    path = folder / "keys" / "booker.json"
    path.parent.mkdir(mode=0o700)
    path.write_text(json.dumps({"refresh_token": box.booker.credentials.refresh_token, "mine": 1}))
    path.chmod(mode)
    return path, box_settings(box, personal_access_token=None, credentials_path=str(path))


def test_a_new_refresh_token_is_kept(folder: Path, box: Sandbox, box_settings: Any) -> None:
    path, config = by_file(folder, box, box_settings)
    before = json.loads(path.read_text())
    assert states(folder, config)["credential file"] == "ok"
    after = json.loads(path.read_text())
    assert after == {"refresh_token": box.booker.credentials.refresh_token, "mine": 1}
    assert after != before
    assert states(folder, config)["token"] == "ok"


def test_a_file_that_others_may_read_warns(folder: Path, box: Sandbox, box_settings: Any) -> None:
    path, config = by_file(folder, box, box_settings, 0o644)
    found = checks(folder, config)["credential file"]
    assert (found["state"], found["what_to_do"]) == ("warn", f"chmod 600 {path}")


def test_no_token_is_spent_that_could_not_be_replaced(
    folder: Path, box: Sandbox, box_settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, config = by_file(folder, box, box_settings)
    before = path.read_text()
    # the user of the tests may write everywhere, so the system's answer is changed
    monkeypatch.setattr(os, "access", lambda place, _: Path(place) != path.parent)
    said = ask(folder, config)
    assert (said.exit_code, "FAIL  credential file: BKR-105" in said.stdout) == (2, True)
    assert (list(box.requests), path.read_text()) == ([], before)


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_file_without_a_token_fails_and_nothing_is_asked(
    folder: Path, fake: Any, content: str | None
) -> None:
    path = folder / "keys.json"
    if content:
        path.write_text(content)
    found = checks(folder, fake.settings(personal_access_token=None, credentials_path=str(path)))
    assert (found["credential file"]["code"], found["token"]["state"]) == ("BKR-105", "warn")
    assert not fake.asked


def test_a_signal_during_the_token_call_loses_no_refresh_token(
    fake: Any, answer: Any, tmp_path: Path
) -> None:
    asked_for, told = threading.Event(), threading.Event()
    path, file = tmp_path / "booker.json", tmp_path / "tap.json"
    path.write_text(json.dumps({"refresh_token": "refresh-1"}))

    def rotate(_: Any) -> Any:
        asked_for.set()
        told.wait(20)
        return answer({**fake.token, "refresh_token": "refresh-2"})

    fake.always["token"] = rotate
    settings = fake.settings(personal_access_token=None, credentials_path=str(path))
    file.write_text(json.dumps(settings))
    with subprocess.Popen(
        [str(COMMAND), "--config", str(file), "doctor"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert asked_for.wait(30)
        running.send_signal(signal.SIGTERM)
        threading.Timer(0.5, told.set).start()
        running.communicate(timeout=20)
    assert running.returncode == 128 + signal.SIGTERM
    assert json.loads(path.read_text())["refresh_token"] == "refresh-2"


# --- locations


def test_an_unknown_location_does_not_hide_the_others(folder: Path, box: Sandbox, box_settings: Any) -> None:
    said = ask(folder, box_settings(box, location_ids=[1, 3749]))
    assert (said.exit_code, "FAIL  location 1: BKR-203" in said.stdout) == (2, True)
    assert "ok    contacts of 3749" in said.stdout


def test_a_zone_that_is_not_known_warns_and_the_setting_mends_it(folder: Path, fake: Any) -> None:
    fake.location["TimeZone"] = {"Name": "Somewhere"}
    found = checks(folder, fake.settings())["time zone of 3749"]
    assert (found["state"], found["code"]) == ("warn", "BKR-104")
    mended = checks(folder, fake.settings(timezone="America/Chicago"))["time zone of 3749"]
    assert mended["finding"] == "America/Chicago (the setting timezone goes before; Booker says: Somewhere)"


def test_a_zone_that_dates_need_fails_where_it_is_needed(folder: Path, fake: Any, customer: Any) -> None:
    fake.location["TimeZone"] = None
    fake.customers = [customer(1, DateLastModified="/Date(1772400000000)/")]
    found = checks(folder, fake.settings())
    assert found["contacts of 3749"]["code"] == "BKR-104"


@pytest.mark.parametrize(("twins", "words"), [("all", "dates say their offset"), ("none", "the old form")])
def test_the_form_of_the_dates_is_told(
    folder: Path, box: Sandbox, box_settings: Any, *, twins: Any, words: str
) -> None:
    box.booker.switches.offset_twins = twins
    found = checks(folder, box_settings(box))
    assert words in found["contacts of 3749"]["finding"]
    assert words in found["check-ins of 3749"]["finding"]


def test_a_filter_that_booker_does_not_keep_to_costs_calls_and_nothing_else(
    folder: Path, box: Sandbox, box_settings: Any
) -> None:
    box.booker.switches.honour_modified_filter_customers = False
    said = ask(folder, box_settings(box))
    assert (said.exit_code, "warn  filter of 3749: 40 of 40 customers" in said.stdout) == (0, True)


def test_a_filter_that_is_kept_to_in_the_wider_form_is_kept_to(
    folder: Path, fake: Any, customer: Any
) -> None:
    fake.customers = [customer(1, DateLastModifiedOffset="2026-03-01T14:30:00+00:00")]
    found = checks(folder, fake.settings(as_of="2026-03-02T15:00:00Z"))["filter of 3749"]
    assert found["state"] == "ok"
    fake.customers = [customer(1, DateLastModifiedOffset="2026-03-01T13:30:00+00:00")]
    assert states(folder, fake.settings(as_of="2026-03-02T15:00:00Z"))["filter of 3749"] == "warn"


def test_a_filter_that_booker_refuses_fails(folder: Path, box: Sandbox, box_settings: Any) -> None:
    box.booker.switches.offset_filters = "refused"
    found = checks(folder, box_settings(box))
    assert (found["filter of 3749"]["code"], found["contacts of 3749"]["state"]) == ("BKR-401", "ok")
    assert states(folder, box_settings(box, date_filter_style="dotnet"))["filter of 3749"] == "ok"


def test_a_filter_cannot_be_judged_by_rows_without_a_date(folder: Path, fake: Any, customer: Any) -> None:
    fake.customers = [customer(1)]
    assert "no date to tell by" in checks(folder, fake.settings())["filter of 3749"]["finding"]


def test_a_list_that_fails_does_not_hide_the_other(folder: Path, fake: Any, answer: Any) -> None:
    fake.always["customers"] = lambda _: answer({"IsSuccess": True})
    found = checks(folder, fake.settings())
    assert (found["contacts of 3749"]["code"], found["check-ins of 3749"]["state"]) == ("BKR-403", "ok")


def test_booker_that_goes_away_is_not_asked_for_each_location(folder: Path, fake: Any, answer: Any) -> None:
    fake.always["location"] = lambda _: answer(cut=True)
    found = checks(folder, fake.settings(location_ids=[1, 2, 3]))
    assert (found["location 1"]["code"], found["location 2"]["state"]) == ("BKR-301", "warn")
    assert len(fake.paths("location")) == 1


# --- the clock


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [(0, "ok", "agrees"), (150, "warn", "s behind"), (-150, "warn", "s ahead of"), (900, "FAIL", "s behind")],
)
def test_the_clock_is_compared_with_the_dates_of_the_answers(
    folder: Path, fake: Any, *, ahead: int, state: str, words: str
) -> None:
    fake.dates = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    found = checks(folder, fake.settings())["clock"]
    assert (found["state"], words in found["finding"]) == (state, True)


def test_a_wrong_clock_exits_2(folder: Path, fake: Any) -> None:
    fake.dates = "Mon, 02 Mar 2020 15:00:00 GMT"
    said = ask(folder, fake.settings())
    assert (said.exit_code, "FAIL  clock: BKR-108" in said.stdout) == (2, True)


@pytest.mark.parametrize("date", ["yesterday", "-1", ""])
def test_a_date_that_is_none_is_as_good_as_no_date(folder: Path, fake: Any, date: str) -> None:
    fake.dates = date
    assert checks(folder, fake.settings())["clock"]["state"] == "warn"
