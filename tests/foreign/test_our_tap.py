"""What our tap says arrives right in targets that others wrote, and a later run brings it up to date."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.foreign.conftest import BIN, installed, said

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

OPENING = datetime(2026, 3, 2, 15, tzinfo=UTC)
STREAMS = ("contacts", "check_ins")
Rows = dict[int, dict[str, Any]]


@dataclass
class Hours:
    """Two runs of the tap, an hour with news between them.

    Attributes:
        texts: What each run said, to the letter.
        schemas: Properties of each stream.
    """

    texts: list[str]
    schemas: dict[str, dict[str, Any]]

    def records(self, run: int, stream: str) -> list[dict[str, Any]]:
        """The records of one run in order."""
        messages = map(json.loads, self.texts[run].splitlines())
        return [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == stream]

    def last_words(self, stream: str, *runs: int) -> Rows:
        """THE oracle: what the tap said last about each id."""
        return {record["id"]: record for run in runs for record in self.records(run, stream)}

    def state(self, run: int) -> Any:
        return [m for m in map(json.loads, self.texts[run].splitlines()) if m["type"] == "STATE"][-1]["value"]

    def columns(self, stream: str, kind: str) -> set[str]:
        """Fields of a kind: a JSON type, or the format of a string."""
        properties = self.schemas[stream].items()
        return {name for name, of in properties if of.get("format", of["type"][0]) == kind}


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Hours:
    folder, texts = tmp_path_factory.mktemp("tap"), list[str]()
    tap: list[str | Path] = [BIN / "tap-booker", "--config", folder / "tap.json"]
    with Sandbox(contacts=120, seed=7, zone="America/Chicago", now=OPENING) as box:
        mine = box.booker.credentials.as_dict()
        names = ("subscription_key", "client_id", "client_secret", "personal_access_token")
        config = {name: mine[name] for name in names} | {"base_url": box.booker_url, "location_ids": [3749]}
        for number in range(2):
            if number:
                box.clock.advance(timedelta(hours=1))
                box.salon.hour_of_news(seed=1)
                (folder / "state.json").write_text(json.dumps(Hours(texts, {}).state(0)))
                tap += ["--state", folder / "state.json"]
            (folder / "tap.json").write_text(json.dumps(config | {"as_of": box.clock.now.isoformat()}))
            texts.append(said(*tap))
    first = map(json.loads, texts[0].splitlines())
    hours = Hours(texts, {m["stream"]: m["schema"]["properties"] for m in first if m["type"] == "SCHEMA"})
    for stream in STREAMS:  # the trial is one: known rows change, new ones come, and empty fields are there
        before, after = hours.last_words(stream, 0), hours.last_words(stream, 1)
        assert any(before[key] != row for key, row in after.items() if key in before)
        assert set(after) - set(before)
        assert set(before) - set(after)
        assert any(value is None for row in before.values() for value in row.values())
    return hours


def loaded(hours: Hours, command: Path, settings: Mapping[str, Any], folder: Path, run: int) -> None:
    """Feed one run to a target; its last state must be the tap's."""
    (folder / "target.json").write_text(json.dumps(settings))
    out = said(command, "--config", folder / "target.json", given=hours.texts[run], folder=folder)
    assert json.loads(out.splitlines()[-1]) == hours.state(run)


def without_metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_sdc_")}


