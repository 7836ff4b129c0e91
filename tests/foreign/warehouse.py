"""A company's own tables, as tap-postgres reads them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import yaml
from tests.foreign.conftest import installed, said
from tests.pipeline.blocks import blocks_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

[ADDED] = [block for block in blocks_of("docs/composing.md") if block.said == "more of meltano.yml"]
[MAPPER] = yaml.safe_load(ADDED.text)["plugins"]["mappers"]
MAPS: dict[str, Any] = MAPPER["mappings"][0]["config"]
#: Settings of the target, as the document exports them.
SETTINGS: dict[str, Any] = {
    name.lower(): json.loads(value[1:-1]) if value[0] == "'" else value
    for name, value in re.findall(r"TARGET_REFERRIZER_(\w+)=('.+?'|\S+)", text_of("docs/composing.md"))
}
TABLES = """\
DROP SCHEMA IF EXISTS crm CASCADE;
CREATE SCHEMA crm;
CREATE TABLE crm.guests (
  guest_no numeric(10,0) PRIMARY KEY, given text, family text, mail text, mobile text, dob date, vip boolean,
  notes jsonb DEFAULT '{"likes": ["tea"]}', changed timestamptz DEFAULT '2026-02-01 10:00-06');
CREATE TABLE crm.visits (visit_no text PRIMARY KEY, guest_no numeric(10,0), came timestamp)"""
# number, given, family, mail, mobile, born, member; and the local times of visits
GUESTS: list[tuple[Any, ...]] = [
    (1, " Ann ", "Archer", "ann@example.com", "312-555-0101", "1990-05-01", True),
    (2, "Bob", "", "bob@example.com", None, None, False),
    (3, "Çağla", "Çelik", None, "(312) 555-0103", "2000-02-29", None),
    (4, None, None, "di@example.com", "", None, True),
]
VISITS = [
    ("V-1", 1, "2026-02-20 23:30"),  # another day by the clock of UTC
    ("V-2", 2, "2026-03-02 08:00"),
    ("V-3", 3, "2025-07-04 23:30"),  # in summer, when an hour less than in winter makes it another day
]


@dataclass
class Warehouse:
    """Tables of a company's own, read by tap-postgres."""

    database: str
    folder: Path

    @property
    def url(self) -> str:
        """As the tap takes it: it wants a password, and another driver."""
        url = sa.make_url(self.database).set(drivername="postgresql", password="any")
        return url.render_as_string(hide_password=False)

    def execute(self, statement: str, *rows: dict[str, Any]) -> None:
        engine = sa.create_engine(self.database, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text(statement), rows) if rows else connection.exec_driver_sql(statement)

    def fill(self) -> None:
        self.execute(TABLES)
        guests = [{f"p{place}": value for place, value in enumerate(guest)} for guest in GUESTS]
        self.execute(
            "INSERT INTO crm.guests VALUES (:p0, :p1, :p2, :p3, :p4, CAST(:p5 AS date), :p6)", *guests
        )
        visits = [dict(zip(("no", "guest", "came"), visit, strict=True)) for visit in VISITS]
        self.execute("INSERT INTO crm.visits VALUES (:no, :guest, CAST(:came AS timestamp))", *visits)

    def read(self) -> list[str]:
        """What the tap says about the streams that the maps name."""
        tap: list[str | Path] = [
            installed("tap-postgres") / "tap-postgres",
            "--config",
            self.folder / "tap.json",
        ]
        settings = {"sqlalchemy_url": self.url, "filter_schemas": ["crm"]}
        (self.folder / "tap.json").write_text(json.dumps(settings))
        catalog = self.folder / "catalog.json"
        if not catalog.exists():
            found = json.loads(said(*tap, "--discover"))
            for stream in found["streams"]:
                [whole] = [entry for entry in stream["metadata"] if not entry["breadcrumb"]]
                whole["metadata"]["selected"] = stream["tap_stream_id"] in MAPS["stream_maps"]
            catalog.write_text(json.dumps(found))
        return said(*tap, "--catalog", catalog).splitlines()
