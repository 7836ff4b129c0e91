"""A report on 100,000 contacts after 2,000 runs, and how a real browser shows reports."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.target_referrizer import pages, salon_books
from tests.target_referrizer.salon import NOW
from tests.target_referrizer.screen import Page, browser
from tests.target_referrizer.test_report_page import HOSTILE, group_names, hostile_ledger, write

from target_referrizer import report
from target_referrizer.ledger import Ledger
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

CONTACTS, RUNS = 100_000, 2_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger of that size."""
    folder = tmp_path_factory.mktemp("large")
    salon_books.fill(f"sqlite:///{folder}/ledger.db", CONTACTS, RUNS, NOW)
    return folder


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


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


def quiet(screen: Page, address: str) -> None:
    assert screen.complaints() == []
    assert screen.requests() == [address]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_no_screen_has_to_be_moved_sideways_and_the_console_stays_empty(
    large: Path, screen: Page, width: int, *, dark: bool
) -> None:
    _, _ = write(large)
    address = (large / "report.html").as_uri()
    screen.open(address, width, dark=dark)
    screen.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert screen.evaluate("document.documentElement.scrollWidth") <= width
    quiet(screen, address)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_hostile_name_runs_asks_or_breaks_the_page(tmp_path: Path, screen: Page, name: str) -> None:
    groups = group_names(name)
    hostile_ledger(tmp_path, name, groups)
    write(tmp_path, groups=[{"name": groups[0], "visited_within": "3 months"}, {"name": groups[1]}])
    address = (tmp_path / "report.html").as_uri()
    screen.open(address, 360)
    quiet(screen, address)
    screen.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert screen.evaluate("document.documentElement.scrollWidth") <= 360
    assert screen.evaluate("document.scripts.length") == 0
    assert screen.evaluate("getComputedStyle(document.querySelector('main')).display") == "grid"


CONTRAST = """(() => {
  const parts = said => said.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(one => one / 255)
    .map(one => one <= .03928 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, no) => sum + one * [.2126, .7152, .0722][no], 0);
  const ratio = (one, other) => (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = parts(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const style = getComputedStyle(element), back = light(behind(element));
    const own = [...element.childNodes].some(one => one.nodeType === 3 && one.data.trim());
    const isText = own && !['title', 'desc', 'STYLE'].includes(element.nodeName);
    if (isText) {
      const ink = element instanceof SVGElement ? style.fill : style.color;
      if (ratio(light(parts(ink)), back) < 4.5) found.push([element.nodeName, ink]);
    }
  }
  for (const element of document.querySelectorAll('pattern rect')) {
    const card = light(behind(document.querySelector('section')));
    const own = light(parts(getComputedStyle(element).fill));
    if (ratio(own, card) < 3) found.push([element.getAttribute('class')]);
  }
  return JSON.stringify(found);
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_letters_and_fills_stand_out_from_what_is_behind_them(
    large: Path, screen: Page, *, dark: bool
) -> None:
    write(large)
    screen.open((large / "report.html").as_uri(), dark=dark)
    assert screen.evaluate(CONTRAST) == "[]"


def test_it_prints_light_on_a_few_pages(large: Path, screen: Page) -> None:
    write(large)
    screen.open((large / "report.html").as_uri(), dark=True)
    screen.call("Emulation.setEmulatedMedia", media="print")
    assert (
        screen.evaluate("getComputedStyle(document.querySelector('section')).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert screen.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
