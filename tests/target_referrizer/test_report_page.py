"""The page itself: no name is anything but text, and nothing is asked of a network."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.target_referrizer import pages, salon_books
from tests.target_referrizer.asking import ask_json
from tests.target_referrizer.salon import NOW, ago, contact

from target_referrizer import report
from target_referrizer.ledger import Ledger, tables
from target_referrizer.report.markup import LONGEST, Safe, clean, tag, text
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Salon

HOSTILE = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- ]]> -->",
    "&lt;b&gt; &amp;#60;",
    "\u202eevil\u2066\u200f",
    "bell\x07 null\x1b[31m\x7f",
    "x" * 10_000,
    "\u200b\u2060\ufeff{{7*7}}${7*7}\u200d",
    "\ufdd0\u2028\u0085",
    "`referrizer-ledger forget`",
    "Zoë 李 مريم 👩‍🦰",
]
OUTSIDE = re.compile(r"(?:src|href|srcset|action|formaction|data|poster|xlink:href)\s*=|@import|url\((?!#)")


def write(folder: Path, **more: Any) -> tuple[str, pages.Element]:
    url = f"sqlite:///{folder}/ledger.db"
    given_settings = {"api_token": "x", "ledger_url": url, "timezone": "America/Chicago", **more}
    with closing(Ledger(url)) as ledger:
        place = report.make(
            ledger, Settings.parse(given_settings), NOW, folder / "report.html", unmasked=True
        )
    page = place.read_text()
    return page, pages.read(page)


def group_names(name: str) -> tuple[str, str]:
    """Two groups that are named so, as the settings allow it."""
    return f"A{name[:190]}Z", f"B{name[:190]}Z"


def hostile_ledger(folder: Path, name: str, groups: tuple[str, str]) -> None:
    """Everything that comes from outside is this name: people, ids, sources, groups, reasons and runs."""
    record = json.dumps({"first_name": name, "last_name": name, "email": f"{name}@example.com"})
    moved = json.dumps({"from": groups[0], "to": groups[1], "why": name})
    counted = {
        "groups": {groups[0]: 1},
        "contacts": {"read": 1, "rejected": 1, "reasons": {"rejected": {name: 1}}},
    }
    key = name[:200]
    with closing(Ledger(f"sqlite:///{folder}/ledger.db")) as ledger:
        run = salon_books.run(1, NOW - timedelta(hours=1), 3, accounting=json.dumps(counted))
        salon_books.insert(ledger, tables.run, [run])
        salon_books.insert(ledger, tables.run, [salon_books.run(2, NOW, 0, source=key, accounting=None)])
        people = [
            salon_books.record(1, record=record, id=key),
            salon_books.record(2, record=record, id=f"{key}2", status="gone"),
        ]
        salon_books.insert(ledger, tables.contact, people)
        salon_books.insert(
            ledger, tables.remote_contact, [salon_books.remote(1, NOW, confirmed_group=groups[0])]
        )
        visits = {"held": None, "waiting": key[:100]}
        rows = [
            salon_books.check_in(no, 1, NOW, id=f"{key}{no}", contact_id=key, status=status, reason=reason)
            for no, (status, reason) in enumerate(visits.items())
        ]
        for row in rows:
            salon_books.insert(ledger, tables.visit, [row])
        rejected = {"source": "booker", "stream": "contacts", "id": key, "code": name[:20], "reason": name}
        salon_books.insert(
            ledger,
            tables.rejection,
            [rejected | {"record": record, "first_run": 1, "last_run": 1, "at": NOW}],
        )
        event = {
            "run": 1,
            "at": NOW - timedelta(hours=1),
            "kind": "moved",
            "remote_id": "r1",
            "detail": moved,
        }
        salon_books.insert(ledger, tables.event, [event])


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_nothing_but_text_wherever_it_stands(tmp_path: Path, name: str) -> None:
    groups = group_names(name)
    hostile_ledger(tmp_path, name, groups)
    rule = [{"name": groups[0], "visited_within": "3 months"}, {"name": groups[1]}]
    page, tree = write(tmp_path, groups=rule)
    assert {one.name for one in everything(tree)} <= ALLOWED
    assert not any(key.startswith("on") for one in everything(tree) for key in one.attributes)
    shown = clean(name[: LONGEST - 30])
    for heading in (
        "Contacts by group",
        "Who moved this week",
        "What waits for a person",
        "Where every record went",
    ):
        assert shown in pages.section(tree, heading).text, heading
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", page)
    assert "x" * (LONGEST + 1) not in page


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "div", "span",
    "p", "b", "i", "h1", "h2", "h3", "ul", "li", "code", "bdi", "time", "table", "caption", "thead", "tbody",
    "tr", "th", "td", "details", "summary", "svg", "defs", "pattern", "rect", "path", "text", "desc",
}  # fmt: skip


def everything(tree: pages.Element) -> list[pages.Element]:
    found = []
    for one in tree.children:
        if isinstance(one, pages.Element):
            found += [one, *everything(one)]
    return found


@given(st.text())
def test_any_text_comes_back_as_it_can_be_shown(said: str) -> None:
    read = pages.read(str(tag("p", said, title=said)))
    found = next(read.all("p"))
    assert found.text == found.attributes["title"] == clean(said)
    assert text(clean(said)) == text(said)


def test_markup_is_only_what_was_made_here() -> None:
    assert tag("p", "<b>") == "<p>&lt;b&gt;</p>"
    assert tag("p", tag("b", "x"), None, title=None, hidden=True) == "<p hidden><b>x</b></p>"
    assert isinstance(tag("br"), Safe)


def test_the_page_asks_for_nothing_and_runs_nothing(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    salon.pass_time(days=30)
    salon.run([])
    page = report_of(salon)
    assert OUTSIDE.search(page) is None
    assert "://" not in page
    assert "<script" not in page
    tree = pages.read(page)
    policy = [one.attributes.get("content") for one in tree.all("meta") if one.attributes.get("http-equiv")]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


def report_of(salon: Salon) -> str:
    ask_json(salon, "report", "--output", str(salon.folder / "report.html"))
    return (salon.folder / "report.html").read_text()


def test_the_page_has_a_language_headings_in_order_and_tables_that_name_their_columns(salon: Salon) -> None:
    salon.run([contact(1, last_visit_at=ago(days=85).isoformat())])
    salon.pass_time(days=30)
    salon.run([contact(2, email=None)])
    tree = pages.read(report_of(salon))
    assert next(tree.all("html")).attributes["lang"] == "en"
    levels = [int(one.name[1]) for one in everything(tree) if one.name in {"h1", "h2", "h3"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in tree.all("table"):
        assert next(table.all("caption")).text
        heads = [one.attributes["scope"] for one in next(table.all("thead")).all("th")]
        assert set(heads) == {"col"}
        for row in next(table.all("tbody")).all("tr"):
            assert len([*row.all("th"), *row.all("td")]) == len(heads)


def test_every_chart_says_in_words_what_it_shows(salon: Salon) -> None:
    salon.run([contact(1)])
    charts = [
        one for one in pages.read(report_of(salon)).all("svg") if one.attributes.get("class") == "chart"
    ]
    assert len(charts) >= 3
    for chart in charts:
        assert chart.attributes["role"] == "img"
        assert next(chart.all("title")).text
        assert next(chart.all("desc")).text


# --- how many contacts there are


def test_before_the_first_run_the_page_says_so(tmp_path: Path) -> None:
    page, tree = write(tmp_path)
    assert "There has been no run yet" in next(tree.all("header")).text
    assert pages.table(tree, "Contacts by group now")["Leads"] == ["0", "0%"]
    assert len(page) < 30_000


def test_one_contact_is_all_of_its_group(salon: Salon) -> None:
    salon.run([contact(1)])
    tree = pages.read(report_of(salon))
    assert pages.table(tree, "Contacts by group now") == {
        "Current customers": ["0", "0.0%"], "Past customers": ["0", "0.0%"], "Leads": ["1", "100.0%"],
    }  # fmt: skip
