"""The pages, as HTML: whatever comes from Booker or a person is escaped here."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_booker.sign_in.connector import Connected
    from tap_booker.sign_in.desk import Session
    from tap_booker.sign_in.next_steps import Step
    from tap_booker.sign_in.problems import ProblemError

STEPS = ("Start", "Location ID", "Activate", "Sign in", "Allow", "Connected")
NO_ID = "A Location ID is a number of 1 to 9 digits, such as 3749."


def card(nonce: str) -> str:
    """Step 1: the Booker card."""
    content = """<h1>Connect Booker</h1>
<p>Let this machine read who your customers are and when they check in. It only reads.</p>
<section class="booker" aria-labelledby="booker">
<div class="mark" aria-hidden="true">B</div>
<div><h2 id="booker">Booker</h2><p class="quiet">by Mindbody: contacts and check-ins, once an hour</p></div>
<a class="button" href="/location" autofocus>START</a>
</section>"""
    return _page(nonce, 1, "Connect Booker", content)


def location(nonce: str, session: Session, back: str) -> str:
    """Steps 2 and 3: the Location ID, and Activate Integration; `back` is what Booker must know."""
    bad, note, invalid = (" bad", NO_ID, "true") if session.is_refused else ("", "", "false")
    content = f"""<h1>Your Location ID</h1>
<p>Each business in Booker has a number of its own. It stands in Booker's account settings, and Booker's
support knows it, too. Of several locations, give one; the others can be added to the settings later.</p>
<form method="post" action="/activate" novalidate>
<input type="hidden" name="form_key" value="{escape(session.form_key)}">
<label for="location_id">Location ID</label>
<p class="hint" id="location_hint">A number, such as 3749</p>
<input id="location_id" name="location_id" value="{escape(session.typed)}" inputmode="numeric" required
 autofocus autocomplete="off" spellcheck="false" aria-invalid="{invalid}"
 aria-describedby="location_hint location_note">
<p class="note{bad}" id="location_note" role="status">{note}</p>
<button class="button">Activate Integration</button>
</form>
<details><summary>If Booker then shows an error in place of its sign-in page</summary>
<p>Booker leads people back only to addresses that it knows. Have this one registered for the application
(client_id), to the letter: <code>{escape(back)}</code></p></details>"""
    return _page(nonce, 2, "Location ID", content)


def away(nonce: str, url: str) -> str:
    """On the way to step 4. No redirect: what a form leads to must not be another host (CSP, form-action)."""
    address = escape(url)
    content = f"""<h1>To Booker's sign-in page</h1>
<p>Sign in there with your Booker user name and password, and allow access. You then come back here.</p>
<p><a class="button" href="{address}" autofocus>Go on to Booker</a></p>"""
    return _page(nonce, 3, "To Booker", content, f"0;url={address}")


def connected(nonce: str, found: Connected, steps: Iterable[Step], path: str) -> str:
    """Step 6: what Booker reports, and what comes next."""
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in _facts(found, path).items())
    lines = "".join(_line(number, step) for number, step in enumerate(steps, 1))
    content = f"""<h1 tabindex="-1" autofocus>Booker is connected</h1>
<dl>{rows}</dl>
<h2>What comes next</h2>
<p class="quiet">In a terminal, in the folder of the Meltano project:</p>
<ol class="lines">{lines}</ol>
<p class="quiet copied" id="copied" role="status"></p>
<h2>This page</h2>
<p class="quiet">The command ends in a few seconds; you can close this page when you have copied the lines.
They stand in its terminal, too.</p>"""
    return _page(nonce, 6, "Connected", content)


def problem(nonce: str, found: ProblemError) -> str:
    """What went wrong, and what to do."""
    text = found.text
    detail = f"<p>{escape(found.detail)}</p>" if found.detail else ""
    again = '<p><a class="button" href="/location">Start again</a></p>' if text.may_retry else ""
    content = f"""<h1 tabindex="-1" autofocus>{escape(text.title)}</h1>
<p>{escape(text.happened)}</p>{detail}
<h2>What to do</h2><p>{escape(text.to_do)}</p>{again}"""
    return _page(nonce, 0, text.title, content)


def _facts(found: Connected, path: str) -> dict[str, str]:
    """What Booker reports of the location, and where the access is."""
    place, said = found.location, f"(Booker says: {found.location.zone_text})"
    unknown = f"not known {said}; set timezone, for example America/Chicago"
    return {
        "Business": place.name or "(no name)",
        "Location ID": str(place.id),
        "Time zone": f"{place.zone.key} {said}" if place.zone else unknown,
        "Status": found.status,
        "Access kept in": path,
    }


def _line(number: int, step: Step) -> str:
    name = f"line_{number}"
    return f"""<li><p>{number}. {escape(step.why)}</p><div class="line">
<code id="{name}">{escape(step.line)}</code>
<button type="button" class="copy" data-of="{name}" aria-describedby="{name}" hidden>Copy</button>
</div></li>"""


def _page(nonce: str, current: int, title: str, content: str, refresh: str = "") -> str:
    """A whole page; `current` is the step that the person is at, 0 for none."""
    on = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - booker-connect</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">{on}
<style nonce="{nonce}">{_asset("style.css")}</style></head>
<body><div class="frame">{_steps(current) if current else ""}<main>{content}</main></div>
<script nonce="{nonce}">{_asset("script.js")}</script></body></html>"""


def _steps(current: int) -> str:
    """Where one is among the six steps."""
    items = "".join(_step(number, label, current) for number, label in enumerate(STEPS, 1))
    where = f"Step {current} of {len(STEPS)}: {STEPS[current - 1]}"  # on a phone, where no labels fit
    return f"""<nav aria-label="Steps"><ol class="steps">{items}</ol>
<p class="where quiet" aria-hidden="true">{where}</p></nav>"""


def _step(number: int, label: str, current: int) -> str:
    mark, said = (' class="past"', " (done)") if number < current else ("", "")
    mark = ' aria-current="step"' if number == current else mark
    dot = f'<span class="dot" aria-hidden="true">{"✓" if number < current else number}</span>'
    unseen = f'<span class="unseen">{said}</span>' if said else ""
    return f'<li{mark}>{dot}<span class="label">{label}</span>{unseen}</li>'


@cache
def _asset(name: str) -> str:
    return files("tap_booker.sign_in").joinpath(name).read_text(encoding="utf-8")
