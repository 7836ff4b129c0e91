"""Any order of records, undos, faults, deaths and restarts, against a model of what Referrizer must hold."""

from __future__ import annotations

import json
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.target_referrizer import postgres
from tests.target_referrizer.asking import ask
from tests.target_referrizer.dying import dies_at
from tests.target_referrizer.salon import NOW, Salon, ago, check_in, contact, custom, singer

from sandbox import Sandbox
from target_referrizer.errors import TargetError
from target_referrizer.ledger import Ledger, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Record

SLOW = pytest.mark.slow


def visit_statuses(salon: Salon) -> dict[str, str]:
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        return {row.id: row.status for row in ledger.rows(sa.select(tables.visit))}


def start_over(salon: Salon) -> None:
    """A new account and no ledger."""
    for file in salon.folder.iterdir():
        file.unlink()
    for name in ("contacts", "visits", "journal"):
        getattr(salon.box.referrizer, name).clear()
    salon.box.referrizer.visits._by_contact.clear()


def nothing_is_doubled_or_lost(salon: Salon, keys: range) -> None:
    assert [one["email"] for one in salon.shown()] == [f"ada{key}@example.com" for key in keys]
    assert {custom(one, "Customer Group") for one in salon.shown()} == {"Current customers"}
    effects = salon.box.referrizer.journal
    assert (effects.of("visit_duplicate"), effects.of("text_sent"), effects.of("field_wiped")) == ([], [], [])
    status = visit_statuses(salon)
    assert len(status) == len(keys)
    assert set(status.values()) <= {"delivered", "held"}
    delivered = sum(one == "delivered" for one in status.values())
    assert delivered <= len(salon.visits()) <= len(keys)
    assert salon.run([]).writes == []


def the_ledger_is_not_taken_for_a_lost_one(salon: Salon) -> None:
    """Days later somebody new is looked up among contacts that show our groups by now."""
    salon.pass_time(days=2)
    outcome = salon.run([contact(99)], [check_in(99, 99, salon.now)])
    assert "RFZ-303" not in outcome.log
    assert outcome.accounting["check_ins"]["delivered"] == 1


@pytest.mark.parametrize("shard", [0, 1, pytest.param(2, marks=SLOW), pytest.param(3, marks=SLOW)])
def test_a_first_run_that_dies_anywhere_leaves_nothing_doubled_lost_or_wrong(
    salon: Salon, shard: int
) -> None:
    salon.settings |= {"concurrent_requests": 2, "visits_since": ago(days=3).isoformat()}
    salon.box.referrizer.switches.unique_by = "none"  # nobody but the ledger keeps a contact from doubling
    people = [contact(key, first_name=f"Ada{key}") for key in range(3)]
    lines = [
        *singer("contacts", people),
        *singer("check_ins", [check_in(key, key, ago(days=1)) for key in range(3)]),
    ]
    died = range(shard, 400, 4)
    for step in died:
        start_over(salon)
        if not dies_at(salon, step, lines):
            break
        salon.run_lines(lines)
        nothing_is_doubled_or_lost(salon, range(3))
        the_ledger_is_not_taken_for_a_lost_one(salon)
    assert step > 12


@pytest.mark.parametrize("shard", [0, pytest.param(1, marks=SLOW)])
def test_an_update_that_dies_anywhere_is_finished_by_the_next_run(salon: Salon, shard: int) -> None:
    salon.run([contact(key, last_visit_at=ago(days=85).isoformat()) for key in range(3)])
    for step in range(shard, 400, 2):
        salon.pass_time(days=30 if step == shard else 0, minutes=1)
        news = {"city": f"Town {step}", "updated_at": salon.now.isoformat()}
        old = ago(days=85).isoformat()
        lines = singer("contacts", [contact(key, last_visit_at=old, **news) for key in range(3)])
        died = dies_at(salon, step, lines)
        salon.run_lines(lines)
        assert {one["address"]["city"] for one in salon.shown()} == {news["city"]}
        assert {custom(one, "Customer Group") for one in salon.shown()} == {"Past customers"}
        assert len(salon.shown()) == 3
        if not died:
            break
    assert step > 8


# The machine


