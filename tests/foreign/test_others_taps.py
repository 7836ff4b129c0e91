"""Taps that others wrote feed the target, through the maps that docs/composing.md prints."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.foreign.conftest import installed, said
from tests.foreign.warehouse import MAPS, SETTINGS, Warehouse
from tests.pipeline.blocks import blocks_of
from tests.target_referrizer.salon import custom

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Salon

pytestmark = pytest.mark.slow

[SHEETS] = [json.loads(block.text) for block in blocks_of("docs/composing.md") if block.said == "sheets.json"]
SINCE = {"visits_since": "2025-07-01T00:00:00-05:00"}  # so that all check-ins are visits

SHOWN = {
    "ann@example.com": (
        "Ann",
        "Archer",
        "+13125550101",
        "1990-05-01",
        "Y",
        "2026-02-20",
        "Current customers",
    ),
    "bob@example.com": ("Bob", None, None, None, "N", "2026-03-02", "Current customers"),
    "+13125550103": ("Çağla", "Çelik", "+13125550103", "2000-02-29", None, "2025-07-04", "Past customers"),
    "di@example.com": (None, None, None, None, "Y", None, "Leads"),
}
#: 23:30 in Chicago is 04:30 UTC of the next day in July, and 05:30 in February.
VISITED = ["2025-07-05T04:30:00.000Z", "2026-02-21T05:30:00.000Z", "2026-03-02T14:00:00.000Z"]


def shown(salon: Salon) -> dict[str, tuple[Any, ...]]:
    """What Referrizer shows of each person."""
    fields = ("firstName", "lastName", "phone", "birthday")
    customs = ("CRM Member", "Last Visit Date", "Customer Group")
    return {
        one.get("email") or one["phone"]: (
            *(one.get(name) or None for name in fields),
            *(custom(one, name) or None for name in customs),
        )
        for one in salon.shown()
    }


@pytest.fixture(scope="module")
def warehouse(machine: str, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(machine, tmp_path_factory.mktemp("warehouse"))
    warehouse.fill()
    return warehouse


@pytest.fixture(scope="module")
def tables(warehouse: Warehouse) -> list[str]:
    """What the tap says at first."""
    return warehouse.read()


def test_tables_of_a_warehouse_arrive_and_cost_nothing_the_next_hour(
    salon: Salon, warehouse: Warehouse, tables: list[str]
) -> None:
    settings = {**MAPS, **SETTINGS, **SINCE}
    assert SETTINGS["local_times"] == ["check_ins.checked_in_at"]
    assert salon.run_lines(tables, **settings).code == 0
    assert shown(salon) == SHOWN
    assert sorted(visit["date"] for visit in salon.visits()) == VISITED
    salon.pass_time(hours=1)
    again = salon.run_lines(tables, **settings)
    assert (again.code, again.writes) == (0, [])
    warehouse.execute(
        "UPDATE crm.guests SET family = 'Baker', changed = '2026-03-02 09:30-06' WHERE guest_no = 2"
    )
    later = salon.run_lines(warehouse.read(), **settings)
    assert later.code == 0
    assert later.writes == [f"PUT /contacts/{salon.one(email='bob@example.com')['id']}"]
    assert salon.one(email="bob@example.com")["lastName"] == "Baker"


def test_a_mapper_between_both_does_what_the_targets_own_maps_do(
    salon: Salon, tables: list[str], tmp_path: Path
) -> None:
    (tmp_path / "maps.json").write_text(json.dumps(MAPS))
    mapper = installed("meltano-map-transform") / "meltano-map-transform"
    mapped = said(mapper, "--config", tmp_path / "maps.json", given="\n".join(tables) + "\n").splitlines()
    assert salon.run_lines(mapped, **SINCE, **SETTINGS).code == 0
    assert shown(salon) == SHOWN
    assert sorted(visit["date"] for visit in salon.visits()) == VISITED
    assert salon.run_lines(mapped, **SINCE, **SETTINGS).writes == []


# Run by the Python of the tap's own environment, which has what writes Excel.
WRITE = """
import datetime, json, openpyxl, sys
book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Visits"
sheet.append(["Visit No", "Guest No", "Came", "Paid"])
for no, guest, came in json.loads(sys.argv[2]):
    sheet.append([no, guest, datetime.datetime.fromisoformat(came), 12.5])
