"""The sections of the report, each a heading and what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_referrizer.report import charts
from target_referrizer.report.markup import Safe, join, name_of, number, short, tag
from target_referrizer.report.runs import DAYS, ENOUGH_GAPS, STATES
from target_referrizer.report.tables import Figure, accounting, folded, table
from target_referrizer.report.visits import FATES
from target_referrizer.report.words import clock, day, ended, every

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from target_referrizer.report.figures import Figures
    from target_referrizer.report.waiting import Waiting

SHOWN_TROUBLES = 10


def section(heading: str, *inside: object, wide: bool = False) -> Safe:
    """A part of the page."""
    return tag("section", tag("h2", heading), *inside, class_="whole" if wide else None)


def para(*inside: object, quiet: bool = False) -> Safe:
    """A paragraph."""
    return tag("p", *inside, class_="quiet" if quiet else None)


def legend(entries: Sequence[tuple[str, object]]) -> Safe:
    """What each fill means."""
    return tag("ul", *(tag("li", charts.swatch(name), " ", said) for name, said in entries), class_="legend")


# --- what waits


def waiting(figures: Figures) -> Safe:
    """What waits for a person, with what to do; and what the next run does by itself."""
    people = [one for one in figures.waiting if one.needs_person]
    others = [one for one in figures.waiting if not one.needs_person]
    calm = None if people else para("Nothing waits for a person.")
    listed = tag("ul", *map(_waiting, people), class_="tasks") if people else None
    later = (tag("h3", "For the next run"), tag("ul", *map(_waiting, others), class_="tasks"))
    return section("What waits for a person", calm, listed, *(later if others else ()), wide=True)


def _waiting(one: Waiting) -> Safe:
    named = ", ".join(map(short, one.named))
    more = ", …" if one.count > len(one.named) else ""
    badge = tag("span", one.kind, class_=f"kind {'person' if one.needs_person else 'later'}")
    return tag(
        "li", tag("b", number(one.count), class_="count"),
        tag("div",
            para(badge, " ", one.what),
            para(tag("b", "What to do: "), *with_code(one.action)),
            para(name_of_all(named), more, quiet=True) if one.named else None),
    )  # fmt: skip


def name_of_all(said: str) -> Safe:
    """Several names, each of which is short already."""
    return tag("bdi", said)


def with_code(said: str) -> list[object]:
    """Text in which what stands between backticks is code."""
    return [tag("code", part) if no % 2 else part for no, part in enumerate(said.split("`"))]


# --- runs


def runs(figures: Figures) -> Safe:
    """The runs of the last days as a strip, and those that were not done."""
    strip = figures.strip
    if figures.last is None:
        return section("Runs", para("There has been no run yet."), wide=True)
    ran = [f"{number(strip.counts[state])} {state}" for state in reversed(STATES) if strip.counts[state]]
    said = f"{', '.join(ran) or 'none'}, from {day(strip.days[0])} to {day(strip.days[-1])}"
    title = f"Runs of the last {DAYS} days by hour"
    rows = [f"{one:%a} {one.day}" for one in strip.days]
    known = [(state, f"{state} {number(strip.counts[state])}") for state in _states(figures)]
    drawn = tag("div", charts.grid(rows, _cells(figures), title, said), legend(known))
    told = tag(
        "div", para(said[:1].upper(), said[1:], "."), para(_expected(figures), quiet=True), _troubles(figures)
    )
    return section("Runs", tag("div", drawn, told, class_="side"), wide=True)


def _states(figures: Figures) -> list[str]:
    always = ("done", "partly", "failed", "missing")
    return [*always, *(["running"] if figures.strip.counts["running"] else [])]


def _cells(figures: Figures) -> dict[tuple[int, int], tuple[str, str]]:
    places = {one: no for no, one in enumerate(figures.strip.days)}
    return {
        (places[of_day], hour): (states[0], f"{day(of_day)}, {hour:02}:00: {', '.join(states)}")
        for (of_day, hour), states in figures.strip.cells.items()
    }


def _expected(figures: Figures) -> str:
    gap = figures.strip.cadence
    partly = "Partly: with exit code 3 (a person is needed), 5 (brake) or 6 (Referrizer unavailable)."
    if gap is None:
        enough = (
            f"Missing runs are told from {ENOUGH_GAPS + 1} runs on, when their gaps say how often one comes."
        )
        return f"{enough} {partly}"
    return (
        f"A run is expected every {every(gap)}, the median gap of the last runs; "
        "one that did not come is missing. "
        f"An hour in which none was expected is empty. {partly}"
    )


def _troubles(figures: Figures) -> Safe | None:
    rows = [
        (f"{one.number}", clock(figures.local(one.at)), *_ended(one.code))
        for one in figures.troubles[:SHOWN_TROUBLES]
    ]
    if not rows:
        return None
    more = len(figures.troubles) - len(rows)
    note = para(f"… and {number(more)} more in these days.", quiet=True) if more > 0 else None
    listed = table(
        "Runs that were not done, newest first", ("run", "began", "how it ended", "what to do"), rows
    )
    return folded(f"Runs that were not done ({number(len(figures.troubles))})", listed, note)


def _ended(code: int | None) -> tuple[object, object]:
    said, advice = ended(code)
    number_of = "" if code is None or code < 0 else f" (exit code {code})"
    return f"{said}{number_of}", join(*with_code(advice))


# --- groups


def groups_now(figures: Figures) -> Safe:
    """Contacts by group, now and a week ago."""
    known = figures.history
    shares = [(charts.fill(no), known.now.get(one, 0)) for no, one in enumerate(known.groups)]
    told = ", ".join(f"{short(one)} {number(known.now.get(one, 0))}" for one in known.groups)
    rows = [_group(figures, no, one) for no, one in enumerate(known.groups)]
    total = tag("b", number(known.total), class_="big")
    since = [] if known.before is None else [f"since {day(known.before)}"]
    return section(
        "Contacts by group", para(total, " contacts in Referrizer are linked."),
        charts.share_bar(shares, "Share of each group", told),
        table("Contacts by group now", ("group", "contacts", "share", *since), rows),
        para("All sources of this ledger together.", quiet=True) if len(figures.sources) > 1 else None,
    )  # fmt: skip


def _group(figures: Figures, no: int, name: str) -> tuple[object, ...]:
    known = figures.history
    count = known.now.get(name, 0)
    share = Figure(f"{count / known.total:.1%}" if known.total else "0%")
    change = Figure(_signed(count - known.counted_before.get(name, 0)))
    named = join(charts.swatch(charts.fill(no)), " ", name_of(name))
    return (named, count, share) if known.before is None else (named, count, share, change)


def _signed(change: int) -> str:
    return f"{change:+,}" if change else "0"


def groups_over_time(figures: Figures) -> Safe:
    """Contacts by group, day by day."""
    known = figures.history
    heading = "Groups over time"
    if not known.counted:
        return section(heading, para("No run has counted the groups yet."))
    series = [
        charts.Series(charts.fill(no), [known.counted.get(one, {}).get(name) for one in known.days])
        for no, name in enumerate(known.groups)
    ]
    heads = ("day", *map(name_of, known.groups))
    first, last = min(known.counted), max(known.counted)
    told = (
        f"From {_total(figures, first)} contacts on {day(first)} to {_total(figures, last)} on {day(last)}."
    )
    rows = [(day(one), *(known.counted[one].get(name, 0) for name in known.groups)) for one in known.counted]
    return section(
        heading, charts.bars(series, [day(one) for one in known.days], "Contacts by group and day", told),
        legend([(charts.fill(no), name_of(name)) for no, name in enumerate(known.groups)]),
        para("Counted by the last run of each day; a day without a bar had none.", quiet=True),
        folded("As a table", table("Contacts by group and day", heads, rows[::-1])),
    )  # fmt: skip


def _total(figures: Figures, of_day: date) -> str:
    return number(sum(figures.history.counted[of_day].values()))


def moves(figures: Figures) -> Safe:
    """Who moved in the last seven days."""
    found = figures.moves
    heading = "Who moved this week"
    if not found.flows:
        return section(heading, para("Nobody moved from one group to another in the last seven days."))
    flows = [(_way(before, after), count) for before, after, count in found.flows]
    said = f"{number(found.moves)} moves of {number(found.contacts)} contacts in the last seven days."
    rows = [
        (name_of(one.who), _way(one.before, one.after), short(one.why), clock(figures.local(one.at)))
        for one in found.named
    ]
    note = f"The newest {len(rows)} of {number(found.moves)}; `referrizer-ledger moves` lists those of a run."
    return section(
        heading, para(said), table("Moves by group", ("from → to", "moves"), flows),
        folded("Who", table("Who moved, newest first", ("who", "from → to", "why", "when"), rows),
               para(*with_code(note), quiet=True) if found.moves > len(rows) else None) if rows else None,
    )  # fmt: skip


def _way(before: str | None, after: str) -> Safe:
    return join(name_of(before) if before else tag("i", "new here"), " → ", name_of(after))


# --- visits, accounting


def visits(figures: Figures) -> Safe:
    """Check-ins by day."""
    found = figures.visits
    shown = [fate for fate in FATES if any(found.counts[fate])]
    fills = {fate: charts.fill(no) for no, fate in enumerate(FATES)}
    told = ", ".join(f"{number(sum(found.counts[fate]))} {FATES[fate]}" for fate in shown)
    series = [charts.Series(fills[fate], found.counts[fate]) for fate in shown]
    rows = [
        (day(one), *(found.counts[fate][no] for fate in shown))
        for no, one in enumerate(found.days) if any(found.counts[fate][no] for fate in shown)
    ]  # fmt: skip
    said = para(f"{number(found.total)} check-ins in the last {len(found.days)} days.")
    if not found.total:
        return section("Visits per day", said)
    heads = ("day", *(FATES[fate] for fate in shown))
    return section(
        "Visits per day", said,
        charts.bars(series, [day(one) for one in found.days], "Check-ins by day", told),
        legend([(fills[fate], f"{FATES[fate]}: {number(sum(found.counts[fate]))}") for fate in shown]),
        folded("As a table", table("Check-ins by day", heads, rows[::-1])),
    )  # fmt: skip


def accounts(figures: Figures) -> Safe:
    """What became of every record of the last run."""
    heading = "Where every record went"
    if figures.counted is None:
        return section(heading, para("No run has come so far as to count."), wide=True)
    run_no, counts = figures.counted
    said = f"Run {run_no}, the newest that has counted its records. Each record read is counted once."
    return section(heading, para(said), tag("div", *accounting(counts), class_="side"), wide=True)
