"""`meltano run sync`: everything once, then only what changed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.pipeline.conftest import Pipeline

STATE = "sandbox:tap-booker-to-target-referrizer"


def test_the_first_sync_brings_every_reachable_contact_and_a_group_for_each(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync")
    contacts = pipeline.box.referrizer.contacts.values()
    assert len(contacts) >= 25
    groups = {contact["customFields"]["Customer Group"] for contact in contacts}
    assert groups == {"Leads", "Current customers", "Past customers"}


def test_the_second_sync_writes_nothing(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync")
    pipeline.box.requests.clear()
    pipeline.meltano("run", "sync")
    assert pipeline.writes() == []


def test_an_hour_without_news_costs_a_token_a_location_and_three_lists(pipeline: Pipeline) -> None:
    """Of each list a page with what is there, if anything, and the empty one that says that it was all."""
    pipeline.meltano("run", "sync")
    pipeline.box.clock.advance(timedelta(hours=1))
    pipeline.box.requests.clear()
    pipeline.meltano("run", "sync")
    seen = [f"{one.vendor} {one.method} {one.path.rsplit('/', 1)[-1]}" for one in pipeline.box.requests]
    lists = Counter(one for one in seen if one.startswith("booker POST") and not one.endswith("token"))
    assert lists == {"booker POST customers": 1, "booker POST appointments": 2 + 2}
    assert sorted(set(seen) - set(lists)) == ["booker GET 3749", "booker POST token"]
    assert len(seen) == 1 + 1 + lists.total()


def test_a_full_refresh_reads_everything_and_writes_nothing(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync")
    pipeline.box.requests.clear()
    pipeline.meltano("run", "sync", "--full-refresh")
    assert pipeline.writes() == []
    assert set(pipeline.state()["singer_state"]["bookmarks"]) == {"contacts", "check_ins"}


def test_a_state_of_its_own_for_a_suffix(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync")
    before = pipeline.state()
    pipeline.box.clock.advance(timedelta(hours=1))
    pipeline.meltano("run", "sync", "--state-id-suffix=trial")
    assert pipeline.state() == before
    assert pipeline.state(f"{STATE}:trial") != before


def test_news_of_an_hour_arrive_and_nothing_else_is_written(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync")
    pipeline.box.requests.clear()
    pipeline.box.clock.advance(timedelta(hours=1))
    news = pipeline.box.salon.hour_of_news(seed=1)
    pipeline.meltano("run", "sync")
    visits = [write for write in pipeline.writes() if write.endswith("/visits")]
    assert len(visits) == len(news.checked_in)
    assert len(pipeline.box.referrizer.visits) == len(news.checked_in)
    assert (
        len([write for write in pipeline.writes() if write.startswith("POST") and "contacts" in write]) <= 3
    )


def test_meltano_yml_and_the_project_folder_stay_as_they_were(pipeline: Pipeline) -> None:
    folder = pipeline.project.folder
    before = (folder / "meltano.yml").read_bytes()
    pipeline.meltano("run", "sync")
    assert (folder / "meltano.yml").read_bytes() == before
    names = {"meltano.yml", "constraints.txt", "tap-booker", "target-referrizer", ".meltano", ".installed"}
    assert {path.name for path in folder.iterdir()} == names
