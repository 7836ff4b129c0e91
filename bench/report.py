"""Writes docs/performance.md from what was measured: `python -m bench.report`, or `make docs`.

All figures, and what is said of them, come from bench/results.json and bench/history.json.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench import growing
from bench.measuring import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RESULTS, HISTORY = ROOT / "bench" / "results.json", ROOT / "bench" / "history.json"
PAGE = ROOT / "docs" / "performance.md"
BESIDE = ("records", "time, s", "processor time, s", "largest memory, MB", "calls")
"""Columns beside what counts. Both times are of a whole run, its start included."""
SHOWN = 12
"""So many rooms of a profile are told apart."""

HEAD = """\
# Performance

What tap-booker and target-referrizer cost, beside other programs that do the same work in the same run.
`make bench` measures, `make docs` makes this page of the figures in
[bench/results.json](../bench/results.json).
"""
HOW = """\
## How to measure

<!-- not run: everything takes {took}; a test runs it small -->
```sh
make bench                                   # everything: {took}
make bench BENCH="--runs 1 --scale 0.02"     # a look, in minutes
make bench BENCH="--only staging --profile"  # one case, and where its time goes
make bench BENCH="--profile --json bench/results.json"; make docs    # renew this page
```

Nothing but loopback is used. Both vendors are one bare stub with a set latency; what the stub itself costs
stands above. Variants of a case run in turn, so that a busy minute of the machine meets each of them. A rate
is of records without the start of the program: it is measured apart and taken off, or lies before the first
call. *Processor time* is
user and system time of the whole process; memory is its largest resident set. Ledgers that a case begins with
are made by a first load with both plugins, and kept under `.cache/bench`; copies of its check-ins make a
history deep, those of the last month alone make one short.
"""
PEERS = """\
## Peers

- *stock SDK tap* and *stock SDK target*: what the Singer SDK's documentation shows, untuned: a `RESTStream`
  page by page; a `RecordSink` that posts each record with `requests`. Singer SDK {singer-sdk}, as ours.
- *idle SDK target*: a `RecordSink` that does nothing, with and without the SDK's validation.
- *dlt* {dlt}: the source `rest_api`, and a custom destination. As documented, a load job calls the
  destination with one batch after the other: its calls do not overlap.
- *target-jsonl* {target-jsonl}: writes each record to a file.

They are in [bench/peers](../bench/peers), each as its own documentation shows it.
"""


def page(results: Mapping[str, Any], history: Sequence[Mapping[str, str]]) -> str:
    """The whole page."""
    cases: dict[str, Any] = results["cases"]
    compared = {name: case for name, case in cases.items() if "values" in case}
    parts = [
        [HEAD],
        _machine(results["machine"], cases, results.get("left_out", ())),
        _ratios(compared),
        _floors(cases),
        [PEERS.format(**results["machine"], **results["peers"])],
        _cases(compared),
        growing.section(cases),
        _profiles(cases),
        _history(history),
        _stub(compared),
        [HOW.format(took=_took(cases))],
    ]
    return "\n".join(line for part in parts for line in part)


def table(*head: str) -> Iterator[str]:
    """The first two lines of a table; all columns but the first are numbers."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(['---', *['---:'] * (len(head) - 1)])}|"


def number(value: float | None) -> str:
    """A number as people read it."""
    if value is None:
        return "\u2013"
    if value >= 100 or value == int(value):  # noqa: PLR2004 - a fraction says nothing any more
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004


def _took(cases: Mapping[str, Any]) -> str:
    """How long all cases took together, as measured."""
    minutes = sum(case["took_seconds"] for case in cases.values()) / 60
    scales = {case["scale"] for case in cases.values()}
    return f"{minutes:,.0f} minutes here" + ("" if scales == {1.0} else ", for the share above")


def _machine(machine: Mapping[str, Any], cases: Mapping[str, Any], left_out: Sequence[str]) -> Iterator[str]:
    dates = sorted({case["date"] for case in cases.values()})
    scales = sorted({case["scale"] for case in cases.values()})
    loads = max(case["load_at_start"] for case in cases.values())
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    yield f"Measured {when}: {machine['processor']}, {machine['cores']} cores, {machine['system']}, Python"
    yield f"{machine['python']}, Singer SDK {machine['singer-sdk']}, tap-booker {machine['tap-booker']},"
    commits = sorted({case["commit"] for case in cases.values() if case.get("commit")})
    at = f", commit {' and '.join(commits)}" if commits else ""
    yield f"target-referrizer {machine['target-referrizer']}{at}."
    yield f"The load of the machine before a case was up to {loads}."
    yield from (f"Left out: {missing}." for missing in left_out)
    for scale in (one for one in scales if one != 1):
        which = "; ".join(case["title"] for case in cases.values() if case["scale"] == scale)
        yield f"\n**Only a look**, with {scale:g} of the work: {which}."
    yield ""


