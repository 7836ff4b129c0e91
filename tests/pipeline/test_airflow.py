"""The DAGs on a real Airflow: good locations get done, broken ones are tried again or not, and named.

`airflow dags test` runs a DAG to its end in one process, retries included, without a server and a network. It
holds no pool: that a pool binds is Airflow's own promise. What needs no run is looked at in the parsed DAGs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.pipeline.franchise import Franchise, opened
from tests.services import is_missing

from demo.project import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.project import Project

BIN = CHECKOUT / ".cache/airflow/bin"
DAGS, PROBE = CHECKOUT / "orchestrate/dags", CHECKOUT / "tests/pipeline/dag_probe.py"
NOWHERE = "http://127.0.0.1:9"
pytestmark = pytest.mark.slow


@dataclass
class Airflow:
    """An Airflow with a home of its own, and the franchise that its DAGs run.

    Attributes:
        hourly: Exit code and output of one run of the hourly DAG.
    """

    home: Path
    franchise: Franchise
    hourly: tuple[int, str] = (0, "")

    def alerts(self) -> list[str]:
        """What a person was told since the last look, by lines."""
        path = self.home / "alerts"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def does(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a command."""
        franchise = self.franchise
        return called(
            self.home, franchise.environment(), franchise.project, franchise.own, "airflow", *arguments
        )


