"""An hourly run costs what has changed, not what the ledger holds.

Counted in steps of SQLite's machine. What may grow with the number of contacts is one look at everybody's
group, which reads two narrow indexes, and the number of the linked.
"""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.target_referrizer import salon_books as books
from tests.target_referrizer.salon import NOW, ago, check_in, contact
from tests.target_referrizer.test_growth import steps_taken

from target_referrizer.groups import Policy
from target_referrizer.ledger import Ledger, desired, outbox, tables

GROUPS = Policy.parse([{"name": "New", "visited_within": "1 month"}, {"name": "Old"}], "Never", "UTC")

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from tests.target_referrizer.salon import Outcome, Record, Salon

FOR_EVERYBODY = 45
"""Steps for each contact in an hour without news: 38 are taken. A look at every row of one table more, be it
of contacts or of check-ins, costs at least 10."""
NEWS = 20
"""So many contacts have changed, and come, in an hour with news."""


def a_ledger(salon: Salon, contacts: int, visits: int, *, in_order: bool = True) -> None:
    """The salon's ledger after its first run, filled with linked contacts and settled check-ins.

    SQLite prefers one of two equally good indexes by the order in which they were made: any must do.
    """
    salon.run()
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        for table in tables.metadata.tables.values():
            for index in sorted(table.indexes, key=lambda one: str(one.name), reverse=not in_order):
                with ledger.transaction() as tx:
                    index.drop(tx)
                    index.create(tx)
        ledger.put("index_at", salon.now.isoformat())
        add = salon.box.referrizer.contacts.add
        ids = [add(email=f"fay{no}.{visits}@example.com")["id"] for no in range(contacts)]
        books.insert(ledger, tables.contact, [_record(no, one) for no, one in enumerate(ids)])
        books.insert(
            ledger, tables.remote_contact, [_remote(no, one, salon.now) for no, one in enumerate(ids)]
        )
        books.insert(ledger, tables.visit, _visits(salon.now, ids, visits))


def _record(no: int, remote_id: str) -> Record:
    made = {"linked_by": "created", "agrees": True, "created_run": 1}
    return books.record(no, remote_id=remote_id, **made)


def _remote(no: int, remote_id: str, now: datetime) -> Record:
    return {**books.remote(no, now, written_run=1), "id": remote_id}


def _visits(now: datetime, ids: list[str], number: int) -> Iterator[Record]:
    """Of each contact: half of them in Referrizer, the others from before the first run."""
    for no in range(len(ids) * number):
        nth, whose = divmod(no, len(ids))
        at = now - timedelta(days=10 if nth % 2 else 300, hours=nth)
        known = {"remote_contact_id": ids[whose], "sent_at": at, "settled_run": 1} if nth % 2 else {}
        settled = {"remote_contact_id": None, "sent_at": None, "settled_run": None, **known}
        yield books.check_in(no, whose, at, status="delivered" if nth % 2 else "open", **settled)


def an_hour(
    salon: Salon, people: Sequence[Record] = (), check_ins: Sequence[Record] = ()
) -> tuple[Counter[str], Outcome]:
    """A later run, and the steps that it takes by statement."""
    salon.pass_time(hours=1)
    with steps_taken() as taken:
        outcome = salon.run(people, check_ins)
    assert outcome.code == 0
    return taken, outcome


@pytest.mark.parametrize("in_order", [True, False])
def test_an_hour_without_news_looks_at_everybodys_group_and_at_nothing_else(
    salon: Salon, *, in_order: bool
) -> None:
    contacts = 1_000
    a_ledger(salon, contacts, 4, in_order=in_order)
    taken, outcome = an_hour(salon)
    assert sum(outcome.accounting["groups"].values()) == contacts
    assert (outcome.writes, outcome.reads) == ([], [])
    much = [statement for statement, steps in taken.items() if steps > contacts]
    assert all("confirmed_group" in one or "contact.status = ?" in one for one in much), "\n".join(much)
    assert sum(taken.values()) < contacts * FOR_EVERYBODY


def test_the_hour_after_a_first_load_changes_none_of_those_who_were_created(salon: Salon) -> None:
    """What marks the creates of a run is gone once they are done, and is not the next run's to clear."""
    number = 150
    salon.run([contact(no) for no in range(1, number + 1)])
    assert len(salon.box.referrizer.contacts) == number
    taken, _ = an_hour(salon)
    of_contacts = [steps for statement, steps in taken.items() if statement.startswith("UPDATE contact ")]
    assert sum(of_contacts) < number


