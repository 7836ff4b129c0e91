from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tap_booker.auth import Authority, Token, TokenCell, _useful_seconds
from tap_booker.credentials import CredentialFile
from tap_booker.errors import BookerError, CredentialFileError, RefusedError, SettingError, UnavailableError
from tap_booker.given import with_defaults
from tap_booker.report import Tally
from tap_booker.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Run = Callable[..., Any]


def test_a_personal_access_token_is_sent_decoded_with_the_key_and_no_location_token(
    fake: Any, run_tap: Run
) -> None:
    assert run_tap(fake.settings(personal_access_token="ab%2Bc%3D")).code == 0
    asked = fake.paths("token")[0]
    assert asked.path == "/v5/auth/connect/token"
    assert asked.headers["Ocp-Apim-Subscription-Key"] == "hush-key"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in asked.headers
    assert asked.body == {
        "grant_type": ["personal_access_token"],
        "personal_access_token": ["ab+c="],
        "client_id": ["the-client"],
        "client_secret": ["hush-secret"],
        "scope": ["merchant"],
    }
    assert len(fake.paths("token")) == 1
    assert not fake.paths("context/update")


def test_data_calls_carry_the_token_twice(fake: Any, run_tap: Run) -> None:
    run_tap(fake.settings())
    for asked in fake.paths("customers") + fake.paths("appointments"):
        assert asked.headers["Authorization"] == "Bearer hush-token-1"
        assert asked.headers["Ocp-Apim-Subscription-Key"] == "hush-key"
        assert asked.body["access_token"] == "hush-token-1"
        assert asked.body["LocationID"] == 3749
    (location,) = fake.paths("location")
    assert (location.method, location.query["access_token"]) == ("GET", ["hush-token-1"])


def test_one_connection_is_enough_for_one_request_at_a_time(fake: Any, run_tap: Run) -> None:
    assert run_tap(fake.settings()).code == 0
    assert len(fake.peers) == 1


def test_a_redirect_is_not_followed_with_the_keys(fake: Any, run_tap: Run, answer: Any) -> None:
    fake.queue["customers"] = [answer(b"", 307, {"Location": f"{fake.url}/v4.1/merchant/customers"})]
    assert run_tap(fake.settings()).code == 1
    assert len(fake.paths("customers")) == 1


def test_client_credentials_are_exchanged_for_each_locations_token(fake: Any, run_tap: Run) -> None:
    output = run_tap(fake.settings(personal_access_token="", location_ids=[3749, 3750]))
    assert output.code == 0
    assert fake.paths("token")[0].body["grant_type"] == ["client_credentials"]
    exchanges = fake.paths("context/update")
    assert [asked.query["locationId"] for asked in exchanges] == [["3749"], ["3750"]]
    assert all("Content-Type" not in asked.headers for asked in exchanges)
    assert {asked.body["access_token"] for asked in fake.paths("customers")} == {
        "location-token-3749",
        "location-token-3750",
    }


@pytest.mark.parametrize(("use", "exchanges"), [(True, 1), (False, 0)])
def test_a_location_token_is_asked_for_when_the_setting_says_so(
    fake: Any, run_tap: Run, *, use: bool, exchanges: int
) -> None:
    token = "hush-pat" if use else ""
    assert run_tap(fake.settings(use_location_token=use, personal_access_token=token)).code == 0
    assert len(fake.paths("context/update")) == exchanges


def test_an_account_token_refused_in_the_exchange_is_renewed(fake: Any, run_tap: Run, answer: Any) -> None:
    fake.queue["context/update"] = [
        answer({"IsSuccess": False, "ErrorCode": 1000, "ErrorMessage": "invalid access token"})
    ]
    assert run_tap(fake.settings(use_location_token=True)).code == 0
    assert len(fake.paths("token")) == 2


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    path = tmp_path / "booker.json"
    path.write_text(json.dumps({"refresh_token": "refresh-1", "account": "kept"}))
    path.chmod(0o644)
    return path


