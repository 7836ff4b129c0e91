"""The control interface and the command line: a sandbox in another process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest
import requests


def control(box: Any, method: str, path: str, **options: Any) -> Any:
    return requests.request(method, f"{box.url}/_sandbox{path}", timeout=10, **options).json()


def test_the_clock_moves_only_when_told(box: Any) -> None:
    assert control(box, "GET", "/clock") == {"now": "2026-03-02T15:00:00Z"}
    assert control(box, "POST", "/clock", json={"advance_seconds": 3600}) == {"now": "2026-03-02T16:00:00Z"}
    control(box, "POST", "/news", json={"seed": 1})
    assert control(box, "POST", "/clock", json={"now": "2026-04-06T00:00:00+02:00"}) == {
        "now": "2026-04-05T22:00:00Z"
    }


def test_news_are_summed_up(box: Any) -> None:
    assert control(box, "POST", "/news", json={"seed": 1})["counts"]["new"] == 3


def test_journal_requests_and_groups_can_be_read(box: Any, referrizer: Any) -> None:
    referrizer.create(email="a@example.com", customFields={"Customer Group": "Leads"})
    referrizer.create(email="b@example.com", customFields={"Customer Group": "Leads"})
    referrizer.create(email="c@example.com")
    assert control(box, "GET", "/groups") == {"": 1, "Leads": 2}
    assert [entry["effect"] for entry in control(box, "GET", "/journal")] == ["contact_created"] * 3
    seen = control(box, "GET", "/requests")
    assert seen[0]["status"] == 201
    assert "a@example.com" not in json.dumps(seen)
    control(box, "DELETE", "/requests")
    assert control(box, "GET", "/requests") == []


def test_requests_are_kept_without_tokens(booker: Any) -> None:
    booker.post("/v4.1/merchant/customers", PageSize=3)
    booker.get("/v4.1/merchant/location/3749")
    kept = repr(list(booker.box.requests))
    assert booker.token not in kept
    assert booker.box.booker.credentials.client_secret not in kept
    (seen,) = booker.box.requests.matching("customers", vendor="booker", method="POST")
    assert seen.body == {"LocationID": 3749, "PageSize": 3}


def test_faults_and_switches_can_be_set(box: Any, referrizer: Any) -> None:
    control(box, "POST", "/faults", json={"kind": "503", "vendor": "referrizer"})
    assert referrizer.call("GET", "/contacts").status_code == 503
    control(box, "DELETE", "/faults")
    assert referrizer.call("GET", "/contacts").status_code == 200
    shown = control(
        box, "PUT", "/switches", json={"referrizer": {"custom_fields": ["Shoe Size"], "put": "merge"}}
    )
    assert shown["referrizer"]["custom_fields"] == ["Shoe Size"]
    assert box.referrizer.switches.put == "merge"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/clock", {}),
        ("POST", "/clock", {"now": "soon"}),
        ("POST", "/clock", {"now": "2026-03-02T15:00:00"}),
        ("POST", "/faults", {"kind": "418"}),
        ("POST", "/faults", {}),
        ("PUT", "/switches", {"booker": {"no_such_switch": 1}}),
        ("PUT", "/switches", {"clubready": {}}),
        ("POST", "/news", 1),
    ],
)
def test_a_wrong_control_call_is_a_sentence(box: Any, method: str, path: str, body: Any) -> None:
    answer = requests.request(method, f"{box.url}/_sandbox{path}", json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_one_line_serves_and_ends_on_a_signal(ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "sandbox", "serve"]
    arguments = ["--contacts", "0", "--location", "1=Europe/London", "--location", "2=Asia/Kolkata"]
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        assert ready["location_ids"] == [1, 2]
        assert ready["credentials"]["client_id"] == "fake-client-id"
        headers = {"Authorization": f"Bearer {ready['token']}"}
        assert requests.get(f"{ready['referrizer_url']}/contacts", headers=headers, timeout=10).json() == []
        server.send_signal(ending)
        assert server.wait(20) == 0
        assert server.stderr is not None
        assert (server.stdout.read(), server.stderr.read()) == ("", "")
