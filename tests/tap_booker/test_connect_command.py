"""`booker-connect` as a process: what it prints, how it ends, and the way without a browser."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from click.testing import CliRunner
from tests.tap_booker.signing import Opened, Visitor, config_for, registered_address

from tap_booker.connect import connect, sign_in
from tap_booker.errors import SettingError
from tap_booker.sign_in.addresses import BACK, addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Sandbox

COMMAND = Path(sys.executable).with_name("booker-connect")
README = (Path(__file__).parents[2] / "tap-booker" / "README.md").read_text(encoding="utf-8")
PRODUCTION = "https://api.booker.com"


class Command:
    """The command in a folder of its own, with a file of settings."""

    def __init__(self, box: Sandbox, folder: Path) -> None:
        self.box, self.folder, self.back = box, folder, registered_address(box)
        self.file = folder / "booker-credentials.json"
        self.running: list[subprocess.Popen[str]] = []
        self.set()

    def set(self, **changes: Any) -> None:
        """Write the settings."""
        whole = {"credentials_path": None, **changes}
        (self.folder / "tap.json").write_text(json.dumps(config_for(self.box, self.folder, **whole)))

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start it; standard input, output and errors are pipes."""
        kept = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}}
        line = [str(COMMAND), "--config", "tap.json", "sign-in", "--redirect-uri", self.back, *arguments]
        started = subprocess.Popen(
            line, cwd=self.folder, env={**kept, **variables}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.running.append(started)
        return started

    def end(self, process: subprocess.Popen[str], typed: str | None = None) -> tuple[int, str, str]:
        """Its exit code, and all that it still says."""
        out, err = process.communicate(typed, timeout=60)
        assert "Traceback" not in err
        return process.returncode, out, err

    def visitor(self) -> Visitor:
        """A browser at the page of the running command."""
        page = urljoin(self.back, "/")
        where = type("Where", (), {"page": page})()
        opened: Any = type("Signing", (), {"where": where})()
        return Visitor(Opened(self.box, self.file, opened, None))  # type: ignore[arg-type]


@pytest.fixture
def command(box: Sandbox, tmp_path: Path) -> Iterator[Command]:
    found = Command(box, tmp_path)
    yield found
    for process in found.running:
        process.kill()
        process.communicate()


def next_line(process: subprocess.Popen[str]) -> str:
    """One line of its output and not a byte more: `communicate` looks into no buffer for the rest."""
    assert process.stdout is not None
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(process.stdout.fileno(), 1)):
        line += byte
    return line.decode()


def wait_for_page(process: subprocess.Popen[str]) -> str:
    """The address that the command prints when its page is open."""
    line = next_line(process)
    found = re.search("http://[^ ]+", line)
    assert found, line
    return found[0].strip()


# --- with a page


def test_it_opens_its_page_connects_says_what_comes_next_and_is_gone(command: Command) -> None:
    running = command.start()
    assert wait_for_page(running) == urljoin(command.back, "/")
    command.visitor().connect()
    code, out, err = command.end(running)
    assert (code, err) == (0, "")
    assert "Connected: Sandbox Spa 3749, location 3749, America/Chicago, Live" in out
    assert f"  TAP_BOOKER_CREDENTIALS_PATH={command.file} TAP_BOOKER_LOCATION_IDS='[3749]' meltano" in out
    assert stat.S_IMODE(command.file.stat().st_mode) == 0o600
    with pytest.raises(requests.ConnectionError):
        requests.get(command.back, timeout=10)


def test_the_run_of_the_readme_is_real(command: Command) -> None:
    running = command.start(MELTANO_ENVIRONMENT="production")
    first = wait_for_page(running)
    command.visitor().connect()
    said = command.end(running)[1]
    shown = README.split("$ booker-connect --config config.json\n")[1].split("```")[0]
    assert (
        f"Connect Booker at {first}\n{said}".replace(first, "http://127.0.0.1:8776/").replace(
            str(command.folder), "/home/ada/project"
        )
        == shown
    )


def test_the_options_of_the_readme_are_those_of_the_command() -> None:
    named = set(re.findall(r"^\| `(--[a-z-]+)`", README, re.MULTILINE))
    options = {option for one in sign_in.params for option in (*one.opts, *one.secondary_opts)}
    assert named == options - {"--pkce"}


def test_ctrl_c_closes_the_page_and_changes_nothing(command: Command) -> None:
    running = command.start()
    wait_for_page(running)
    running.send_signal(signal.SIGINT)
    code, _, err = command.end(running)
    assert (code, "Stopped; nothing was changed." in err, command.file.exists()) == (130, True, False)


def test_after_the_connection_ctrl_c_only_closes_the_page(command: Command) -> None:
    running = command.start()
    wait_for_page(running)
    command.visitor().connect()
    while "closes in" not in next_line(running):
        pass
    running.send_signal(signal.SIGINT)
    assert command.end(running)[0] == 0


