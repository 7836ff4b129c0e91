from __future__ import annotations

import re
from typing import Any

import pytest

from tap_booker.errors import SettingsError
from tap_booker.map_forms import STREAMS
from tap_booker.settings import SCHEMA
from tap_booker.tap import TapBooker

GOOD: dict[str, Any] = {
    "location_ids": [3749],
    "subscription_key": "hush-1",
    "client_id": "c",
    "client_secret": "hush-2",
    "personal_access_token": "hush-3",
}


def lines(**changes: Any) -> list[str]:
    """What the tap says about these settings, one line for each problem."""
    with pytest.raises(SettingsError) as failure:
        TapBooker(config={**GOOD, **changes})
    assert failure.value.exit_code == 2
    return str(failure.value).splitlines()


def test_the_defaults() -> None:
    config = TapBooker(config=dict(GOOD)).config
    ours = {name: config[name] for name in SCHEMA["properties"] if name in config and name not in GOOD}
    for builtin in ("stream_maps", "stream_map_config", "faker_config"):
        ours.pop(builtin, None)
    ours = {name: value for name, value in ours.items() if not name.startswith("flattening")}
    assert ours == {
        "base_url": "https://api.booker.com",
        "scope": "merchant",
        "page_size": 100,
        "lookback_hours": 24,
        "trailing_days": 7,
        "window_days": 30,
        "date_filter_style": "offset",
        "concurrent_requests": 4,
        "request_timeout": 90,
        "skip_broken_records": False,
    }


def test_secrets_are_marked() -> None:
    secrets = [name for name, spec in SCHEMA["properties"].items() if spec.get("secret")]
    assert sorted(secrets) == ["client_secret", "personal_access_token", "subscription_key"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"location_ids": None}, "location_ids is missing"),
        ({"location_ids": []}, "location_ids is empty"),
        ({"location_ids": ["abc"]}, "location_ids must be of type integer"),
        ({"location_ids": [0]}, "location_ids must be at least 1"),
        ({"subscription_key": ""}, "subscription_key is missing"),
        ({"client_secret": 12345}, "client_secret must be of type string"),
        ({"page_size": 0}, "page_size must be at least 1"),
        ({"page_size": "many"}, "page_size must be of type integer"),
        ({"concurrent_requests": 65}, "concurrent_requests must be at most 64"),
        ({"date_filter_style": "iso"}, "date_filter_style must be one of offset, dotnet"),
        ({"base_url": "api.booker.com"}, "base_url must be an address"),
        ({"token_url": "ftp://x"}, "token_url must be an address"),
        ({"timezone": "Central"}, "timezone must be an IANA zone"),
        ({"start_date": "soon"}, "start_date must be a date"),
        ({"start_date": "2999-01-01"}, "start_date lies in the future"),
        (
            {"start_date": "2026-03-03", "as_of": "2026-03-02", "base_url": "http://127.0.0.1:1"},
            "start_date lies in the future",
        ),
        ({"as_of": "noon", "base_url": "http://127.0.0.1:1"}, "as_of must be a date-time"),
        ({"credentials_path": "x.json"}, "one of them must go"),
        ({"location_ids": [[1]]}, "location_ids must be of type integer"),
        ({"location_ids": [{"id": 1}]}, "location_ids must be of type integer"),
        ({"subscription_key": " "}, "subscription_key is missing"),
        ({"subscription_key": "hush\u2026"}, "subscription_key holds characters"),
        ({"start_date": "0001-01-01"}, "start_date must be a date"),
        ({"as_of": "9999-12-31T23:59:59Z", "base_url": "http://127.0.0.1:1"}, "as_of must be a date-time"),
        ({"base_url": "http://127.0.0.1:1/#a"}, "base_url must be an address"),
        ({"window_days": 10**10}, "window_days must be at most"),
        ({"lookback_hours": 10**8}, "lookback_hours must be at most"),
        ({"trailing_days": 10**7}, "trailing_days must be at most"),
        ({"request_timeout": 10**12}, "request_timeout must be at most"),
        ({"flattening_enabled": True}, "flattening_enabled needs a flattening_max_depth"),
        ({"flattening_enabled": True, "flattening_max_depth": -1}, "needs a flattening_max_depth"),
    ],
)
def test_each_wrong_setting_gets_one_line_with_code_and_remedy(changes: dict[str, Any], said: str) -> None:
    (line,) = lines(**changes)
    assert line.startswith("BKR-102 ")
    assert said in line
    assert "tap-booker --about --format=markdown" in line
    assert "12345" not in line


