"""The sign-in page where Booker, browsers and people do what the six steps do not expect."""

from __future__ import annotations

import os
import signal
import stat
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from tests.tap_booker.signing import Opened, opened
from tests.tap_booker.test_connect_command import Command, command, next_line, wait_for_page

from tap_booker.credentials import CredentialFile
from tap_booker.location import read_location, status_text
from tap_booker.sign_in.addresses import Addresses
from tap_booker.sign_in.attempt import read_came_back
from tap_booker.sign_in.next_steps import next_steps
from tap_booker.sign_in.server import serving
from tap_booker.sign_in.site import Reply
from tap_booker.sign_in.start import _outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox import Sandbox
    from tap_booker.sign_in.connector import Connected

__all__ = ["command"]

LASTING = {"access_token": "hush-access", "refresh_token": "hush-refresh"}


@pytest.fixture
def page(box: Sandbox, tmp_path: Path) -> Iterator[Opened]:
    with opened(box, tmp_path) as found:
        yield found


# --- Booker's no, by its cause


@pytest.mark.parametrize(
    ("word", "kind", "advice"),
    [
        ("invalid_scope", "scope", "offline_access"),
        ("unauthorized_client", "application", "Have Booker allow it for the application"),
        ("unsupported_response_type", "application", "Have Booker allow it for the application"),
        ("login_required", "denied", "press Allow"),
        ("server_error", "unavailable", "Wait a moment"),
        ("temporarily_unavailable", "unavailable", "Wait a moment"),
        ("invalid_request", "refused", "--no-pkce"),
        ("something_new", "refused", "Booker says: something_new."),
    ],
)
def test_a_no_on_the_way_back_is_told_by_its_cause(page: Opened, word: str, kind: str, advice: str) -> None:
    visitor = page.visitor()
    visitor.start()
    visitor.activate()
    state = parse_qs(urlsplit(visitor.booker).query)["state"][0]
    visitor.get("/back", params={"error": word, "error_description": "<i>hush</i>", "state": state})
    assert visitor.page.url == f"{page.url}/problem/{kind}"
    assert (advice in visitor.page.text, "hush" in visitor.page.text) == (True, False)
    assert page.stored() is None


@pytest.mark.parametrize(
    "case",
    [
        (400, {"error": "invalid_grant", "error_description": "<i>hush</i>"}, "expired", "--no-pkce"),
        (400, {"error": "invalid_scope"}, "scope", "offline_access"),
        (400, {"error": "unauthorized_client"}, "application", "authorization code"),
        (400, {"error": "<i>hush</i>"}, "refused", "HTTP 400"),
        (404, {}, "setting", "token_url leads to no token call"),
        (302, {}, "setting", "token_url leads to no token call"),
        (500, {}, "unavailable", "BKR-304"),
        (200, b"<html>hush", "unavailable", "BKR-307"),
    ],
)
def test_a_no_to_the_code_is_told_by_its_cause(
    fake: Any, answer: Any, box: Sandbox, tmp_path: Path, case: tuple[int, Any, str, str]
) -> None:
    status, body, kind, advice = case
    fake.queue["token"].append(answer(body, status))
    with opened(box, tmp_path, token_url=f"{fake.url}/token") as page:
        visitor = page.visitor()
        visitor.connect()
        assert visitor.page.url == f"{page.url}/problem/{kind}"
        assert (advice in visitor.page.text, "hush" in visitor.page.text) == (True, False)
        assert page.stored() is None


def test_a_wrong_subscription_key_is_named(box: Sandbox, tmp_path: Path) -> None:
    with opened(box, tmp_path, subscription_key="wrong") as page:
        visitor = page.visitor()
        visitor.connect()
        assert visitor.page.url.endswith("/problem/key")
        assert ("subscription_key" in visitor.page.text, page.stored()) == (True, None)


def test_an_address_that_booker_does_not_know_is_named_before_one_leaves(page: Opened) -> None:
    text = page.visitor().get("/location").text
    assert f"<code>{page.signing.where.back}</code>" in text