def test_a_page_that_nobody_uses_closes_by_itself(command: Command) -> None:
    code, _, err = command.end(command.start("--minutes", "0.01"))
    assert (code, "BKR-205 Nobody finished the sign-in within 0.01 minutes." in err) == (1, True)


def test_a_port_that_is_taken_is_named_with_what_to_do(command: Command) -> None:
    port = urlsplit(command.back).port
    with socket.create_server(("127.0.0.1", port or 0)):
        code, _, err = command.end(command.start())
    said = f"BKR-109 Port {port} of this machine cannot be used (another program has it)."
    assert (code, said in err) == (2, True)
    assert "--redirect-uri" in err


def test_a_browser_is_opened_where_there_is_one(command: Command, tmp_path: Path) -> None:
    program = tmp_path / "browser"
    program.write_text(
        f'#!/bin/sh\necho "$1" > {tmp_path}/opened.part && mv {tmp_path}/opened.part {tmp_path}/opened\n'
    )
    program.chmod(0o755)
    running = command.start("--minutes", "0.05", BROWSER=f"{program} %s")
    command.end(running)
    assert (tmp_path / "opened").read_text().strip() == urljoin(command.back, "/")


def test_without_a_command_it_signs_in(command: Command) -> None:
    line = [str(COMMAND), "--config", "tap.json", "--minutes", "0.01", "--redirect-uri", command.back]
    done = subprocess.run(line, cwd=command.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, "Connect Booker at" in done.stdout, "BKR-205" in done.stderr) == (1, True, True)


def test_settings_come_from_the_environment_as_meltano_gives_them(command: Command) -> None:
    config = json.loads((command.folder / "tap.json").read_text())
    given = {f"TAP_BOOKER_{name.upper()}": str(value) for name, value in config.items()}
    given |= {"MELTANO_ENVIRONMENT": "staging", "TAP_BOOKER_REDIRECT_URI": command.back}
    running = subprocess.Popen(
        [COMMAND, "sign-in"], cwd=command.folder, env={**os.environ, **given}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    command.running.append(running)
    wait_for_page(running)
    command.visitor().connect()
    assert "meltano --environment staging run sync" in command.end(running)[1]


# --- settings


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_secret": None}, "BKR-102 The setting client_secret is missing."),
        ({"base_url": "booker"}, "BKR-102 The setting base_url must be an address"),
        ({"credentials_path": "no/folder/file.json"}, "BKR-105 No file can be made in the folder"),
        ({"credentials_path": "list.json"}, "BKR-105 credentials_path holds something else"),
        ({"credentials_path": "text.json"}, "BKR-105 credentials_path holds something that cannot be read"),
    ],
)
def test_what_could_not_end_well_does_not_begin(command: Command, changes: Any, said: str) -> None:
    (command.folder / "list.json").write_text("[]")
    (command.folder / "text.json").write_text("hands off")
    command.set(**changes)
    code, out, err = command.end(command.start())
    assert (code, out, said in err) == (2, "", True)
    assert (command.folder / "text.json").read_text() == "hands off"


def test_how_the_tap_came_in_so_far_does_not_stand_in_the_way(command: Command) -> None:
    command.set(personal_access_token="old", credentials_path=str(command.file), location_ids=[])
    running = command.start()
    wait_for_page(running)
    command.visitor().connect()
    assert "TAP_BOOKER_PERSONAL_ACCESS_TOKEN='' meltano" in command.end(running)[1]


@pytest.mark.parametrize(
    ("base", "host"),
    [
        (PRODUCTION, "https://signin.booker.com"),
        ("https://api-staging.booker.com", "https://apicurrent.identity.booker.ninja"),
        ("http://127.0.0.1:1/booker", "http://127.0.0.1:1/booker"),
    ],
)
def test_where_one_signs_in_follows_from_the_api(base: str, host: str) -> None:
    found = addresses({"base_url": base}, None, None, BACK, is_page=True)
    assert (found.authorize, found.token) == (f"{host}/auth/connect/authorize", f"{host}/auth/connect/token")
    assert found.port == 8776


def test_an_option_goes_before_that_and_takes_the_token_call_along() -> None:
    found = addresses({"base_url": PRODUCTION}, "https://a.example/go", None, BACK, is_page=True)
    assert (found.authorize, found.token) == ("https://a.example/go", "https://a.example/token")
    found = addresses({"base_url": PRODUCTION}, None, "https://b.example/t", BACK, is_page=True)
    assert found.token == "https://b.example/t"


def test_the_setting_token_url_goes_before_the_default() -> None:
    settings = {"base_url": PRODUCTION, "token_url": "https://c.example/t"}
    assert addresses(settings, None, None, BACK, is_page=True).token == "https://c.example/t"


