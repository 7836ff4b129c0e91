"""The sign-in page, step by step and refusal by refusal, over real HTTP against the sandbox's Booker."""

from __future__ import annotations

import http.client
import json
import re
import stat
import threading
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from tests.tap_booker.signing import Opened, Visitor, config_for, opened

from tap_booker.sign_in.next_steps import next_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Sandbox


@pytest.fixture
def page(box: Sandbox, tmp_path: Path) -> Iterator[Opened]:
    with opened(box, tmp_path) as found:
        yield found


@pytest.fixture
def visitor(page: Opened) -> Visitor:
    return page.visitor()


def raw(page: Opened, method: str, path: str, **headers: str) -> tuple[int, str]:
    """A request that no browser would send."""
    connection = http.client.HTTPConnection("127.0.0.1", page.signing.where.port, timeout=10)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


# --- the six steps


def test_the_six_steps_lead_to_the_credential_file(page: Opened, visitor: Visitor) -> None:
    visitor.get("/")
    assert "START" in visitor.page.text
    visitor.get("/location")
    assert "Activate Integration" in visitor.page.text
    visitor.activate()
    assert visitor.page.url.endswith("/away")
    visitor.get(visitor.decide(visitor.booker))
    assert (visitor.title, visitor.page.url) == ("Booker is connected", f"{page.url}/done")
    stored = page.stored()
    assert stored is not None
    assert stored == {
        "refresh_token": page.box.booker.credentials.refresh_token,
        "token_url": f"{page.box.booker_url}/auth/connect/token",
    }
    assert page.desk.is_done.is_set()


def test_the_stored_access_reads_customers(page: Opened, visitor: Visitor, run_tap: Any) -> None:
    visitor.connect()
    config = config_for(page.box, page.file.parent, location_ids=[3749], as_of=page.box.clock.now.isoformat())
    run = run_tap(config)
    assert (run.code, len(run.rows("contacts")) > 0) == (0, True)


def test_booker_is_asked_for_offline_access_with_a_state_and_a_challenge(visitor: Visitor) -> None:
    visitor.start()
    visitor.activate()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(visitor.booker).query).items()}
    assert {"offline_access", "merchant"} <= set(asked["scope"].split())
    assert (len(asked["state"]), len(asked["code_challenge"])) == (43, 43)
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == visitor.opened.signing.where.back


def test_the_last_page_shows_what_booker_reports_and_what_comes_next(visitor: Visitor) -> None:
    text = visitor.connect().text
    for shown in ("Sandbox Spa 3749", "America/Chicago", "Central Standard Time", "<dd>Live</dd>"):
        assert shown in text
    lines = re.findall('<code id="line_[0-9]">(.*?)</code>', text)
    assert [unescape(line) for line in lines] == [
        "TAP_BOOKER_LOCATION_IDS='[3749]' meltano --environment sandbox invoke tap-booker:doctor",
        "TAP_BOOKER_LOCATION_IDS='[3749]' meltano --environment sandbox run sync",
    ]


def test_a_location_of_the_settings_stands_in_the_field_and_needs_no_line(
    box: Sandbox, tmp_path: Path
) -> None:
    with opened(box, tmp_path, location_ids=[3749]) as page:
        visitor = page.visitor()
        assert 'value="3749"' in visitor.get("/location").text
        assert "LOCATION_IDS" not in visitor.connect().text


def test_the_lines_for_a_real_account_name_what_is_missing_and_nothing_else() -> None:
    given = {"location_ids": [1], "personal_access_token": "old"}
    start = "meltano --environment production"
    assert [step.line for step in next_steps(given, 3749, "/a b/c.json", None)] == [
        f"{start} config set --store dotenv tap-booker credentials_path '/a b/c.json'",
        f"{start} config set --store dotenv tap-booker location_ids '[1, 3749]'",
        f"{start} config set --store dotenv tap-booker personal_access_token ''",
        f"{start} invoke tap-booker:doctor",
        f"{start} invoke target-referrizer:doctor",
        f"{start} run sync",
    ]
    given = {"location_ids": [3749], "credentials_path": "c.json"}
    assert [step.line for step in next_steps(given, 3749, "/c.json", "staging")] == [
        "meltano --environment staging invoke tap-booker:doctor",
        "meltano --environment staging invoke target-referrizer:doctor",
        "meltano --environment staging run sync",
    ]