def test_nothing_is_over_before_the_end(page: Opened) -> None:
    visitor = page.visitor()
    assert visitor.get("/problem/over").url == f"{page.url}/"
    visitor.connect()
    assert page.visitor().get("/problem/over").url.endswith("/problem/over")


# --- several at once


class Slow:
    """Answers a token call only when it is told to."""

    def __init__(self, fake: Any, make: Callable[[Any], Any]) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self._make = make
        fake.always["token"] = self.answer

    def answer(self, _: Any) -> Any:
        self.asked.set()
        self.may_answer.wait(20)
        return self._make(LASTING)


def in_background(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def sign_in_page(box: Sandbox) -> str:
    return f"{box.booker_url}/auth/connect/authorize"


@pytest.fixture
def slow(fake: Any, answer: Any) -> Iterator[Slow]:
    found = Slow(fake, answer)
    yield found
    found.may_answer.set()


def behind(fake: Any) -> dict[str, Any]:
    """Settings for the sandbox's pages with the scripted Booker behind them."""
    return {"base_url": fake.url, "token_url": f"{fake.url}/token"}


def test_of_two_browsers_the_first_connects_and_the_other_stores_nothing_over_it(
    fake: Any, slow: Slow, box: Sandbox, tmp_path: Path
) -> None:
    with opened(box, tmp_path, authorize_url=sign_in_page(box), **behind(fake)) as page:
        first, second = page.visitor(), page.visitor()
        ways = first.way_back(), second.way_back()
        threads = [in_background(lambda: first.get(ways[0]))]
        assert slow.asked.wait(10)
        threads.append(in_background(lambda: second.get(ways[1])))
        while any(one.attempt for one in page.desk._sessions.values()):
            threading.Event().wait(0.01)  # until the second answer has come, too
        slow.may_answer.set()
        for thread in threads:
            thread.join(10)
        assert (len(fake.paths("token")), first.title, second.page.url) == (
            *(1, "Booker is connected"),
            f"{page.url}/problem/over",
        )


def test_an_answer_after_the_stop_is_not_used(page: Opened) -> None:
    visitor = page.visitor()
    back = visitor.way_back()
    page.desk.close()
    assert visitor.get(back).url.endswith("/problem/stopped")
    assert (page.stored(), page.box.requests.matching("/auth/connect/token")) == (None, [])


def test_very_many_onlookers_put_nobody_out_who_is_at_bookers_page(page: Opened) -> None:
    visitor = page.visitor()
    back = visitor.way_back()
    for _ in range(60):
        requests.get(f"{page.url}/", timeout=10)
    assert visitor.get(back).url.endswith("/done")


def test_ctrl_c_waits_for_the_answer_that_is_being_dealt_with(
    command: Command, fake: Any, slow: Slow
) -> None:
    command.set(**behind(fake))
    running = command.start("--authorize-url", sign_in_page(command.box))
    wait_for_page(running)
    visitor = command.visitor()
    way = visitor.way_back()
    thread = in_background(lambda: visitor.get(way))
    assert slow.asked.wait(10)
    running.send_signal(signal.SIGINT)
    while "Booker is being asked" not in (line := next_line(running)):
        assert line
    slow.may_answer.set()
    thread.join(10)
    assert visitor.title == "Booker is connected"
    running.send_signal(signal.SIGINT)
    code, out, err = command.end(running)
    assert (code, "Connected: Downtown Spa" in out, err) == (0, True, "")
    assert command.file.exists()


def test_so_does_the_end_of_the_time(
    fake: Any, slow: Slow, box: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(box, tmp_path, authorize_url=sign_in_page(box), **behind(fake)) as page:
        visitor = page.visitor()
        way = visitor.way_back()
        coming = in_background(lambda: visitor.get(way))
        assert slow.asked.wait(10)
        outcome: list[Connected] = []
        ending = in_background(lambda: outcome.append(_outcome(page.desk, 0)))
        while not page.desk._is_closed:
            threading.Event().wait(0.01)
        slow.may_answer.set()
        coming.join(10)
        ending.join(10)
    assert [one.location.name for one in outcome] == ["Downtown Spa"]
    assert "Booker is being asked" in capsys.readouterr().out


# --- the file


@pytest.mark.parametrize("before", [None, '{"refresh_token": "old"}'])
def test_a_file_is_whole_or_not_there_whenever_one_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    path = tmp_path / "c.json"
    if before:
        path.write_text(before)

    def stopped(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        CredentialFile(str(path)).establish("new", "http://127.0.0.1/token")
    assert [one.read_text() for one in tmp_path.iterdir()] == ([before] if before else [])


def test_no_mask_and_no_link_opens_the_file_to_others(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("real.json")
    mask = os.umask(0)
    try:
        CredentialFile(str(tmp_path / "link.json")).establish("new", "http://127.0.0.1/token")
    finally:
        os.umask(mask)
    assert (tmp_path / "link.json").is_symlink()
    assert stat.S_IMODE((tmp_path / "real.json").stat().st_mode) == 0o600


# --- what is typed, pasted and shown


def test_a_question_is_a_whole_line_for_meltano_passes_on_no_other(command: Command) -> None:
    assert command.end(command.start("--no-browser"), "")[1] == "Location ID (a number, such as 3749):\n"


def test_the_location_of_the_settings_is_offered_there_too(command: Command) -> None:
    command.set(location_ids=["x", 3749])
    running = command.start("--no-browser")
    assert next_line(running) == "Location ID (a number; Enter for 3749):\n"
    code, out, _ = command.end(running, "\n")
    assert (code, "/auth/connect/authorize?" in out) == (1, True)


def test_a_location_that_is_none_is_left_out_of_the_line() -> None:
    lines = [step.line for step in next_steps({"location_ids": ["x", 3749]}, 3749, "/c.json", None)]
    assert lines[1].endswith("tap-booker location_ids '[3749]'")


@pytest.mark.parametrize(
    "form", ["{}", "'{}'", '"{}"', "<{}>", "  {}  ", "{}#", "?{end}", "{end}", "{broken}"]
)  # fmt: skip
def test_an_answer_is_understood_however_it_was_pasted(form: str) -> None:
    whole = "http://127.0.0.1:8776/back?code=a%2Bb&state=s-1"
    text = form.format(whole, end=whole.partition("?")[2], broken=whole.replace("state", "st ate"))
    assert read_came_back(text) == {"code": "a+b", "state": "s-1"}


def test_the_address_that_leads_to_booker_is_no_answer(command: Command) -> None:
    running = command.start("--no-browser", "--location-id", "3749")
    while not (url := next_line(running)).startswith("http"):
        pass
    code, out, err = command.end(running, f"{url}some-code\n\n")
    assert ("That leads to Booker." in out, "That is not it" in out) == (True, True)
    assert (code, "nobody to answer" in err) == (1, True)


def test_what_booker_says_moves_no_cursor_and_turns_no_text() -> None:
    answer = {
        "BusinessName": "\x1b[2JSpa \u202eevil\n",
        "TimeZone": {"Name": "\x07Mars"},
        "Status": "\x1b[31mOdd",
    }
    found = read_location(1, answer, None)
    assert (found.name, found.zone_text, status_text(answer)) == ("[2JSpa evil", "Mars", "[31mOdd")
    found = read_location(1, {"BusinessName": {"x": 1}, "AccountName": "Spa"}, None)
    assert found.name == "Spa"


def test_a_closed_business_is_called_so() -> None:
    assert "nothing new will come" in status_text({"Status": 5})
    assert (status_text({"Status": 9}), status_text({"Status": True})) == ("number 9", "not stated")


# --- the server


@pytest.mark.parametrize(
    ("back", "host"),
    [
        ("http://127.0.0.1:80/back", "127.0.0.1"),
        ("http://LocalHost:8776/back", "localhost:8776"),
        ("http://127.0.0.1:8776/back", "127.0.0.1:8776"),
    ],
)
def test_the_page_knows_its_name_as_a_browser_writes_it(back: str, host: str) -> None:
    assert Addresses("", "", back).host == host


def test_no_name_is_looked_up_to_open_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: Any) -> str:
        raise AssertionError

    for name in ("getfqdn", "gethostbyaddr"):
        monkeypatch.setattr(f"socket.{name}", asked)
    with serving(0, lambda _: Reply(200)):
        pass
