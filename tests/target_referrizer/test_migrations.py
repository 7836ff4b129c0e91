"""Ledgers of earlier versions, kept as they were, become today's and lose nothing."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.target_referrizer import postgres
from tests.target_referrizer.asking import ask_json
from tests.target_referrizer.salon import NOW, UNDONE, check_in, contact

from target_referrizer.ledger import Ledger, migrations, tables

if TYPE_CHECKING:
    from tests.target_referrizer.salon import Salon

LEDGERS = Path(__file__).with_name("ledgers")
VERSIONS = range(1, tables.SCHEMA_VERSION)
#: How many rows of each kind the kept ledger has.
KEPT = {"contact": 11, "visit": 7, "run": 6, "rejection": 1}
Shape = dict[str, dict[str, Any]]


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, salon: Salon) -> Salon:
    """A salon with the ledger of version 1 that stands in this folder, which was this account's."""
    text = (LEDGERS / f"version-1.{request.param}.sql").read_text()
    if request.param == "sqlite":
        with closing(sqlite3.connect(salon.folder / "ledger.db")) as file:
            file.executescript(text)
    else:
        salon.settings["ledger_url"] = url = request.getfixturevalue("server")
        postgres.empty(url, text)
    return salon


def shape(engine: sa.Engine) -> Shape:
    """Columns, keys and indexes of all tables, with what partial indexes are limited to."""
    seen = sa.inspect(engine)
    return {
        name: {
            "columns": {one["name"]: (_kind(one["type"]), one["nullable"]) for one in seen.get_columns(name)},
            "key": seen.get_pk_constraint(name)["constrained_columns"],
            "indexes": {one["name"]: (one["column_names"], _where(one)) for one in seen.get_indexes(name)},
        }
        for name in seen.get_table_names()
    }


def _kind(of_column: Any) -> str:
    """A type by family: SQLite keeps the name that a column was declared with."""
    return str(of_column).split("(", maxsplit=1)[0].replace("TIMESTAMP", "DATETIME")


def _where(index: Any) -> str:
    """What a partial index is limited to, as the database tells it, without spaces and parentheses."""
    options = index["dialect_options"]
    where = options.get("sqlite_where", options.get("postgresql_where"))
    return "" if where is None else re.sub(r"[\s()]+", " ", str(where).lower()).strip()


def count(ledger: Ledger, table: sa.Table) -> int:
    return int(ledger.scalar(sa.select(sa.func.count()).select_from(table)))


def test_there_is_a_step_from_every_earlier_version_and_a_ledger_to_try_it(salon: Salon) -> None:
    assert sorted(migrations.STEPS) == list(VERSIONS)
    for version in VERSIONS:
        found = {file.name for file in LEDGERS.glob(f"version-{version}.*")}
        assert found == {f"version-{version}.{kind}.sql" for kind in ("sqlite", "postgresql")}
    assert salon.folder.exists()


def test_a_ledger_of_the_first_version_has_todays_tables_afterwards(old: Salon) -> None:
    with closing(Ledger(old.config()["ledger_url"])) as ledger:
        became, url = shape(ledger.engine), ledger.url
    if url.get_backend_name() == "postgresql":
        postgres.empty(str(old.settings["ledger_url"]))
    else:
        (old.folder / "ledger.db").unlink()
    with closing(Ledger(old.config()["ledger_url"])) as fresh:
        assert became == shape(fresh.engine)
        partial = {
            name for table in became.values() for name, (_, where) in table["indexes"].items() if where
        }
        assert {"contact_dirty", "visit_unposted", "remote_news", "remote_age"} <= partial


def test_a_ledger_of_the_first_version_loses_nothing(old: Salon) -> None:
    with closing(Ledger(old.config()["ledger_url"])) as ledger:
        assert ledger.get("schema_version") == str(tables.SCHEMA_VERSION)
        counts = {name: count(ledger, tables.metadata.tables[name]) for name in KEPT}
        held = ledger.rows(sa.select(tables.visit).where(tables.visit.c.status == "held"))
    assert counts == KEPT
    assert [(one.id, one.sent_at) for one in held] == [("12", NOW.replace(hour=15, minute=55))]


def test_a_run_goes_on_with_a_ledger_of_the_first_version(old: Salon) -> None:
    """What was posted stays posted, what is held stays held, who was forgotten stays forgotten."""
    account = tables.meta.c.key == "account"
    old.edit_ledger(sa.update(tables.meta).where(account).values(value=_account(old)))
    old.pass_time(hours=3)
    _people_of_the_ledger(old)
    posted = [check_in(11, 2, NOW), check_in(12, 3, NOW), check_in(15, 3, NOW)]
    undone = {**check_in(14, 9, NOW), **UNDONE, "as_of": old.now.isoformat()}
    outcome = old.run([contact(8)], [*posted, undone, check_in(20, 1, old.now)])
    counts = outcome.accounting["check_ins"]
    assert (outcome.code, counts["already_delivered"], counts["merged"], counts["held"]) == (3, 1, 1, 1)
    assert counts["delivered"] == 1
    assert outcome.accounting["contacts"]["reasons"]["skipped"] == {"forgotten": 1}
    assert [one["id"] for one in ask_json(old, "held")] == ["12"]
    assert old.one(email="ada2@example.com")["address"]["city"] == "Aurora"  # was left by an outage


def _account(salon: Salon) -> str:
    return f"{salon.box.referrizer_url} sub:5a4db0c55a4db0c55a4db0c55a4db0c5"


def _people_of_the_ledger(salon: Salon) -> None:
    """The account holds whom the ledger is linked to."""
    with closing(Ledger(salon.config()["ledger_url"])) as ledger:
        linked = ledger.rows(sa.select(tables.contact).where(tables.contact.c.status == "linked"))
    for row in linked:
        salon.box.referrizer.contacts[row.remote_id] = {"id": row.remote_id, "email": row.email_key}


def test_a_dry_run_leaves_an_older_ledger_as_it_is(old: Salon) -> None:
    with closing(Ledger(old.config()["ledger_url"], lasting=False)) as ledger:
        assert ledger.get("schema_version") == str(tables.SCHEMA_VERSION)
    engine = sa.create_engine(old.config()["ledger_url"])
    with engine.connect() as connection:
        version = sa.text("SELECT value FROM meta WHERE key = 'schema_version'")
        assert connection.execute(version).scalar() == "1"
    engine.dispose()