@dataclass
class Model:
    """What the sources have said and what must therefore be seen."""

    cities: dict[int, str] = field(default_factory=dict)
    came: dict[int, tuple[int, datetime, bool]] = field(default_factory=dict)
    moves: dict[int, int] = field(default_factory=dict)  # from one e-mail to another
    forgotten: dict[int, Record | None] = field(default_factory=dict)  # what Referrizer shows from then on

    def email(self, key: int) -> str:
        return f"ada{key}.{self.moves.get(key, 0)}@example.com"

    def last_visit(self, key: int) -> datetime | None:
        return max((at for who, at, stands in self.came.values() if who == key and stands), default=None)

    def group(self, key: int, now: datetime) -> str:
        last = self.last_visit(key)
        if last is None:
            return "New"
        return "Fresh" if (now.date() - last.date()).days <= 30 else "Stale"


class Silent:
    """Stands where pytest's capture stands in a test."""

    text = ""

    def readouterr(self) -> Any:
        return type("Captured", (), {"out": "", "err": ""})

    def clear(self) -> None:
        pass


KEYS = st.integers(1, 4)
FAULTS = ["503", "429", "cut_before", "cut_after", "500", "empty_object"]
PLACES = [("POST", "contacts"), ("POST", "visits"), ("PUT", "contacts"), ("GET", "contacts")]
GROUPS = [{"name": "Fresh", "visited_within": "30 days"}, {"name": "Stale"}]


