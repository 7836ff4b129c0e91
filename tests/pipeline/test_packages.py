"""The packages as strangers meet them: on a registry, and in a Meltano project that is not this checkout."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tomllib
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
import yaml
from markdown_it import MarkdownIt
from packaging.metadata import Metadata
from tests.foreign.warehouse import ADDED, GUESTS, Warehouse
from tests.pipeline.blocks import blocks_of, text_of
from tests.pipeline.conftest import OPENING, access
from tests.target_referrizer.salon import custom

from demo.project import CHECKOUT, Project
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path(sys.executable).parent
COMMANDS = {
    "tap-booker": ["tap-booker", "booker-connect"],
    "target-referrizer": ["target-referrizer", "referrizer-ledger"],
}
EACH = pytest.mark.parametrize("name", COMMANDS)
TYPED = [block for block in blocks_of("docs/composing.md") if block.is_run]
[NAMED] = [block for block in blocks_of("docs/composing.md") if block.said == "meltano.yml"]
[SHARED] = [block for block in blocks_of("docs/composing.md") if block.said == ".env"]


def version_of(name: str) -> str:
    return str(tomllib.loads(text_of(f"{name}/pyproject.toml"))["project"]["version"])


def wheel_of(name: str) -> str:
    """How documents call it."""
    return f"/srv/booker-referrizer/dist/{name.replace('-', '_')}-{version_of(name)}-py3-none-any.whl"


@EACH
def test_each_package_has_the_licence(name: str) -> None:
    assert (CHECKOUT / name / "LICENSE").read_bytes() == (CHECKOUT / "LICENSE").read_bytes()


@EACH
def test_a_readme_is_whole_where_a_registry_shows_it_alone(name: str) -> None:
    shown, written = (
        MarkdownIt().enable("table").render(text_of(f"{name}/README.md")),
        text_of(f"{name}/README.md"),
    )
    assert shown.count("<table>") == len(re.findall(r"^\|(?:-+\|)+$", written, re.MULTILINE))
    assert [link for link in re.findall(r'(?:href|src)="([^"]+)"', shown) if "://" not in link] == []
    assert wheel_of(name) in written
    assert f"pip install {name}" not in written


def test_the_definitions_are_what_meltano_yml_says() -> None:
    made = runpy.run_path(str(CHECKOUT / "docs/generate.py"))["definitions"]()
    kept = {path: path.read_text(encoding="utf-8") for path in CHECKOUT.glob("plugins/*/*")}
    assert kept == made
    assert len(made) == len(COMMANDS)


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("plugins/*/*")), ids=lambda path: path.name)
def test_a_definition_holds_nothing_of_this_checkout(path: Path) -> None:
    definition = json.loads(path.read_text(encoding="utf-8"))
    assert definition["pip_url"] == f"{definition['name']}=={version_of(definition['name'])}"
    assert path.name == f"{definition['name']}--{definition['variant']}.lock"
    assert path.parent.name == definition["plugin_type"]
    assert "constraints" not in json.dumps(definition)


@dataclass
class Shop:
    """Somebody's own Meltano project, with a checkout of ours at a path without a blank.

    Attributes:
        folder: The project.
        own: What is the reader's and not the project's.
        checkout: Stands for `/srv/booker-referrizer`.
        box: Stands for both accounts.
        settings: More variables.
    """

    folder: Path
    own: Path
    checkout: Path
    box: Sandbox
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def wheels(self) -> list[Path]:
        return sorted((self.checkout / "dist").glob("*.whl"))

    def types(self, text: str, folder: Path | None = None) -> str:
        """What commands print that must succeed, with nothing of this checkout but Meltano itself."""
        settings = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "UV_FIND_LINKS": str(self.checkout / "dist"),
            "TAP_BOOKER_LOCATION_IDS": "[3749]",
            **access(self.box),
            **self.settings,
        }
        variables = Project(self.folder, self.own).environment(settings)
        for name in ("TARGET_REFERRIZER_LEDGER_URL", "MELTANO_DATABASE_URI"):
            del variables[name]
        typed = text.replace("/srv/booker-referrizer", str(self.checkout))
        command = ["bash", "-o", "pipefail", "-ec", typed]
        done = subprocess.run(
            command, cwd=folder or self.folder, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """An empty project in which nothing was typed yet, and a checkout that is set up."""
    own = tmp_path_factory.mktemp("own")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    checkout = own / "checkout"
    for name in names.split("\0"):
        if not name.startswith(("tests/", "bench/")) and (CHECKOUT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, checkout / name)
    (checkout / ".venv/bin").mkdir(parents=True)
    uv = checkout / ".venv/bin/uv"
    uv.write_text(f'#!/bin/sh\nexec "{BIN / "uv"}" "$@"\n')
    uv.chmod(0o755)
    (checkout / ".venv/.run-ready").touch()
    with Sandbox(contacts=30, seed=7, zone="America/Chicago", now=OPENING) as box:
        shop = Shop(own / "shop", own, checkout, box)
        shop.types("meltano init --no-usage-stats shop", own)
        yield shop
    shutil.rmtree(own)


@pytest.fixture(scope="module")
def added(shop: Shop) -> Shop:
    """The project once the document's first commands were typed, of the sources that it names."""
    shop.types(TYPED[0].text)
    (shop.folder / ".env").write_text(SHARED.text)
    return shop


@pytest.fixture(scope="module")
def said(added: Shop) -> str:
    """What the project's first run said, of Booker into Referrizer."""
    return added.types(TYPED[1].text)


