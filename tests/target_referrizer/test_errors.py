"""The catalogue is complete and every exception speaks in one line."""

import pickle
from pathlib import Path

import pytest

from target_referrizer import errors
from target_referrizer.errors import CATALOGUE, TargetError

KINDS = {
    errors.TargetError: 1,
    errors.SettingsError: 2,
    errors.NeedsPerson: 3,
    errors.LedgerBusy: 4,
    errors.Braked: 5,
    errors.Unavailable: 6,
}


def test_an_error_says_code_what_happened_and_what_to_do() -> None:
    error = errors.SettingsError("RFZ-103", "api_token is not set")
    assert str(error) == f"RFZ-103 api_token is not set. What to do: {CATALOGUE['RFZ-103'].action}"
    assert "\n" not in str(error)


def test_advice_is_typed_by_meltano_where_meltano_called(monkeypatch: pytest.MonkeyPatch) -> None:
    advice = "`referrizer-ledger held`"
    monkeypatch.delenv("MELTANO_PROJECT_ROOT", raising=False)
    assert advice in str(errors.NeedsPerson("RFZ-301", "x"))
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", "/p")
    monkeypatch.setenv("MELTANO_ENVIRONMENT", "production")
    told = str(errors.NeedsPerson("RFZ-301", "x"))
    assert "`meltano --environment=production invoke target-referrizer:held`" in told
    assert "referrizer-ledger" not in told


def test_a_full_stop_of_the_caller_is_not_doubled() -> None:
    assert str(TargetError("RFZ-902", "it broke.")).startswith("RFZ-902 it broke. What to do: ")


@pytest.mark.parametrize(("kind", "exit_code"), KINDS.items())
def test_the_class_decides_the_exit_code(kind: type[TargetError], exit_code: int) -> None:
    assert kind("RFZ-101", "x").exit_code == exit_code
    assert issubclass(kind, TargetError)


def test_a_code_outside_the_catalogue_is_a_mistake_in_the_program() -> None:
    with pytest.raises(KeyError):
        TargetError("RFZ-999", "x")


def test_every_entry_is_kept_under_its_own_code_in_order() -> None:
    codes = list(CATALOGUE)
    assert codes == sorted(codes)
    assert all(code == entry.code for code, entry in CATALOGUE.items())
    assert len({entry.title for entry in CATALOGUE.values()}) == len(codes)


def test_every_entry_is_used() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(errors.__file__).parent.rglob("*.py"))
    assert [code for code in CATALOGUE if source.count(f'"{code}"') < 2] == []


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.code)
def test_meaning_and_action_are_sentences(entry: errors.Entry) -> None:
    for text in (entry.meaning, entry.action):
        assert text.endswith(".")
        assert text[0].isupper() or text.startswith("`")
    assert not entry.title.endswith(".")


def test_the_interval_names_where_referrizer_keeps_it() -> None:
    assert "Loyalty → Settings → Security, minimum interval" in CATALOGUE["RFZ-212"].action


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(errors.Braked("RFZ-501", "moves withheld")))
    assert (error.code, error.what) == ("RFZ-501", "moves withheld")
