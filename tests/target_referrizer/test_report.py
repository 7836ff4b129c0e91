"""The report shows what the ledger knows, and is written when and where somebody asked for it."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer import pages
from tests.target_referrizer.asking import ask, ask_json, config_file
from tests.target_referrizer.salon import UNDONE, ago, check_in, contact

from target_referrizer.errors import TargetError
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record, Salon

NO_SUCH_FIELD = {"city": "customFields.None Such"}
COMMAND = Path(sys.executable).with_name("referrizer-ledger")


def look(salon: Salon, *options: str) -> pages.Element:
    """The report as a page."""
    place = ask_json(salon, "report", "--output", str(salon.folder / "report.html"), *options)["report"]
    return pages.read(Path(place).read_text())


def people(first: int, last: int, **fields: Any) -> list[Record]:
    return [contact(key, first_name=f"Ada{key}", **fields) for key in range(first, last)]


def headline(page: pages.Element) -> str:
    return next(one.text for one in page.all("p") if one.attributes.get("class") == "headline")


# --- figures


def test_groups_moves_and_the_accounting_are_those_of_the_ledger(either: Salon) -> None:
    seen = [ago(days=10), ago(days=85), ago(days=200)]
    either.run([contact(key, last_visit_at=at.isoformat()) for key, at in enumerate(seen)] + [contact(9)])
    either.pass_time(days=10)
    outcome = either.run([contact(10, first_name="Eve"), contact(9)])
    page = look(either)
    groups = {name: int(row[0]) for name, row in pages.table(page, "Contacts by group now").items()}
    assert groups == outcome.accounting["groups"] == ask_json(either, "status")["groups"]
    moved = ask_json(either, "moves")
    flows = pages.table(page, "Moves by group")
    assert flows == {"Current customers → Past customers": ["1"], "new here → Leads": ["1"]}
    named = pages.table(page, "Who moved")
    assert [name.split()[:2] for name in named] == [one["records"][0].split() for one in moved]
    became = pages.table(page, "Contacts: 2 read")
    counts = outcome.accounting["contacts"]
    assert {word: int(row[0]) for word, row in became.items()} == {
        word: number for word, number in counts.items() if word not in {"read", "reasons"} and number
    }


def test_groups_over_time_are_what_each_days_last_run_counted(either: Salon) -> None:
    either.run(people(0, 2))
    either.pass_time(hours=1)
    either.run(people(2, 3))
    either.pass_time(days=8)
    either.run([])
    page = look(either)
    days = pages.table(page, "Contacts by group and day")
    assert {day: row[2] for day, row in days.items()} == {"10 Mar": "3", "2 Mar": "3"}
    assert "since\N{NO-BREAK SPACE}2\N{NO-BREAK SPACE}Mar" in pages.section(page, "Contacts by group").text


def test_check_ins_stand_on_their_day_in_the_zone_with_what_became_of_them(either: Salon) -> None:
    either.box.referrizer.switches.minimum_interval_minutes = 0
    evening = either.now - timedelta(hours=10)  # still 1 March in Chicago
    rows = [check_in(1, 1, evening), check_in(2, 1, ago(days=3)), check_in(3, 4, ago(days=3))]
    undone = check_in(4, 1, either.now) | UNDONE
    either.settings["visits_since"] = ago(days=2).isoformat()
    either.run([contact(1), contact(4, email=None)], [*rows, undone])
    found = pages.table(look(either), "Check-ins by day")
    assert found == {"1 Mar": ["1", "0", "0"], "27 Feb": ["0", "1", "1"]}
    section = pages.section(look(either), "Visits per day").text
    assert "3 check-ins in the last 30 days" in section
    assert "in Referrizer: 1" in section


def test_what_waits_says_how_many_whom_and_what_to_do(either: Salon) -> None:
    box = either.box
    box.referrizer.switches.unique_by = "none"
    box.referrizer.switches.minimum_interval_minutes = 0
    either.run([contact(7), contact(8, first_name="Ben")])
    twins = [either.owner_adds(firstName="Ada", email="ada1@example.com") for _ in range(2)]
    del box.referrizer.contacts[either.one(email="ada8@example.com")["id"]]
    either.pass_time(days=2)
    box.faults.add("cut_before", vendor="referrizer", method="POST", path="visits", times=1)
    now = either.now
    broken: Record = {"id": 5, "is_member": "?"}
    visits = [check_in(1, 7, now - timedelta(hours=1)), check_in(2, 99, now), check_in(3, 8, now)]
    either.run([contact(1), broken, contact(8, city="Gary", first_name="Ben")], visits)
    found = pages.waiting(look(either))
    assert {kind: [number for number, _ in some] for kind, some in found.items()} == {
        "held": ["1"], "ambiguous": ["1"], "rejected": ["1"], "gone": ["1"], "waiting": ["1"],
    }  # fmt: skip
    assert "visit 1 of 7 (A… B…)" in found["held"][0][1]
    settle_as_the_page_says(either, found["held"][0][1])
    assert "Merge the duplicates in Referrizer" in found["ambiguous"][0][1]
    assert "contact 5" in found["rejected"][0][1]
    assert "not in Referrizer yet" in found["waiting"][0][1]
    assert len(twins) == 2


def settle_as_the_page_says(salon: Salon, said: str) -> None:
    """The command that the page shows is typed in a shell, letter by letter."""
    shown = said.split("Referrizer does not show visit 1: ")[1]
    assert shown == f"referrizer-ledger --config {salon.folder}/settings.json held --resend=1"
    typed = [str(COMMAND), *shlex.split(shown)[1:]]
    subprocess.run(typed, check=True, capture_output=True, timeout=60)
    assert "held" not in pages.waiting(look(salon))


def test_nothing_waits_and_all_is_in_order_after_a_calm_run(either: Salon) -> None:
    either.run([contact(1)], [check_in(1, 1, either.now)])
    page = look(either)
    assert headline(page) == "All is in order"
    assert pages.waiting(page) == {}


def test_who_is_gone_is_shown_and_the_sync_is_still_called_well(salon: Salon) -> None:
    """Owners delete contacts on purpose; a page that then never turns green again says nothing."""
    salon.run([contact(1), contact(2, first_name="Ben")])
    del salon.box.referrizer.contacts[salon.one(email="ada2@example.com")["id"]]
    salon.pass_time(days=2)
    salon.run([contact(2, first_name="Ben", city="Gary")])
    page = look(salon)
    assert headline(page) == "The sync runs; 1 contact is gone from Referrizer"
    assert [number for number, _ in pages.waiting(page)["gone"]] == ["1"]


def test_once_a_person_has_settled_what_was_held_the_page_asks_for_nobody(known: Salon) -> None:
    known.box.faults.add("cut_before", vendor="referrizer", method="POST", path="visits", times=1)
    assert known.run([], [check_in(1, 1, known.now)]).code == 3
    assert headline(look(known)) == "The sync runs; 1 thing waits for a person"
    ask(known, "held", "--confirm", "1")
    assert headline(look(known)) == "All is in order"


def test_a_rebuilt_ledger_is_the_headline_once(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.settings["ledger_url"] = f"sqlite:///{salon.folder}/another.db"
    assert salon.run([contact(1)]).code == 3
    assert headline(look(salon)) == "The ledger was new and has been rebuilt"
    salon.pass_time(hours=1)
    assert salon.run([contact(1)]).code == 0
    assert headline(look(salon)) == "All is in order"


def test_a_run_that_got_nothing_to_read_is_no_green_hour(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(hours=1)
    assert salon.run([], state={"bookmarks": {}}).code == 0
    page = look(salon)
    assert headline(page) == "The last run got nothing to read"
    assert "1 done, 1 partly" in pages.section(page, "Runs").text
    assert "Ask what keeps the tap" in pages.section(page, "Runs").text


def test_a_failed_last_run_is_the_headline_with_what_to_do(salon: Salon) -> None:
    salon.run([contact(1)])
    assert salon.run([contact(1, city="Gary")], field_map=NO_SUCH_FIELD).code == 2
    page = look(salon)
    assert headline(page) == "The last run stopped: settings must be corrected"
    assert "(exit code 2)" in pages.table(page, "Runs that were not done")["2"][1]


def test_a_run_that_is_under_way_is_not_called_failed_and_a_dead_one_is(either: Salon) -> None:
    target = either.target()
    _ = target.run
    assert headline(look(either)) == "A run is under way since 2 Mar 2026, 09:00"
    either.pass_time(hours=2, minutes=1)
    assert headline(look(either)) == "The run since 2 Mar 2026, 09:00 has stood still since 2 Mar 2026, 09:00"
    target.run.ledger.close()
    assert headline(look(either)) == "The last run died before it could say how it went"


def test_runs_of_another_source_are_not_this_ones_and_its_contacts_are(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.run(people(2, 4), source="spa")
    page = look(salon)
    assert "1 done" in pages.section(page, "Runs").text
    assert "3 contacts" in pages.section(page, "Contacts by group").text
    assert "spa" in next(page.all("footer")).text


# --- who may see what


def test_names_are_masked_unless_asked_for(either: Salon) -> None:
    person = {"first_name": "Augusta", "last_name": "Kingsley", "email": "augusta@example.com"}
    either.run([contact(1, **person, last_visit_at=ago(days=85).isoformat())])
    either.pass_time(days=30)
    either.run([])
    masked, shown = look(either).text, look(either, "--show-personal-data").text
    assert "booker 1 (A… K…)" in masked
    assert "Augusta Kingsley" in shown
    assert not any(secret in masked for secret in ("Augusta", "Kingsley", "augusta@"))
    assert either.box.referrizer.token not in shown


def test_a_forgotten_person_is_in_no_report(salon: Salon) -> None:
    salon.run([contact(1, first_name="Augusta", last_visit_at=ago(days=85).isoformat()), contact(2)])
    salon.pass_time(days=30)
    salon.run([])
    assert "booker 1 " in look(salon).text
    ask(salon, "forget", "1")
    after = look(salon, "--show-personal-data").text
    assert "Augusta" not in after
    assert "booker 1 " not in after


def test_the_file_is_its_owners_alone_also_over_one_that_was_not(salon: Salon) -> None:
    salon.run([contact(1)])
    place = salon.folder / "report.html"
    look(salon)
    place.chmod(0o666)
    look(salon)
    assert place.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in salon.folder.glob("*report*")] == ["report.html"]


# --- where and when


def test_a_report_goes_to_the_setting_when_no_file_is_named(salon: Salon) -> None:
    salon.run([contact(1)])
    place = salon.folder / "new folder" / "sync.html"
    assert ask_json(salon, "report", report_path=str(place))["report"] == str(place)
    assert place.exists()


@pytest.mark.parametrize("bad", ["missing/folder/report.html", "", "\0", "x" * 300])
def test_a_place_that_cannot_be_written_is_one_line_with_a_code(salon: Salon, bad: str) -> None:
    salon.run([contact(1)])
    with pytest.raises(TargetError, match="RFZ-407"):
        ask(salon, "report", "--output", f"{salon.folder}/{bad}")


def test_without_a_ledger_there_is_no_report_and_none_is_made(salon: Salon) -> None:
    with pytest.raises(TargetError, match="RFZ-403 there is no ledger yet"):
        look(salon)


def test_open_hands_the_file_to_the_browser_of_the_machine(salon: Salon) -> None:
    salon.run([contact(1)])
    browser = salon.folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > "{salon.folder}/opened"\n')
    browser.chmod(0o755)
    place = salon.folder / "a report.html"
    command: list[str | Path] = [COMMAND, "--config", config_file(salon), "report", "--open"]
    command += ["--output", place]
    said = subprocess.run(
        command, env={"BROWSER": str(browser)}, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert said == f"the report is {place}\n"
    assert (salon.folder / "opened").read_text().strip() == place.as_uri()


def test_every_run_renews_the_report_when_a_path_is_set(either: Salon) -> None:
    place = either.folder / "report.html"
    either.settings["report_path"] = str(place)
    assert either.run([contact(1)]).code == 0
    assert (
        "1 contact in Referrizer is linked."
        in pages.section(pages.read(place.read_text()), "Contacts by group").text
    )
    either.pass_time(hours=1)
    assert either.run([contact(2, first_name="Eve")]).code == 0
    page = pages.read(place.read_text())
    assert "2 done" in pages.section(page, "Runs").text
    assert place.stat().st_mode & 0o777 == 0o600


def test_no_run_writes_a_report_unless_asked(salon: Salon) -> None:
    salon.run([contact(1)])
    assert list(salon.folder.glob("*.html")) == []


def test_a_dry_run_writes_no_report(salon: Salon) -> None:
    place = salon.folder / "report.html"
    salon.run([contact(1)])
    assert salon.run([contact(2)], dry_run=True, report_path=str(place)).code == 0
    assert not place.exists()


@dataclass(frozen=True)
class Ending:
    """How a run comes to its exit code: what goes wrong, which settings, what the report says."""

    code: int
    said: str
    fault: tuple[str, str] | None = None
    times: int = 1
    settings: dict[str, Any] = field(default_factory=dict)


ENDINGS = (
    Ending(2, "settings must be corrected", settings={"field_map": NO_SUCH_FIELD}),
    Ending(3, "1 thing waits for a person", ("cut_before", "visits")),
    Ending(5, "the brake withheld", settings={"brake_percent": 1}),
    Ending(6, "Referrizer was unavailable", ("503", "contacts"), 99, {"outage_patience_seconds": 0}),
)


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda one: f"exit {one.code}")
def test_a_run_that_needs_somebody_writes_its_report_too(salon: Salon, ending: Ending) -> None:
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.run(people(0, 30))
    salon.pass_time(hours=9)
    if ending.fault is not None:
        kind, path = ending.fault
        salon.box.faults.add(kind, vendor="referrizer", method="POST", path=path, times=ending.times)
    place = salon.folder / "report.html"
    new = people(30, 60, city="Gary")
    more = {"brake_percent": 100, "report_path": str(place), **ending.settings}
    outcome = salon.run(new, [check_in(1, 1, salon.now)], **more)
    assert outcome.code == ending.code, outcome.log
    assert ending.said in headline(pages.read(place.read_text()))


def test_a_run_whose_input_breaks_off_renews_the_page_and_is_on_it(either: Salon) -> None:
    place = either.folder / "report.html"
    either.run([contact(1)], report_path=str(place))
    either.pass_time(hours=1)
    target = either.target(report_path=str(place))
    with pytest.raises(TargetError, match="RFZ-202"):
        target.take(io.StringIO("no Singer message"))
    page = pages.read(place.read_text())
    assert headline(page) == "The last run failed"
    assert "As of 2 Mar 2026, 10:00" in next(page.all("header")).text
    assert "1 done, 1 failed" in pages.section(page, "Runs").text
    assert ask_json(either, "status")["run"]["exit_code"] == 1


def test_a_run_that_was_asked_to_stop_while_reading_leaves_a_page_and_its_lock(salon: Salon) -> None:
    place = salon.folder / "report.html"
    target = salon.target(report_path=str(place))
    target.run.stage_contacts([])
    target.run.abort(143)
    assert headline(pages.read(place.read_text())) == "The last run stopped by signal 15"
    salon.pass_time(hours=1)
    assert salon.run([contact(1)]).code == 0


@pytest.mark.parametrize("command", ["baseline", "verify"])
def test_what_only_reads_renews_no_report(salon: Salon, command: str) -> None:
    salon.run([contact(1)])
    place = salon.folder / "report.html"
    ask(salon, command, report_path=str(place))
    assert not place.exists()


def test_a_report_is_as_of_the_end_of_its_run(salon: Salon) -> None:
    place = salon.folder / "report.html"
    salon.settings["report_path"] = str(place)
    target = salon.target()
    _ = target.run
    salon.pass_time(hours=3)  # of delivering
    target.listen(io.StringIO())
    assert "As of 2 Mar 2026, 12:00" in next(pages.read(place.read_text()).all("header")).text


def test_a_report_that_cannot_be_written_changes_nothing_but_a_warning(salon: Salon) -> None:
    folder = salon.folder / "report.html"
    folder.mkdir()
    outcome = salon.run([contact(1)], state={"seen": 1}, report_path=str(folder))
    assert (outcome.code, outcome.states, len(salon.shown())) == (0, [{"seen": 1}], 1)
    assert "RFZ-407" in outcome.log
    assert ask_json(salon, "status")["run"]["exit_code"] == 0


def test_a_report_that_cannot_be_made_changes_nothing_but_a_warning(salon: Salon) -> None:
    salon.run([contact(1)])
    salon.pass_time(days=1)
    salon.edit_ledger(sa.update(tables.run).values(accounting="no JSON, Ada Byron"))
    outcome = salon.run([], report_path=str(salon.folder / "report.html"))
    assert outcome.code == 0
    assert "RFZ-407 the report could not be made (JSONDecodeError)" in outcome.log
    assert "Byron" not in outcome.log


def test_a_report_leaves_the_ledger_as_it_was(salon: Salon) -> None:
    salon.run([contact(1)], [check_in(1, 1, salon.now)])

    def everything() -> str:
        with closing(Ledger(salon.config()["ledger_url"])) as ledger:
            found = {table.name: ledger.rows(sa.select(table)) for table in tables.metadata.sorted_tables}
        return json.dumps(found, default=str)

    before = everything()
    look(salon)
    assert everything() == before