def _floors(cases: Mapping[str, Any]) -> Iterator[str]:
    floors = [(case, floor) for case in cases.values() for floor in case["floors"]]
    missed = sum(not floor["is_reached"] for _, floor in floors)
    yield "## What has to be reached\n"
    yield f"{len(floors)} bounds, {len(floors) - missed} reached, {missed} missed.\n"
    yield from table("work", "what", "found", "wanted", "")
    for case, floor in floors:
        what = f"{floor['of']} ÷ {_against(floor)}" if floor["against"] else floor["of"]
        unit = f" {floor['unit']}" if floor["unit"] else ""
        wanted = f"{floor['bound']} {number(floor['limit'])}{unit}"
        verdict = "reached" if floor["is_reached"] else "**missed**"
        yield f"| {case['title']} | {_cell(what)} | {number(floor['found'])}{unit} | {wanted} | {verdict} |"
    yield "\nMore than the latency allows is noise, or a start that took longer alone than in the run: such a"
    yield "rate says nothing, and counts as missed.\n"


def _against(floor: Mapping[str, Any]) -> str:
    return "what the latency allows" if floor["against"] == "ideal" else str(floor["against"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _ratios(compared: Mapping[str, Any]) -> Iterator[str]:
    yield "## Ratios: ours ÷ theirs\n"
    yield from table("work", "theirs", "ours ÷ theirs", "ours", "theirs")
    for case in compared.values():
        ours = next(iter(case["values"].values()), {"median": None})["median"]
        for who, ratio in case["ratios"].items():
            theirs = case["ideal"] if who == "ideal" else case["values"][who]["median"]
            name = "what the latency allows" if who == "ideal" else who
            yield f"| {case['title']} | {name} | {number(ratio)} | {number(ours)} | {number(theirs)} |"
    yield "\nBoth in records per second, of the clock or of processor time as each kind of work says below.\n"


def _cases(compared: Mapping[str, Any]) -> Iterator[str]:
    yield "## Each kind of work\n"
    yield "Both times are of a whole run, with the start of the program; of several runs, their medians.\n"
    for case in compared.values():
        counted = "one run" if case["runs"] == 1 else f"median of {case['runs']} runs"
        yield f"### {case['title']}\n"
        yield from table("", f"{case['unit']}, {counted}", "least to most", *BESIDE)
        for who, value in case["values"].items():
            span = f"{number(value['least'])} to {number(value['most'])}"
            yield f"| {_cell(who)} | {number(value['median'])} | {span} | {_beside(case, who)} |"
        for who in case.get("too_short_to_tell", ()):
            yield f"| {_cell(who)} | too short to tell | | {_beside(case, who)} |"
        yield f"\n{case['note']}\n" if case["note"] else ""


def _beside(case: Mapping[str, Any], who: str) -> str:
    """What else is known of a variant, its start included."""
    seconds = case.get("seconds", {}).get(who, {})
    calls = sum(case.get("calls", {}).get(who, {}).values())
    known = (
        case["records"].get(who) or None,
        seconds.get("wall"),
        seconds.get("cpu"),
        case.get("memory_mb", {}).get(who),
        calls or None,
    )
    return " | ".join(map(number, known))


def _profiles(cases: Mapping[str, Any]) -> Iterator[str]:
    profiles = {case["title"]: case["profile"] for case in cases.values() if case.get("profile")}
    if not profiles:
        return
    yield "## Where the time goes\n"
    yield "Share of the processor time of one run of ours under Python's profiler, which makes function calls"
    yield "dearer than they are. *Python* is its standard library; *imports* is loading code.\n"
    for title, rooms in profiles.items():
        whole = sum(rooms.values())
        most = list(rooms.items())[:SHOWN]
        told = [f"{room} {took / whole:.0%}" for room, took in most if took / whole >= 0.01]  # noqa: PLR2004
        yield f"- **{title}**: {', '.join(told)}"
    yield ""


def _history(history: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if not history:
        return
    yield "## What was changed for it\n"
    yield "| change | what | before | after |"
    yield "|---|---|---|---|"
    for one in history:
        yield f"| {one['change']} | {one['what']} | {one['before']} | {one['after']} |"
    yield ""


def _stub(compared: Mapping[str, Any]) -> Iterator[str]:
    seen = [
        (load["busy"], load["ms_per_call"], who, case["title"])
        for case in compared.values()
        for who, load in case.get("stub", {}).items()
    ]
    if not seen:
        return
    busy, _, who, title = max(seen)
    dearest = max(cost for _, cost, _, _ in seen)
    yield "## What the stub costs\n"
    yield f"One process on one core, busy for at most {busy:.0%} of the time ({title}; {who})."
    yield f"A call took it at most {dearest:.2f} ms. Its processor time is in no figure above.\n"


def main() -> None:
    """Renew the page."""
    results, history = (json.loads(path.read_text(encoding="utf-8")) for path in (RESULTS, HISTORY))
    PAGE.write_text(page(results, history), encoding="utf-8")


if __name__ == "__main__":
    main()
