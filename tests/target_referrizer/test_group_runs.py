"""Exactly one group for each contact, also when only time passes."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import ago, check_in, contact, custom

from target_referrizer.errors import SettingsError
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

SPA = [
    {"name": "Active", "visited_within": "30 days"},
    {"name": "Due", "visited_within": "60 days"},
    {"name": "Lost"},
]


def groups(salon: Salon) -> dict[str, str]:
    return {str(one["email"]): str(custom(one, "Customer Group")) for one in salon.shown()}


@pytest.mark.parametrize(
    ("visited", "group"),
    [
        (datetime(2025, 12, 2, 6, tzinfo=UTC), "Current customers"),  # midnight in Chicago, three months ago
        (datetime(2025, 12, 2, 5, 59, tzinfo=UTC), "Past customers"),
        (datetime(2026, 3, 2, 14, tzinfo=UTC), "Current customers"),
        (None, "Leads"),
    ],
)
def test_the_bound_is_a_day_of_the_zone(salon: Salon, visited: datetime | None, group: str) -> None:
    salon.run([contact(1, last_visit_at=visited.isoformat() if visited else None)])
    assert salon.group() == group


def test_with_no_record_at_all_exactly_those_who_aged_move(salon: Salon) -> None:
    people = [contact(key, last_visit_at=ago(days=key * 10).isoformat()) for key in range(1, 16)]
    salon.run(people)
    before = groups(salon)
    salon.pass_time(days=35)
    outcome = salon.run([])
    after = groups(salon)
    moved = {key for key in after if after[key] != before[key]}
    assert moved == {f"ada{key}@example.com" for key in range(6, 10)}
    assert len(outcome.writes) == len(moved)
    assert salon.run([]).writes == []


def test_three_months_before_the_end_of_may_is_the_end_of_february(salon: Salon) -> None:
    salon.box.clock.set(datetime(2026, 5, 31, 15, tzinfo=UTC))
    last = [datetime(2026, 2, 28, 6, tzinfo=UTC), datetime(2026, 2, 28, 5, tzinfo=UTC)]
    salon.run([contact(key, last_visit_at=at.isoformat()) for key, at in enumerate(last)])
    assert list(groups(salon).values()) == ["Current customers", "Past customers"]


def test_the_newest_of_the_contacts_own_last_visit_and_its_check_ins_counts(salon: Salon) -> None:
    salon.run(
        [
            contact(1, last_visit_at=ago(days=200).isoformat()),
            contact(2, last_visit_at=ago(days=5).isoformat()),
        ],
        [check_in(7, 1, ago(days=2)), check_in(8, 2, ago(days=100))],
    )
    assert [custom(one, "Last Visit Date") for one in salon.shown()] == ["2026-02-28", "2026-02-25"]
    assert set(groups(salon).values()) == {"Current customers"}


def test_a_last_visit_that_was_taken_back_altogether_is_emptied(salon: Salon) -> None:
    salon.run([contact(1)], [check_in(7, 1, ago(days=2))])
    assert salon.group() == "Current customers"
    salon.run(
        [],
        [check_in(7, 1, ago(days=2), is_checked_in=False, checked_in_at=None, as_of=salon.now.isoformat())],
    )
    assert salon.group() == "Leads"
    assert not custom(salon.one(), "Last Visit Date")


def test_a_policy_of_ones_own_is_followed_and_a_new_one_applies(salon: Salon) -> None:
    people = [contact(key, last_visit_at=ago(days=20 * key).isoformat()) for key in (1, 2, 4)]
    salon.run(people, groups=SPA, no_visit_group="New")
    assert list(groups(salon).values()) == ["Active", "Due", "Lost"]
    salon.run([])
    assert list(groups(salon).values()) == ["Current customers"] * 3


ANOTHER: dict[str, tuple[dict[str, Any], ...]] = {
    "groups or another time zone": ({"groups": SPA}, {"timezone": "America/New_York"}),
    "another order of `sources`": ({"sources": ["shop", "booker"]}, {"sources": ["booker"]}),
    "another `field_map`": ({"field_map": {"city": None}}, {"field_map": {"city": "customFields.Town"}}),
}


def test_a_second_source_with_another_policy_is_refused(salon: Salon) -> None:
    salon.run([contact(1)])
    for named, others in ANOTHER.items():
        for other in others:
            with pytest.raises(SettingsError, match="RFZ-106") as refused:
                salon.target(source="shop", **other)
            assert refused.value.what.endswith(named)


@pytest.mark.parametrize("kept", [("policy",), ("policy", "order", "places")], ids=["by an older one", "now"])
def test_a_ledger_takes_the_rest_of_a_policy_from_whoever_comes_first(
    salon: Salon, kept: tuple[str, ...]
) -> None:
    for source in ("booker", "shop"):
        salon.run([contact(f"{source}-1")], source=source)
    where = tables.meta.c.key == "policy"
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        policy = json.loads(ledger.scalar(sa.select(tables.meta.c.value).where(where)))
    assert policy["sources"] == ["booker", "shop"]
    older = {name: policy[name] for name in (*kept, "sources")}
    salon.edit_ledger(sa.update(tables.meta).where(where).values(value=json.dumps(older)))
    assert salon.run([], field_map={"city": None}).code == 0
    with pytest.raises(SettingsError, match=r"RFZ-106 .* another `field_map`"):
        salon.run([], source="shop")
    assert salon.run([], source="shop", field_map={"city": None}).code == 0


def test_a_source_that_the_order_of_sources_leaves_out_is_warned(salon: Salon) -> None:
    order = ["booker", "shop"]
    for source, is_warned in {"booker": False, "shop": False, "till": True}.items():
        outcome = salon.run([contact(f"{source}-1")], source=source, sources=order)
        assert outcome.code == 0
        assert (f"`sources` does not have source {source!r}" in outcome.log) == is_warned
    assert (
        "`sources` does not have" not in salon.run([], source="alone", sources=[], ledger_url="sqlite://").log
    )


def test_whoever_agreed_to_a_policy_may_change_it_and_the_others_follow(salon: Salon) -> None:
    for source in ("booker", "shop"):
        assert salon.run([contact(f"{source}-1")], source=source).code == 0
    assert salon.run([], groups=SPA, source="shop").code == 0
    with pytest.raises(SettingsError, match="RFZ-106"):
        salon.run([])
    with pytest.raises(SettingsError, match="RFZ-106"):
        salon.run([], source="newcomer")
    assert salon.run([], groups=SPA).code == 0
    assert salon.run([], groups=SPA, source="newcomer").code == 0


def test_a_source_that_was_renamed_can_still_change_the_policy(salon: Salon) -> None:
    salon.run([contact(1)], source="old-name")
    assert salon.run([contact(1)]).code == 0
    assert salon.run([], groups=SPA).code == 0
