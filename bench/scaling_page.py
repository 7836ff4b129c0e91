"""Makes docs/scaling.md: arithmetic over the measured figures of one location, each step shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1, 100, 1000, 5000)
HOURS = 730  # of a month
OPEN_HOURS = 312  # with news: 12 hours on 26 days
NIGHTS = 30
LOOKS = 4 * HOURS  # of the watch: every 15 minutes
BUSY = 0.7  # share of its cores that a worker should be busy for at most
PASSES = HOURS + NIGHTS
ENVIRONMENT = 2_097_152  # bytes that Linux gives a process for its environment, at the usual 8 MB of stack
SECRET = 300  # bytes of a token of Referrizer with its variable's name
MAPPED, CONNECTIONS, LOCKS, TABLES = 1024, 100, 6400, 12
HELD = 2  # connections of a run, counted on a server: Meltano and the target


@dataclass(frozen=True)
class Prices:
    """What a reader pays; in any currency."""

    core_hour: float = 0.04
    gigabyte_month: float = 0.12
    million_calls: float = 0.0


@dataclass(frozen=True)
class Franchise:
    """The costs of so many locations.

    Attributes:
        locations: How many.
        figures: Of one.
    """

    locations: int
    figures: dict[str, Any]

    def _run(self, kind: str, what: str) -> float:
        return float(self.figures["runs"][kind][what])

    def monthly(self, what: str) -> float:
        """Of all hourly and nightly runs of a month."""
        hourly = OPEN_HOURS * self._run("news", what) + (HOURS - OPEN_HOURS) * self._run("quiet", what)
        return self.locations * (hourly + NIGHTS * self._run("night", what))

    @property
    def cores(self) -> float:
        """Busy throughout the hour in which most happens."""
        return self.locations * self._run("news", "cpu") / 3600

    @property
    def watch_cores(self) -> float:
        """Busy with the watch, looking every 15 minutes."""
        return self.locations * self._run("watch", "cpu") / 900

    @property
    def slots(self) -> int:
        """Locations that must run at once so that all are done within the hour."""
        return math.ceil(self.locations * self._run("news", "seconds") / 3600 / BUSY)

    @property
    def machine(self) -> int:
        """Cores to have."""
        return math.ceil((self.cores + self.watch_cores) / BUSY)

    @property
    def core_hours(self) -> float:
        """Of a month, used."""
        return (self.monthly("cpu") + self.locations * LOOKS * self._run("watch", "cpu")) / 3600

    @property
    def memory(self) -> float:
        """GB of the runs that are under way at once: three processes each."""
        return self.slots * 3 * float(self.figures["largest_process_mb"]) / 1024

    @property
    def booker_rate(self) -> float:
        """Calls to Booker a second, spread evenly."""
        return self.monthly("booker") / HOURS / 3600

    @property
    def tasks(self) -> int:
        """Task instances that Airflow keeps of a month, tried again or not."""
        return self.locations * PASSES

    @property
    def rows(self) -> int:
        """Of all ledgers."""
        return self.locations * int(self.figures["rows"])

    @property
    def gigabytes(self) -> float:
        """Of all databases."""
        return self.locations * float(self.figures["bytes"]) / 1e9

    def money(self, prices: Prices) -> float:
        """Of a month, for the cores that are to be had, the databases and the calls."""
        calls = self.monthly("booker") / 1e6 * prices.million_calls
        return self.machine * HOURS * prices.core_hour + self.gigabytes * prices.gigabyte_month + calls


def page(figures: dict[str, Any], **prices: float) -> str:
    """The whole page."""
    sizes = [Franchise(number, figures) for number in SIZES]
    parts = [
        HEAD.format(**figures),
        _measured(figures),
        MODEL.format(open=OPEN_HOURS, quiet=HOURS - OPEN_HOURS, nights=NIGHTS, busy=round(100 * BUSY)),
        _costs(sizes, Prices(**prices)),
        MONEY.format(**vars(Prices(**prices))),
        _limits(sizes[-1]),
    ]
    return "\n".join(parts)


def _measured(figures: dict[str, Any]) -> str:
    lines = [
        "| | processor time, s | time, s | calls to Booker | calls to Referrizer |",
        "|---|---:|---:|---:|---:|",
    ]
    for kind, name in NAMES.items():
        run = figures["runs"][kind]
        calls = [f"{run[vendor]:,.0f}" if vendor in run else "" for vendor in ("booker", "referrizer")]
        lines.append(f"| {name} | {run['cpu']:.3g} | {run['seconds']:.3g} | {' | '.join(calls)} |")
    return "\n".join([*lines, "", AFTERWARDS.format(megabytes=figures["bytes"] / 1e6, **figures)])


def _costs(sizes: list[Franchise], prices: Prices) -> str:
    def each(name: str, value: Callable[[Franchise], float], form: str = ",.0f") -> str:
        return f"| {name} | {' | '.join(format(value(one), form) for one in sizes)} |"

    lines = [
        "## What it costs",
        "",
        each("locations", lambda one: one.locations),
        "|---|" + "---:|" * len(sizes),
        each("calls to Booker a month, millions", lambda one: one.monthly("booker") / 1e6, ",.3f"),
        each("calls to Referrizer a month, millions", lambda one: one.monthly("referrizer") / 1e6, ",.3f"),
        each("calls to Booker a second, spread evenly", lambda one: one.booker_rate, ",.2f"),
        each("cores busy with runs", lambda one: one.cores, ",.2f"),
        each("cores busy with the watch", lambda one: one.watch_cores, ",.2f"),
        each(f"workers: cores to have, {BUSY:.0%} busy at most", lambda one: one.machine),
        each("slots of the pool", lambda one: one.slots),
        each("memory of the runs under way, GB", lambda one: one.memory, ",.1f"),
        each("rows in all ledgers", lambda one: one.rows),
        each(
            "Airflow's rows a month: task instances, and as many XComs, millions",
            lambda one: one.tasks / 1e6,
            ",.3f",
        ),
        each("databases, GB", lambda one: one.gigabytes, ",.2f"),
        each("core hours used a month", lambda one: one.core_hours),
        each("**money a month**", lambda one: one.money(prices)),
    ]
    return "\n".join([*lines, ""])


def _limits(most: Franchise) -> str:
    runs = most.figures["runs"]
    return LIMITS.format(
        locations=most.locations,
        mapped=MAPPED,
        slots=most.slots,
        tasks=most.tasks / 1e6,
        passes=PASSES,
        connections=CONNECTIONS,
        held=HELD,
        at_once=CONNECTIONS // HELD,
        wanted=most.slots * HELD + 20,
        environment=ENVIRONMENT // 1024,
        secret=SECRET,
        two=ENVIRONMENT // (2 * SECRET),
        one=ENVIRONMENT // SECRET,
        schemas=LOCKS // TABLES,
        tables=TABLES,
        locks=LOCKS,
        per_second=most.booker_rate,
        share=1 - runs["plain"]["cpu"] / runs["quiet"]["cpu"],
    )


NAMES = {
    "first": "the first load",
    "news": "an hour with 3 new contacts, 4 changes, 6 check-ins and one undone",
    "quiet": "an hour without news",
    "night": "a night: all contacts read again",
    "plain": "an hour without news, tap and target in a pipe without Meltano",
    "watch": "the watch, for each of 200 locations in one look",
}
HEAD = """\
# Scaling