def test_a_rotated_refresh_token_replaces_the_file(fake: Any, run_tap: Run, credentials: Path) -> None:
    fake.token["refresh_token"] = "refresh-2"
    settings = fake.settings(personal_access_token=None, credentials_path=str(credentials))
    assert run_tap(settings).code == 0
    assert fake.paths("token")[0].body["grant_type"] == ["refresh_token"]
    assert fake.paths("token")[0].body["refresh_token"] == ["refresh-1"]
    assert json.loads(credentials.read_text()) == {"refresh_token": "refresh-2", "account": "kept"}
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    assert [path.name for path in credentials.parent.iterdir()] == ["booker.json"]
    assert not fake.paths("context/update")


@pytest.mark.parametrize("again", [None, "", "refresh-1"])
def test_a_token_that_is_not_rotated_leaves_the_file_alone(
    fake: Any, run_tap: Run, credentials: Path, again: str | None
) -> None:
    fake.token["refresh_token"] = again
    before = credentials.stat()
    assert run_tap(fake.settings(personal_access_token=None, credentials_path=str(credentials))).code == 0
    assert credentials.stat().st_ino == before.st_ino


def test_a_link_to_the_file_stays_a_link(fake: Any, run_tap: Run, credentials: Path, tmp_path: Path) -> None:
    fake.token["refresh_token"] = "refresh-2"
    link = tmp_path / "link.json"
    link.symlink_to(credentials)
    assert run_tap(fake.settings(personal_access_token=None, credentials_path=str(link))).code == 0
    assert link.is_symlink()
    assert json.loads(credentials.read_text())["refresh_token"] == "refresh-2"


def test_the_files_token_url_is_used_unless_the_setting_says_otherwise(
    fake: Any, run_tap: Run, credentials: Path
) -> None:
    credentials.write_text(json.dumps({"refresh_token": "r", "token_url": f"{fake.url}/other/token"}))
    settings = fake.settings(personal_access_token=None, credentials_path=str(credentials))
    run_tap(settings)
    run_tap({**settings, "token_url": f"{fake.url}/mine/token"})
    assert [asked.path for asked in fake.paths("token")] == ["/other/token", "/mine/token"]


def test_a_token_that_another_run_rotated_meanwhile_is_read_again(
    fake: Any, run_tap: Run, credentials: Path, answer: Any
) -> None:
    def other_run_was_first(asked: Any) -> Any:
        if asked.body["refresh_token"] == ["refresh-1"]:
            credentials.write_text(json.dumps({"refresh_token": "refresh-2"}))
            return answer({"error": "invalid_grant"}, 400)
        return None

    fake.always["token"] = other_run_was_first
    assert run_tap(fake.settings(personal_access_token=None, credentials_path=str(credentials))).code == 0


HOLDER = """
import sys
from tap_booker.credentials import CredentialFile
file = CredentialFile(sys.argv[1])
with file.alone():
    print("alone", flush=True)
    sys.stdin.readline()
    file.store("refresh-2")
    file.store("refresh-3")
"""