class Business(RuleBasedStateMachine):
    """News comes, time passes, things break; after each undisturbed run Referrizer shows what it should."""

    ledger_url = ""

    @initialize()
    def open(self) -> None:
        self._folder = TemporaryDirectory()
        self._box = Sandbox(contacts=0, zone="UTC", now=NOW).start()
        silent: Any = Silent()
        self.salon = Salon(self._box, Path(self._folder.name), silent, silent)
        self._box.referrizer.switches.minimum_interval_minutes = 0
        self._box.referrizer.switches.unique_by = "none"
        self.salon.settings |= {
            "timezone": "UTC",
            "groups": GROUPS,
            "no_visit_group": "New",
            "visits_since": NOW.isoformat(),
            "minimum_interval_minutes": 0,
            "brake_percent": 99999,
            "max_reject_percent": 100,
        }
        if self.ledger_url:
            self.salon.settings["ledger_url"] = self.ledger_url
            postgres.empty(self.ledger_url)
        self.model, self.next_id = Model(), 1
        self.news: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "_box"):
            self._box.stop()
            self._folder.cleanup()

    # news, in any order, into the next input

    def _tell(self, stream: str, record: Record) -> None:
        self.news += singer(stream, [record])

    @rule(key=KEYS, city=st.sampled_from(["Gary", "Joliet", "Aurora"]))
    def a_contact_is_new_or_changes(self, key: int, city: str) -> None:
        self._box.clock.advance(timedelta(minutes=1))
        self.model.cities[key] = city
        self._say_who(key)

    @rule(key=KEYS)
    def a_contact_has_another_email(self, key: int) -> None:
        if key in self.model.cities:
            self._box.clock.advance(timedelta(minutes=1))
            self.model.moves[key] = self.model.moves.get(key, 0) + 1
            self._say_who(key)

    def _say_who(self, key: int) -> None:
        says = {"email": self.model.email(key), "city": self.model.cities[key]}
        now = self.salon.now.isoformat()
        self._tell("contacts", contact(key, first_name=f"Ada{key}", updated_at=now, **says))

    @rule(key=KEYS)
    def a_guest_comes(self, key: int) -> None:
        self._box.clock.advance(timedelta(minutes=1))
        self.model.came[self.next_id] = (key, self.salon.now, True)
        self._say(self.next_id)
        self.next_id += 1

    @rule(pick=st.integers(0, 99))
    def a_check_in_is_undone_or_done_again(self, pick: int) -> None:
        if not self.model.came:
            return
        self._box.clock.advance(timedelta(minutes=1))
        key = sorted(self.model.came)[pick % len(self.model.came)]
        who, at, stands = self.model.came[key]
        self.model.came[key] = (who, at, not stands)
        self._say(key)

    @rule(pick=st.integers(0, 99))
    def a_check_in_is_told_again(self, pick: int) -> None:
        if self.model.came:
            self._say(sorted(self.model.came)[pick % len(self.model.came)])

    def _say(self, key: int) -> None:
        who, at, stands = self.model.came[key]
        row = check_in(key, who, at, is_checked_in=stands, as_of=self.salon.now.isoformat())
        self._tell("check_ins", row if stands else {**row, "checked_in_at": None})

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        self._box.clock.advance(timedelta(days=days))

    # what a person does

    @rule()
    def a_person_takes_a_baseline(self) -> None:
        ask(self.salon, "baseline")

    @rule()
    def a_person_settles_what_is_held(self) -> None:
        dates = {one["date"][:16] for one in self.salon.visits()}
        for key, status in visit_statuses(self.salon).items():
            if status in {"held", "sending"}:
                is_there = self.model.came[int(key)][1].isoformat()[:16] in dates
                ask(self.salon, "held", "--confirm" if is_there else "--resend", key)

    @rule(key=KEYS)
    def a_person_is_forgotten(self, key: int) -> None:
        try:
            ask(self.salon, "forget", str(key))
        except TargetError as unknown:
            assert unknown.code in {"RFZ-403", "RFZ-404"}  # noqa: PT017 - nobody to forget yet
            return
        found = [one for one in self.salon.shown() if one["firstName"] == f"Ada{key}"]
        self.model.forgotten.setdefault(key, deepcopy(found[0]) if found else None)

    # runs

    @rule(
        kind=st.sampled_from(FAULTS),
        place=st.sampled_from(PLACES),
        nth=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    )
    def a_run_with_faults(self, kind: str, place: tuple[str, str], nth: list[int]) -> None:
        method, path = place
        self._box.faults.add(kind, vendor="referrizer", method=method, path=path, nth=nth)
        self._run()
        self._box.faults.clear()

    @rule(transaction=st.integers(0, 45))
    def a_run_that_dies(self, transaction: int) -> None:
        dies_at(self.salon, transaction, self.news)  # the tap emits the same again: its state never left

    @rule()
    def a_run_of_which_all_is_true(self) -> None:
        code = self._run()
        statuses = visit_statuses(self.salon)
        assert code == (3 if "held" in statuses.values() else 0)
        self.news = []
        self._contacts_are_right()
        self._visits_are_right(statuses)
        assert self.salon.run([]).writes == []

    def _run(self) -> int:
        return self.salon.run_lines(self.news).code

    def _contacts_are_right(self) -> None:
        shown = {one["firstName"]: one for one in self.salon.shown()}
        assert len(shown) == len(self.salon.shown())
        for key, as_it_was in self.model.forgotten.items():
            assert shown.pop(f"Ada{key}", None) == as_it_was
        living = {key: city for key, city in self.model.cities.items() if key not in self.model.forgotten}
        assert set(shown) == {f"Ada{key}" for key in living}
        for key, city in living.items():
            one, last = shown[f"Ada{key}"], self.model.last_visit(key)
            assert one["email"] == self.model.email(key)
            assert one["address"]["city"] == city
            assert custom(one, "Customer Group") == self.model.group(key, self.salon.now)
            assert (custom(one, "Last Visit Date") or None) == (last.date().isoformat() if last else None)

    def _visits_are_right(self, statuses: dict[str, str]) -> None:
        dates = {one["date"][:16] for one in self.salon.visits()}
        for key, (who, at, stands) in self.model.came.items():
            if who in self.model.forgotten:
                continue
            if stands and who in self.model.cities:
                assert statuses[str(key)] in {"delivered", "held"}
            if statuses[str(key)] == "delivered":
                assert at.isoformat()[:16] in dates

    @invariant()
    def no_visit_is_doubled_and_nobody_is_texted(self) -> None:
        if not hasattr(self, "_box"):
            return
        assert self._box.referrizer.journal.of("visit_duplicate") == []
        assert self._box.referrizer.journal.of("text_sent") == []
        names = [one["firstName"] for one in self.salon.shown()]
        assert len(names) == len(set(names)), json.dumps(names)


def explore(examples: int, steps: int, machine: type[Business] = Business) -> None:
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=how)


def test_any_history_ends_in_what_the_sources_said() -> None:
    explore(12, 14)


@SLOW
def test_any_long_history_ends_in_what_the_sources_said() -> None:
    explore(60, 30)


@SLOW
def test_any_history_ends_in_what_the_sources_said_on_a_server_too(server: str) -> None:
    class OnServer(Business):
        ledger_url = server

    explore(25, 25, OnServer)
