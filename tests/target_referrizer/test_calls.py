"""What a run costs in calls: what the README says, the sandbox counts, and the run itself says."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.target_referrizer.asking import ask
from tests.target_referrizer.salon import UNDONE, ago, check_in, contact

from target_referrizer.cli import ledger_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.target_referrizer.salon import Outcome, Record, Salon

README = (Path(__file__).parents[2] / "target-referrizer" / "README.md").read_text()
SECTION = README.split("## What a run costs in calls\n")[1].split("\n## ")[0]
COST = re.compile(r"^\| (.+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TABLE = {row[0]: row[1:] for row in COST.findall(SECTION) if not row[0].startswith(("what ", "---"))}

N = 3
KEYS = range(1, N + 1)
DAY_LATER = {"hours": 25}

#: A row of the table to what makes such a run.
RUNS: dict[str, Callable[[Salon], Outcome]] = {}


def costs(row: str) -> Callable[[Callable[[Salon], Outcome]], Callable[[Salon], Outcome]]:
    """What this run costs stands in the README's table, in this row."""

    def note(run: Callable[[Salon], Outcome]) -> Callable[[Salon], Outcome]:
        RUNS[row] = run
        return run

    return note


def counted(requests: list[Any]) -> tuple[int, int, int]:
    """Pages of the list, contacts read by id, and writes that the sandbox got."""
    kinds = Counter(
        "list" if (one.method, one.path) == ("GET", "/v1/contacts") else
        "read" if one.method == "GET" else "write"
        for one in requests
    )  # fmt: skip
    return kinds["list"], kinds["read"], kinds["write"]


def as_said(cell: str, m: int) -> int:
    """A cell of the table, such as `n + 1`, as a number."""
    terms = {"n": N, "⌈m/100⌉": math.ceil(m / 100)}
    return sum(terms[term] if term in terms else int(term) for term in cell.split(" + "))


def whole(key: int, **more: Any) -> Record:
    """A person of whom everything is known."""
    base = {
        "phone": f"(312) 555-010{key}", "street": "1 Main St", "city": "Chicago", "state": "IL",
        "zip": "60601", "birthday": "1988-07-04", "is_member": False,
        "last_visit_at": ago(days=200).isoformat(), "accepts_email": False, "accepts_sms": True,
    }  # fmt: skip
    return contact(key, first_name=f"Ada{key}", **{**base, **more})


def fill(salon: Salon, number: int) -> None:
    """The owner's own contacts."""
    model = salon.owner_adds(firstName="Zoe", email="zoe@example.com")
    kept = salon.box.referrizer.contacts
    for no in range(1, number):
        kept[f"{no:032x}"] = {**kept[model], "id": f"{no:032x}", "email": f"zoe{no}@example.com"}


def synced(salon: Salon, *, style: str = "merge") -> Salon:
    """A salon whose contacts were synced an hour ago."""
    salon.box.referrizer.switches.patch = style == "patch"
    salon.settings["update_style"] = style
    salon.run([whole(key) for key in KEYS])
    salon.box.referrizer.switches.minimum_interval_minutes = 0
    salon.pass_time(hours=1)
    return salon


@costs("nothing new, or the same records once more")
def _nothing(salon: Salon) -> Outcome:
    people, rows = [whole(key) for key in KEYS], [check_in(7, 1, ago(days=1)), check_in(8, 2, salon.now)]
    salon.run(people, rows)
    salon.run([], [check_in(9, 3, salon.now)])
    salon.pass_time(**DAY_LATER)
    assert salon.run([], state={"seen": 1}).requests == []
    return salon.run([{**one, "updated_at": salon.now.isoformat()} for one in people], rows)


def test_trying_rejects_again_reads_the_list_only_for_somebody(salon: Salon) -> None:
    synced(salon)
    ask(salon, "rejects", "--retry")
    assert salon.run([]).requests == []


@costs("news that are not sent: a birthday of a known contact, an empty value, a check-in that is history")
def _not_sent(salon: Salon) -> Outcome:
    synced(salon).pass_time(**DAY_LATER)
    news = {"birthday": "1999-01-01", "city": None, "accepts_sms": False, "gender": "F"}
    people = [whole(key, updated_at=salon.now.isoformat(), **news) for key in KEYS]
    return salon.run(people, [check_in(7, 1, ago(days=300)), check_in(8, 2, salon.now, **UNDONE)])


