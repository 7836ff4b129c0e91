"""What a run's log says about its end."""

from __future__ import annotations

import pytest

from orchestrate.outcome import Outcome, Verdict, outcome, verdict_of
from tap_booker import errors as of_the_tap
from tap_booker.catalogue import CATALOGUE as TAP_CODES
from target_referrizer.errors import CATALOGUE as TARGET_CODES

STAMP = "2026-11-28T20:15:38.578911Z"


def failed(*said: str) -> str:
    """Meltano's log with failures of the plugins, each `PLUGIN CODE what`."""
    lines = [f"{STAMP} [critical ] {one} What to do: Mend it." for one in said]
    noise = f"{STAMP} [warning  ] target-referrizer RFZ-203 a record was rejected. What to do: Nothing."
    return "\n".join([noise, *lines, f"{STAMP} [error    ] meltano      Loader failed", ""])


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("BKR-102", Verdict.PERSON),
        ("BKR-201", Verdict.PERSON),
        ("BKR-301", Verdict.AGAIN),
        ("BKR-303", Verdict.AGAIN),
        ("BKR-501", Verdict.FAILED),
        ("RFZ-104", Verdict.PERSON),  # exit code 2
        ("RFZ-301", Verdict.PERSON),  # 3
        ("RFZ-401", Verdict.AGAIN),  # 4
        ("RFZ-403", Verdict.FAILED),  # 1
        ("RFZ-501", Verdict.PERSON),  # 5
        ("RFZ-601", Verdict.AGAIN),  # 6
        ("RFZ-902", Verdict.FAILED),
    ],
)
def test_a_code_asks_for_a_person_or_for_time(code: str, verdict: Verdict) -> None:
    plugin = "tap-booker  " if code.startswith("BKR") else "target-referrizer"
    found = outcome("chicago", 1, failed(f"{plugin} {code} it went wrong."))
    assert found == Outcome("chicago", verdict, code, "it went wrong", "Mend it.")
    assert str(found) == f"{code} it went wrong. What to do: Mend it."


def test_every_code_that_ends_the_tap_with_2_asks_for_a_person() -> None:
    kinds = [kind for kind in vars(of_the_tap).values() if isinstance(kind, type)]
    failures = [kind for kind in kinds if issubclass(kind, of_the_tap.BookerError) and kind.exit_code == 2]
    codes = {kind.code for kind in failures} - {of_the_tap.BookerError.code}
    assert len(codes) > 5
    assert {verdict_of(code) for code in codes} == {Verdict.PERSON}


def test_every_code_has_a_verdict() -> None:
    hundreds = {code[:5]: verdict_of(code) for code in (*TAP_CODES, *TARGET_CODES)}
    failing = {start for start, verdict in hundreds.items() if verdict is Verdict.FAILED}
    assert failing == {"BKR-4", "BKR-5", "BKR-9", "RFZ-2", "RFZ-4", "RFZ-9"}


def test_where_both_plugins_fail_the_one_counts_that_asks_for_most() -> None:
    log = failed("tap-booker   BKR-301 no answer.", "target-referrizer RFZ-301 one visit is held.")
    assert outcome("a", 1, log).code == "RFZ-301"
    log = failed("tap-booker   BKR-901 its reader went away.", "target-referrizer RFZ-401 busy.")
    assert outcome("a", 1, log).code == "RFZ-401"


def test_warnings_are_no_failure() -> None:
    assert outcome("a", 0, failed()) == Outcome("a", Verdict.DONE)
    assert outcome("a", 1, failed()).code == ""


def test_a_failure_of_meltano_itself_is_told_in_its_words() -> None:
    assert str(outcome("a", 1, failed())) == "Meltano ended with 1: meltano Loader failed"
    assert str(outcome("a", 1, "Could not find plugin\n")) == "Meltano ended with 1: Could not find plugin"
    assert str(outcome("a", 2, "")) == "Meltano ended with 2: it said nothing"
    assert str(outcome("a", -9, "")) == "Meltano was ended by signal 9"
    assert {outcome("a", code, "").verdict for code in (1, -9)} == {Verdict.FAILED}


def test_another_run_under_way_wants_time() -> None:
    said = "Another 'x' pipeline is already running … ignore this check using the '--force' option."
    assert outcome("a", 1, said).verdict is Verdict.AGAIN
