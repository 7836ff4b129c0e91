"""The sections of the report, each a heading and what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_referrizer.report import charts
from target_referrizer.report.markup import Safe, join, name_of, number, short, tag
from target_referrizer.report.parts import legend, para, section, with_code, with_note
from target_referrizer.report.rhythm import ENOUGH_GAPS
from target_referrizer.report.runs import DAYS, STATES
from target_referrizer.report.tables import Brief, Figure, accounting, folded, table
from target_referrizer.report.visits import FATES
from target_referrizer.report.words import day, ended, every, moment
from target_referrizer.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from target_referrizer.report.figures import Figures
    from target_referrizer.report.runs import RunSeen
    from target_referrizer.report.waiting import Waiting
    from target_referrizer.typed import Commands

SHOWN_TROUBLES = 10


# --- what waits


def waiting(figures: Figures) -> Safe:
    """What waits for a person, with what to do; and what the next run does by itself."""
    people = [one for one in figures.waiting if one.needs_person]
    others = [one for one in figures.waiting if not one.needs_person]
    calm = None if people else para("Nothing waits for a person.")
    listed = _tasks(figures, people) if people else None
    later = (tag("h3", "For the next run"), _tasks(figures, others))
    return section("What waits for a person", calm, listed, *(later if others else ()), wide=True)


def _tasks(figures: Figures, some: Sequence[Waiting]) -> Safe:
    return tag("ul", *(_waiting(figures.commands, one) for one in some), class_="tasks")


def _waiting(commands: Commands, one: Waiting) -> Safe:
    badge = tag("span", one.kind, class_=f"kind {'person' if one.needs_person else 'later'}")
    return tag(
        "li", tag("b", number(one.count), class_="count"),
        tag("div",
            para(badge, " ", one.what),
            para(tag("b", "What to do: "), *with_code(commands, one.action)),
            _named(commands, one) if one.named else None,
            folded("Commands to copy", *(para(*with_code(commands, step)) for step in one.steps))
            if one.steps else None),
    )  # fmt: skip


def _named(commands: Commands, one: Waiting) -> Safe:
    """A few of them, and how all are listed."""
    left = one.count - len(one.named)
    more = f"; `referrizer-ledger {one.listing}` lists {number(left)} more" if left else ""
    names = [join(", " if no else "", name_of(name)) for no, name in enumerate(one.named)]
    return para(*names, *with_code(commands, more), quiet=True)


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
    drawn = tag("div", charts.grid(rows, _cells(figures), title, said, strip.now), legend(known))
    told = tag(
        "div", para(said[:1].upper(), said[1:], "."), para(_expected(figures), quiet=True),
        _troubles(figures), folded("As a table", _by_day(figures)),
    )  # fmt: skip
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
    partly = (
        "Partly: with exit code 3 (a person is needed), 5 (brake) or 6 (Referrizer unavailable), or with "
        "nothing to read."
    )
    if gap is None:
        enough = (
            f"Missing runs are told from {ENOUGH_GAPS + 1} runs on, when their gaps say how often one comes."
        )
        return f"{enough} {partly}"
    return (
        f"A run is expected every {every(gap)}, the median gap of the last runs; "
        "one that did not come is missing. At hours and on weekdays at which this source has rested in the "
        f"last weeks none is expected, and the hour is empty. {partly}"
    )


def _by_day(figures: Figures) -> Safe:
    """What the strip shows, in numbers."""
    strip, states = figures.strip, _states(figures)
    rows = [(Brief(day(one)), *(strip.by_day[one][state] for state in states)) for one in strip.days]
    return table("Runs by day", ("day", *states), rows[::-1])


def _troubles(figures: Figures) -> Safe | None:
    rows = [_trouble(figures, some) for some in figures.troubles[:SHOWN_TROUBLES]]
    if not rows:
        return None
    more = sum(map(len, figures.troubles[SHOWN_TROUBLES:]))
    note = para(f"… and {number(more)} more in these days.", quiet=True) if more else None
    listed = table(
        "Runs that were not done, newest first", ("run", "began", "how it ended, and what to do"), rows
    )
    return folded(f"Runs that were not done ({number(sum(map(len, figures.troubles)))})", listed, note)


def _trouble(figures: Figures, some: Sequence[RunSeen]) -> tuple[object, ...]:
    """One run, or several after each other that ended alike, the newest first."""
    last, first = some[0], some[-1]
    said, advice = ended(last.code)
    code = "" if last.code is None or last.code < 0 else f" (exit code {last.code})"
    began = [Brief(moment(figures.local(one.at))) for one in (first, last)]
    do = join(*with_code(figures.commands, advice))
    if len(some) == 1:
        return Brief(f"{last.number}"), began[0], with_note(f"{said}{code}", do)
    how = f"{number(len(some))} runs: each {said}{code}"
    return f"{first.number} to {last.number}", f"{began[0]} to {began[1]}", with_note(how, do)


# --- groups


def groups_now(figures: Figures) -> Safe:
    """Contacts by group, now and a week ago."""
    known = figures.history
    shares = [(charts.fill(no), known.now.get(one, 0)) for no, one in enumerate(known.groups)]
    told = ", ".join(f"{short(one)} {number(known.now.get(one, 0))}" for one in known.groups)
    rows = [_group(figures, no, one) for no, one in enumerate(known.groups)]
    total = tag("b", number(known.total), class_="big")
    linked = (
        " contact in Referrizer is linked." if known.total == 1 else " contacts in Referrizer are linked."
    )
    since = [] if known.before is None else [f"since {day(known.before)}".replace(" ", "\N{NO-BREAK SPACE}")]
    return section(
        "Contacts by group", para(total, linked),
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
    told = f"From {_total(figures, first)} on {day(first)} to {_total(figures, last)} on {day(last)}."
    rows = [
        (Brief(day(one)), *(known.counted[one].get(name, 0) for name in known.groups))
        for one in known.counted
    ]
    return section(
        heading, charts.bars(series, [day(one) for one in known.days], "Contacts by group and day", told),
        legend([(charts.fill(no), name_of(name)) for no, name in enumerate(known.groups)]),
        para("Counted by the last run of each day; a day without a bar had none.", quiet=True),
        folded("As a table", table("Contacts by group and day", heads, rows[::-1])),
    )  # fmt: skip


def _total(figures: Figures, of_day: date) -> str:
    return counted(sum(figures.history.counted[of_day].values()), "contact")


def moves(figures: Figures) -> Safe:
    """Who moved in the last seven days."""
    found = figures.moves
    heading = "Who moved this week"
    if not found.flows:
        return section(heading, para("Nobody moved from one group to another in the last seven days."))
    flows = [(_way(before, after), count) for before, after, count in found.flows]
    moved, who = counted(found.moves, "move"), counted(found.contacts, "contact")
    said = f"{moved} of {who} in the last seven days."
    rows = [
        (
            name_of(one.who),
            with_note(_way(one.before, one.after), short(one.why)),
            Brief(moment(figures.local(one.at))),
        )
        for one in found.named
    ]
    return section(
        heading, para(said), table("Moves by group", ("from → to", "moves"), flows),
        folded("Who", table("Who moved, newest first", ("who", "from → to, and why", "when"), rows),
               _more(figures, len(rows))) if rows else None,
    )  # fmt: skip


def _more(figures: Figures, named: int) -> Safe | None:
    if figures.moves.moves <= named:
        return None
    note = f"The newest {named} of {number(figures.moves.moves)}; `referrizer-ledger moves` lists a run's."
    return para(*with_code(figures.commands, note), quiet=True)


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
        (Brief(day(one)), *(found.counts[fate][no] for fate in shown))
        for no, one in enumerate(found.days) if any(found.counts[fate][no] for fate in shown)
    ]  # fmt: skip
    said = para(f"{counted(found.total, 'check-in', 'check-ins')} in the last {len(found.days)} days.")
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