@costs("n records of people who are to be forgotten, or who have neither e-mail nor phone")
def _nobody(salon: Salon) -> Outcome:
    synced(salon).pass_time(**DAY_LATER)
    people = [contact(1, is_forgotten=True), *(contact(key, email=None) for key in (8, 9))]
    return salon.run(people, [check_in(key, key, salon.now) for key in (1, 8, 9)])


@costs("a new ledger, m contacts in Referrizer that show no group")
def _first(salon: Salon) -> Outcome:
    fill(salon, 150)
    return salon.run([])


@costs("n new contacts")
def _new(salon: Salon) -> Outcome:
    salon.settings["sync_opt_outs"] = True
    people = [whole(key, phone=None, is_member=True) for key in (7, 8, 9)]
    return synced(salon).run(people, [check_in(7, 7, ago(days=2))])


@costs("n new contacts, each with a check-in of now")
def _new_who_came(salon: Salon) -> Outcome:
    people = [whole(key, phone=None, is_member=True) for key in (7, 8, 9)]
    return synced(salon).run(people, [check_in(key, key, salon.now) for key in (7, 8, 9)])


@costs("n new contacts, when the list was read 24 hours ago")
def _new_later(salon: Salon) -> Outcome:
    fill(salon, 250)
    synced(salon).pass_time(hours=23)
    return salon.run([contact(key) for key in (7, 8, 9)])


def _all_changed(salon: Salon, style: str, rows: Sequence[Record] = ()) -> Outcome:
    synced(salon, style=style)
    news = {"city": "Gary", "zip": "46402", "is_member": True, "updated_at": salon.now.isoformat()}
    people = [whole(key, last_visit_at=ago(days=1).isoformat(), **news) for key in KEYS]
    return salon.run(people, rows)


@costs("n contacts of which fields, member flag, last visit and group have all changed")
def _changed(salon: Salon) -> Outcome:
    return _all_changed(salon, "merge")


@costs("the same with `update_style: patch`")
def _patched(salon: Salon) -> Outcome:
    return _all_changed(salon, "patch")


@costs("n contacts of which all that has changed, each with a check-in of now")
def _changed_who_came(salon: Salon) -> Outcome:
    rows = [check_in(key, key, ago(hours=-1)) for key in KEYS]
    return _all_changed(salon, "merge", rows)


@costs("n changed contacts that somebody has changed in Referrizer likewise")
def _changed_likewise(salon: Salon) -> Outcome:
    synced(salon)
    for key in KEYS:
        salon.one(email=f"ada{key}@example.com")["address"]["city"] = "Gary"
    return salon.run([whole(key, city="Gary", updated_at=salon.now.isoformat()) for key in KEYS])


@costs("n contacts whom time alone takes to another group")
def _aged(salon: Salon) -> Outcome:
    salon.run([whole(key, last_visit_at=ago(days=80).isoformat()) for key in KEYS])
    salon.pass_time(days=30)
    return salon.run([])


@costs("n known contacts who said no, with `sync_opt_outs`")
def _opted_out(salon: Salon) -> Outcome:
    return synced(salon).run(
        [whole(key, updated_at=salon.now.isoformat()) for key in KEYS], sync_opt_outs=True
    )


@costs("n check-ins of one contact, whose last visit moves on")
def _came(salon: Salon) -> Outcome:
    return synced(salon).run([], [check_in(key, 1, salon.now - timedelta(minutes=key)) for key in KEYS])


@costs("n check-ins more of that day")
def _came_again(salon: Salon) -> Outcome:
    synced(salon).run([], [check_in(7, 1, salon.now)])
    salon.pass_time(hours=1)
    return salon.run([], [check_in(key, 1, salon.now - timedelta(minutes=key)) for key in KEYS])


@costs("n check-ins of one contact at one instant, more of that day")
def _same_instant(salon: Salon) -> Outcome:
    synced(salon).run([], [check_in(7, 1, salon.now)])
    salon.pass_time(hours=1)
    return salon.run([], [check_in(key, 1, salon.now) for key in KEYS])


@costs("n check-ins of one contact that were undone")
def _undone(salon: Salon) -> Outcome:
    rows = [check_in(key, 1, salon.now) for key in KEYS]
    synced(salon).run([], rows)
    salon.pass_time(hours=1)
    return salon.run([], [{**one, **UNDONE, "as_of": salon.now.isoformat()} for one in rows])