@pytest.mark.parametrize(
    ("place", "values", "said"),
    [
        ("contacts.__else__", ["x", 5, [], {}], "must be null, which leaves out all fields"),
        ("contacts.email", [5, True, [1], {"a": {"b": 1}}], "must be an expression in quotes, or null"),
        ("contacts.email", ["", "(", "x = 1"], "is not a Python expression"),
        ("contacts.__alias__", [None, 5, ["a"], " "], "must be a name in quotes"),
        ("contacts.__alias__", ["5", "[1]", "1/0", "a b", "f()"], "is neither a name nor an expression that"),
        ("contacts.__filter__", [7, ["x"], {}], "must be an expression in quotes."),
        ("contacts.__filter__", ["", "vip =="], "is not a Python expression"),
        ("contacts.__key_properties__", [7, "id", [7], [["id"]]], "must be a list of fields, such as [id]"),
        ("contacts.__source__", [None, 7, [], ""], "must be the name of a stream, in quotes"),
        ("contacts.__filtr__", ["x", None, 5], "is no option; did you mean '__filter__'?"),
        ("contacts", [5, "x", [], True], "must hold fields with their expressions, or be null"),
        ("__else__", ["x", 5, {}, [1]], "must be null, which leaves out all streams"),
        ("__els__", [None, {}, 5], "is no option; did you mean '__else__'?"),
    ],
)
def test_a_stream_map_of_the_wrong_form_is_named(place: str, values: list[Any], said: str) -> None:
    stream, _, entry = place.partition(".")
    for value in values:
        (line,) = lines(stream_maps={stream: {entry: value} if entry else value})
        assert line.startswith(f"BKR-102 The setting stream_maps, {place}, {said}")


def test_an_alias_is_tried_for_each_stream_that_there_is() -> None:
    assert set(STREAMS) == {stream.name for stream in TapBooker(config=GOOD).discover_streams()}


def test_what_a_stream_map_may_be_is_no_mistake() -> None:
    odd = {"__filter__": None, "__key_properties__": None, "__else__": "__NULL__", "email": "__NULL__"}
    renamed = {"__alias__": "__stream_name__ + '_all'", "email": None, "zip": "'x'"}
    for maps in (None, {}, {"contacts": odd, "__else__": None}, {"c*": renamed}, {"check_ins": None}):
        assert TapBooker(config={**GOOD, "stream_maps": maps})


def test_several_wrong_settings_get_a_line_each() -> None:
    assert len(lines(location_ids=None, page_size=0, request_timeout="x")) == 3


@pytest.mark.parametrize(
    "url",
    ["https://api.booker.com", "https://API.booker.com/", "http://api-staging.booker.com:443/x", None],
)
def test_as_of_never_meets_a_real_account(url: str | None) -> None:
    (line,) = lines(as_of="2026-03-02T15:00:00Z", base_url=url)
    assert line.startswith("BKR-103 ")


@pytest.mark.parametrize(("ids", "expected"), [([1, 2], [1, 2]), (["1", 2, 2], [1, 2]), (7, [7]), ("7", [7])])
def test_location_ids_are_read_generously(ids: Any, expected: list[int]) -> None:
    assert TapBooker(config={**GOOD, "location_ids": ids}).config["location_ids"] == expected


def test_white_space_around_a_value_is_no_part_of_it() -> None:
    given = {name: f" {value}\n" for name, value in GOOD.items() if isinstance(value, str)}
    config = TapBooker(config={**GOOD, **given, "timezone": " America/Chicago "}).config
    assert {name: config[name] for name in given} == {name: GOOD[name] for name in given}
    assert config["timezone"] == "America/Chicago"