@pytest.mark.parametrize(
    "back",
    [
        *("https://127.0.0.1:8776/back", "http://example.com/back", "http://0.0.0.0:8776/back", "back"),
        *(
            "http://127.0.0.1:8776",
            "http://127.0.0.1:8776/",
            "http://127.0.0.1:8776/done",
            "http://127.0.0.1:0/b",
        ),
        *(
            "http://127.0.0.1:99999/back",
            "http://u:p@127.0.0.1/back",
            "http://127.0.0.1:1/back?x=1",
            "http://[::1/b",
        ),
        "http://127.0.0.1:8776/problem/x",
    ],
)
def test_the_page_takes_no_address_that_it_cannot_answer(back: str) -> None:
    with pytest.raises(SettingError, match="--redirect-uri must be"):
        addresses({"base_url": PRODUCTION}, None, None, back, is_page=True)


def test_without_a_page_any_registered_address_will_do() -> None:
    found = addresses({"base_url": PRODUCTION}, None, None, "https://example.com/back", is_page=False)
    assert found.back == "https://example.com/back"


# --- without a browser


def asked_url(running: subprocess.Popen[str]) -> str:
    """The address at Booker that the command prints."""
    return next(line.strip() for line in iter(lambda: next_line(running), "") if line.startswith("http"))


def elsewhere(command: Command, url: str, decision: str = "allow") -> str:
    """What the browser on another machine ends at."""
    return command.visitor().decide(url, decision)


def test_without_a_browser_the_address_is_printed_and_the_answer_is_pasted(command: Command) -> None:
    running = command.start("--no-browser", "--location-id", "3749")
    answer = elsewhere(command, asked_url(running))
    code, out, _ = command.end(running, f"{answer}\n")
    assert (code, "Connected: Sandbox Spa 3749" in out) == (0, True)
    assert json.loads(command.file.read_text())["refresh_token"] == "fake-refresh-token-1"


def test_what_is_pasted_wrongly_is_asked_for_again(command: Command) -> None:
    running = command.start("--no-browser")
    assert running.stdin is not None
    running.stdin.write("spa\n3749\n")
    running.stdin.flush()
    answer = elsewhere(command, asked_url(running))
    other = answer.replace("state=", "state=other")
    code, out, _ = command.end(running, f"nonsense\nhttp://[\n{other}\n  {answer}  \n")
    assert (code, out.count("That is not it"), out.count("from another sign-in")) == (0, 2, 1)


@pytest.mark.parametrize(
    ("location", "decision", "said"),
    [("3749", "deny", "Access was not allowed."), ("12", "allow", "This location is not there.")],
)
def test_a_no_ends_the_command_with_what_to_do(
    command: Command, location: str, decision: str, said: str
) -> None:
    running = command.start("--no-browser", "--location-id", location)
    answer = elsewhere(command, asked_url(running), decision)
    code, _, err = command.end(running, f"{answer}\n")
    assert (code, f"BKR-205 {said}" in err, command.file.exists()) == (1, True, False)


def test_nobody_to_answer_is_one_line(command: Command) -> None:
    code, _, err = command.end(command.start("--no-browser", "--location-id", "3749"), "")
    assert (code, "BKR-205 There was nobody to answer." in err) == (1, True)


def test_no_token_is_printed(command: Command) -> None:
    running = command.start("--no-browser", "--location-id", "3749")
    url = asked_url(running)
    answer = elsewhere(command, url)
    said = url + "".join(str(part) for part in command.end(running, f"{answer}\n"))
    mine = command.box.booker.credentials
    code = parse_qs(urlsplit(answer).query)["code"][0]
    secrets = [
        mine.client_secret,
        mine.refresh_token,
        mine.subscription_key,
        code,
        *command.box.booker.tokens.issued,
    ]
    assert [one for one in secrets if one in said] == []


# --- help


def test_help_names_the_commands_with_examples() -> None:
    said = CliRunner().invoke(connect, ["--help"]).output
    assert all(word in said for word in ("sign-in", "doctor", "tap.json --no-browser"))


def test_help_of_the_sign_in_names_the_defaults() -> None:
    said = CliRunner().invoke(connect, ["sign-in", "--help"]).output
    assert all(word in said for word in (BACK, "signin.booker.com", "--no-pkce", "booker-credentials.json"))


def test_an_unknown_option_is_answered_with_the_right_one(tmp_path: Path) -> None:
    said = CliRunner().invoke(connect, ["--no-brwser"])
    assert (said.exit_code, "--no-browser" in said.output) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_the_tap_starts_without_the_sign_in() -> None:
    code = (
        "import sys, tap_booker.tap; print([m for m in sys.modules if 'sign_in' in m or m == 'http.server'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