@costs("a check-in that Referrizer refuses for the minimum interval, once in each interval for 48 hours")
def _refused_for_now(salon: Salon) -> Outcome:
    synced(salon).run([], [check_in(7, 1, salon.now)])
    salon.box.referrizer.switches.minimum_interval_minutes = 100_000
    salon.pass_time(hours=5)
    first = salon.run([], [check_in(8, 1, salon.now)])
    tried = []
    for passed in (1, 2.9, 0.2, 3, 1, 37.9, 2, 5):
        salon.pass_time(hours=passed)
        tried.append(len(salon.run([]).requests))
    assert tried == [0, 0, 1, 0, 1, 1, 1, 0]  # the last try is when 48 hours are over
    return first


@costs("n records of another source, of contacts that are known and right")
def _known_elsewhere(salon: Salon) -> Outcome:
    return synced(salon).run([whole(key) for key in KEYS], source="other")


@costs("n new records of contacts that somebody made in Referrizer, and that are right there")
def _right_there(salon: Salon) -> Outcome:
    return _found(salon, "merge", {"Customer Group": "Past customers", "Last Visit Date": "2025-08-14"})


def _found(salon: Salon, style: str, custom: dict[str, str] | None = None, **more: Any) -> Outcome:
    """Contacts that the owner made yesterday, and their records."""
    synced(salon, style=style)
    last = ago(days=200).isoformat()
    for key in (7, 8, 9):
        name = {"firstName": f"Ada{key}", "lastName": "Byron", "email": f"ada{key}@example.com"}
        salon.owner_adds(**name, customFields=custom or {})
    salon.pass_time(**DAY_LATER)
    return salon.run(
        [contact(key, **{"first_name": f"Ada{key}", "last_visit_at": last, **more}) for key in (7, 8, 9)]
    )


@costs("n new records of contacts that somebody made in Referrizer, and that are to be changed there")
def _found_and_changed(salon: Salon) -> Outcome:
    return _found(salon, "merge", birthday="1988-07-04", city="Gary")


@costs("the same with `update_style: patch`, with a birthday or without a last visit")
def _found_and_patched(salon: Salon) -> Outcome:
    return _found(salon, "patch", birthday="1988-07-04")


@costs("the same with `update_style: patch`, without a birthday and with a last visit")
def _found_and_patched_blindly(salon: Salon) -> Outcome:
    return _found(salon, "patch", city="Gary")


@costs("n contacts with news whom the owner deleted in Referrizer")
def _deleted(salon: Salon) -> Outcome:
    fill(salon, 150)
    synced(salon)
    for key in KEYS:
        del salon.box.referrizer.contacts[salon.one(email=f"ada{key}@example.com")["id"]]
    news = [whole(key, city="Gary", updated_at=salon.now.isoformat()) for key in KEYS]
    outcome = salon.run(news, [check_in(7, 1, salon.now)])
    salon.pass_time(hours=1)
    assert salon.run(news, [check_in(8, 1, salon.now)]).requests == []
    return outcome


@costs("a new contact that Referrizer says it has already, since the list was read")
def _made_meanwhile(salon: Salon) -> Outcome:
    fill(synced(salon), 150)
    salon.owner_adds(firstName="Ada", email="ada9@example.com")
    return salon.run([contact(9)])


@costs("a new contact whose creation is answered at the second try")
def _lost_once(salon: Salon) -> Outcome:
    fill(salon, 150)
    synced(salon).box.faults.add("500", vendor="referrizer", method="POST", nth=1)
    return salon.run([contact(9)])


@costs("a new contact whose creation is never answered, in each run for 48 hours")
def _never_answered(salon: Salon) -> Outcome:
    fill(salon, 150)
    synced(salon).box.faults.add("500", vendor="referrizer", method="POST")
    first = salon.run([contact(9)])
    assert counted(first.requests) == (2, 0, 2)
    salon.pass_time(hours=1)
    return salon.run([])


@costs("a write that is answered by 429 or 503 once")
def _pushed_back(salon: Salon) -> Outcome:
    synced(salon).box.faults.add("429", vendor="referrizer", method="POST", nth=1, retry_after=0)
    return salon.run([contact(9)])


