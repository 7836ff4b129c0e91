"""Who becomes which Referrizer contact, seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.target_referrizer.salon import ago, check_in, contact, custom

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

HOUSEHOLD = {"email": "home@example.com", "phone": "312-555-0101", "last_name": "Reyes"}


def test_a_new_contact_costs_one_write_and_arrives_whole(salon: Salon) -> None:
    given = contact(
        1, phone="(312) 555-0101", street="1 Main St", city="Chicago", state="IL", zip="60601",
        birthday="1988-07-04", is_member=True, last_visit_at=ago(days=3).isoformat(),
    )  # fmt: skip
    outcome = salon.run([given])
    assert outcome.writes == ["POST /contacts"]
    shown = salon.one(email="ada1@example.com")
    assert (shown["firstName"], shown["lastName"], shown["phone"]) == ("Ada", "Byron", "+13125550101")
    assert {key: shown["address"][key] for key in ("street", "city", "state", "zip")} == {
        "street": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601",
    }  # fmt: skip
    assert shown["birthday"] == "1988-07-04"
    assert custom(shown, "CRM Member") == "Y"
    assert custom(shown, "Last Visit Date") == "2026-02-27"
    assert custom(shown, "Customer Group") == "Current customers"


def test_a_family_on_one_email_is_one_contact_and_the_newest_names_it(salon: Salon) -> None:
    family = [
        contact(1, first_name="Maria", updated_at=ago(days=3).isoformat(), **HOUSEHOLD),
        contact(2, first_name="Luis", updated_at=ago(days=1).isoformat(), **HOUSEHOLD),
        contact(3, first_name="Sofia", updated_at=ago(days=2).isoformat(), **HOUSEHOLD),
    ]
    outcome = salon.run(family, [check_in(9, 3, ago(days=1))])
    assert outcome.code == 0
    assert salon.one(email="home@example.com")["firstName"] == "Luis"
    assert salon.group(email="home@example.com") == "Current customers"
    assert "contact 1 has another first name" in outcome.log


def test_a_second_run_over_the_same_input_writes_nothing(salon: Salon) -> None:
    people = [
        contact(key, first_name=f"Ada{key}", last_visit_at=ago(days=key * 40).isoformat())
        for key in range(1, 6)
    ]
    salon.run(people, [check_in(7, 1, ago(days=2))])
    second = salon.run(people, [check_in(7, 1, ago(days=2))])
    assert second.writes == []
    assert second.reads == []
    assert second.accounting["contacts"]["unchanged"] == 5
