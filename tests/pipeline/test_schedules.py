"""The two schedules: what they run, and what the nightly one must leave alone."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.pipeline.conftest import Pipeline


def bookmarks(pipeline: Pipeline) -> dict[str, str]:
    """The bookmark of each stream as text."""
    found = pipeline.state()["singer_state"]["bookmarks"]
    return {stream: json.dumps(bookmark, sort_keys=True) for stream, bookmark in found.items()}


def test_both_are_listed_with_their_intervals(pipeline: Pipeline) -> None:
    listed = json.loads(pipeline.meltano("schedule", "list", "--format=json"))["schedules"]["job"]
    assert {entry["name"]: entry["cron_interval"] for entry in listed} == {
        "hourly": "0 * * * *",
        "nightly-contacts": "30 3 * * *",
    }


def test_hourly_carries_the_news_and_misspelt_variables_are_told(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync", TAP_BOOKER_START_DAT="hush-1", TARGET_REFERRIZER_TIMEZON="hush-2")
    log = pipeline.project.log.read_text()
    warned = re.findall(r"(?:BKR-107 T|RFZ-102 t)here is no setting '?(\w+)", log)
    assert set(warned) == {"start_dat", "timezon"}, "and none of those that Meltano makes"
    assert "hush" not in log
    pipeline.box.clock.advance(timedelta(hours=1))
    pipeline.box.salon.hour_of_news(seed=1)
    before = bookmarks(pipeline)
    pipeline.meltano("--environment", "sandbox", "schedule", "run", "hourly")
    assert pipeline.box.referrizer.visits
    after = bookmarks(pipeline)
    assert [stream for stream in before if before[stream] == after[stream]] == []


def test_nightly_contacts_reads_all_contacts_and_leaves_the_other_bookmark(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync")
    before = bookmarks(pipeline)
    pipeline.box.clock.advance(timedelta(days=40))
    pipeline.box.requests.clear()
    pipeline.meltano("--environment", "sandbox", "schedule", "run", "nightly-contacts")
    after = bookmarks(pipeline)
    paths = [request.path for request in pipeline.box.requests if request.vendor == "booker"]
    assert [path for path in paths if path.endswith("/customers")]
    assert [path for path in paths if path.endswith("/appointments")] == []
    assert after["contacts"] != before["contacts"]
    assert after["check_ins"] == before["check_ins"]


def test_nightly_contacts_sees_a_membership_that_lapsed_without_a_change_date(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync")
    one = pipeline.box.salon.lapse_membership(pipeline.box.salon.people["lapsing_member"])
    pipeline.box.clock.advance(timedelta(days=2))
    pipeline.meltano("--environment", "sandbox", "schedule", "run", "hourly")
    assert _member(pipeline, one.email) == "Y"
    pipeline.meltano("--environment", "sandbox", "schedule", "run", "nightly-contacts")
    assert _member(pipeline, one.email) == "N"


def _member(pipeline: Pipeline, email: str | None) -> str:
    found = [one for one in pipeline.box.referrizer.contacts.values() if one["email"] == email]
    return str(found[0]["customFields"]["CRM Member"])