@costs("a dry run or a `plan`, with n new contacts when the list was read 24 hours ago")
def _tried_out(salon: Salon) -> Outcome:
    fill(salon, 150)
    synced(salon)
    assert salon.run([contact(8)], dry_run=True).requests == []
    salon.pass_time(**DAY_LATER)
    return salon.run([contact(8), contact(9), whole(1, city="Gary")], dry_run=True)


@pytest.mark.parametrize("row", RUNS)
def test_a_run_costs_the_calls_that_the_readme_says_and_says_so_itself(salon: Salon, row: str) -> None:
    assert set(RUNS) == set(TABLE)
    outcome = RUNS[row](salon)
    cost = counted(outcome.requests)
    m = len(salon.box.referrizer.contacts)
    assert (outcome.code, cost) == (0, tuple(as_said(cell, m) for cell in TABLE[row]))
    if row.startswith("a dry run"):
        return
    said = outcome.accounting["calls"]
    assert (said["reads"], said["writes"]) == (cost[0] + cost[1], cost[2])
    assert said["retries"] == (1 if "429" in row else 0)
    if "never answered" not in row:
        assert salon.run([]).requests == []  # nothing was left for later


@pytest.mark.parametrize(
    ("contacts", "pages"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (200, 3), (201, 3)]
)
def test_a_first_load_reads_the_list_once_to_its_end_and_creates_each_contact_once(
    salon: Salon, contacts: int, pages: int
) -> None:
    if contacts:
        fill(salon, contacts)
    outcome = salon.run([contact(key) for key in KEYS], field_map={"group": None})
    assert counted(outcome.requests) == (pages, 0, N)
    assert [one.query["page"] for one in outcome.requests[:pages]] == [str(no + 1) for no in range(pages)]
    salon.box.referrizer.switches.total_count = False
    salon.pass_time(**DAY_LATER)
    pages = math.ceil((contacts + N) / 100) + 1
    later = salon.run([contact(9)], field_map={"group": None})
    assert counted(later.requests) == (pages, 0, 1)
    assert later.accounting["calls"] == {"reads": pages, "writes": 1, "retries": 0}


def test_a_ledger_whose_origin_is_open_reads_no_list_for_nobody(salon: Salon) -> None:
    fill(salon, 5)
    salon.run([contact(1)])
    for _ in range(3):
        salon.pass_time(**DAY_LATER)
        assert salon.run([contact(1)]).requests == []


SCHEMA = {"type": "SCHEMA", "stream": "contacts", "schema": {"properties": {}}, "key_properties": ["id"]}
#: Each command to its words, and to what it costs with 150 + n contacts of which n are linked.
COMMANDS: dict[str, tuple[list[str], tuple[int, int, int]]] = {
    "doctor": (["doctor"], (1, 3, 0)),
    "verify": (["verify"], (0, N, 0)),
    "verify --sample": (["verify", "--sample", "2"], (0, 2, 0)),
    "verify --all": (["verify", "--all"], (2, 0, 0)),
    "baseline": (["baseline"], (2, 0, 0)),
    **{words.split()[0]: (words.split(), (0, 0, 0)) for words in (
        "status", "explain 1", "moves", "report --output REPORT", "plan", "rejects --retry", "held",
        "forget 1", "fits --input INPUT",
    )},
}  # fmt: skip


def test_a_command_costs_what_the_readme_says(salon: Salon) -> None:
    fill(salon, 150)
    synced(salon)
    assert {name.split()[0] for name in COMMANDS} == set(ledger_command.commands)
    files = {"REPORT": salon.folder / "report.html", "INPUT": salon.folder / "input.jsonl"}
    record = {"type": "RECORD", "stream": "contacts", "record": contact(1)}
    files["INPUT"].write_text(f"{json.dumps(SCHEMA)}\n{json.dumps(record)}\n")
    for words, cost in COMMANDS.values():
        salon.box.requests.clear()
        given = [str(files.get(one, one)) for one in words]
        found = ask(salon, *given)
        assert found.exit_code == 0, (words, found.stderr)
        assert counted(salon.box.requests) == cost, words
    assert "`doctor` reads one page and up to 3 contacts, `verify` 100 contacts" in SECTION
    assert "`verify --all` and `baseline`\nthe list; all others ask Referrizer nothing" in SECTION