@pytest.mark.parametrize("typed", ["", "abc", "37 49", "-1", "0", "1234567890", "٣٧٤٩", "3749.0"])
def test_what_cannot_be_a_location_id_is_asked_for_again(visitor: Visitor, typed: str) -> None:
    visitor.start()
    page = visitor.activate(typed)
    assert page.url.endswith("/location")
    assert 'aria-invalid="true"' in page.text
    assert "A Location ID is a number" in page.text


def test_what_was_typed_is_shown_again_and_never_as_html(visitor: Visitor) -> None:
    visitor.start()
    page = visitor.activate('"><script>alert(1)</script>')
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_the_name_of_the_business_is_never_html(page: Opened, visitor: Visitor) -> None:
    page.box.salon.locations[3749].name = "<img src=x onerror=alert(1)>"
    text = visitor.connect().text
    assert "<img" not in text
    assert "&lt;img src=x" in text


# --- what may go wrong


def expect(visitor: Visitor, kind: str, *, stored: bool = False) -> None:
    """The page says what to do, its address holds nothing, and nothing was stored."""
    assert visitor.page.status_code == 200
    assert visitor.page.url == f"{visitor.opened.url}/problem/{kind}"
    assert "What to do" in visitor.page.text
    assert (visitor.opened.stored() is not None) is stored


def test_denied_consent(visitor: Visitor) -> None:
    visitor.connect(decision="deny")
    expect(visitor, "denied")
    assert "press Allow" in visitor.page.text


def test_after_a_no_the_next_start_succeeds(visitor: Visitor) -> None:
    visitor.connect(decision="deny")
    assert visitor.connect().url.endswith("/done")


def test_a_start_that_is_spent_leads_to_booker_no_more(visitor: Visitor) -> None:
    visitor.connect(decision="deny")
    assert visitor.get("/away").url.endswith("/location")


@pytest.mark.parametrize("answer", ["argument", "permission"])
def test_a_location_that_booker_does_not_show(page: Opened, visitor: Visitor, answer: Any) -> None:
    page.box.booker.switches.unknown_location = answer
    visitor.connect(location_id="12")
    expect(visitor, "location")
    assert "Location ID 12" in visitor.page.text


def test_an_expired_code(page: Opened, visitor: Visitor) -> None:
    back = visitor.way_back()
    page.box.clock.advance(timedelta(seconds=300))
    visitor.get(back)
    expect(visitor, "expired")


def test_a_second_tab_counts_and_the_first_says_so(visitor: Visitor) -> None:
    first = visitor.way_back()
    second = visitor.way_back()
    visitor.get(first)
    expect(visitor, "second-tab")
    assert visitor.get(second).url.endswith("/done")


def test_a_replayed_answer(visitor: Visitor) -> None:
    denied = visitor.way_back(decision="deny")
    visitor.get(denied)
    visitor.get(denied)
    expect(visitor, "replayed")


def test_a_replayed_answer_after_the_end_changes_nothing(page: Opened, visitor: Visitor) -> None:
    back = visitor.way_back()
    visitor.get(back)
    before, calls = page.stored(), len(page.box.requests)
    visitor.get(back)
    expect(visitor, "replayed", stored=True)
    assert (page.stored(), len(page.box.requests)) == (before, calls)