def test_check_ins_that_come_again_renew_their_lines_and_none_of_their_indexes_but_one(salon: Salon) -> None:
    came = [check_in(no, 1, ago(days=2, hours=no)) for no in range(1, 101)]
    salon.run([contact(1)], came)
    later = (salon.now + timedelta(hours=1)).isoformat()
    undone = {**came[0], "is_checked_in": False}
    taken, outcome = an_hour(salon, [], [{**one, "as_of": later} for one in (undone, *came[1:])])
    assert outcome.accounting["check_ins"]["read"] == 100
    steps = {
        statement: number for statement, number in taken.items() if statement.startswith("UPDATE visit ")
    }
    renewed = [statement for statement in steps if "SET as_of=?, staged_run=? WHERE" in statement]
    assert len(renewed) == 1
    assert sum(steps.values()) < 1.1 * steps[renewed[0]]


@pytest.mark.slow
def test_settled_check_ins_do_not_make_an_hour_dearer(salon: Salon, tmp_path: Path) -> None:
    """Neither those that are in Referrizer nor those from before the first run, which stay open for ever."""
    steps = {number: _hour_with_news(salon, tmp_path, number) for number in (40, 320)}
    assert steps[40] > 0
    assert steps[320] < 1.1 * steps[40], steps


def _hour_with_news(salon: Salon, folder: Path, visits: int) -> int:
    """Steps of an hour in which some contacts have changed and come, who had so many check-ins before."""
    salon.folder = folder / str(visits)
    salon.folder.mkdir()
    salon.box.referrizer.contacts.clear()
    a_ledger(salon, 2 * NEWS, visits)
    changed = [contact(no, city="Aurora", updated_at=salon.now.isoformat()) for no in range(NEWS)]
    visited = [check_in(visits * 10_000 + no, no, salon.now) for no in range(NEWS)]
    taken, outcome = an_hour(salon, changed, visited)
    counts = outcome.accounting
    assert (counts["contacts"]["updated"], counts["check_ins"]["delivered"]) == (NEWS, NEWS)
    return sum(taken.values())


@pytest.mark.parametrize("groups", [True, False])
def test_who_needs_a_write_is_the_same_found_by_indexes_as_by_looking_at_each(
    either: Salon, monkeypatch: pytest.MonkeyPatch, *, groups: bool
) -> None:
    monkeypatch.setattr(outbox, "PAGE", 20)  # so that there are many
    cut_offs, one = GROUPS.cut_offs(NOW), tables.remote_contact.c.id
    whole = sa.select(one).where(desired.differs(cut_offs, groups=groups)).order_by(one)
    parts = [sa.select(one).where(part) for part in desired.differs_in_parts(cut_offs, groups=groups)]
    with closing(Ledger(either.config()["ledger_url"])) as ledger, ledger.transaction() as tx:
        tx.execute(sa.insert(tables.remote_contact), list(_every_kind()))
        looked_at = list(tx.scalars(whole))
        found = sorted(key for part in parts for key in tx.scalars(part))
        walked, after = [], ""
        while page := outbox.differences(tx, cut_offs, after, groups=groups):
            after = page[-1].remote_id
            walked += [job.remote_id for job in page]
        counted = desired.count_differing(tx, cut_offs, groups=groups)
    assert len(looked_at) > 10 * outbox.PAGE
    assert found == walked == looked_at
    assert counted == len(looked_at)


def _every_kind() -> Iterator[Record]:
    """A Referrizer contact in each state that there can be, and some that there cannot."""
    kinds = product(
        (True, False), (True, False), ("{}", '{"city":"Lima"}'),
        (None, "1980-01-02"), (None, NOW), (None, NOW),
        (None, "New", "Old", "Never", "Of another policy"), (None, ago(days=9), ago(days=99)), (None, True),
    )  # fmt: skip
    for no, (linked, gone, wish, birthday, intent, since, group, latest, refused) in enumerate(kinds):
        state = f"{wish}|{birthday or ''}|{GROUPS.cut_offs(NOW).group_for(latest)}"
        yield {
            "id": f"r{no:05}", "index_no": 1, "is_linked": linked, "is_gone": gone, "desired": wish,
            "birthday": birthday, "intent_at": intent, "unsettled_since": since, "confirmed_group": group,
            "latest_visit_at": latest, "refused": state if refused else None,
        }  # fmt: skip
