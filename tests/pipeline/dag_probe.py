"""Run by Airflow's Python: parses the DAGs, and calls their tasks without a scheduler. Prints JSON.

Arguments: the folder of the DAGs, and what to look at. In the project stands a Meltano that only waits.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow.dag_processing.dagbag import DagBag

if TYPE_CHECKING:
    from pathlib import Path

DAGS = {"hourly": "booker_referrizer", "nightly": "booker_referrizer_nightly"}


def main(folder: str) -> dict[str, Any]:
    """All that the test wants to know."""
    bag = DagBag(folder)
    found: dict[str, Any] = {"errors": bag.import_errors, "syncs": {}}
    for name, dag_id in DAGS.items():
        given = bag.dags[dag_id].get_task("sync").partial_kwargs
        found["syncs"][name] = [given["pool"], given["op_kwargs"], given["execution_timeout"].total_seconds()]
    watch = bag.dags["booker_referrizer_watch"].get_task("watch")
    found["watch_seconds"] = watch.execution_timeout.total_seconds()
    hourly = bag.dags["booker_referrizer"]
    of_the_file = watch.python_callable.__globals__

    said: list[str] = []
    pulled: list[Any] = ["chicago: done", ["chicago: done", "lima: failed RFZ-902 it broke"]]
    of_the_file["get_current_context"] = lambda: {
        "ti": SimpleNamespace(
            xcom_push=lambda _key, text: said.append(text), xcom_pull=lambda **_: pulled.pop(0)
        )
    }
    summary = hourly.get_task("summary").python_callable
    found["one_alone"] = failure(summary, ["chicago"])
    found["some"] = failure(summary, ["chicago", "oslo", "lima"])
    threading.Thread(target=end_once_begun, args=[of_the_file["PROJECT"]], daemon=True).start()
    sync = hourly.get_task("sync").python_callable
    found["night"] = failure(sync, "chicago", contacts_only=True)

    of_the_file["LOOK_GIVEN_UP"] = 0.2
    found["hanging"] = failure(watch.python_callable)
    found["unbegun"] = failure(summary, None)

    of_the_file["PROJECT"] /= "none"  # where no run could begin
    [entry] = json.loads(of_the_file["FILE"].read_text())["locations"]
    found["gone"] = []
    for entries in ([{**entry, "enabled": False}], []):
        said.clear()
        of_the_file["FILE"].write_text(json.dumps({"locations": entries}))
        found["gone"].append([failure(sync, "chicago", contacts_only=False), *said])
    of_the_file["FILE"].write_text("locations: [\n")
    found["unreadable"] = [
        failure(hourly.get_task("names").python_callable),
        failure(sync, "chicago", contacts_only=False),
        failure(watch.python_callable),
    ]
    return found


def end_once_begun(project: Path) -> None:
    """As somebody who marks the task as failed while Meltano is at work."""
    log = project / ".meltano/locations/chicago.log"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (log.exists() and "waiting" in log.read_text()):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)


def failure(task: Any, *arguments: Any, **more: Any) -> str:
    """The failure that a task must end with."""
    try:
        task(*arguments, **more)
    except Exception as error:  # noqa: BLE001 - told to the test
        return f"{type(error).__name__}: {error}"
    return "none"


if __name__ == "__main__":
    result = main(sys.argv[1])
    sys.stdout.write(f"\nFOUND {json.dumps(result)}\n")
