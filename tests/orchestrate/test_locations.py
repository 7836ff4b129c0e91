"""The file `locations.yml`: what it takes, and how it names each mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from demo.project import CHECKOUT
from orchestrate.locations import BOOKER, OWN_SETTINGS, REFERRIZER, SECRET_SETTINGS, Locations, load
from orchestrate.reading import MistakeError

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = CHECKOUT / "orchestrate/locations.example.yml"
GOOD = """\
- name: chicago
  location_id: 3749
  timezone: America/Chicago
  secrets: {TARGET_REFERRIZER_API_TOKEN: CHICAGO}
"""


def loaded(tmp_path: Path, text: str) -> Locations:
    path = tmp_path / "locations.yml"
    path.write_text(text)
    return load(path)


def said(tmp_path: Path, entry: str) -> dict[str, str]:
    """What is said of each wrong entry when one good one stands beside them, in the first five lines."""
    found = loaded(tmp_path, f"locations:\n{GOOD}{entry}")
    assert [one.name for one in found.enabled] == ["chicago"], "a mistake elsewhere stops no other location"
    return {problem.name: problem.what for problem in found.problems}


def test_the_example_is_good() -> None:
    found = load(EXAMPLE)
    assert found.problems == []
    assert [(one.name, one.location_id, one.enabled) for one in found.locations] == [
        ("chicago", 3749, True),
        ("london", 3750, True),
        ("kolkata", 3751, False),
    ]
    assert [one.name for one in found.enabled] == ["chicago", "london"]
    assert found.folder == EXAMPLE.parent / "ledger/locations"
    assert found.locations[1].settings == {"TARGET_REFERRIZER_DEFAULT_COUNTRY": "GB"}
    assert found.secret_names() == {
        "CHICAGO_REFERRIZER_TOKEN",
        "CHICAGO_BOOKER_TOKEN",
        "LONDON_REFERRIZER_TOKEN",
        "KOLKATA_REFERRIZER_TOKEN",
    }


LONDON = GOOD.replace("chicago", "london").replace("3749", "3750").replace("CHICAGO", "LONDON")


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (
            "location_id: 3750",
            "locaton_id: 3750",
            "line 7: the entry has an unknown key 'locaton_id'; location",
        ),
        ("location_id: 3750", "location_id: London", "line 7: location_id must be Booker's number"),
        ("  location_id: 3750\n", "", "line 6: location_id is missing"),
        ("America/Chicago", "America/Chicgo", "line 8: 'America/Chicgo' is no time zone"),
        ("America/Chicago", "../../etc/passwd", "line 8: '../../etc/passwd' is no time zone"),
        ("America/Chicago", "[America/Chicago]", "line 8: timezone must be a single value"),
        ("{TARGET_REFERRIZER_API_TOKEN: LONDON}", "{}", "line 9: secrets has no TARGET_REFERRIZER_API_TOKEN"),
        ("TARGET_REFERRIZER_API_TOKEN", "TARGET_REFERRIZER_API_TOKN", "line 9: secrets has an unknown key"),
        (
            "{TARGET_",
            "{TAP_BOOKER_CLIENT_SECRET: A, TAP_BOOKER_CLIENT_SECRET: B, TARGET_",
            "line 9: secrets has",
        ),
        ("LONDON}", "LONDON}\n  enabled: maybe", "line 10: enabled must be true or false"),
        (
            "LONDON}",
            "LONDON}\n  settings: {TAP_BOOKER_CLIENT_SECRET: x}",
            "line 10: TAP_BOOKER_CLIENT_SECRET bel",
        ),
        (
            "LONDON}",
            "LONDON}\n  settings: {TAP_BOOKER_LOCATION_IDS: x}",
            "line 10: TAP_BOOKER_LOCATION_IDS foll",
        ),
        ("LONDON}", "LONDON}\n  settings: {PATH: x}", "line 10: settings has an unknown key 'PATH'"),
    ],
)
def test_a_mistake_is_told_by_location_and_line_and_stops_no_other(
    tmp_path: Path, before: str, after: str, what: str
) -> None:
    assert before in LONDON
    told = said(tmp_path, LONDON.replace(before, after))
    assert list(told) == ["london"]
    assert told["london"].startswith(what)


def test_an_entry_without_a_good_name_is_told_by_its_number(tmp_path: Path) -> None:
    entry = LONDON.replace("london", "Lon_don/../x")
    assert said(tmp_path, entry) == {
        "entry 2": "line 6: name must be of small letters, digits and -, at most 40"
    }
    assert said(tmp_path, "- 7\n") == {"entry 2": "line 6: the entry must be a mapping of names to values"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("location_id: 3750", "location_id: London"),
        ("location_id: 3750", "location_id: 3749"),
        ("name: london", "name: chicago"),
        ("secrets:", "secrts:"),
        ("secrets:", "settings:"),
        ("TARGET_REFERRIZER_API_TOKEN", "TARGET_REFERRIZER_API_TOKN"),
        ("{", "{TAP_BOOKER_CLIENT_ID: TAP_BOOKER_CLIENT_ID, "),
        ("{", "{TAP_BOOKER_SUBSCRIPTION_KEY: TAP_BOOKER_CLIENT_SECRET, TAP_BOOKER_CLIENT_SECRET: [A], "),
        ("{", "{TARGET_REFERRIZER_API_TOKEN: A.secret, "),
    ],
)
def test_the_secrets_of_an_entry_that_is_left_out_are_known_as_well(
    tmp_path: Path, before: str, after: str
) -> None:
    lima = LONDON.replace("london", "lima").replace("3750", "5").replace("LONDON", "LIMA")
    london = LONDON.replace("LONDON", "TAP_BOOKER_OF_LONDON").replace(before, after)
    found = loaded(tmp_path, f"locations:\n{GOOD}{london}{lima}")
    assert "lima" in [one.name for one in found.enabled]
    assert found.problems
    assert found.secret_names() == {"CHICAGO", "TAP_BOOKER_OF_LONDON", "LIMA"}, "and none that all share"


def test_an_alias_is_what_it_stands_for_and_a_merge_is_none(tmp_path: Path) -> None:
    chicago = GOOD.replace("timezone: America", "timezone: &zone America")
    london = LONDON.replace("America/Chicago", "*zone")
    found = loaded(tmp_path, f"locations:\n{chicago}{london}")
    assert [one.timezone for one in found.enabled] == ["America/Chicago"] * 2
    told = said(tmp_path, f"{LONDON}  <<: {{enabled: false}}\n")
    assert told["london"].startswith("line 10: the entry has an unknown key '<<'")


def test_a_secret_in_place_of_its_name_is_not_repeated(tmp_path: Path) -> None:
    told = said(tmp_path, LONDON.replace("LONDON", "eyJhbGciOiJIUzUxMiJ9.very.secret"))
    assert told["london"].startswith(
        "line 9: secrets.TARGET_REFERRIZER_API_TOKEN must be the name of the env"
    )
    assert "very" not in told["london"]


@pytest.mark.parametrize(
    ("london", "what"),
    [
        (LONDON.replace("london", "chicago"), "lines 2 and 6: the name is the same"),
        (LONDON.replace("LONDON", "CHICAGO"), "lines 2 and 6: the Referrizer token is the same"),
        (LONDON.replace("3750", "3749"), "lines 2 and 6: the location_id is the same"),
        (LONDON.replace("london", "chicago") + "  enabled: false\n", "lines 2 and 6: the name is the same"),
        (
            LONDON.replace("LONDON", "CHICAGO")
            + "  settings: {TARGET_REFERRIZER_API_URL: https://api.referrizer.com/v1/}\n",
            "lines 2 and 6: the Referrizer token is the same",
        ),
        (
            LONDON.replace("3750", "3749") + "  settings: {TAP_BOOKER_BASE_URL: https://api.booker.com}\n",
            "lines 2 and 6: the location_id is the same",
        ),
    ],
)
def test_what_two_entries_must_not_share_leaves_both_out(tmp_path: Path, london: str, what: str) -> None:
    third = LONDON.replace("london", "lima").replace("3750", "5").replace("LONDON", "LIMA")
    found = loaded(tmp_path, f"locations:\n{GOOD}{london}{third}")
    assert [one.name for one in found.enabled] == ["lima"]
    assert [problem.what for problem in found.problems] == [what] * 2


def test_one_that_is_off_may_have_a_successor_with_its_token_and_its_number(tmp_path: Path) -> None:
    successor = GOOD.replace("chicago", "chicago-loop")
    found = loaded(tmp_path, f"locations:\n{GOOD}  enabled: false\n{successor}")
    assert (found.problems, [one.name for one in found.enabled]) == ([], ["chicago-loop"])


def test_on_and_off_are_understood(tmp_path: Path) -> None:
    for word, is_on in (("on", True), ("yes", True), ("true", True), ("off", False), ("no", False)):
        found = loaded(tmp_path, f"locations:\n{GOOD}  enabled: {word}\n")
        assert [one.enabled for one in found.locations] == [is_on]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", None, "it is empty"),
        ("\nlocations: }\n", 2, "it is no YAML"),
        ("- name: chicago\n", 1, "the file must be a mapping"),
        ("ledgers: {}\n", None, "the file has no locations"),
        ("places: []\n", 1, "the file has an unknown key 'places'"),
        ("locations:\n  chicago: {}\n", 2, "locations must be a list"),
        (
            "locations: []\nledgers: {databse: X}\n",
            2,
            "ledgers has an unknown key 'databse'; database was meant",
        ),
        (
            "locations: []\nledgers: {database: 'postgresql://a:b@c/d'}\n",
            2,
            "ledgers.database must be the name",
        ),
    ],
)
def test_a_file_that_cannot_be_used_at_all_says_why(
    tmp_path: Path, text: str, line: int | None, what: str
) -> None:
    with pytest.raises(MistakeError, match=f"^{what}") as caught:
        loaded(tmp_path, text)
    assert caught.value.line == line
    assert "a:b@c" not in str(caught.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(MistakeError, match="it cannot be read: No such file"):
        load(tmp_path / "none.yml")


def test_settings_are_those_of_meltano_yml() -> None:
    declared = yaml.safe_load((CHECKOUT / "meltano.yml").read_text())["plugins"]
    settings = {
        f"{plugin['namespace'].upper()}_{setting['name'].upper()}": setting
        for kind in declared.values()
        for plugin in kind
        for setting in plugin["settings"]
    }
    sensitive = {name for name, setting in settings.items() if setting.get("sensitive")}
    assert sensitive - {"TARGET_REFERRIZER_LEDGER_URL"} == set(SECRET_SETTINGS)
    assert set(OWN_SETTINGS) <= set(settings)
    assert settings["TARGET_REFERRIZER_API_URL"]["value"] == REFERRIZER
    assert settings["TAP_BOOKER_BASE_URL"]["value"] == BOOKER