@pytest.mark.slow
def test_an_empty_project_runs_both_plugins_from_their_wheels(added: Shop, said: str) -> None:
    assert "ended" in said
    assert "with exit code 0" in said
    assert len(added.box.referrizer.contacts) > 20
    [ledger] = (added.folder / "ledger").glob("*.db")
    assert ledger.stat().st_mode & 0o777 == 0o600
    plugins = yaml.safe_load((added.folder / "meltano.yml").read_text())["plugins"]
    declared = yaml.safe_load(text_of("meltano.yml"))["plugins"]
    for kind, [entry] in declared.items():
        [mine] = plugins[kind]
        assert mine["settings"] == entry["settings"]
        assert set(mine["commands"]) == set(entry["commands"])


def test_documents_pin_the_version_that_is_built() -> None:
    written = text_of("docs/composing.md")
    assert f"pip_url: target-referrizer[postgres]=={version_of('target-referrizer')}`" in written
    assert f"pip_url: {wheel_of('tap-booker')}`" in written


@pytest.mark.slow
@pytest.mark.usefixtures("said")
def test_somebodys_warehouse_joins_the_same_account_through_a_mapper(added: Shop, machine: str) -> None:
    warehouse = Warehouse(machine, added.own)
    warehouse.fill()
    project = yaml.safe_load((added.folder / "meltano.yml").read_text())
    for kind, entries in yaml.safe_load(ADDED.text)["plugins"].items():
        project["plugins"].setdefault(kind, []).extend(entries)
    (added.folder / "meltano.yml").write_text(yaml.safe_dump(project, sort_keys=False))
    before = len(added.box.referrizer.contacts)
    added.settings["TAP_POSTGRES_SQLALCHEMY_URL"] = warehouse.url
    added.types(TYPED[2].text)
    joined = list(added.box.referrizer.contacts.values())[before:]
    came = {one["firstName"]: custom(one, "Last Visit Date") for one in joined if one.get("firstName")}
    # 23:30 in Chicago is the next day by UTC, whose days count where `timezone` is not set.
    assert came == {"Ann": "2026-02-21", "Bob": "2026-03-02", "Çağla": "2025-07-05"}
    assert len(joined) == len(GUESTS)
    [ledger] = (added.folder / "ledger").glob("*.db")
    with closing(sqlite3.connect(ledger)) as books:
        [(kept,)] = books.execute("SELECT value FROM meta WHERE key = 'policy'")
    order = json.loads(kept)["order"]
    assert sorted(order) == json.loads(kept)["sources"] == ["booker", "crm"]


@pytest.mark.slow
@EACH
def test_a_wheel_alone_gives_working_commands(name: str, added: Shop) -> None:
    [folder] = added.folder.glob(f".meltano/*/{name}/venv/bin")
    for command in COMMANDS[name]:
        assert "Usage" in added.types(f"{folder / command} --help")
    about = json.loads(added.types(f"{folder / name} --about --format=json"))
    assert about["settings"]["properties"]


@pytest.mark.slow
def test_a_project_that_copies_the_definitions_only_names_the_plugins(added: Shop) -> None:
    folder = added.own / "named"
    shutil.copytree(CHECKOUT / "plugins", folder / "plugins")
    (folder / "meltano.yml").write_text(f"send_anonymous_usage_stats: false\n{NAMED.text}")
    (folder / ".meltano").symlink_to(added.folder / ".meltano")  # as `meltano install` makes it
    shown = added.types("meltano invoke target-referrizer:status 2>&1 || true", folder)
    assert f"there is no ledger yet at {folder}/ledger/production.db" in shown
    shown = added.types("meltano config print --format=env tap-booker", folder)
    assert "TAP_BOOKER_TRAILING_DAYS=" in shown


def inside(path: Path) -> dict[str, bytes]:
    """The files of a wheel, or of a source distribution without its uppermost folder."""
    if path.suffix == ".whl":
        with ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(path) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {
            one.name.partition("/")[2]: found.read() for one in files if (found := archive.extractfile(one))
        }


@pytest.mark.slow
@EACH
def test_wheel_and_source_say_what_a_registry_wants_to_know(name: str, added: Shop) -> None:
    built = sorted((added.checkout / "dist").glob(f"{name.replace('-', '_')}-*"))
    assert [path.suffix for path in built] == [".whl", ".gz"]
    declared = tomllib.loads(text_of(f"{name}/pyproject.toml"))["project"]
    for path in built:
        files = inside(path)
        [text] = [
            text for one, text in files.items() if one == "PKG-INFO" or one.endswith(".dist-info/METADATA")
        ]
        told: Any = Metadata.from_email(text, validate=True)
        assert (told.name, str(told.version), told.summary) == (
            name,
            declared["version"],
            declared["description"],
        )
        assert told.license_expression == "Apache-2.0"
        assert told.license_files == ["LICENSE"]
        assert told.description_content_type == "text/markdown"
        assert told.description.strip() == text_of(f"{name}/README.md").strip()
        assert "maintainers" in told.author
        assert set(told.classifiers) == set(declared["classifiers"])
        licences = [text for one, text in files.items() if one.endswith("LICENSE")]
        assert licences == [(CHECKOUT / "LICENSE").read_bytes()]


@pytest.mark.slow
def test_wheels_carry_the_marker_of_types_and_the_contract(added: Shop) -> None:
    files = {one for wheel in added.wheels for one in inside(wheel)}
    wanted = {"tap_booker/py.typed", "target_referrizer/py.typed"}
    wanted |= {f"target_referrizer/schemas/{stream}.json" for stream in ("contacts", "check_ins")}
    assert wanted <= files
