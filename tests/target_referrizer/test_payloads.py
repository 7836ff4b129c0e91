"""A contact is written where the field map says, and nothing else of it changes."""

import copy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from target_referrizer.errors import SettingsError
from target_referrizer.fields import DEFAULT_FIELD_MAP
from target_referrizer.payloads import FieldMap, computed, same, visit

MAP = FieldMap.parse(None)
ADA = {
    "id": 7,
    "first_name": " Ada ",
    "last_name": "O'Byron",
    "email": " Ada@Example.com ",
    "phone": "(312) 555-0101 x5",
    "street": "1 Main St",
    "city": "Chicago",
    "state": "IL",
    "zip": "60601",
    "birthday": "1969-12-31",
    "is_member": True,
    "accepts_email": False,
    "accepts_sms": True,
    "location_id": 3749,
    "updated_at": "2026-03-02T15:00:00Z",
}


def values(
    record: dict[str, Any], *, sync_opt_outs: bool = False, field_map: FieldMap = MAP
) -> dict[str, Any]:
    return field_map.values(record, country="US", sync_opt_outs=sync_opt_outs)[0]


def unreadable(record: dict[str, Any]) -> list[str]:
    return MAP.values(record, country="US", sync_opt_outs=False)[1]


def test_a_record_says_its_own_fields_in_referrizers_form() -> None:
    assert values(ADA) == {
        "first_name": "Ada",
        "last_name": "O'Byron",
        "email": "Ada@Example.com",
        "phone": "+13125550101",
        "street": "1 Main St",
        "city": "Chicago",
        "state": "IL",
        "zip": "60601",
        "birthday": "1969-12-31",
        "is_member": "Y",
    }
    assert unreadable(ADA) == []


def test_a_lapsed_membership_is_no() -> None:
    assert values({"id": 1, "is_member": False}) == {"is_member": "N"}


def test_empty_and_null_values_are_left_out() -> None:
    empty = dict.fromkeys(ADA) | {"id": 7, "first_name": "", "city": "  "}
    assert values(empty, sync_opt_outs=True) == {}
    assert unreadable(empty) == []


def test_opt_outs_are_sent_only_when_asked_for_and_only_a_no() -> None:
    assert "accepts_email" not in values(ADA)
    told = values(ADA, sync_opt_outs=True)
    assert told["accepts_email"] is True
    assert "accepts_sms" not in told
    assert MAP.build({"accepts_email": True}) == {"unsubscribedFromEmail": True}


@pytest.mark.parametrize(
    ("field", "value"),
    [("phone", "555"), ("email", "ada at home"), ("birthday", "31.12.1969"), ("phone", "n/a")],
)
def test_an_unreadable_value_is_left_out_and_named(field: str, value: str) -> None:
    record = {**ADA, field: value}
    assert field not in values(record)
    assert unreadable(record) == [f"{field} unreadable"]


def test_a_warning_never_quotes_the_value() -> None:
    assert "555" not in str(unreadable({**ADA, "phone": "555"}))


def test_the_source_id_is_sent_when_it_has_a_place() -> None:
    field_map = FieldMap.parse({"source_id": "customFields.Booker Id"})
    assert values(ADA, field_map=field_map)["source_id"] == "7"
    assert field_map.build({"source_id": "7"}) == {"customFields": {"Booker Id": "7"}}


def test_a_field_mapped_to_null_is_left_out_everywhere() -> None:
    field_map = FieldMap.parse({"phone": None})
    assert field_map.path("phone") is None
    assert "phone" not in values(ADA, field_map=field_map)
    assert field_map.apply({"id": "a"}, {"phone": "+13125550101"}) == {"id": "a"}
    assert field_map.shown({"phone": "+13125550101"}) == {}