book.save(sys.argv[1])
"""


def test_a_sheet_of_guests_as_csv_and_one_of_visits_as_excel_arrive(salon: Salon, tmp_path: Path) -> None:
    commands = installed("tap-spreadsheets")
    lines = ["Guest No,Given,Family,Mail,Mobile,Born,VIP,Note"]
    lines += [
        "1,Ann,Archer,ann@example.com,312-555-0101,1990-05-01,yes,likes tea",
        "2,Bob,,bob@example.com,,,no,",
    ]
    lines += ['3,Çağla,"Çelik",,3125550103,2000-02-29,,"a, b"', "4,,,di@example.com,,,yes,"]
    (tmp_path / "guests.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    visits = [(7001, 1, "2026-02-20 23:30"), (7002, 2, "2026-03-02 08:00"), (7003, 3, "2025-07-04 23:30")]
    said(commands / "python", "-c", WRITE, tmp_path / "visits.xlsx", json.dumps(visits))
    guests = {
        "path": str(tmp_path / "guests.csv"),
        "format": "csv",
        "table_name": "guests",
        "primary_keys": ["guest_no"],
    }
    came = {
        "path": str(tmp_path / "visits.xlsx"),
        "format": "excel",
        "table_name": "visits",
        "primary_keys": ["visit_no"],
        "worksheet": "Visits",
    }
    (tmp_path / "tap.json").write_text(json.dumps({"files": [guests, came]}))
    rows = said(commands / "tap-spreadsheets", "--config", tmp_path / "tap.json").splitlines()
    settings = {**SHEETS, **SINCE}
    first = salon.run_lines(rows, **settings)
    assert first.code == 0
    assert [first.accounting[stream]["rejected"] for stream in ("contacts", "check_ins")] == [0, 0]
    assert shown(salon) == SHOWN
    assert sorted(visit["date"] for visit in salon.visits()) == VISITED
    assert salon.run_lines(rows, **settings).writes == []


def schema(stream: str, **properties: Any) -> dict[str, Any]:
    described = {"type": "object", "properties": properties}
    return {"type": "SCHEMA", "stream": stream, "schema": described, "key_properties": ["id"]}


def record(stream: str, **fields: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": fields}


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="tap-singer-jsonl 0.1.0 runs on Python below 3.12 only"
)
def test_a_recorded_singer_file_of_a_web_shop_is_played_back(salon: Salon, tmp_path: Path) -> None:
    text = {"type": "string"}
    messages = [
        schema("contacts", id=text, email=text, cart={"type": "object"}),
        record("contacts", id="web-1", email="ann@example.com", cart={"items": 1}),
        record("contacts", id="web-2", email="bob@example.com"),
        schema("check_ins", id=text, contact_id=text, checked_in_at={**text, "format": "date-time"}),
        record("check_ins", id="o-1", contact_id="web-2", checked_in_at="2026-03-02T08:00:00-06:00"),
    ]
    (tmp_path / "shop.singer.jsonl").write_text("".join(json.dumps(message) + "\n" for message in messages))
    settings = {"source": "local", "local": {"folders": [str(tmp_path)], "recursive": False, "paths": []}}
    (tmp_path / "tap.json").write_text(json.dumps(settings))
    tap = installed("tap-singer-jsonl") / "tap-singer-jsonl"
    lines = said(tap, "--config", tmp_path / "tap.json").splitlines()
    assert salon.run_lines(lines, **SINCE, source="web").code == 0
    assert {mail: one[-1] for mail, one in shown(salon).items()} == {
        "ann@example.com": "Leads",
        "bob@example.com": "Current customers",
    }
    assert sorted(visit["date"] for visit in salon.visits()) == VISITED[2:]
    assert salon.run_lines(lines, **SINCE, source="web").writes == []
