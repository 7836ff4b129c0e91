"""Many contacts are served at once, each of them in order: created before its visits, these in time order."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer.salon import NOW, Salon, ago, check_in, contact
from tests.target_referrizer.test_growth import steps_taken

from target_referrizer.ledger import posting, tables
from target_referrizer.ledger.store import Ledger
from target_referrizer.referrizer import Referrizer
from target_referrizer.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WIDTH = 16
WAIT = 30
"""Seconds after which a call that too few others join gives up: long, since only a failing test waits so."""


class Watch:
    """Lets calls go on only when as many are under way as there are workers, and notes their order."""

    def __init__(self) -> None:
        self._together = threading.Barrier(WIDTH)
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self.done: list[tuple[str, str]] = []
        self.most_of_one = 0

    def around(self, call: Callable[..., Any], about: Callable[..., str], what: str) -> Callable[..., Any]:
        def watched(client: Referrizer, *args: Any) -> Any:
            whose = about(*args)
            with self._lock:
                self._under_way[whose] += 1
                self.most_of_one = max(self.most_of_one, self._under_way[whose])
            self._together.wait(WAIT)
            answer = call(client, *args)
            with self._lock:
                self._under_way[whose] -= 1
                self.done.append((whose, args[0].get("date") or what))
            return answer

        return watched


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, salon: Salon) -> Watch:
    """Over all creates and visits; a contact is known by its e-mail, that of a visit's contact looked up."""
    watch, contacts = Watch(), salon.box.referrizer.contacts
    created = watch.around(Referrizer.create_contact, lambda payload: str(payload["email"]), "created")
    posted = watch.around(
        Referrizer.create_visit, lambda payload: str(contacts[payload["contactId"]]["email"]), "visit"
    )
    monkeypatch.setattr(Referrizer, "create_contact", created)
    monkeypatch.setattr(Referrizer, "create_visit", posted)
    return watch


def test_sixteen_at_once_and_each_contact_in_order(salon: Salon, watch: Watch) -> None:
    people = range(2 * WIDTH)
    rows = [
        check_in(100 * key + day, key, ago(days=day, minutes=key)) for day in (3, 1, 4, 2) for key in people
    ]
    salon.settings |= {"visits_since": ago(days=9).isoformat(), "concurrent_requests": WIDTH}
    outcome = salon.run([contact(key) for key in people], rows)
    assert outcome.accounting["check_ins"]["delivered"] == len(rows)
    of_contact: dict[str, list[str]] = {}
    for whose, what in watch.done:
        of_contact.setdefault(whose, []).append(what)
    assert watch.most_of_one == 1
    assert len(of_contact) == len(people)
    assert all(done == ["created", *sorted(done[1:])] and len(done) == 5 for done in of_contact.values())


# Whose visit is next

PAGE = 50


@pytest.fixture
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "PAGE", PAGE)


def fill(ledger: Ledger, contacts: int, visits: int) -> None:
    """So many linked contacts with so many visits to send each."""
    with ledger.transaction() as tx:
        tx.execute(
            sa.insert(tables.contact),
            [
                {"source": "booker", "id": f"c{no}", "remote_id": f"r{no:05d}", "status": "linked",
                 "record": "{}", "staged_run": 1, "first_key": "", "last_key": ""}
                for no in range(contacts)
            ],
        )  # fmt: skip
        tx.execute(
            sa.insert(tables.visit),
            [
                {"source": "booker", "id": f"{no}-{nth}", "contact_id": f"c{no}", "is_checked_in": True,
                 "checked_in_at": ago(minutes=nth), "as_of": NOW, "status": "open", "staged_run": 1}
                for no in range(contacts)
                for nth in range(visits)
            ],
        )  # fmt: skip


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Callable[[int, int], Ledger]]:
    ledgers: list[Ledger] = []

    def make(contacts: int, visits: int) -> Ledger:
        ledgers.append(Ledger(f"sqlite:///{tmp_path}/{contacts}-{visits}.db"))
        fill(ledgers[-1], contacts, visits)
        return ledgers[-1]

    yield make
    for ledger in ledgers:
        ledger.close()


def all_turns(ledger: Ledger, width: int) -> list[list[Any]]:
    """All visits, in rounds of as many as may be under way at once."""
    turns = Turns("booker", ago(days=9))
    rounds: list[list[Any]] = []
    while True:
        with ledger.transaction() as tx:
            taken = [row for row in (turns.take(tx) for _ in range(width)) if row is not None]
        if not taken:
            return rounds
        rounds.append(taken)
        for row in taken:
            turns.give_back(row.to)


@pytest.mark.usefixtures("_small_pages")
def test_contacts_with_more_visits_than_a_page_do_not_hold_up_the_others(
    filled: Callable[[int, int], Ledger],
) -> None:
    contacts, visits = 4, 2 * PAGE + 7
    rounds = all_turns(filled(contacts, visits), width=contacts)
    assert [len({row.to for row in taken}) for taken in rounds] == [contacts] * visits
    for to in {row.to for row in rounds[0]}:
        times = [row.checked_in_at for taken in rounds for row in taken if row.to == to]
        assert times == sorted(set(times))


@pytest.mark.usefixtures("_small_pages")
def test_a_ledger_on_postgresql_gives_the_same_turns(
    filled: Callable[[int, int], Ledger], server: str
) -> None:
    contacts, visits = 3, PAGE + 7
    with closing(Ledger(server)) as ledger:
        fill(ledger, contacts, visits)
        there = all_turns(ledger, width=2)
    here = all_turns(filled(contacts, visits), width=2)
    assert [[row.id for row in taken] for taken in there] == [[row.id for row in taken] for taken in here]


@pytest.mark.usefixtures("_small_pages")
def test_a_contact_that_is_gone_has_no_more_turns(filled: Callable[[int, int], Ledger]) -> None:
    turns = Turns("booker", ago(days=9))
    with filled(1, PAGE + 7).transaction() as tx:
        row = turns.take(tx)
        assert row is not None
        turns.drop(row.to)
        turns.give_back(row.to)
        assert turns.take(tx) is None


def test_what_the_turns_ask_the_ledger_grows_with_the_visits_and_no_faster(
    filled: Callable[[int, int], Ledger],
) -> None:
    few, many = 600, 4 * 600
    with steps_taken() as taken:
        small, large = filled(few, 1), filled(many, 1)
        taken.clear()
        assert sum(map(len, all_turns(small, WIDTH))) == few
        little = taken.total()
        taken.clear()
        assert sum(map(len, all_turns(large, WIDTH))) == many
        assert taken.total() < 1.5 * 4 * little
