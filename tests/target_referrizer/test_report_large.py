"""A report on 100,000 contacts after 2,000 runs, and how a real browser shows reports."""

from __future__ import annotations

import re
import time
import tracemalloc
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Literal

import pytest
from tests.browser import Watched, chromium
from tests.target_referrizer import pages, salon_books
from tests.target_referrizer.salon import NOW
from tests.target_referrizer.test_report_page import HOSTILE, group_names, hostile_ledger, write

from target_referrizer import report
from target_referrizer.ledger import Ledger, tables
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

CONTACTS, RUNS = 100_000, 2_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger of that size."""
    folder = tmp_path_factory.mktemp("large")
    salon_books.fill(f"sqlite:///{folder}/ledger.db", CONTACTS, RUNS, NOW)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_a_large_report_is_small_true_and_soon_there(large: Path) -> None:
    url = f"sqlite:///{large}/ledger.db"
    settings = Settings.parse({"api_token": "x", "ledger_url": url, "timezone": "America/Chicago"})
    with closing(Ledger(url)) as ledger:
        began = time.process_time()
        place = report.make(ledger, settings, NOW, large / "report.html")
        assert time.process_time() - began < 10  # about a second where nothing else runs
        tracemalloc.start()
        report.make(ledger, settings, NOW, place)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000  # no list of all contacts
        tracemalloc.stop()
    assert place.stat().st_size < 200_000
    tree = pages.read(place.read_text())
    groups = [int(row[0].replace(",", "")) for row in pages.table(tree, "Contacts by group now").values()]
    assert sum(groups) == CONTACTS
    assert "318 done, 2 partly, 2 failed" in pages.section(tree, "Runs").text


OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"


@contextmanager
def shown(browser: Browser, file: Path, width: int = 1200, *, dark: bool = False) -> Iterator[Watched]:
    """A report on a screen of this width; it must ask for nothing, and the console stays empty."""
    scheme: Literal["dark", "light"] = "dark" if dark else "light"
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, is_mobile=width < 600
    )
    asked: list[str] = []
    try:
        page = Watched(context.new_page())
        page.page.on("request", lambda one: asked.append(one.url))
        page.page.goto(file.as_uri())
        yield page
        assert page.complaints == []
        assert asked == [file.as_uri()]
    finally:
        context.close()


@pytest.fixture(scope="module")
def busy(large: Path) -> Path:
    """A large report on which something of every kind is shown, also what waits for a person."""
    with closing(Ledger(f"sqlite:///{large}/ledger.db")) as ledger:
        gone = [salon_books.record(CONTACTS + no, status="gone", remote_id=f"gone{no}") for no in range(7)]
        salon_books.insert(ledger, tables.contact, gone)
        rejected = {"source": "booker", "stream": "contacts", "reason": "", "first_run": 1, "last_run": 1}
        codes = {"a1": "RFZ-207", "a2": "RFZ-203", "a3": "RFZ-212"}
        rows = [rejected | {"id": key, "code": code, "at": NOW} for key, code in codes.items()]
        salon_books.insert(ledger, tables.rejection, rows)
    write(large)
    return (large / "report.html").rename(large / "busy.html")


@pytest.mark.parametrize(("width", "dark"), [(360, ""), (360, "dark"), (768, ""), (1280, "dark")])
def test_any_screen_shows_it_without_scrolling_sideways_and_without_a_finding_of_axe(
    busy: Path, browser: Browser, width: int, dark: str
) -> None:
    with shown(browser, busy, width, dark=bool(dark)) as tab:
        tab.page.evaluate(OPEN_ALL)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.faults() == []


def test_letters_of_charts_are_as_large_on_a_phone_as_notes(busy: Path, browser: Browser) -> None:
    height = "document.querySelector('.chart text').getBoundingClientRect().height"
    for width in (360, 768, 1280):
        with shown(browser, busy, width) as tab:
            assert 12 <= tab.page.evaluate(height) <= 20, width


def test_on_a_phone_no_word_of_a_table_is_torn_and_no_table_is_wider_than_the_screen(
    busy: Path, browser: Browser
) -> None:
    with shown(browser, busy, 360) as tab:
        tab.page.evaluate(OPEN_ALL)
        wide = (
            "[...document.querySelectorAll('.wide')].filter(one => one.scrollWidth > one.clientWidth).length"
        )
        assert tab.page.evaluate(wide) == 0
        assert tab.page.evaluate(TORN) == []


#: Words of tables whose letters stand on several lines.
TORN = """(() => {
  const torn = [];
  for (const cell of document.querySelectorAll('td, th')) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node; node = walker.nextNode();) {
      for (const word of node.data.matchAll(/[A-Za-z0-9]+/g)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        if (range.getClientRects().length > 1) torn.push(word[0]);
      }
    }
  }
  return torn;
})()"""


def test_all_that_is_folded_is_reached_and_opened_by_keyboard(busy: Path, browser: Browser) -> None:
    with shown(browser, busy, 360) as tab:
        folded = tab.page.locator("summary").count()
        assert folded >= 6
        for _ in range(60):
            tab.page.keyboard.press("Tab")
            if tab.page.evaluate("document.activeElement.matches('details:not([open]) > summary')"):
                assert tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                tab.page.keyboard.press("Enter")
        assert tab.page.locator("details[open]").count() == folded


def test_states_of_runs_differ_also_where_no_colour_is_seen(busy: Path, browser: Browser) -> None:
    """Their swatches, without colour: no two of the four are the same picture."""
    with shown(browser, busy) as tab:
        tab.page.add_style_tag(
            content="html { filter: grayscale(1); } .partly, .failed, .on-done { fill: #777; }"
        )
        swatches = tab.page.locator(".legend").first.locator("svg")
        assert len({swatches.nth(no).screenshot() for no in range(4)}) == swatches.count() == 4


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_hostile_name_runs_asks_or_breaks_the_page(tmp_path: Path, browser: Browser, name: str) -> None:
    groups = group_names(name)
    hostile_ledger(tmp_path, name, groups)
    write(tmp_path, groups=[{"name": groups[0], "visited_within": "3 months"}, {"name": groups[1]}])
    with shown(browser, tmp_path / "report.html", 360) as tab:
        assert tab.page.evaluate("document.scripts.length") == 0
        tab.page.evaluate(OPEN_ALL)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert tab.page.evaluate("getComputedStyle(document.querySelector('main')).display") == "grid"


def fills_too_pale(tab: Watched) -> list[str]:
    found: list[str] = tab.page.evaluate(CONTRAST)
    return found


#: Fills that stand out less than three to one from the card behind them; axe looks at letters only.
CONTRAST = """(() => {
  const parts = said => said.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(one => one / 255)
    .map(one => one <= .03928 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, no) => sum + one * [.2126, .7152, .0722][no], 0);
  const ratio = (one, other) => (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
  const card = light(parts(getComputedStyle(document.querySelector('section')).backgroundColor));
  const weak = (element, what) => ratio(light(parts(getComputedStyle(element)[what])), card) < 3;
  const fills = [...document.querySelectorAll('pattern rect, .on-done')].filter(one => weak(one, 'fill'));
  const lines = [...document.querySelectorAll('.on-missing')].filter(one => weak(one, 'stroke'));
  const letters = [...document.querySelectorAll('.chart text')].filter(one => weak(one, 'fill'));
  return [...fills, ...lines, ...letters].map(one => one.getAttribute('class'));
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_fills_stand_out_from_what_is_behind_them(busy: Path, browser: Browser, *, dark: bool) -> None:
    with shown(browser, busy, dark=dark) as tab:
        assert fills_too_pale(tab) == []


def test_it_prints_light_on_a_few_pages_of_paper(busy: Path, browser: Browser) -> None:
    with shown(browser, busy, dark=True) as tab:
        sheets = tab.page.pdf(format="A4")
        assert 1 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", sheets)) <= 4
        tab.page.emulate_media(media="print")
        for part, what, wanted in (
            ("section", "backgroundColor", "rgb(255, 255, 255)"), ("body", "color", "rgb(0, 0, 0)"),
            ("section", "breakInside", "avoid"), ("tr", "breakInside", "avoid"),
        ):  # fmt: skip
            assert tab.page.evaluate(f"getComputedStyle(document.querySelector('{part}')).{what}") == wanted
        assert fills_too_pale(tab) == []