def test_a_created_contact_has_every_value_at_its_place() -> None:
    built = MAP.build({**values(ADA), **computed(None, "Leads", ZoneInfo("UTC"))})
    assert built == {
        "firstName": "Ada",
        "lastName": "O'Byron",
        "email": "Ada@Example.com",
        "phone": "+13125550101",
        "address": {"street": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601"},
        "birthday": "1969-12-31",
        "customFields": {"CRM Member": "Y", "Customer Group": "Leads"},
    }


def test_applying_changes_keeps_all_else_as_read() -> None:
    document = {
        "id": "a" * 32,
        "firstName": "Ada",
        "loyalty": {"points": 40},
        "customFields": {"Nickname": "Countess", "Customer Group": "Leads"},
        "address": None,
        "unsubscribedFromText": True,
    }
    before = copy.deepcopy(document)
    changed = MAP.apply(document, {"group": "Current customers", "city": "Chicago", "last_visit_at": None})
    assert document == before
    assert changed == {
        **before,
        "customFields": {
            "Nickname": "Countess",
            "Customer Group": "Current customers",
            "Last Visit Date": None,
        },
        "address": {"city": "Chicago"},
    }


def test_a_changed_document_shares_nothing_with_the_one_that_was_read() -> None:
    document: dict[str, Any] = {"tags": ["vip"]}
    MAP.apply(document, {"first_name": "Ada"})["tags"].append("new")
    assert document == {"tags": ["vip"]}


def test_a_container_of_another_kind_is_never_overwritten() -> None:
    with pytest.raises(SettingsError, match="leads through 'customFields', which is no object"):
        MAP.apply({"customFields": [{"name": "Customer Group"}]}, {"group": "Leads"})


@pytest.mark.parametrize("nothing", [None, [], ""])
def test_a_container_that_is_shown_as_nothing_is_made(nothing: Any) -> None:
    changed = MAP.apply({"customFields": nothing}, {"group": "Leads"})
    assert changed == {"customFields": {"Customer Group": "Leads"}}


def test_a_contact_shows_what_stands_at_the_mapped_places() -> None:
    document = {
        "id": "a",
        "firstName": "Ada",
        "phone": None,
        "address": {"zip": 60601},
        "customFields": {"Customer Group": "Leads", "Other": 1},
        "unsubscribedFromEmail": False,
    }
    assert MAP.shown(document) == {
        "first_name": "Ada",
        "phone": None,
        "zip": "60601",
        "group": "Leads",
        "accepts_email": False,
    }
    assert MAP.shown({"address": "1 Main St", "customFields": None}) == {}


def test_what_is_applied_is_what_is_shown() -> None:
    changes = {**values(ADA, sync_opt_outs=True), "group": "Leads", "last_visit_at": "2026-03-01"}
    assert MAP.shown(MAP.apply({}, changes)) == changes


def test_the_last_visit_is_a_day_of_the_zone() -> None:
    at = datetime(2026, 3, 2, 3, tzinfo=UTC)
    assert computed(at, "A", ZoneInfo("America/Chicago")) == {"last_visit_at": "2026-03-01", "group": "A"}
    assert computed(at, "A", ZoneInfo("Asia/Kolkata"))["last_visit_at"] == "2026-03-02"
    assert computed(None, "Leads", ZoneInfo("UTC")) == {"last_visit_at": None, "group": "Leads"}


@pytest.mark.parametrize(
    ("field", "ours", "shown"),
    [
        ("phone", "+13125550101", "(312) 555-0101"),
        ("phone", "call me", " call me"),
        ("email", "Ada@Example.com", "ada@example.COM "),
        ("birthday", "1985-04-12", "1985-04-12T00:00:00.000Z"),
        ("last_visit_at", "2026-03-01", "2026-03-01"),
        ("last_visit_at", None, ""),
        ("first_name", "Ada", " Ada"),
        ("zip", "60601", 60601),
        ("accepts_email", True, "true"),
        ("group", "", None),
        ("group", None, "  "),
    ],
)
def test_values_that_mean_the_same_are_the_same(field: str, ours: Any, shown: Any) -> None:
    assert same(field, ours, shown, "US")
    assert same(field, shown, ours, "US")


@pytest.mark.parametrize(
    ("field", "ours", "shown"),
    [
        ("phone", "+13125550101", "+13125550102"),
        ("phone", "+13125550101", None),
        ("first_name", "Ada", "ada"),
        ("birthday", "1985-04-12", "1985-04-13"),
        ("birthday", "1985-04-12", "12 April"),
        ("last_visit_at", "2026-03-01", None),
        ("accepts_email", True, False),
        ("group", "Leads", "Past customers"),
    ],
)
def test_values_that_differ_are_not_the_same(field: str, ours: Any, shown: Any) -> None:
    assert not same(field, ours, shown, "US")
    assert not same(field, shown, ours, "US")


def test_a_visit_always_carries_its_date_in_utc() -> None:
    at = datetime(2026, 3, 2, 9, 30, 15, 123_999, tzinfo=timezone(timedelta(hours=-6)))
    assert visit("c1", at, None) == {"contactId": "c1", "date": "2026-03-02T15:30:15.123Z"}
    assert visit("c1", at.replace(microsecond=0), 0)["date"] == "2026-03-02T15:30:15.000Z"


def test_points_of_a_visit_are_sent_when_given_zero_included() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert visit("c1", at, 0)["points"] == 0
    assert "points" not in visit("c1", at, None)


def test_only_the_first_dot_of_a_path_separates() -> None:
    assert FieldMap.parse({"group": "customFields.Group no. 1"}).build({"group": "A"}) == {
        "customFields": {"Group no. 1": "A"}
    }


def test_an_override_moves_one_field_and_keeps_the_others() -> None:
    field_map = FieldMap.parse({"phone": "mobile"})
    assert field_map.path("phone") == "mobile"
    assert {field for field in DEFAULT_FIELD_MAP if field_map.path(field) != MAP.path(field)} == {"phone"}


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"frist_name": "x"}, "no field 'frist_name'; did you mean 'first_name'?"),
        ({"zzz": "x"}, "no field 'zzz'; there are first_name, "),
        ({"phone": ""}, "the path of 'phone' must be a name"),
        ({"phone": "address."}, "the path of 'phone' must be a name"),
        ({"phone": ".phone"}, "the path of 'phone' must be a name"),
        ({"phone": 5}, "the path of 'phone' must be a name"),
        ({"phone": "email"}, "'email' and 'phone' on one path"),
        ({"phone": "address"}, "on one path"),
        ({"source_id": "id"}, "must not be written to Referrizer's own id"),
    ],
)
def test_a_wrong_field_map_is_refused_with_the_reason(overrides: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        FieldMap.parse(overrides)
    assert caught.value.code == "RFZ-101"
    assert says in str(caught.value)