What many locations cost, computed from one that was measured, and where the first limit lies. How to run them
stands in [Operating](operating.md#many-locations). `python -m bench.scaling --measure` measures, and makes this
page of [bench/scaling.json](../bench/scaling.json) with the arithmetic of `bench/scaling_page.py`;
`python -m bench.scaling --core-hour 0.03 --million-calls 50` prints it with your prices.

## One location, measured

A made-up salon of {contacts:,} contacts with a year of check-ins, run as `python -m orchestrate run` runs it,
with `requests_per_second` 0 and vendors that answer at once: with real ones a run takes longer by the clock, and
no more of the processor. Measured {measured} on {machine}, Python {python}, at a load of {load}.
"""
AFTERWARDS = """\
Then ledger and state have {rows:,} rows and {megabytes:.1f} MB (SQLite). The largest process had
{largest_process_mb} MB; a run has three: Meltano, tap, target.
"""
MODEL = """\
## The month that is computed

Of 730 hours {open} have such news and {quiet} none; {nights} nights read all contacts. All locations run every
hour, spread over it as the pool lets them. Cores and slots are busy for {busy}% at most; slots follow from the
seconds above, so slower vendors want more of them. Calls are those that were counted;
what each kind of news costs in calls stands in
[the target's README](../target-referrizer/README.md#what-a-run-costs-in-calls), and how a location's size tells in
[Performance](performance.md#how-cost-grows).
"""
MONEY = """\
Money is at {core_hour:g} for an hour of one core, {gigabyte_month:g} for a GB of database a month and
{million_calls:g} for a million calls to Booker. These are placeholders and no vendor's prices: put in your own.
A price for Booker's calls stands in the contract, if anywhere; those of the first load come on top, once. Airflow's
own scheduler, API server and database are left out: they were seen to take about 0.9 GB of memory. Ledgers on a
PostgreSQL server take more room than these files: [Performance](performance.md) has both.
"""
LIMITS = """\
## Where the first limit lies, on the way to {locations:,}

| at | limit | what to do |
|---|---|---|
| {schemas:,} schemas | `pg_dump` of a whole database locks every table, {tables} in each schema, and there are \
{locks:,} locks unless told otherwise | `pg_dump --schema=loc_chicago`, one by one, or a higher \
`max_locks_per_transaction` |
| more than {mapped:,} locations | Airflow maps at most {mapped:,} tasks (`max_map_length`): the run fails at once \
| `AIRFLOW__CORE__MAX_MAP_LENGTH={locations}` |
| more than 32 at once | Airflow's `parallelism` is 32 tasks for each scheduler, whatever the pool has \
| `AIRFLOW__CORE__PARALLELISM` above the slots of the pool (here {slots}); workers on several machines |
| {at_once} at once | a PostgreSQL server takes {connections} connections unless told otherwise, and a run held \
{held} when counted | `max_connections` = {wanted}, or fewer slots |
| {two:,} locations | Linux gives a process {environment:,} kB of environment; two tokens a location are about \
2 · {secret} bytes (with one, {one:,} locations) | several files of locations, each with its own workers |
| with time | Airflow keeps a row for each task instance and one for what it said: {passes} passes a month make \
{tasks:.1f} million of each for {locations:,} locations | `airflow db clean --clean-before-timestamp … --yes`, daily; \
PostgreSQL for Airflow's own database |
| unknown | Booker's quota and rate are those of the subscription key, so of all its locations together: \
{per_second:.1f} calls a second for {locations:,}, spread evenly | the pool: its slots times \
`TAP_BOOKER_CONCURRENT_REQUESTS` is the most that is under way at once |
| none | Referrizer's rate is each account's own, and `requests_per_second` keeps it | nothing |

So the first limits are settings: a dump of everything on one server, then the length of Airflow's map. The first
that costs money is processor time; {share:.0%} of a run's, in an hour without news, is Meltano's own. Tap and
target in a pipe do the rest of the work alone; then the state is yours to keep. The limits of Airflow, PostgreSQL
and Linux are their documented defaults, and were not reached here.
"""
