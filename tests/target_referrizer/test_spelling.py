"""Settings that are misspelt, wherever they come from, are answered with what was meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from target_referrizer.cli import ledger_command
from target_referrizer.errors import SettingsError
from target_referrizer.spelling import hint
from target_referrizer.target import TargetReferrizer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({"update_style": "mrege"}, "update_style must be one of merge, patch; did you mean 'merge'?"),
        ({"uncertain_visits": "Resent"}, "one of hold, resend; did you mean 'resend'?"),
        ({"timezone": "america/chicagoo"}, "did you mean 'America/Chicago'?"),
        (
            {"field_map": {"frist-name": "x"}},
            "field_map has no field 'frist-name'; did you mean 'first_name'?",
        ),
        (
            {"groups": [{"name": "a", "visited_wihin": "3 months"}, {"name": "b"}]},
            "groups.0 has no 'visited_wihin'; did you mean 'visited_within'?",
        ),
    ],
)
def test_a_misspelt_value_is_answered_with_the_right_one(changes: dict[str, Any], meant: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        TargetReferrizer(config={"api_token": "t", **changes})
    assert meant in str(wrong.value)


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment with a typing error, and with what is no setting but no error either."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TARGET_REFERRIZER_API_TOKEN", "t")
    monkeypatch.setenv("TARGET_REFERRIZER_TIME_ZONE", "hush")
    monkeypatch.setenv("TARGET_REFERRIZER_LOGLEVEL", "INFO")
    monkeypatch.setenv("TARGET_REFERRIZER__LOAD_SCHEMA", "x")


def warned(said: str) -> list[str]:
    return re.findall(r"RFZ-102 there is no setting (.*?)[.?] What to do", said)


MEANT = ["'time_zone'; did you mean 'timezone'"]


@pytest.mark.usefixtures("variables")
def test_a_misspelt_variable_is_a_warning_of_the_target(caplog: pytest.LogCaptureFixture) -> None:
    TargetReferrizer(config={}, parse_env_config=True)
    assert warned(caplog.text) == MEANT
    assert "hush" not in caplog.text


@pytest.fixture
def by_meltano(variables: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - a fixture
    """The same, and what Meltano adds: parts of objects, and settings of plugins that inherit from ours."""
    monkeypatch.setenv("MELTANO_LOADER_NAME", "target-referrizer-london")
    for name in (
        *("FIELD_MAP_PHONE", "STREAM_MAPS_CONTACTS__KEY_PROPERTIES__", "LONDON_STREAM_MAPS_CONTACTS_ID"),
        *("HOUSTON_TIMEZONE", "LONDON_NORTH_POINTS", "LONDON__LOAD_SCHEMA", "UK_API_TOKEN", "UK__DIALECT"),
    ):
        monkeypatch.setenv(f"TARGET_REFERRIZER_{name}", "hush")


@pytest.mark.usefixtures("by_meltano")
def test_a_misspelt_variable_is_a_warning_also_beside_the_file_that_meltano_makes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET_REFERRIZER_BACK_FILL_POINTS", "hush")
    monkeypatch.setenv("TARGET_REFERRIZER_DRY__RUN", "hush")
    TargetReferrizer(config={"api_token": "t"})
    assert warned(caplog.text) == [
        "'back_fill_points'; did you mean 'backfill_points'",
        "'dry__run'; did you mean 'dry_run'",
        *MEANT,
    ]
    assert "hush" not in caplog.text


@pytest.mark.usefixtures("by_meltano")
def test_a_setting_that_meltano_put_into_the_file_as_well_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    TargetReferrizer(config={"api_token": "t", "time_zone": "hush"})
    assert warned(caplog.text) == MEANT


@pytest.mark.usefixtures("variables")
def test_variables_say_nothing_where_a_file_alone_was_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    TargetReferrizer(config={"api_token": "t"})
    assert warned(caplog.text) == []


@pytest.mark.usefixtures("variables")
def test_a_misspelt_variable_is_a_warning_of_the_ledgers_command(caplog: pytest.LogCaptureFixture) -> None:
    CliRunner().invoke(ledger_command, ["status"])
    assert warned(caplog.text) == MEANT


@pytest.mark.usefixtures("variables")
def test_a_misspelt_variable_is_a_finding_of_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_REFERRIZER_API_URL", "http://127.0.0.1:1/v1")
    said = CliRunner().invoke(ledger_command, ["doctor"]).stdout
    assert warned(said) == MEANT
    assert "warn  settings: RFZ-102" in said
    assert "hush" not in said


@pytest.mark.usefixtures("by_meltano")
def test_what_meltano_makes_is_no_finding_of_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_REFERRIZER_API_URL", "http://127.0.0.1:1/v1")
    assert warned(CliRunner().invoke(ledger_command, ["doctor"]).stdout) == MEANT


def test_a_word_that_is_near_to_nothing_gets_no_hint() -> None:
    assert hint("zzz", ["api_token"]) == ""
    assert hint("API-Token", ["api_token"]) == "; did you mean 'api_token'?"