@pytest.fixture
def other_run(credentials: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[int]]]:
    """Another process that renews its token, and goes on when somebody waits for that.

    Calling it waits for its end; gives the files that were locked meanwhile, by inode.
    """
    command = [sys.executable, "-c", HOLDER, str(credentials)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "alone\n"
        lock, tell = fcntl.flock, other.stdin
        locked: list[int] = []
        limit = threading.Timer(30, other.kill)  # else whatever breaks here would hang all tests
        limit.start()

        def go_on_then_lock(file: Any, how: int) -> None:
            tell.close()
            lock(file, how)
            locked.append(os.fstat(file.fileno()).st_ino)

        def end() -> list[int]:
            tell.close()
            assert other.wait() == 0
            return locked

        monkeypatch.setattr("tap_booker.credentials.fcntl.flock", go_on_then_lock)
        yield end
        limit.cancel()


def test_a_refresh_token_that_another_process_is_spending_is_waited_for(
    fake: Any, run_tap: Run, credentials: Path, other_run: Callable[[], list[int]]
) -> None:
    fake.token["refresh_token"] = "refresh-4"
    before = credentials.stat().st_ino
    settings = fake.settings(personal_access_token=None, credentials_path=str(credentials))
    assert run_tap(settings).code == 0
    assert [asked.body["refresh_token"] for asked in fake.paths("token")] == [["refresh-3"]]
    assert json.loads(credentials.read_text())["refresh_token"] == "refresh-4"
    first, second = other_run()
    assert first == before != second, "the file that lies there now, for whoever comes next"
    assert [path.name for path in credentials.parent.iterdir()] == ["booker.json"]


def test_what_a_sign_in_brings_is_not_lost_to_a_run_that_renews_its_token(
    credentials: Path, other_run: Callable[[], list[int]]
) -> None:
    CredentialFile(str(credentials)).establish("signed-in", "http://127.0.0.1/token")
    other_run()
    found = json.loads(credentials.read_text())
    assert (found["refresh_token"], found["account"]) == ("signed-in", "kept")


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """As another run has it that hangs; let go in the end, so that a wait without a limit hangs no tests."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        limit = threading.Timer(20, fcntl.flock, (file, fcntl.LOCK_UN))
        limit.start()
        yield
        limit.cancel()


def test_another_runs_turn_is_waited_for_with_a_word_and_not_for_ever(
    credentials: Path, caplog: pytest.LogCaptureFixture
) -> None:
    waited: list[float] = []
    told_after: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if "Another run renews the sign-in of" in caplog.text and not told_after:
            told_after.append(sum(waited))
        return False

    file = CredentialFile(str(credentials))
    with held(credentials), pytest.raises(UnavailableError, match="Another run has kept") as busy:
        file.alone(wait).__enter__()
    assert str(busy.value).startswith(f"BKR-304 Another run has kept the sign-in of {credentials} for 120 s.")
    assert sum(waited) == pytest.approx(120)
    assert max(waited) <= 0.5
    assert told_after == [pytest.approx(10, abs=0.5)]
    assert caplog.text.count("Another run") == 1
    with file.alone(wait):
        assert sum(waited) == pytest.approx(120), "a lock that is free costs no time"


def test_a_sign_in_that_cannot_have_its_turn_says_so(
    credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_booker.credentials.PATIENCE", 0)
    file = CredentialFile(str(credentials))
    with held(credentials), pytest.raises(CredentialFileError, match=r"BKR-105 Another run .+ sign in again"):
        file.establish("signed-in", "http://127.0.0.1/token")
    assert file.read()["refresh_token"] == "refresh-1"


def test_a_turn_that_comes_when_the_run_has_ended_spends_no_refresh_token(
    fake: Any, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = with_defaults(fake.settings(personal_access_token=None, credentials_path=str(credentials)))
    authority = Authority(settings, Transport("hush-key", 5, 1), Tally("connection"), time.monotonic)
    lock, leaving = fcntl.flock, threading.Thread(target=authority.close)

    def end_then_lock(file: Any, how: int) -> None:
        leaving.start()
        assert authority._is_closing.wait(10)
        lock(file, how)

    monkeypatch.setattr("tap_booker.credentials.fcntl.flock", end_then_lock)
    with pytest.raises(UnavailableError, match="the run has ended"):
        authority.account.get()
    leaving.join(10)
    assert not leaving.is_alive()
    assert fake.paths("token") == []


def test_where_files_cannot_be_locked_nobody_waits(
    fake: Any, run_tap: Run, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("no locks available")

    settings = fake.settings(personal_access_token=None, credentials_path=str(credentials))
    monkeypatch.setattr("tap_booker.credentials.fcntl.flock", refuse)
    assert run_tap(settings).code == 0
    monkeypatch.setattr("tap_booker.credentials.fcntl", None)
    assert run_tap(settings).code == 0


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"refresh_token": 5}'])
def test_an_unusable_credential_file_is_one_clear_failure(
    fake: Any, run_tap: Run, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "booker.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CredentialFileError, match="BKR-105"):
        run_tap(fake.settings(personal_access_token=None, credentials_path=str(path)))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": "invalid_client", "error_description": "hush-secret is wrong"}, 400),
        ({"error": "invalid_grant"}, 401),
        ({"statusCode": 401, "message": "Access denied due to invalid subscription key."}, 401),
        ({"error": "invalid_client"}, 200),
        (b"", 403),
    ],
)
def test_refused_credentials_stop_the_run_at_once(
    fake: Any, run_tap: Run, answer: Any, *, pauses: list[float], body: Any, status: int
) -> None:
    fake.always["token"] = lambda _: answer(body, status)
    with pytest.raises(RefusedError) as refusal:
        run_tap(fake.settings(location_ids=[3749, 3750]))
    assert refusal.value.exit_code == 2
    assert "hush" not in str(refusal.value)
    assert len(fake.paths("token")) == 1
    assert pauses == []


def test_a_token_address_that_is_none_is_a_settings_error(fake: Any, run_tap: Run, answer: Any) -> None:
    fake.always["token"] = lambda _: answer({}, 404)
    with pytest.raises(SettingError, match="token_url"):
        run_tap(fake.settings())


def test_a_busy_token_service_is_waited_for(
    fake: Any, run_tap: Run, answer: Any, pauses: list[float]
) -> None:
    fake.queue["token"] = [answer({}, 503), answer({}, 429, {"Retry-After": "7"}), answer({})]
    assert run_tap(fake.settings()).code == 0
    assert len(pauses) == 3
    assert pauses[1] >= 7


@pytest.mark.parametrize(
    "refusal",
    [
        {"body": {"IsSuccess": False, "ErrorCode": 1000, "ErrorMessage": "Invalid Access Token"}},
        {"body": {"statusCode": 401}, "status": 401},
        {"body": b"", "status": 401},
    ],
)
def test_a_token_that_expires_in_the_middle_is_renewed_and_the_page_asked_for_again(
    fake: Any, run_tap: Run, answer: Any, customer: Any, refusal: dict[str, Any]
) -> None:
    fake.customers = [customer(n) for n in range(1, 8)]

    def expire(asked: Any) -> Any:
        old = asked.body["access_token"] == "hush-token-1" and asked.body["PageNumber"] == 2
        if old:
            fake.token = {"access_token": "hush-token-2", "expires_in": 1800}
        return answer(**refusal) if old else None

    fake.always["customers"] = expire
    output = run_tap(fake.settings())
    assert output.code == 0
    assert output.ids("contacts") == list(range(1, 8))
    pages = [(a.body["PageNumber"], a.body["access_token"][-1]) for a in fake.paths("customers")]
    assert pages == [(1, "1"), (2, "1"), (2, "2"), (3, "2"), (4, "2")]


def test_a_fresh_token_that_is_refused_too_fails_without_a_loop(fake: Any, run_tap: Run, answer: Any) -> None:
    fake.always["customers"] = lambda _: answer(b"", 401)
    output = run_tap(fake.settings())
    assert output.code == 2
    assert output.tally("contacts")["outcome"] == "BKR-204"
    assert len(fake.paths("customers")) == 2
    assert output.bookmark("contacts") is None
    assert output.bookmark("check_ins") is not None


def test_a_request_gets_one_new_token_and_no_more_however_often_it_is_tried(
    fake: Any, run_tap: Run, answer: Any
) -> None:
    fake.queue["customers"] = [answer(b"", 401), answer(b"", 503), answer(b"", 401)]
    output = run_tap(fake.settings())
    assert output.tally("contacts")["outcome"] == "BKR-204"
    assert len(fake.paths("token")) == 2


def test_threads_share_one_renewal(fake: Any, run_tap: Run, answer: Any, customer: Any) -> None:
    fake.customers = [customer(n) for n in range(1, 40)]

    def expire(asked: Any) -> Any:
        return (
            answer(b"", 401)
            if asked.body["access_token"] == "hush-token-1" and asked.body["PageNumber"] > 3
            else None
        )

    def token(_: Any) -> Any:
        return answer({"access_token": f"hush-token-{len(fake.paths('token'))}", "expires_in": 1800})

    fake.always.update(customers=expire, token=token)
    output = run_tap(fake.settings(concurrent_requests=4))
    assert output.ids("contacts") == list(range(1, 40))
    assert len(fake.paths("token")) == 2


@pytest.mark.parametrize(
    ("expires_in", "fetches"), [(1800, 1), ("1800", 1), (20, 3), (None, 1), (0, 1), ("soon", 1)]
)
def test_a_token_is_renewed_a_little_before_it_expires(expires_in: Any, fetches: int) -> None:
    clock, fetched = [0.0], []

    def fetch() -> Token:
        fetched.append(clock[0])
        return Token(str(len(fetched)), clock[0] + _useful_seconds(expires_in))

    cell = TokenCell(fetch, lambda: clock[0])
    for clock[0] in (0.0, 17.9, 18.0, 30.0, 36.0):
        cell.get()
    assert len(fetched) == fetches


def test_leaving_waits_for_a_token_that_is_being_fetched_and_allows_no_other() -> None:
    asked, answered = threading.Event(), threading.Event()
    stored: list[str] = []

    def fetch() -> Token:
        asked.set()
        assert answered.wait(10)
        stored.append("rotated")
        return Token("new", 1e9)

    cell = TokenCell(fetch, lambda: 0.0)
    with ThreadPoolExecutor(2) as pool:
        page = pool.submit(cell.get)
        assert asked.wait(10)
        leaving = pool.submit(cell.seal)
        answered.set()
        leaving.result(10)
        assert stored == ["rotated"]
        assert page.result(10).text == "new"
    with pytest.raises(UnavailableError):
        cell.renew("new")


def test_no_failure_tells_a_secret(
    fake: Any, run_tap: Run, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    fake.queue["location"] = [answer(cut=True), answer(b"", 503)]
    fake.always["customers"] = lambda _: answer({"IsSuccess": False, "ErrorMessage": "hush"}, 400)
    output = run_tap(fake.settings())
    assert output.code == 1
    said = caplog.text + output.stderr + json.dumps(output.messages)
    assert "BKR-402" in said
    assert "hush" not in said


def test_an_error_object_carries_status_code_and_sentence() -> None:
    failure = BookerError("It broke.", status=500, vendor_code=100000, code="BKR-306")
    assert (failure.status, failure.vendor_code, failure.code) == (500, 100000, "BKR-306")
    assert str(failure).startswith("BKR-306 It broke. What to do: Run later")


@pytest.mark.parametrize("address", ["http://a..b", "http://" + "a" * 70 + ".example"])
def test_an_address_that_no_host_can_have_is_a_settings_error(fake: Any, run_tap: Run, address: str) -> None:
    with pytest.raises(SettingError, match="base_url"):
        run_tap(fake.settings(base_url=address))


def test_a_home_folder_of_nobody_is_one_clear_failure(fake: Any, run_tap: Run) -> None:
    settings = fake.settings(personal_access_token=None, credentials_path="~no-such-user/booker.json")
    with pytest.raises(CredentialFileError, match="BKR-105"):
        run_tap(settings)


def test_the_scope_that_is_asked_for_is_a_setting(fake: Any, run_tap: Run) -> None:
    assert run_tap(fake.settings(scope="customer merchant")).code == 0
    assert fake.paths("token")[0].body["scope"] == ["customer merchant"]


def test_cookies_are_not_sent_back(fake: Any, run_tap: Run, answer: Any) -> None:
    fake.queue["location"] = [answer({**fake.location, "ID": 3749}, 200, {"Set-Cookie": "who=me; Path=/"})]
    assert run_tap(fake.settings()).code == 0
    assert not any("Cookie" in asked.headers for asked in fake.asked)
