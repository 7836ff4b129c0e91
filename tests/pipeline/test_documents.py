"""Every block of every document is tried by one runner; a new block needs nothing but to be written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from configparser import ConfigParser
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.pipeline.blocks import Block, blocks_of, documents, shows, text_of
from tests.pipeline.reader import BIN, ELSEWHERE, SECRETS, Reader, is_elsewhere, with_account
from tests.services import is_missing

from sandbox import Sandbox
from sandbox.booker import BookerSwitches
from sandbox.referrizer import ReferrizerSwitches
from tap_booker.connect import connect
from tap_booker.settings import SCHEMA
from tap_booker.tap import TapBooker
from target_referrizer import errors
from target_referrizer.cli import ledger_command
from target_referrizer.properties import PROPERTIES
from target_referrizer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.project import Project
DOCUMENTS = documents()
BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
LITERALLY = "docs/first-hour.md"  # test_fresh.py follows it from `git clone` on
COMPOSING = "docs/composing.md"  # test_packages.py follows it in another project; tests/foreign map by it
LONG = {"docs/operating.md", "docs/switching-over.md"}
OPENING = datetime(2026, 3, 2, 15, tzinfo=UTC)  # nine in the morning in Chicago
SINGER = {"bookmarks", "currently_syncing"}


def of(*languages: str) -> pytest.MarkDecorator:
    """A test for each block of some languages."""
    chosen = [block for block in BLOCKS if block.language in languages and block.document != COMPOSING]
    return pytest.mark.parametrize("block", chosen, ids=str)


def to_follow() -> list[Any]:
    """The documents with commands; those that take long are marked."""
    typed = sorted({block.document for block in BLOCKS if block.is_run} - {LITERALLY, COMPOSING})
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in typed]


@pytest.fixture
def account() -> Iterator[Sandbox]:
    """What the documents' accounts hold."""
    with Sandbox(contacts=200, seed=7, zone="America/Chicago", now=OPENING) as box:
        yield box


@pytest.fixture
def reader(project: Project, tmp_path: Path, account: Sandbox) -> Iterator[Reader]:
    """Somebody in the installed project, which is left as it was."""
    folder = project.folder
    before = {path.name for path in folder.iterdir()}
    environment = project.environment({})
    del environment["TARGET_REFERRIZER_LEDGER_URL"]
    someone = Reader(folder, tmp_path, account, environment)
    original = (folder / "meltano.yml").read_text()
    (folder / ".venv").symlink_to(BIN.parent)
    (folder / "meltano.yml").write_text(original.replace("8765", str(someone.port)))
    (folder / "tap.json").write_text(json.dumps(with_account({"location_ids": [3749], **SECRETS}, account)))
    yield someone
    (folder / "meltano.yml").write_text(original)
    for path in [*folder.glob(".meltano/*.db"), *folder.glob(".meltano/*.log")]:
        path.unlink()
    for path in folder.iterdir():
        if path.name not in before:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.mark.parametrize("document", to_follow())
def test_every_command_runs_and_prints_what_is_shown(
    reader: Reader, document: str, request: pytest.FixtureRequest
) -> None:
    blocks = blocks_of(document)
    typed = "".join(block.text for block in blocks)
    for program in ("sqlite3", "pg_dump"):
        if program in typed and not shutil.which(program):
            is_missing(f"this machine has no {program}")
    if "postgresql+psycopg://" in typed:
        reader.database = request.getfixturevalue("machine")
    if document in LONG:  # they begin where the first hour ends
        reader.has_settings()
    activates = ".venv/bin/activate" in text_of(document)
    path = [part for part in reader.environment["PATH"].split(":") if part != str(BIN)]
    reader.environment = {**reader.environment, "PATH": ":".join(path if activates else [str(BIN), *path])}
    for block in blocks:
        if block.kind == "file":
            reader.keep(block)
    reader.follow(blocks)
    shown = [block for block in blocks if block.language in {"console", "text"} and not block.kind]
    assert [
        f"{block}:\n{reader.filled_in(block.text)}" for block in shown if not reader.shows(block)
    ] == [], "".join(reader.printed.values())


@of("json")
def test_settings_and_states_in_json_are_good(block: Block, account: Sandbox) -> None:
    given = json.loads(block.text)
    if set(given) & SINGER:
        assert set(given) <= SINGER
    elif "location_ids" in given:
        TapBooker(config=given, validate_config=True)
        assert set(given) <= set(SCHEMA["properties"])
    else:
        Settings.parse(with_account(given, account))
        assert set(given) <= set(PROPERTIES.to_dict()["properties"])


@of("yaml")
def test_settings_in_yaml_are_good(block: Block, account: Sandbox) -> None:
    given = yaml.safe_load(block.text)
    assert set(given) <= set(PROPERTIES.to_dict()["properties"])
    assert Settings.parse(with_account(given, account)).policy.groups


@of("python")
def test_python_runs(block: Block) -> None:
    exec(compile(block.text, str(block), "exec"), {})


@of("cron")
@pytest.mark.slow
def test_lines_of_a_crontab_run_with_nothing_but_what_cron_gives(block: Block, reader: Reader) -> None:
    reader.has_settings()
    variables = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": str(reader.own), "LOGNAME": "salon"}
    for line in block.text.splitlines():
        if found := re.fullmatch(r"([A-Z]+)=(.*)", line):
            variables[found[1]] = found[2]
            continue
        *times, command = line.split(maxsplit=5)
        assert [time for time in times if not re.fullmatch(r"[\d*,/-]+", time)] == []
        assert "%" not in command, "cron takes it for the end of the line"
        printed = reader.runs(command, variables, variables["HOME"])
        assert printed == "", "cron mails whatever is printed, so all was not well"
    assert reader.box.referrizer.contacts


