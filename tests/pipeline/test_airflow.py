"""The DAGs on a real Airflow: good locations get done, broken ones are tried again or not, and named.

`airflow dags test` runs a DAG to its end in one process, retries included, without a server and a network. It
holds no pool: that a pool binds is Airflow's own promise.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.pipeline.franchise import Franchise, opened

from demo.project import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BIN = CHECKOUT / ".cache/airflow/bin"
POOL = ("pools", "set", "booker_referrizer", "2", "what the vendors bear at once")
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
        variables = {
            **self.franchise.environment(),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "orchestrate/dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "BOOKER_REFERRIZER_PROJECT": str(self.franchise.project),
            "BOOKER_REFERRIZER_LOCATIONS": str(self.franchise.own / "locations.yml"),
            "BOOKER_REFERRIZER_ALERT": f"tee -a {self.home / 'alerts'}",
            "BOOKER_REFERRIZER_RETRIES": "1",
            "BOOKER_REFERRIZER_RETRY_SECONDS": "1",
        }
        variables["PATH"] = f"{BIN}{os.pathsep}{variables['PATH']}"
        command = [str(BIN / "airflow"), *arguments]
        done = subprocess.run(
            command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def airflow(project_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Three locations: one good, one whose token is refused, one whose Referrizer is down."""
    if not (BIN / "airflow").exists():
        give_up = pytest.fail if os.environ.get("REQUIRE_SERVICES") == "1" else pytest.skip
        give_up("Airflow is not installed: `make test-slow` does it")
    with opened(project_folder, tmp_path_factory.mktemp("own"), ("chicago", "denver", "boston")) as franchise:
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
        for command in (("db", "migrate"), POOL):
            code, said = airflow.does(*command)
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
    assert re.match(r"denver: needs a person RFZ-104 .+ What to do: ", named[0])
    assert re.match(r"boston: try again RFZ-601 .+ What to do: ", named[1])
    code, said = airflow.does("dags", "test", "booker_referrizer_watch")
    assert code == 1, said
    assert [line.partition(":")[0] for line in airflow.alerts()] == [
        "no successful run for 2h",
        "denver",
        "boston",
    ]


def test_a_night_reads_all_contacts_and_no_check_ins_and_good_runs_alert_nobody(airflow: Airflow) -> None:
    airflow.alerts()
    good = [one for one in airflow.franchise.entries if one["name"] == "chicago"]
    airflow.franchise.entries = good
    airflow.franchise.write({"folder": "ledgers"})
    box = airflow.franchise.boxes["chicago"]
    box.requests.clear()
    code, said = airflow.does("dags", "test", "booker_referrizer_nightly")
    assert code == 0, said
    paths = [request.path for request in box.requests if request.vendor == "booker"]
    assert [path for path in paths if path.endswith("/customers")]
    assert [path for path in paths if path.endswith("/appointments")] == []
    assert airflow.alerts() == []


def test_a_file_that_cannot_be_read_alerts_too(airflow: Airflow) -> None:
    airflow.alerts()
    (airflow.franchise.own / "locations.yml").write_text("locations: [\n")
    code, said = airflow.does("dags", "test", "booker_referrizer")
    assert code == 1, said
    assert "line 2: it is no YAML" in said or "line 1: it is no YAML" in said
    assert airflow.alerts() == ["booker_referrizer could not begin: see its task `names`"]