def in_a_warehouse(hours: Hours, stream: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a table without zones has it: instants by the clock of UTC."""
    instants = hours.columns(stream, "date-time")

    def cell(name: str, value: Any) -> Any:
        if value is None:
            return value
        if name in instants:
            return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
        return value

    return {name: cell(name, value) for name, value in record.items()}


def by_id(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows by their key; no key comes twice."""
    listed = [without_metadata(row) for row in rows]
    found = {row["id"]: row for row in listed}
    assert len(found) == len(listed)
    return found


def test_jsonl_has_every_line_of_both_runs_as_it_was_said(hours: Hours, tmp_path: Path) -> None:
    target, settings = installed("target-jsonl") / "target-jsonl", {"destination_path": str(tmp_path)}
    for run in range(2):
        loaded(hours, target, settings, tmp_path, run)
    for stream in STREAMS:
        files = sorted(tmp_path.glob(f"{stream}-*.jsonl"))  # named by the second: one file, or two
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        assert lines == [*hours.records(0, stream), *hours.records(1, stream)]


def in_csv(record: Mapping[str, Any], instants: set[str]) -> dict[str, str]:
    """A record as the CSV target writes it: it has no null, and instants keep their zone."""

    def cell(name: str, value: Any) -> str:
        if value is None:
            return ""
        return str(datetime.fromisoformat(value)) if name in instants else str(value)

    return {name: cell(name, value) for name, value in record.items()}


def assert_in_csv(hours: Hours, run: int, stream: str, path: Path) -> None:
    """A file has the last words of one run, and no others."""
    with path.open(newline="") as file:
        rows = [without_metadata(row) for row in csv.DictReader(file)]
    words, instants = hours.last_words(stream, run).values(), hours.columns(stream, "date-time")
    wanted = [in_csv(record, instants) for record in words]
    assert sorted(rows, key=lambda row: row["id"]) == sorted(wanted, key=lambda row: row["id"])


def test_csv_holds_the_last_run_alone_unless_files_are_named_by_the_run(hours: Hours, tmp_path: Path) -> None:
    target, settings = installed("target-csv") / "target-csv", {"output_path": str(tmp_path)}
    for run in range(2):
        loaded(hours, target, settings, tmp_path, run)
        for stream in STREAMS:
            assert_in_csv(hours, run, stream, tmp_path / f"{stream}.csv")
        apart = tmp_path / f"run{run}"  # a second may be all that lies between them
        apart.mkdir()
        named = {"output_path": str(apart), "file_naming_scheme": "{stream_name}-{timestamp}.csv"}
        loaded(hours, target, named, tmp_path, run)
        for stream in STREAMS:
            [path] = apart.glob(f"{stream}-????-??-??*.csv")
            assert_in_csv(hours, run, stream, path)


def test_postgresql_has_the_last_word_on_every_cell(hours: Hours, tmp_path: Path, machine: str) -> None:
    target = installed("target-postgres") / "target-postgres"
    for run in range(2):
        settings = {"sqlalchemy_url": machine, "default_target_schema": "booker"}
        loaded(hours, target, settings, tmp_path, run)
    engine = sa.create_engine(machine)
    with engine.connect() as connection:
        for stream in STREAMS:
            rows = connection.execute(sa.text(f"SELECT * FROM booker.{stream}")).mappings().all()
            table = sa.Table(stream, sa.MetaData(), schema="booker", autoload_with=connection)
            words = hours.last_words(stream, 0, 1)
            wanted = {key: in_a_warehouse(hours, stream, record) for key, record in words.items()}
            for record in wanted.values():
                if record.get("birthday"):
                    record["birthday"] = date.fromisoformat(record["birthday"])
            assert by_id(rows) == wanted  # type: ignore[arg-type]
            assert [column.name for column in table.primary_key] == ["id"]
            assert types(table, hours.columns(stream, "integer")) == {"BIGINT"}
            assert types(table, hours.columns(stream, "boolean")) == {"BOOLEAN"}
            assert types(table, hours.columns(stream, "date-time")) == {"TIMESTAMP"}
            assert types(table, hours.columns(stream, "date")) <= {"DATE"}
    engine.dispose()


def types(table: sa.Table, columns: set[str]) -> set[str]:
    """The types of columns, without lengths."""
    return {str(table.columns[name].type).partition("(")[0] for name in columns}


# Run by the Python of the target's own environment, which has the DuckDB that it wrote with.
READ = """
import duckdb, json, sys
database = duckdb.connect(sys.argv[1], read_only=True)
tables = {}
for stream in ("contacts", "check_ins"):
    found = database.execute(f"SELECT * FROM booker.{stream}")
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row)) for row in found.fetchall()]
    kinds = database.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ?", [stream]
    ).fetchall()
    keys = database.execute(
        "SELECT constraint_column_names FROM duckdb_constraints() "
        "WHERE table_name = ? AND constraint_type = 'PRIMARY KEY'", [stream]
    ).fetchall()
    tables[stream] = {"rows": rows, "types": dict(kinds), "keys": [key[0] for key in keys]}
print(json.dumps(tables, default=lambda instant: instant.isoformat()))
"""


def test_duckdb_has_the_last_word_on_every_cell(hours: Hours, tmp_path: Path) -> None:
    commands, path = installed("target-duckdb"), tmp_path / "warehouse.duckdb"
    for run in range(2):
        settings = {"path": str(path), "default_target_schema": "booker"}
        loaded(hours, commands / "target-duckdb", settings, tmp_path, run)
    tables = json.loads(said(commands / "python", "-c", READ, path))
    for stream in STREAMS:
        found, words = tables[stream], hours.last_words(stream, 0, 1)
        wanted = {key: in_a_warehouse(hours, stream, record) for key, record in words.items()}
        for row in found["rows"]:
            for name in hours.columns(stream, "date-time"):
                row[name] = row[name] and datetime.fromisoformat(row[name])
        assert by_id(found["rows"]) == wanted
        assert found["keys"] == [["id"]]
        assert {found["types"][name] for name in hours.columns(stream, "integer")} == {"BIGINT"}
        assert {found["types"][name] for name in hours.columns(stream, "boolean")} == {"BOOLEAN"}
        assert {found["types"][name] for name in hours.columns(stream, "date-time")} == {"TIMESTAMP"}