@of("ini")
@pytest.mark.slow
def test_units_of_systemd_are_good_and_their_commands_run(
    block: Block, reader: Reader, tmp_path: Path
) -> None:
    reader.has_settings()
    units = re.split(r"^# /etc/systemd/system/(.+)\n", reader.filled_in(block.text), flags=re.MULTILINE)[1:]
    assert units, "each unit begins with a comment that is its path"
    for name, text in zip(units[::2], units[1::2], strict=True):
        (tmp_path / name).write_text(text)
        unit = ConfigParser(interpolation=None, strict=False)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read_string(text)
        if "Service" in unit:
            service = unit["Service"]
            variables = {"PATH": "/usr/bin:/bin", "HOME": str(reader.own)}
            reader.runs(service["ExecStart"], variables, service["WorkingDirectory"])
    assert reader.box.referrizer.contacts
    if shutil.which("systemd-analyze"):
        files = [str(tmp_path / name) for name in units[::2]]
        command = ["systemd-analyze", "verify", "--man=no", *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    known = {"sh", "console", "text", "json", "yaml", "python", "cron", "ini"}
    assert [str(block) for block in BLOCKS if block.language not in known] == []
    for document in DOCUMENTS:
        fences = re.findall(r"^ *(?:```|~~~)", text_of(document), re.MULTILINE)
        assert len(fences) == 2 * len(blocks_of(document)), f"{document}: a fence that is not at the margin"


def test_a_block_that_is_not_run_says_why_and_they_are_few() -> None:
    notes = [
        note for name in DOCUMENTS for note in re.findall(r"<!-- (?:not run|shown by|file)\b", text_of(name))
    ]
    marked = [block for block in BLOCKS if block.kind]
    assert len(notes) == len(marked), "a note stands on the line before its block"
    assert [str(block) for block in marked if block.kind == "shown by" and block.said not in ELSEWHERE] == []
    left_out = [block for block in marked if block.kind == "not run"]
    assert [str(block) for block in left_out if len(block.said.split()) < 5] == []
    assert len(left_out) <= 3


def test_what_is_run_elsewhere_stands_in_a_document() -> None:
    lines = {line.partition("#")[0].strip(" $\n") for block in BLOCKS for line in block.text.splitlines()}
    assert set(ELSEWHERE) <= lines


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(checkout: Path, name: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", text_of(name)):
        path, _, anchor = link.partition("#")
        target = (checkout / name).parent / path if path else checkout / name
        if "://" not in link:
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text()), link


def anchors(text: str) -> set[str]:
    """The names that a page of Markdown gives its headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_that_are_named_exist(checkout: Path, name: str) -> None:
    declared = yaml.safe_load((checkout / "meltano.yml").read_text())["plugins"]
    groups = {"tap-booker": connect, "target-referrizer": ledger_command}
    for plugin, command, rest in re.findall(
        r"(tap-booker|target-referrizer):([a-z]+)([^`|\n]*)", text_of(name)
    ):
        [found] = [one for kind in declared.values() for one in kind if one["name"] == plugin]
        assert command in found["commands"]
        click = groups[plugin].commands[found["commands"][command]["args"]]
        options = {option for one in click.params for option in (*one.opts, *one.secondary_opts)}
        assert set(re.findall(r"--[a-z][a-z-]+", rest)) <= options, f"{plugin}:{command}{rest}"
    targets = re.findall(r"^([a-z-]+):", (checkout / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)", text_of(name))) <= set(targets)


def test_every_switch_of_the_sandbox_stands_among_the_assumptions() -> None:
    switches = [field.name for vendor in (BookerSwitches, ReferrizerSwitches) for field in fields(vendor)]
    assert [name for name in switches if f"`{name}`" not in text_of("docs/assumptions.md")] == []


@pytest.mark.parametrize(
    "name", ["docs/assumptions.md", "docs/operating.md", "docs/first-hour.md", "README.md"]
)
def test_settings_that_are_named_exist(checkout: Path, name: str) -> None:
    document = yaml.safe_load((checkout / "meltano.yml").read_text())
    known = {
        s["name"] for kind in document["plugins"].values() for plugin in kind for s in plugin["settings"]
    }
    known |= {field.name for vendor in (BookerSwitches, ReferrizerSwitches) for field in fields(vendor)}
    known |= set(CONTRACT)
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)(?:: [^`]*)?`", text_of(name))
    assert [word for word in named if word not in known] == []


CONTRACT = (
    *("offline_access", "first_run", "is_time_inferred", "is_forgotten", "stream_maps", "check_ins"),
    *("last_visit_at", "accepts_email", "accepts_sms", "pg_dump", "pg_restore"),
)


@pytest.mark.parametrize(("name", "lines"), [("README.md", 120), (LITERALLY, 150)])
def test_what_is_read_first_is_short(name: str, lines: int) -> None:
    assert len(text_of(name).splitlines()) <= lines


def test_every_exit_code_is_explained() -> None:
    table = re.findall(r"^\| (\d+) \|", text_of("docs/operating.md"), re.MULTILINE)
    classes = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")
    ]
    assert {str(kind.exit_code) for kind in classes} <= set(table)


def test_a_document_shows_only_what_was_printed() -> None:
    assert shows("a …\n…\nd took 3.5 s\n", "x\na b \nc\nd took 12 s\ny\n")
    assert not shows("a\nd\n", "a\nc\nd\n")
    assert not shows("a\n", "ab\n")
    assert not shows("12 rows\n", "13 rows\n")


def test_commands_that_are_run_elsewhere_are_known_with_their_comments() -> None:
    assert is_elsewhere("make demo        # the whole path")
    assert not is_elsewhere("make clean")