def called(
    home: Path, environment: dict[str, str], project: Path, own: Path, program: str, *arguments: str
) -> tuple[int, str]:
    """Exit code and output of a program of Airflow's environment."""
    variables = {
        **environment,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "BOOKER_REFERRIZER_PROJECT": str(project),
        "BOOKER_REFERRIZER_LOCATIONS": str(own / "locations.yml"),
        "BOOKER_REFERRIZER_ALERT": f"tee -a {home / 'alerts'}",
        "BOOKER_REFERRIZER_RETRIES": "1",
        "BOOKER_REFERRIZER_RETRY_SECONDS": "1",
    }
    variables["PATH"] = f"{BIN}{os.pathsep}{variables['PATH']}"
    done = subprocess.run(
        [str(BIN / program), *arguments],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def need_airflow() -> None:
    if not (BIN / "airflow").exists():
        is_missing("Airflow is not installed: `make test-slow` does it")


@pytest.fixture(scope="module")
def airflow(ready: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Three locations: one good, one whose token is refused, one whose Referrizer is down."""
    need_airflow()
    with opened(ready.folder, tmp_path_factory.mktemp("own"), ("chicago", "denver", "boston")) as franchise:
        franchise.add("chicago", "America/Chicago")
        franchise.add("denver", "America/Denver")
        franchise.add(
            "boston",
            "America/New_York",
            TARGET_REFERRIZER_API_URL=f"{NOWHERE}/v1",
            TARGET_REFERRIZER_OUTAGE_PATIENCE_SECONDS="1",
        )
        franchise.variables["DENVER_REFERRIZER"] = "a.wrong.token"
        franchise.write({"folder": "ledgers"})
        (franchise.project / "orchestrate").symlink_to(CHECKOUT / "orchestrate")
        airflow = Airflow(tmp_path_factory.mktemp("airflow"), franchise)
        code, said = airflow.does("db", "migrate")
        assert code == 0, said
        airflow.hourly = airflow.does("dags", "test", "booker_referrizer")
        yield airflow
        (franchise.project / "orchestrate").unlink()


def test_each_location_is_a_task_that_is_tried_again_only_where_time_helps(airflow: Airflow) -> None:
    code, said = airflow.hourly
    assert code == 1, said
    runs = {name: airflow.franchise.log(name).count("Run completed") for name in airflow.franchise.boxes}
    assert runs == {"chicago": 1, "denver": 1, "boston": 2}, "RFZ-601 is an outage, RFZ-104 a refused token"
    assert airflow.franchise.boxes["chicago"].referrizer.contacts
    pulled = said.partition("SUMMARY\n")[2].splitlines()[:3]
    assert [line.partition(" ")[0] for line in pulled] == ["chicago:", "denver:", "boston:"]
    assert pulled[0] == "chicago: done"
    secrets = [value for name, value in airflow.franchise.variables.items() if name.startswith("CHICAGO")]
    assert [secret for secret in secrets if secret in said] == []


def test_what_failed_is_told_once_with_codes_and_the_watch_tells_who_had_no_success(airflow: Airflow) -> None:
    first, *named = airflow.alerts()
    assert first == "2 of 3 locations are not done"
    assert len(named) == 2
    assert re.match(r"denver: needs a person RFZ-104 .+ What to do: ", named[0])
    assert re.match(r"boston: try again RFZ-601 .+ What to do: ", named[1])
    lima = {**airflow.franchise.entries[0], "name": "lima", "timezone": "America/Lyma"}
    airflow.franchise.write({"folder": "ledgers"}, lima)
    code, said = airflow.does("dags", "test", "booker_referrizer_watch")
    assert code == 1, said
    assert [line.partition(":")[0] for line in airflow.alerts()] == [
        "no successful run for 2h",
        "denver",
        "boston",
        "left out, mend locations.yml",
        "lima",
    ]


def test_a_night_reads_all_contacts_again_and_nothing_else(airflow: Airflow) -> None:
    box = airflow.franchise.boxes["chicago"]
    box.requests.clear()
    airflow.alerts()
    del airflow.franchise.entries[1:]
    airflow.franchise.write({"folder": "ledgers"})
    code, said = airflow.does("dags", "test", "booker_referrizer_nightly")
    assert code == 0, said
    asked = [(one.path.rpartition("/")[2], one.body) for one in box.requests if one.vendor == "booker"]
    assert [name for name, _ in asked] == ["token", "3749", "customers", "customers"]
    assert [key for _, body in asked for key in body if "Date" in key] == [], "without a bound in time"
    assert airflow.alerts() == []


MELTANO = """\
#!{python}
import os, time
print("full refresh", os.environ.get("MELTANO_RUN_FULL_REFRESH"), os.environ.get("TAP_BOOKER__SELECT_FILTER"))
print("waiting", os.getpid(), flush=True)
time.sleep(600)
"""
LOOKING = """\
#!/bin/sh
exec sleep 600
"""


def test_what_the_dags_promise_beside_a_run(tmp_path: Path) -> None:
    """Pool and limits, a night, "mark failed" while Meltano is at work, a watch that cannot look."""
    need_airflow()
    for name, text in (("meltano", MELTANO.replace("{python}", sys.executable)), ("python", LOOKING)):
        program = tmp_path / ".venv/bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    (tmp_path / "orchestrate").symlink_to(CHECKOUT / "orchestrate")
    secrets = {"TARGET_REFERRIZER_API_TOKEN": "CHICAGO"}
    entry = {"name": "chicago", "location_id": 1, "timezone": "America/Chicago", "secrets": secrets}
    (tmp_path / "locations.yml").write_text(json.dumps({"locations": [entry]}))
    environment = {"PATH": os.environ["PATH"], "CHICAGO": "a-token"}

    code, said = called(tmp_path, environment, tmp_path, tmp_path, "python", str(PROBE), str(DAGS))
    assert code == 0, said
    found = json.loads(said.rpartition("FOUND ")[2])
    assert found["errors"] == {}
    assert found["syncs"] == {
        "hourly": ["booker_referrizer", {"contacts_only": False}, 6 * 3600],
        "nightly": ["booker_referrizer", {"contacts_only": True}, 6 * 3600],
    }
    assert found["watch_seconds"] < 15 * 60, "the next one begins"

    log = (tmp_path / ".meltano/locations/chicago.log").read_text()
    assert 'full refresh true ["contacts"]' in log
    assert found["night"] == "AirflowException: chicago: try again it was stopped"
    with pytest.raises(ProcessLookupError):
        os.kill(int(log.partition("waiting ")[2]), 0)

    assert found["one_alone"] == "none"
    assert found["some"] == "AirflowFailException: 2 of 3 locations are not done"
    blind = "the ledgers gave no answer within 0 s"
    assert found["hanging"] == f"AirflowFailException: {blind}"
    assert found["unbegun"] == "AirflowFailException: no location was run"
    assert found["gone"] == [["none", "chicago: done it was taken out of the file, or switched off"]] * 2
    kinds = ["AirflowException", "AirflowException", "AirflowFailException"]
    assert [one.partition(":")[0] for one in found["unreadable"]] == kinds, (
        "tried again, if only half-written"
    )
    assert all("it is no YAML" in one for one in found["unreadable"])
    alerts = (tmp_path / "alerts").read_text().splitlines()
    assert alerts[:5] == [
        "2 of 3 locations are not done",
        "oslo: failed without a word, see its task",
        "lima: failed RFZ-902 it broke",
        f"the watch cannot look: {blind}",
        "booker_referrizer could not begin: see its task `names`",
    ]
    assert "it is no YAML" in alerts[5]
    assert len(alerts) == 6
