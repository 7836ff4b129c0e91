"""No name, e-mail, phone, street, birthday or secret in any output, at any log level, whatever goes wrong."""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.target_referrizer import warm

from sandbox import Sandbox
from sandbox.server.call import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.server.call import Call

PROGRAMS = Path(sys.executable).parent
CHECKOUT = Path(__file__).parents[1]
LEVELS = [
    {"LOGLEVEL": "INFO"},
    {"LOGLEVEL": "DEBUG"},
    {"TAP_BOOKER_LOGLEVEL": "DEBUG", "TARGET_REFERRIZER_LOGLEVEL": "DEBUG"},
]
AT_DEBUG = pytest.mark.parametrize("household", LEVELS[1:2], indirect=True)
COMMANDS = ["status", "rejects", "held", "moves", "plan", "verify"]


@dataclass
class Household:
    """A salon, both vendors, and everything that either program has said so far.

    Attributes:
        said: All output, but for the standard output of the tap, which is the data.
    """

    box: Sandbox
    folder: Path
    variables: dict[str, str]
    said: list[str] = field(default_factory=list)

    def run(self, program: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program of ours as a real process, and keep what it says."""
        config = self.tap_config() if program == "tap-booker" else self.target_config()
        file = self.folder / f"{program}.json"
        file.write_text(json.dumps({"as_of": self.box.clock.now.isoformat(), **config}))
        command, variables = [str(PROGRAMS / program), "--config", str(file), *arguments], self.variables
        source = self.folder / "stdin"
        source.write_text(stdin)
        with source.open() as opened:
            if program == "tap-booker":
                done = subprocess.run(
                    command, stdin=opened, capture_output=True, text=True, timeout=120, check=False,
                    cwd=self.folder, env={**os.environ, **variables},
                )  # fmt: skip
            else:
                done = warm.run(
                    command, stdin=opened.fileno(), folder=self.folder, env={**os.environ, **variables}
                )
        self.said += [done.stderr, "" if program == "tap-booker" else done.stdout]
        return done

    def tap_config(self) -> dict[str, Any]:
        held, file = self.box.booker.credentials, self.folder / "credentials.json"
        if not file.exists():
            token_url = f"{self.box.booker_url}/v5/auth/connect/token"
            file.write_text(json.dumps({"refresh_token": held.refresh_token, "token_url": token_url}))
        return {
            "location_ids": list(self.box.salon.locations),
            "subscription_key": held.subscription_key,
            "client_id": held.client_id,
            "client_secret": held.client_secret,
            "credentials_path": str(file),
            "base_url": self.box.booker_url,
            "skip_broken_records": True,
            "page_size": 20,
        }

    def target_config(self) -> dict[str, Any]:
        return {
            "api_url": self.box.referrizer_url,
            "api_token": self.box.referrizer.token,
            "ledger_url": f"sqlite:///{self.folder}/ledger.db",
            "timezone": "America/Chicago",
            "requests_per_second": 0,
            "outage_patience_seconds": 5,
            "visits_since": "2025-01-01T00:00:00Z",
        }


@pytest.fixture(params=LEVELS, ids=lambda level: "-".join(level) + "-" + next(iter(level.values())))
def household(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Household]:
    with Sandbox(contacts=60, seed=7) as box:
        box.referrizer.token = "seeded-referrizer-token.of-this.account"
        yield Household(box, tmp_path, request.param)


# What must not be found


@cache
def program_words() -> set[str]:
    """Words of our own sources: a name that is one of them, such as `Grace` or `Main`, proves nothing."""
    folders = [CHECKOUT / "tap-booker", CHECKOUT / "target-referrizer"]
    sources = [file.read_text("utf-8") for folder in folders for file in folder.rglob("*.py")]
    return {word.casefold() for text in sources for word in re.findall(r"\w+", text)}


def names(box: Sandbox) -> set[str]:
    """First and last names, in whole words of four letters and more."""
    given = [name for one in box.salon.customers.values() for name in (one.first, one.last) if name]
    words = {word for name in given for word in re.findall(r"[^\W\d_]{4,}", name)}
    return {word for word in words if word.casefold() not in program_words()}


def spelled(text: str) -> set[str]:
    """A text as it is, as JSON has it, and as an address has it."""
    return {text, json.dumps(text)[1:-1], quote(text), quote(text, safe="")}


def phone_pattern(number: str) -> str:
    """A number however it is written, with or without country, brackets, spaces; or its last seven digits."""
    digits = re.sub(r"\D", "", number)
    loosely = r"\D{0,3}".join(digits[-7:])
    return rf"(?<![\d.]){loosely}(?!\d)|{digits[-10:]}"


def forbidden(box: Sandbox) -> dict[str, list[str]]:
    """Regular expressions for everything that is somebody's, by kind."""
    people = list(box.salon.customers.values())
    mine = box.booker.credentials
    secrets = {
        mine.client_secret, mine.subscription_key, mine.personal_access_token, mine.refresh_token,
        "fake-refresh-token", box.referrizer.token, *box.booker.tokens.issued,
    }  # fmt: skip
    texts = {
        "e-mail": {one.email for one in people if one.email},
        "street": {one.address.street for one in people if one.address and one.address.street},
        "secret": secrets,
    }
    found = {
        kind: [re.escape(form) for text in some for form in spelled(text)] for kind, some in texts.items()
    }
    found["name"] = [rf"(?<!\w){re.escape(form)}(?!\w)" for name in names(box) for form in spelled(name)]
    phones = {number for one in people for number in (one.cell, one.home, one.work) if number}
    found["phone"] = [phone_pattern(number) for number in phones]
    found["birthday"] = [one.birthday.isoformat() for one in people if one.birthday]
    return found


def leaks(household: Household) -> Counter[str]:
    """What of all that was said is somebody's."""
    text = "\n".join(household.said)
    found: Counter[str] = Counter()
    for kind, patterns in forbidden(household.box).items():
        for hit in re.finditer("|".join(patterns), text, re.IGNORECASE):
            found[f"{kind}: {text[max(0, hit.start() - 60) : hit.end() + 20]!r}"] += 1
    return found


# What goes wrong


def quoting(vendor: Any, method: str, path: str, every: int, answer: Callable[[str], Answer]) -> None:
    """Let a vendor refuse each so many-th request of a kind, and quote in its refusal all that was sent."""
    course, count = vendor.answer, itertools.count(1)

    def refuse(call: Call) -> Answer:
        is_meant = call.method == method and re.search(path, call.path)
        if is_meant and next(count) % every == 0:
            return answer(call.raw.decode() + " " + json.dumps(dict(call.headers)))
        refusal: Answer = course(call)
        return refusal

    vendor.answer = refuse


def referrizer_says(what: str) -> Answer:
    return Answer(400, {"errorCode": "ILLEGAL_ARGUMENT", "message": what, "errors": [what]})


def booker_says(what: str) -> Answer:
    return Answer(200, {"IsSuccess": False, "ErrorCode": 200, "ErrorMessage": what,
                        "ArgumentErrors": [{"ArgumentName": what, "ErrorMessage": what}]})  # fmt: skip


def go_wrong(box: Sandbox) -> None:
    """Faults of every kind among what goes right."""
    for kind, nth in (("429", [2, 9]), ("500", [12]), ("cut_after", [13])):
        box.faults.add(kind, vendor="referrizer", method="POST", path="contacts", nth=nth, retry_after=0)
    for kind, every in (("429", 7), ("500", 37), ("cut_after", 41), ("cut_before", 43)):
        box.faults.add(kind, vendor="referrizer", method="POST", path="visits", every=every, retry_after=0)
    for kind, nth in (("503", [2, 9]), ("empty_body", [4]), ("expired_token", [6])):
        box.faults.add(kind, vendor="booker", path="find|customers|appointments", nth=nth, retry_after=0)
    quoting(box.referrizer, "POST", "contacts", 6, referrizer_says)
    quoting(box.referrizer, "POST", "visits", 5, referrizer_says)
    quoting(box.referrizer, "PUT", "contacts", 2, referrizer_says)


def messed_up(output: str, box: Sandbox) -> str:
    """The tap's output, and after it the records of people who break the contract in many ways."""
    rows: list[dict[str, Any]] = []
    for one in list(box.salon.customers.values())[:12]:
        person = {"first_name": one.first, "last_name": one.last, "email": one.email, "phone": one.cell}
        ways: list[dict[str, Any]] = [
            {"email": [one.email]}, {"birthday": one.email}, {"id": [one.email]},
            {"email": None, "phone": f"{one.first} {one.cell}"},
        ]  # fmt: skip
        rows += [{"id": f"bad-{one.id}-{number}", **person, **way} for number, way in enumerate(ways)]
    lines = [json.dumps({"type": "RECORD", "stream": "contacts", "record": row}) for row in rows]
    return output + "\n".join(lines) + "\n"


# The promises


def test_nothing_that_is_somebodys_is_said_by_tap_target_or_command(household: Household) -> None:
    box = household.box
    go_wrong(box)
    tapped = household.run("tap-booker")
    assert (tapped.returncode, tapped.stdout.count('"RECORD"') > 100) == (0, True), tapped.stderr
    for _ in range(2):
        loaded = household.run("target-referrizer", stdin=messed_up(tapped.stdout, box))
        assert loaded.returncode in {0, 3}, loaded.stderr
        box.clock.advance(timedelta(days=40))
    assert {"RFZ-203", "RFZ-209", "RFZ-210"} <= set(re.findall(r"RFZ-\d+", "".join(household.said)))
    assert ("DEBUG" in "".join(household.said)) == ("DEBUG" in household.variables.values())
    assert leaks(household) == {}


@AT_DEBUG
def test_the_command_shows_nobody_unless_asked_to(household: Household) -> None:
    box = household.box
    go_wrong(box)
    household.run("target-referrizer", stdin=messed_up(household.run("tap-booker").stdout, box))
    whom = [["explain", str(one)] for one in itertools.islice(box.salon.customers, 3)]
    as_json = [
        [*command, "--format", "json"] for command in (["rejects"], ["moves"], ["plan"], ["verify"], whom[0])
    ]
    for command in (*([one] for one in COMMANDS), *whom, *as_json):
        assert household.run("referrizer-ledger", *command).returncode == 0
    page = household.folder / "report.html"
    assert household.run("referrizer-ledger", "report", "--output", str(page)).returncode == 0
    household.said.append(html.unescape(re.sub("<[^>]*>", " ", page.read_text())))
    by_email = household.run("referrizer-ledger", "explain", "-", stdin="kate@example.com\n")
    assert (by_email.returncode, "linked" in by_email.stdout) == (0, True)
    assert leaks(household) == {}


def test_a_booker_that_quotes_everybody_is_not_quoted(household: Household) -> None:
    box = household.box
    everybody = json.dumps(
        [(one.first, one.last, one.email, one.cell) for one in box.salon.customers.values()]
    )
    quoting(box.booker, "POST", "customers", 1, lambda sent: booker_says(everybody + sent))
    quoting(box.booker, "POST", "appointments", 2, lambda sent: booker_says(everybody + sent))
    assert household.run("tap-booker").returncode != 0
    assert "BKR-" in household.said[0]
    assert leaks(household) == {}


def test_input_that_is_cut_off_in_the_middle_of_a_person_is_not_quoted(household: Household) -> None:
    tapped = household.run("tap-booker").stdout
    lines = tapped.splitlines()
    place = next(number for number, line in enumerate(lines) if '"RECORD"' in line and "@" in line)
    for cut in ([*lines[:place], lines[place][:-9]], [lines[place]], [*lines[:place], lines[place] + "]"]):
        ended = household.run("target-referrizer", stdin="\n".join(cut))
        assert (ended.returncode, "RFZ-202" in ended.stderr) == (1, True)
    assert leaks(household) == {}


@AT_DEBUG
def test_the_search_finds_what_is_there(household: Household) -> None:
    """What it searches for is nearly everybody, in every form."""
    people = [one for one in household.box.salon.customers.values() if one.email and one.cell and one.last]
    last = re.sub(r"\D", "", people[-1].cell or "")[-10:]
    forms = [
        f"({last[:3]}) {last[3:6]}-{last[6:]}", f"+1{last}", f"{last[3:6]}-{last[6:]}", f"x={last[3:]}",
        people[-1].email, quote(people[-1].email or "", safe=""),
    ]  # fmt: skip
    for form in forms:
        assert leaks(Household(household.box, household.folder, {}, [f"log: {form}, more"])), form
    searched = names(household.box)
    assert len(searched) > 60
    known = [one for one in people if {one.first, one.last} & searched]
    assert len(known) > 0.8 * len(people)
