"""The sign-in in a real browser: six steps by keyboard alone, every refusal, on a desk and on a phone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.browser import Watched, chromium
from tests.tap_booker.signing import Opened, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

DESK: dict[str, Any] = {"viewport": {"width": 1100, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}
DARK: dict[str, Any] = {"color_scheme": "dark"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(
    params=[DESK, PHONE, {**DESK, **DARK}, {**PHONE, **DARK}], ids=["desk", "phone", "dark", "dark-phone"]
)
def tab(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **request.param)
    context.set_default_timeout(10_000)
    yield Watched(context.new_page())
    context.close()


@pytest.fixture
def site(box: Sandbox, tmp_path: Path) -> Iterator[Opened]:
    with opened(box, tmp_path) as found:
        yield found


def at_location(tab: Watched, site: Opened) -> None:
    """Step 2, opened directly. A key before the browser gives the focus would go elsewhere."""
    tab.page.goto(f"{site.url}/location")
    tab.page.wait_for_selector("#location_id:focus")


def to_booker(tab: Watched, site: Opened, location_id: str = "3749") -> None:
    """Steps 1 to 3, by keyboard."""
    tab.page.goto(site.url)
    tab.page.wait_for_selector("a.button:focus")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#location_id:focus")
    tab.page.keyboard.type(location_id)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#user_name:focus")


def sign_in(tab: Watched, site: Opened) -> None:
    """Step 4, by keyboard."""
    mine = site.box.booker.credentials
    tab.page.keyboard.type(mine.user_name)
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.type(mine.password)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("button[value=allow]:focus")


def title(tab: Watched) -> str:
    return tab.page.inner_text("h1")


def test_six_steps_by_keyboard_alone(tab: Watched, site: Opened) -> None:
    tab.page.goto(site.url)
    tab.page.wait_for_selector("a.button:focus")
    assert tab.faults() == []
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#location_id:focus")
    assert tab.faults() == []
    tab.page.keyboard.type("3749")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "Activate Integration"
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#user_name:focus")
    sign_in(tab, site)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("h1:focus:text('Booker is connected')")
    assert tab.faults() == []
    assert (tab.page.url, site.stored() is not None) == (f"{site.url}/done", True)
    assert (tab.complaints, tab.hosts - {"data"}) == ([], {"127.0.0.1"})


def test_no_code_stays_in_the_history(tab: Watched, site: Opened) -> None:
    to_booker(tab, site)
    sign_in(tab, site)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("h1:focus:text('Booker is connected')")
    assert [one for one in tab.addresses if "code=" in one] == []
    history = tab.page.context.new_cdp_session(tab.page).send("Page.getNavigationHistory")
    visited = [entry["url"] for entry in history["entries"]]
    assert visited[-1] == f"{site.url}/done"
    assert [one for one in visited if "code=" in one or "/back" in one] == []


def test_the_location_id_is_checked_as_it_is_typed(tab: Watched, site: Opened) -> None:
    at_location(tab, site)
    note, field = tab.page.locator("#location_note"), tab.page.locator("#location_id")
    field.press_sequentially("37x")
    assert "Digits only" in note.inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    assert tab.faults() == []
    field.press("Enter")
    assert tab.page.url == f"{site.url}/location"
    field.press("Backspace")
    assert "has the form of a Location ID" in note.inner_text()
    assert field.get_attribute("aria-invalid") == "false"
    field.fill("0")
    assert "1 to 9 digits" in note.inner_text()
    field.fill("")
    field.press("Enter")
    assert "Type the Location ID first." in note.inner_text()
    assert tab.complaints == []


def test_lines_are_copied_as_they_stand(tab: Watched, site: Opened) -> None:
    to_booker(tab, site)
    sign_in(tab, site)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("h1:focus:text('Booker is connected')")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector(".copy:text('Copied')")
    line = "TAP_BOOKER_LOCATION_IDS='[3749]' meltano --environment sandbox invoke tap-booker:doctor"
    assert tab.page.evaluate("navigator.clipboard.readText()") == line
    assert tab.page.inner_text("#copied") == "Line 1 is copied."
    assert (tab.faults(), tab.complaints) == ([], [])


@pytest.mark.parametrize("tab", [PHONE], indirect=True)
def test_a_line_that_may_not_be_copied_is_selected_and_one_is_told(tab: Watched, site: Opened) -> None:
    tab.page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    to_booker(tab, site)
    sign_in(tab, site)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("h1:focus:text('Booker is connected')")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    said = tab.page.wait_for_selector("#copied:text('The line is selected')")
    assert said is not None
    box = said.bounding_box()
    assert box is not None
    assert box["width"] > 100
    assert tab.page.evaluate("getSelection().toString()") == tab.page.inner_text("#line_1")
    assert (tab.faults(), tab.complaints) == ([], [])


@pytest.mark.parametrize("tab", [PHONE], indirect=True)
def test_the_address_that_booker_must_know_is_found_by_keyboard(tab: Watched, site: Opened) -> None:
    at_location(tab, site)
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Tab")
    tab.page.wait_for_selector("summary:focus")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("details[open]")
    assert tab.page.inner_text("details code") == site.signing.where.back
    assert (tab.faults(), tab.complaints) == ([], [])


def test_without_scripts_it_works_as_well(browser: Browser, site: Opened) -> None:
    tab = Watched(browser.new_context(java_script_enabled=False).new_page())
    to_booker(tab, site)
    sign_in(tab, site)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("h1:focus:text('Booker is connected')")
    assert tab.page.locator(".copy:visible").count() == 0


def _deny(tab: Watched, site: Opened) -> None:
    to_booker(tab, site)
    sign_in(tab, site)
    tab.page.keyboard.press("Tab")
    tab.page.wait_for_selector("button[value=deny]:focus")
    tab.page.keyboard.press("Enter")


def _cancel(tab: Watched, site: Opened) -> None:
    to_booker(tab, site)
    tab.page.click("text=Cancel")


def _wrong_location(tab: Watched, site: Opened) -> None:
    to_booker(tab, site, "12")
    sign_in(tab, site)
    tab.page.keyboard.press("Enter")


def _late(tab: Watched, site: Opened) -> None:
    to_booker(tab, site)
    sign_in(tab, site)
    site.box.booker.switches.code_seconds = 0
    tab.page.keyboard.press("Enter")


def _second_tab(tab: Watched, site: Opened) -> None:
    to_booker(tab, site)
    sign_in(tab, site)
    to_booker(Watched(tab.page.context.new_page()), site)
    tab.page.bring_to_front()
    tab.page.click("button[value=allow]")


def _stale_form(tab: Watched, site: Opened) -> None:
    at_location(tab, site)
    tab.page.context.clear_cookies()
    tab.page.fill("#location_id", "3749")
    tab.page.keyboard.press("Enter")


def _wrong_state(tab: Watched, site: Opened) -> None:
    to_booker(tab, site)
    tab.page.goto(f"{site.url}/back?code=x&state=guess")


def _other_browser(tab: Watched, site: Opened) -> None:
    tab.page.goto(f"{site.url}/back?code=x&state=guess")


def _replay(tab: Watched, site: Opened) -> None:
    _deny(tab, site)
    tab.page.wait_for_url("**/problem/denied")
    state = next(iter(next(iter(site.desk._sessions.values())).past))
    tab.page.goto(f"{site.url}/back?code=x&state={state}")


@pytest.mark.parametrize(
    ("go", "kind", "heading"),
    [
        (_deny, "denied", "Access was not allowed"),
        (_cancel, "denied", "Access was not allowed"),
        (_wrong_location, "location", "This location is not there"),
        (_late, "expired", "The sign-in took too long"),
        (_second_tab, "second-tab", "You started again in another tab"),
        (_stale_form, "stale", "This page is out of date"),
        (_wrong_state, "unknown", "This answer belongs to no sign-in"),
        (_other_browser, "other-browser", "This is another browser"),
        (_replay, "replayed", "This answer was used already"),
    ],
)
def test_each_refusal_says_what_to_do_and_leads_back(
    tab: Watched, site: Opened, go: Any, kind: str, heading: str
) -> None:
    go(tab, site)
    tab.page.wait_for_url(f"**/problem/{kind}")
    assert (title(tab), site.stored()) == (heading, None)
    assert (tab.faults(), tab.complaints, tab.hosts - {"data"}) == ([], [], {"127.0.0.1"})
    tab.page.wait_for_selector("h1:focus")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#location_id:focus")


def test_a_code_that_ends_on_the_way_can_be_followed_by_a_good_one(tab: Watched, site: Opened) -> None:
    to_booker(tab, site)
    sign_in(tab, site)
    site.box.clock.advance(timedelta(days=1))
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("h1:focus:text('Booker is connected')")