def test_an_answer_that_comes_twice_at_once_is_used_once(page: Opened, visitor: Visitor) -> None:
    back = visitor.way_back()
    cookies = visitor.session.cookies.get_dict()
    threads = [
        threading.Thread(target=requests.get, args=(back,), kwargs={"cookies": cookies, "timeout": 10})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(page.box.requests.matching("/auth/connect/token")) == 1
    assert page.stored() is not None


@pytest.mark.parametrize("state", ["", "state=", "state=guess"])
def test_an_answer_with_another_state_is_not_used(page: Opened, visitor: Visitor, state: str) -> None:
    code = parse_qs(urlsplit(visitor.way_back()).query)["code"][0]
    visitor.get(f"/back?code={code}&{state}")
    expect(visitor, "unknown")
    assert page.box.requests.matching("/auth/connect/token") == []


def test_an_answer_in_another_browser(page: Opened, visitor: Visitor) -> None:
    back = visitor.way_back()
    other = page.visitor()
    other.get(back)
    expect(other, "other-browser")
    assert visitor.get(back).url.endswith("/done")


def test_the_answer_of_one_browser_is_no_good_in_another_that_also_started(
    page: Opened, visitor: Visitor
) -> None:
    other = page.visitor()
    other.start()
    other.activate()
    other.get(visitor.way_back())
    expect(other, "unknown")


def test_a_stale_form_of_an_earlier_run(visitor: Visitor) -> None:
    visitor.start()
    visitor.session.cookies.clear()
    visitor.activate()
    expect(visitor, "stale")


def test_a_form_that_another_site_sends(page: Opened, visitor: Visitor) -> None:
    visitor.start()
    key = visitor.form_key
    visitor.post("/activate", form_key="guess", location_id="3749")
    expect(visitor, "stale")
    answer = visitor.session.post(
        f"{page.url}/activate",
        data={"form_key": key, "location_id": "3749"},
        headers={"Origin": "http://evil.example"},
        timeout=10,
    )
    assert answer.url.endswith("/problem/stale")


def test_a_wrong_client_secret(box: Sandbox, tmp_path: Path) -> None:
    with opened(box, tmp_path, client_secret="wrong") as page:
        visitor = page.visitor()
        visitor.connect()
        expect(visitor, "client")
        assert "client_secret" in visitor.page.text


def test_a_booker_without_pkce_is_met_by_the_option_that_the_page_names(box: Sandbox, tmp_path: Path) -> None:
    box.booker.switches.pkce = "refused"
    with opened(box, tmp_path) as page:
        visitor = page.visitor()
        visitor.start()
        visitor.activate()
        visitor.get(visitor.booker)
        expect(visitor, "refused")
        assert "invalid_request" in visitor.page.text
        assert "--no-pkce" in visitor.page.text
    with opened(box, tmp_path, with_pkce=False) as page:
        assert page.visitor().connect().url.endswith("/done")


def test_what_booker_says_is_quoted_only_as_a_word(visitor: Visitor) -> None:
    visitor.start()
    visitor.activate()
    state = parse_qs(urlsplit(visitor.booker).query)["state"][0]
    visitor.get(f"/back?error=<b>no</b>&error_description=secret-words&state={state}")
    expect(visitor, "refused")
    assert "<b>" not in visitor.page.text
    assert "secret-words" not in visitor.page.text


def test_an_answer_without_a_refresh_token(fake: Any, box: Sandbox, tmp_path: Path) -> None:
    with opened(box, tmp_path, token_url=f"{fake.url}/token") as page:
        visitor = page.visitor()
        visitor.connect()
        expect(visitor, "no-refresh-token")


@pytest.mark.parametrize("path", ["/auth/connect/token", "/merchant/location"])
def test_a_booker_that_is_away(page: Opened, visitor: Visitor, path: str) -> None:
    back = visitor.way_back()
    page.box.faults.add("503", vendor="booker", path=path)
    visitor.get(back)
    expect(visitor, "unavailable")
    page.box.faults.clear()
    assert visitor.connect().url.endswith("/done")


def test_a_credential_file_that_cannot_be_written_any_more(page: Opened, visitor: Visitor) -> None:
    back = visitor.way_back()
    page.file.mkdir()
    visitor.get(back)
    assert visitor.page.url.endswith("/problem/file")
    assert not page.desk.is_done.is_set()


def test_a_page_that_is_none(visitor: Visitor) -> None:
    answer = visitor.get("/nothing")
    assert (answer.status_code, visitor.title) == (404, "There is no such page")


@pytest.mark.parametrize("path", ["/", "/location", "/away", "/done"])
def test_after_the_end_other_browsers_are_told_so(page: Opened, visitor: Visitor, path: str) -> None:
    visitor.connect()
    assert page.visitor().get(path).url.endswith("/problem/over")
    assert visitor.get(path).url.endswith("/done")


@pytest.mark.parametrize("path", ["/away", "/done"])
def test_steps_cannot_be_skipped(visitor: Visitor, path: str) -> None:
    assert urlsplit(visitor.get(path).url).path in {"/", "/location"}


# --- secrets


def test_no_secret_reaches_a_page_an_address_or_a_log(
    page: Opened, visitor: Visitor, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []
    back = visitor.way_back()
    code = parse_qs(urlsplit(back).query)["code"][0]
    for path in (back, back, "/", "/location", "/done", "/problem/replayed"):
        visitor.get(path)
        seen.append(visitor.page.text)
    mine = page.box.booker.credentials
    secrets = [mine.client_secret, mine.refresh_token, mine.subscription_key, *page.box.booker.tokens.issued]
    said = "".join(capfd.readouterr())
    assert [one for one in (*secrets, code) if one in "".join(seen) + said] == []
    assert [one for one in secrets if one in "".join(visitor.went_through)] == []
    # the code is in the one address at which it came, and the browser does not stay there
    assert all(code not in one for one in visitor.went_through if "/back" not in one)


def test_the_file_is_its_owners_alone_and_what_else_it_holds_is_kept(page: Opened, visitor: Visitor) -> None:
    page.file.write_text(json.dumps({"refresh_token": "old", "note": "mine"}))
    page.file.chmod(0o644)
    visitor.connect()
    stored = page.stored()
    assert stored is not None
    assert (stored["note"], stored["refresh_token"] == "old") == ("mine", False)
    assert stat.S_IMODE(page.file.stat().st_mode) == 0o600
    assert [one.name for one in page.file.parent.iterdir() if one.name.startswith(".")] == []


# --- the server


def test_nothing_listens_beyond_this_machine(page: Opened) -> None:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    port = f"{page.signing.where.port:04X}"
    local = [line.split()[1] for line in lines if line.split()[1].endswith(f":{port}") and " 0A " in line]
    assert local == [f"0100007F:{port}"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8776", "127.0.0.1", ""])
def test_a_name_that_is_not_ours_gets_nothing(page: Opened, host: str) -> None:
    status, text = raw(page, "GET", "/location", Host=host)
    assert (status, "form_key" in text) == (421, False)


def test_localhost_is_led_to_our_address(page: Opened) -> None:
    port = page.signing.where.port
    assert raw(page, "GET", "/", Host=f"localhost:{port}")[0] == 303
    assert raw(page, "GET", "/back?code=x&state=y", Host=f"localhost:{port}")[0] == 421


def test_pages_may_load_nothing_and_run_only_our_script(visitor: Visitor) -> None:
    answer = visitor.get("/location")
    policy = answer.headers["Content-Security-Policy"]
    nonces = re.findall("nonce-([^']+)", policy)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert set(re.findall('<(?:script|style) nonce="([^"]+)">', answer.text)) == set(nonces)
    assert re.findall(r'(?:src|href)="(?!/|data:)', answer.text) == []
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "same-origin")
    assert nonces[0] not in visitor.get("/location").headers["Content-Security-Policy"]


def test_the_session_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor) -> None:
    cookie = visitor.get("/").headers["Set-Cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert "Set-Cookie" not in visitor.get("/").headers


def test_a_form_that_is_too_large_is_not_read(page: Opened) -> None:
    host = page.signing.where.host
    assert raw(page, "POST", "/activate", Host=host, **{"Content-Length": "5000"})[0] == 413
    assert raw(page, "POST", "/activate", Host=host)[0] == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "<b>"])
def test_other_methods_are_refused_without_an_echo(page: Opened, method: str) -> None:
    status, text = raw(page, method, "/", Host=page.signing.where.host)
    assert (status, method in text) == (501, False)


def test_a_query_of_very_many_fields_is_no_answer(visitor: Visitor) -> None:
    visitor.start()
    visitor.get("/back?" + "&".join(f"a{n}=1" for n in range(1000)))
    expect(visitor, "unknown")


def test_very_many_visitors_do_not_fill_the_memory(page: Opened) -> None:
    for _ in range(60):
        requests.get(f"{page.url}/", timeout=10)
    assert len(page.desk._sessions) == 50
