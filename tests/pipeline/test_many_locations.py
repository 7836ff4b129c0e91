"""A franchise through the real Meltano: several locations at once, one of them broken, on one server."""

from __future__ import annotations

import contextlib
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.pipeline.franchise import Franchise, opened
from tests.target_referrizer.conftest import machine  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def franchise(ready: Project, tmp_path: Path) -> Iterator[Franchise]:
    with opened(ready.folder, tmp_path, ("chicago", "austin", "denver")) as franchise:
        yield franchise


def test_locations_run_side_by_side_in_schemas_of_one_server_and_broken_ones_stop_no_other(
    franchise: Franchise,
    machine: str,  # noqa: F811 - the fixture
) -> None:
    franchise.add("chicago", "America/Chicago")
    franchise.add("austin", "America/Chicago")
    franchise.add("denver", "America/Denver")
    franchise.variables |= {"DENVER_REFERRIZER": "a.wrong.token", "LEDGERS": machine}
    franchise.variables |= {"MELTANO_CLI_LOG_FORMAT": "json", "FORCE_COLOR": "1"}
    (franchise.project / ".env").write_text("TARGET_REFERRIZER_SOURCE=shop\n")  # read by nobody
    lima = {**franchise.entries[0], "name": "lima", "timezone": "America/Lyma"}
    franchise.write({"database": "LEDGERS"}, lima)

    code, said, rest = franchise.orchestrate("run", "--at-once", "3")
    assert code == 1
    assert said["chicago"] == said["austin"] == "done", said | {"rest": rest}
    assert re.match(r"needs a person +RFZ-104 .+ What to do: Copy the token again", said["denver"])
    assert re.match(r"needs a person +line \d+: 'America/Lyma' is no time zone", said["lima"])
    assert re.search(r"^4 locations in \d+ s: done 2, needs a person 2$", rest, re.MULTILINE)
    for name in ("chicago", "austin"):
        assert franchise.boxes[name].referrizer.contacts
    logs = "".join(franchise.log(name) for name in franchise.boxes)
    secrets = [
        value for name, value in franchise.variables.items() if name.endswith(("BOOKER", "REFERRIZER"))
    ]
    assert [secret for secret in secrets if secret in logs] == []

    with contextlib.closing(psycopg.connect(machine.replace("+psycopg", ""))) as server:
        tables = server.execute("SELECT schemaname, tablename FROM pg_tables").fetchall()
        [(state_id,)] = server.execute("SELECT state_id FROM loc_chicago.state").fetchall()
    ours = {schema for schema, table in tables if table in {"contact", "visit", "state", "runs"}}
    assert ours == {"loc_chicago", "loc_austin", "loc_denver"}, "nothing lies in `public`"
    assert state_id == "sandbox:tap-booker-to-target-referrizer:chicago"

    code, said, _ = franchise.orchestrate("status", "--only", "chicago", "denver", "--max-age", "2h")
    assert code == 1
    assert said["chicago"].startswith("ok: ")
    assert said["denver"] == "NOT OK: source booker: the last one ended with exit code 2"

    # Two other machines have nothing but the file and the server, and begin with one location at once.
    # One of them meets a location whose ledger was lost: exit code 3.
    franchise.forget_this_machine()
    with psycopg.connect(machine.replace("+psycopg", ""), autocommit=True) as server:
        server.execute("DROP SCHEMA loc_austin CASCADE")
    box = franchise.boxes["chicago"]
    box.requests.clear()
    with ThreadPoolExecutor(2) as pool:
        twice = list(
            pool.map(
                lambda only: franchise.orchestrate("run", "--at-once", "2", "--only", *only),
                [["chicago"], ["chicago", "austin"]],
            )
        )
    assert sorted(said["chicago"] for _, said, _ in twice) == [
        "done",
        "try again       another run of this location is under way",
    ]
    assert re.match(r"needs a person +RFZ-303 .+ What to do: ", twice[1][1]["austin"])
    paths = [request.path for request in box.requests if request.vendor == "booker"]
    assert [path for path in paths if path.endswith("/appointments")], "it read again"
    assert len(paths) < 10, "from the bookmark on, not the whole year"