def test_empty_values_count_as_not_given() -> None:
    changes = {
        "timezone": "",
        "start_date": None,
        "token_url": "",
        "credentials_path": None,
        "page_size": None,
    }
    config = TapBooker(config={**GOOD, **changes}).config
    assert "timezone" not in config
    assert config["page_size"] == 100


def test_an_unknown_setting_is_a_warning_with_the_nearest_name(caplog: pytest.LogCaptureFixture) -> None:
    TapBooker(config={**GOOD, "page_sise": 5, "zzz": 1})
    assert "BKR-107 There is no setting page_sise; did you mean 'page_size'?" in caplog.text
    assert "BKR-107 There is no setting zzz" in caplog.text


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_BOOKER_LOCATION_IDS", "[3749, 3750]")
    monkeypatch.setenv("TAP_BOOKER_PAGE_SIZE", "7")
    monkeypatch.setenv("TAP_BOOKER_SKIP_BROKEN_RECORDS", "true")
    config = TapBooker(config={**GOOD, "location_ids": None}, parse_env_config=True).config
    assert (config["location_ids"], config["page_size"], config["skip_broken_records"]) == (
        [3749, 3750],
        7,
        True,
    )


def test_an_unreadable_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_BOOKER_PAGE_SIZE", "many")
    with pytest.raises(SettingsError, match="TAP_BOOKER_PAGE_SIZE"):
        TapBooker(config=dict(GOOD), parse_env_config=True)


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        (
            {"date_filter_style": "ofset"},
            "date_filter_style must be one of offset, dotnet; did you mean 'offset'?",
        ),
        ({"timezone": "America/Chicagoo"}, "such as America/Chicago; did you mean 'America/Chicago'?"),
    ],
)
def test_a_misspelt_value_is_answered_with_the_right_one(changes: dict[str, Any], meant: str) -> None:
    assert meant in lines(**changes)[0]


def test_a_misspelt_variable_is_a_warning_with_the_nearest_name(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_BOOKER_PAGE_SISE", "hush-4")
    monkeypatch.setenv("TAP_BOOKER_REDIRECT_URI", "http://127.0.0.1:1/back")
    monkeypatch.setenv("TAP_BOOKER_LOGLEVEL", "INFO")
    monkeypatch.setenv("TAP_BOOKER__SELECT_FILTER", "[]")
    TapBooker(config=dict(GOOD), parse_env_config=True)
    said = re.findall("BKR-107 There is no setting (.*?) What to do", caplog.text)
    assert said == ["page_sise; did you mean 'page_size'?"]
    assert "hush-4" not in caplog.text


def test_a_misspelt_variable_is_a_warning_also_beside_the_file_that_meltano_makes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_BOOKER_START_DAT", "hush-4")
    TapBooker(config=dict(GOOD))
    assert "BKR-107" not in caplog.text, "a file alone was asked for"
    monkeypatch.setenv("MELTANO_EXTRACTOR_NAME", "tap-booker-london")
    for name in (
        *("REDIRECT_URI", "_SELECT_FILTER", "START__DATE"),
        *("STREAM_MAPS_CONTACTS__ELSE__", "LONDON_STREAM_MAPS_CONTACTS_ID", "FLATTENING_MAX_DEPHT"),
        *("LONDON_TIMEZONE", "UK_LOCATION_IDS", "LONDON__SELECT", "UK__LOAD_SCHEMA"),
    ):
        monkeypatch.setenv(f"TAP_BOOKER_{name}", "hush-4")
    TapBooker(config={**GOOD, "start_dat": "hush-4"})
    said = re.findall(r"BKR-107 There is no setting (.*?)\?? What to do", caplog.text)
    assert sorted(said) == [
        "flattening_max_depht; did you mean 'flattening_max_depth'",
        "start__date; did you mean 'start_date'",
        "start_dat; did you mean 'start_date'",
    ]
    assert "hush-4" not in caplog.text
