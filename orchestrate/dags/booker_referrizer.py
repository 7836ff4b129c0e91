"""Apache Airflow 3: an hourly pass of every location, a nightly one of all contacts, and a watch over both.

Settings come from the environment of Airflow's workers and of its DAG processor:
`BOOKER_REFERRIZER_PROJECT` (the folder of meltano.yml; without it, the checkout around this file),
`BOOKER_REFERRIZER_LOCATIONS` (locations.yml), `BOOKER_REFERRIZER_ALERT` (a command that gets each alert on
its standard input), `BOOKER_REFERRIZER_RETRIES` (without it 3), `BOOKER_REFERRIZER_RETRY_SECONDS` (the first
pause before one; without it 300), `MELTANO_ENVIRONMENT`, and the secrets that the locations name.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

PROJECT = Path(os.environ.get("BOOKER_REFERRIZER_PROJECT", Path(__file__).resolve().parents[2]))
FILE = Path(os.environ.get("BOOKER_REFERRIZER_LOCATIONS", PROJECT / "locations.yml"))
if str(PROJECT) not in sys.path:
    sys.path.append(str(PROJECT))  # for `orchestrate`, which Airflow's own environment does not have

from orchestrate.locations import Locations, load  # noqa: E402 - found only now
from orchestrate.outcome import Outcome, Verdict  # noqa: E402
from orchestrate.reading import MistakeError  # noqa: E402
from orchestrate.running import BlindError, Runner, stopped_by  # noqa: E402

POOL = "booker_referrizer"  # its slots are how many locations may call the vendors at once
RETRIES = int(os.environ.get("BOOKER_REFERRIZER_RETRIES", "3"))
FIRST_PAUSE = timedelta(seconds=float(os.environ.get("BOOKER_REFERRIZER_RETRY_SECONDS", "300")))
LONGEST_PAUSE = timedelta(minutes=30)
LONGEST_RUN = timedelta(hours=6)  # of a first load; the next hours go on beside it, without that location
MAX_AGE = "2h"
LONGEST_LOOK, LOOK_GIVEN_UP = (
    timedelta(minutes=14),
    10 * 60.0,
)  # seconds; one that hung would silence the next
LONGEST_ALERT = 60  # seconds that the command may take
COMMON: dict[str, Any] = {"start_date": datetime(2026, 1, 1), "catchup": False, "tags": ["referrizer"]}  # noqa: DTZ001 - UTC, as all of Airflow's


def _load() -> Locations:
    """As the file is now, so that a location that is added or mended needs no restart.

    Raises:
        AirflowException: It cannot be used as a whole, which is tried again: somebody may just be writing it.
    """
    try:
        return load(FILE)
    except MistakeError as mistake:
        raise AirflowException(f"{FILE}: line {mistake.line or 1}: {mistake}") from None


def _runner() -> Runner:
    return Runner(PROJECT, _load(), os.environ, echo=print)


def _alert(text: str) -> None:
    """Tell a person."""
    print(f"ALERT {text}")
    if command := os.environ.get("BOOKER_REFERRIZER_ALERT"):
        subprocess.run(shlex.split(command), input=f"{text}\n", text=True, check=True, timeout=LONGEST_ALERT)


def _one_pass(name: str, *, contacts_only: bool) -> Outcome:
    runner = _runner()
    for problem in runner.locations.problems:
        if problem.name == name:
            return Outcome(name, Verdict.PERSON, "", problem.what)
    for location in runner.locations.enabled:
        if location.name == name:
            with stopped_by(runner, signal.SIGTERM):  # as Airflow sends it on "mark failed"
                return runner.run(location, contacts_only=contacts_only)
    return Outcome(name, Verdict.DONE, "", "it was taken out of the file, or switched off")


def _passes(dag_id: str, schedule: str, *, contacts_only: bool) -> None:
    """A DAG that maps one task to one location."""

    # A run may be hours behind with one location's first load, and the others must not wait for it. How many
    # locations are at work at once is for the pool to say.
    @dag(dag_id=dag_id, schedule=schedule, max_active_runs=3, max_active_tasks=1024, **COMMON)
    def passes() -> None:
        @task(retries=RETRIES, retry_delay=FIRST_PAUSE)
        def names() -> list[str]:
            found = _load()
            return [one.name for one in found.enabled] + [one.name for one in found.problems]

        @task(
            pool=POOL,
            retries=RETRIES,
            retry_delay=FIRST_PAUSE,
            retry_exponential_backoff=True,
            max_retry_delay=LONGEST_PAUSE,
            execution_timeout=LONGEST_RUN,
            map_index_template="{{ location_name }}",
        )
        def sync(name: str, *, contacts_only: bool) -> None:
            context = get_current_context()
            context["location_name"] = name
            outcome = _one_pass(name, contacts_only=contacts_only)
            said = f"{name}: {outcome.verdict.words} {outcome}".strip()
            context["ti"].xcom_push("said", said)
            print(said)
            if outcome.verdict is Verdict.PERSON:
                raise AirflowFailException(said)  # exit codes 2, 3 and 5: trying again mends nothing
            if outcome.verdict is not Verdict.DONE:
                raise AirflowException(said)  # 4 and 6 want time

        @task(trigger_rule="all_done", retries=RETRIES, retry_delay=FIRST_PAUSE)
        def summary(names: list[str] | None) -> None:
            if names is None:
                _alert(f"{dag_id} could not begin: see its task `names`")
                raise AirflowFailException("no location was run")
            # All at once, and not by index: that would be a question for each. One alone comes bare.
            said = get_current_context()["ti"].xcom_pull(task_ids="sync", key="said")
            told = [line for line in (said if isinstance(said, list) else [said]) if line]
            known = {line.partition(":")[0]: line for line in told}
            lines = [known.get(name, f"{name}: failed without a word, see its task") for name in names]
            print("\n".join(["SUMMARY", *lines]))
            bad = [line for line in lines if not line.partition(": ")[2].startswith(Verdict.DONE.words)]
            if bad:
                _alert("\n".join([f"{len(bad)} of {len(names)} locations are not done", *bad]))
                raise AirflowFailException(f"{len(bad)} of {len(names)} locations are not done")

        found = names()
        sync.partial(contacts_only=contacts_only).expand(name=found) >> summary(found)

    passes()


_passes("booker_referrizer", "0 * * * *", contacts_only=False)
_passes("booker_referrizer_nightly", "30 3 * * *", contacts_only=True)


@dag(schedule="*/15 * * * *", max_active_runs=1, **COMMON)
def booker_referrizer_watch() -> None:
    """Says which locations had no successful run for two hours, also when none was ever begun."""

    @task(execution_timeout=LONGEST_LOOK)
    def watch() -> None:
        try:
            runner = _runner()
            found = runner.health(runner.locations.enabled, MAX_AGE, LOOK_GIVEN_UP)
        except (AirflowException, BlindError) as mistake:
            _alert(f"the watch cannot look: {mistake}")
            raise AirflowFailException(str(mistake)) from None
        late = [f"{one.name}: {one}" for one in found if one.verdict is not Verdict.DONE]
        wrong = [f"{one.name}: {one.what}" for one in runner.locations.problems]
        parts = ((f"no successful run for {MAX_AGE}", late), (f"left out, mend {FILE.name}", wrong))
        if lines := [line for title, lines in parts if lines for line in (f"{title}:", *lines)]:
            _alert("\n".join(lines))
            raise AirflowFailException(f"late {len(late)}, left out {len(wrong)}")

    watch()


booker_referrizer_watch()
