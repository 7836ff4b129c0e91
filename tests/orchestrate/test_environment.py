"""A location's run gets its own settings and secrets, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from demo.project import CHECKOUT
from orchestrate.environment import CONTACTS_ONLY, UnreadyError, environment, hidden, in_schema
from orchestrate.locations import TOKEN, Location, Locations

SERVER = "postgresql+psycopg://ada:pa%40ss@db.example.com:5433/ledgers"


def location(name: str, **more: str) -> Location:
    return Location(
        name,
        3749,
        "America/Chicago",
        enabled=True,
        secrets={TOKEN: f"{name.upper()}_TOKEN"},
        settings=more,
        line=1,
    )


CHICAGO, LONDON = location("chicago", TARGET_REFERRIZER_POINTS="5"), location("london")
GIVEN = {
    "PATH": "/usr/bin",
    "CHICAGO_TOKEN": "of-chicago",
    "LONDON_TOKEN": "of-london",
    "TAP_BOOKER_SUBSCRIPTION_KEY": "shared",
    "TAP_BOOKER_LOCATION_IDS": "[1, 2]",
    "TARGET_REFERRIZER_API_TOKEN": "somebody's",
    "PYTHONPATH": "/elsewhere",
    "AIRFLOW__CORE__FERNET_KEY": "airflow's",
    "LEDGERS": SERVER,
    "MELTANO_CLI_LOG_FORMAT": "json",
    "MELTANO_CLI_LOG_CONFIG": "logging.yml",
    "FORCE_COLOR": "1",
}
FORM = {
    "MELTANO_CLI_LOG_FORMAT": "uncolored",
    "MELTANO_CLI_LOG_CONFIG": "",
    "MELTANO_CLI_LOG_LEVEL": "info",
    "NO_COLOR": "1",
}


def among(*locations: Location, database: str | None = None) -> Locations:
    return Locations(Path("/srv/ledger"), database, list(locations))


def test_it_has_its_own_and_what_all_share() -> None:
    assert environment(CHICAGO, among(CHICAGO, LONDON), GIVEN) == {
        "PATH": "/usr/bin",
        "TAP_BOOKER_SUBSCRIPTION_KEY": "shared",
        "TAP_BOOKER_LOCATION_IDS": "[3749]",
        "TARGET_REFERRIZER_API_TOKEN": "of-chicago",
        "TARGET_REFERRIZER_TIMEZONE": "America/Chicago",
        "TARGET_REFERRIZER_POINTS": "5",
        "TARGET_REFERRIZER_LEDGER_URL": "sqlite:////srv/ledger/chicago.db",
        "MELTANO_DATABASE_URI": "sqlite:////srv/ledger/chicago.meltano.db",
        "LEDGERS": SERVER,  # nothing of ours where ledgers are files
        **FORM,
    }


@pytest.mark.parametrize(("asked", "level"), [("DEBUG", "debug"), ("disabled", "info"), ("error", "info")])
def test_the_log_says_at_least_what_the_verdict_needs(asked: str, level: str) -> None:
    found = environment(CHICAGO, among(CHICAGO), GIVEN | {"MELTANO_CLI_LOG_LEVEL": asked})
    assert found["MELTANO_CLI_LOG_LEVEL"] == level


def test_on_a_server_ledger_and_state_are_one_schema_of_its_own() -> None:
    both = among(location("st-louis"), LONDON, database="LEDGERS")
    found = environment(location("st-louis"), both, GIVEN | {"ST-LOUIS_TOKEN": "x"})
    assert "LEDGERS" not in found
    assert found["TARGET_REFERRIZER_LEDGER_URL"] == found["MELTANO_DATABASE_URI"]
    url = sa.make_url(found["MELTANO_DATABASE_URI"])
    assert (url.password, url.host, url.database) == ("pa@ss", "db.example.com", "ledgers")
    assert url.query == {"options": "-csearch_path=loc_st_louis"}


def test_other_options_of_the_server_stay() -> None:
    url = sa.make_url(in_schema(f"{SERVER}?sslmode=require&options=-cstatement_timeout%3D9", "loc_a"))
    assert url.query == {"sslmode": "require", "options": "-cstatement_timeout=9 -csearch_path=loc_a"}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"CHICAGO_TOKEN": ""}, "the variable CHICAGO_TOKEN is not set"),
        ({"CHICAGO_TOKEN": " \n"}, "the variable CHICAGO_TOKEN is not set"),
        ({"LONDON_TOKEN": "of-chicago"}, "it has the same Referrizer token as london"),
        (
            {"LEDGERS": "mysql://ada:secret@db/x"},
            "the variable LEDGERS is not a URL that begins with postgresql",
        ),
        (
            {"LEDGERS": ""},
            "the variable LEDGERS is not set in the environment of whoever starts this; a .env",
        ),
    ],
)
def test_what_is_missing_or_double_is_named_and_never_shown(change: dict[str, str], what: str) -> None:
    with pytest.raises(UnreadyError, match=f"^{what}") as caught:
        environment(CHICAGO, among(CHICAGO, LONDON, database="LEDGERS"), GIVEN | change)
    assert not [word for word in ("of-chicago", "secret") if word in str(caught.value)]


def test_one_token_at_two_addresses_is_two_accounts() -> None:
    elsewhere = location("london", TARGET_REFERRIZER_API_URL="http://127.0.0.1:1/v1")
    assert environment(CHICAGO, among(CHICAGO, elsewhere), GIVEN | {"LONDON_TOKEN": "of-chicago"})


@pytest.mark.parametrize("same", ["https://api.referrizer.com/v1", "https://API.referrizer.com/v1/"])
def test_the_usual_address_is_no_other_account_where_it_is_written_down(same: str) -> None:
    twin = location("london", TARGET_REFERRIZER_API_URL=same)
    with pytest.raises(UnreadyError, match="same Referrizer token as london"):
        environment(CHICAGO, among(CHICAGO, twin), GIVEN | {"LONDON_TOKEN": "of-chicago"})
    elsewhere = {"TARGET_REFERRIZER_API_URL": "http://127.0.0.1:1/v1"}  # of all that have none of their own
    assert environment(CHICAGO, among(CHICAGO, twin), GIVEN | elsewhere | {"LONDON_TOKEN": "of-chicago"})


def test_what_must_not_be_shown_holds_every_secret_and_the_servers_password() -> None:
    found = environment(CHICAGO, among(CHICAGO, LONDON, database="LEDGERS"), GIVEN)
    assert set(hidden(found)) == {"of-chicago", "shared", "pa%40ss", "pa@ss"}


def test_a_night_reads_what_meltanos_own_nightly_schedule_reads() -> None:
    schedules = yaml.safe_load((CHECKOUT / "meltano.yml").read_text())["schedules"]
    [night] = [one for one in schedules if one["name"] == "nightly-contacts"]
    assert night["env"] == CONTACTS_ONLY
    assert night["job"] == "sync"
