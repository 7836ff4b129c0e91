"""Every command's help reads like a short manual; what is misspelt is answered with what was meant."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml
from click.testing import CliRunner

from sandbox import Sandbox
from sandbox.cli import sandbox
from tap_booker.connect import connect
from tap_booker.tap import TapBooker
from target_referrizer.cli import ledger_command
from target_referrizer.target import TargetReferrizer

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[1]
PACKAGES = {"tap-booker": "tap_booker", "target-referrizer": "target_referrizer", "sandbox": "sandbox"}
ROOTS: dict[str, click.Command] = {
    "tap-booker": TapBooker.get_singer_command(),
    "booker-connect": connect,
    "target-referrizer": TargetReferrizer.get_singer_command(),
    "referrizer-ledger": ledger_command,
    "sandbox": sandbox,
}
SECTIONS = ["Options", "Commands", "Changes", "Settings", "Exit codes", "Examples"]
FILES = ("tap.json", "target.json", "state.json", "catalog.json", "records.jsonl")


def walk(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it."""
    yield path, command
    for name, one in getattr(command, "commands", {}).items():
        yield from walk((*path, name), one)


ALL = dict(pair for name, root in ROOTS.items() for pair in walk((name,), root))
EVERY = pytest.mark.parametrize("path", ALL, ids=" ".join)


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without anything, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("TAP_BOOKER", "TARGET_REFERRIZER"))]:
        monkeypatch.delenv(name)
    return tmp_path


def said(path: tuple[str, ...], *arguments: str, code: int = 0) -> str:
    """What a command answers to these arguments, colours and all."""
    done = CliRunner().invoke(ROOTS[path[0]], [*path[1:], *arguments], prog_name=path[0], color=True)
    assert (done.exit_code, type(done.exception)) in {(code, type(None)), (code, SystemExit)}, done.output
    return done.output


def test_every_script_of_every_package_is_looked_at() -> None:
    scripts: set[str] = set()
    for package in PACKAGES:
        scripts |= set(
            tomllib.loads((CHECKOUT / package / "pyproject.toml").read_text())["project"]["scripts"]
        )
    assert scripts == set(ROOTS)


def test_help_is_made_in_one_way() -> None:
    for name, packages in {
        "manual": PACKAGES,
        "spelling": list(PACKAGES)[:2],
        "about": list(PACKAGES)[:2],
    }.items():
        texts = [(CHECKOUT / one / PACKAGES[one] / f"{name}.py").read_text() for one in packages]
        assert len(set(texts)) == 1, f"{name}.py differs between packages"


@EVERY
def test_the_help_reads_like_a_manual(path: tuple[str, ...], empty: Path) -> None:
    text = said(path, "--help")
    assert text == said(path, "-h")
    found = re.findall(r"^([A-Z][\w ]+):$", text, re.MULTILINE)
    assert found == [one for one in SECTIONS if one in found]
    assert {"Options", "Changes", "Exit codes", "Examples"} <= set(found)
    assert ("Settings" in found) == (path[0] != "sandbox")
    assert re.search(r"^  0 +\S", text, re.MULTILINE)
    assert re.search(r"^  2 +\S", text, re.MULTILINE)
    assert "\x1b" not in text
    assert "\b" not in text
    assert "..." not in text.split("\n", 1)[1]
    assert list(empty.iterdir()) == []


@EVERY
@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_the_help_fits_the_terminal(path: tuple[str, ...], columns: int, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")
    for line in said(path, "--help").splitlines():
        longest = max(map(len, line.split()), default=0)
        assert len(line) < min(columns, 101) or longest > columns // 2, line
        assert "..." not in line.replace("[ARGS]...", ""), line


@EVERY
def test_every_option_says_what_it_is_for(path: tuple[str, ...]) -> None:
    for one in ALL[path].params:
        assert isinstance(one, click.Argument) or getattr(one, "help", None), one.name


# Examples


def pieces(line: str) -> Iterator[list[str]]:
    """The commands of a line; what it is in Meltano is looked up in meltano.yml."""
    plugins = yaml.safe_load((CHECKOUT / "meltano.yml").read_text())["plugins"]
    for piece in line.split(" | "):
        words = shlex.split(piece.split(" < ")[0])
        if words[:2] == ["meltano", "invoke"]:
            name, _, command = words[2].partition(":")
            plugin = next(one for kind in plugins.values() for one in kind if one["name"] == name)
            command = plugin["commands"][command]
            words = [command["executable"], *shlex.split(command["args"]), *words[3:]]
        yield words


def parsed(words: list[str]) -> tuple[str, ...]:
    """The path of the command that click takes these words for; a wrong word is an error."""
    with ExitStack() as stack:
        return read(ROOTS[words[0]], words, stack)


def read(command: click.Command, words: list[str], stack: ExitStack) -> tuple[str, ...]:
    context, path, rest = None, [words[0]], words[1:]
    while True:
        context = made(command, path[-1], rest, context)
        if context is not None:
            stack.callback(context.close)
        if context is None or not isinstance(command, click.Group):
            return tuple(path)
        rest = [*context._protected_args, *context.args]
        if not rest:
            assert command.invoke_without_command
            return tuple(path)
        name, found, rest = command.resolve_command(context, rest)
        assert name is not None
        assert found is not None
        path.append(name)
        command = found


def made(command: click.Command, name: str, rest: list[str], above: Any) -> click.Context | None:
    """The words as click reads them; None where an option such as --help or --test has done all, and well."""
    try:
        return command.make_context(name, list(rest), parent=above)
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    assert code == 0
    return None


@pytest.fixture(scope="module")
def booker() -> Iterator[dict[str, Any]]:
    """Settings of a Booker that answers: `--test` asks it as soon as it is read."""
    with Sandbox(contacts=0) as box:
        mine, now = box.booker.credentials, box.clock.now.isoformat()
        secrets = {name: getattr(mine, name) for name in ("client_id", "client_secret", "subscription_key")}
        yield {"base_url": box.booker_url, "location_ids": [3749], "as_of": now, **secrets}


@EVERY
def test_every_example_is_one_that_click_takes(
    path: tuple[str, ...], empty: Path, booker: dict[str, Any], monkeypatch: Any
) -> None:
    for name in FILES:
        (empty / name).write_text(json.dumps(booker))
    examples: dict[str, str] = ALL[path].examples  # type: ignore[attr-defined]
    assert examples
    reached = {parsed(words)[: len(path)] for line in examples for words in pieces(line)}
    assert path in reached
    monkeypatch.setenv("COLUMNS", "40")
    shown = re.sub(r" \\\n +", " ", said(path, "--help"))  # what a person copies from a narrow terminal
    assert all(f"    {line}\n" in shown for line in examples)


# Versions, and words that are misspelt


@pytest.mark.parametrize("name", ROOTS)
def test_every_command_tells_its_version(name: str) -> None:
    assert re.match(rf"{name} v\d+\.\d+\.\d+", said((name,), "--version"))


@EVERY
def test_a_misspelt_option_is_answered_with_the_right_one(path: tuple[str, ...]) -> None:
    for option in ALL[path].params:
        for name in option.opts:
            if name.startswith("--"):
                near = said(path, f"{name[:-2]}{name[-1]}x", code=2)
                assert re.search(rf"Did you mean.*'{name}'", near), near


@EVERY
def test_a_misspelt_choice_is_answered_with_the_right_one(path: tuple[str, ...]) -> None:
    for option in ALL[path].params:
        if isinstance(option.type, click.Choice):
            for word in option.type.choices:
                near = said(path, f"{option.opts[0]}={word[:-1]}x", code=2)
                assert f"did you mean '{word}'?" in near


@pytest.mark.parametrize("path", [path for path in ALL if len(path) > 1], ids=" ".join)
def test_a_misspelt_command_is_answered_with_the_right_one(path: tuple[str, ...]) -> None:
    assert f"Did you mean '{path[-1]}'?" in said(path[:-1], f"{path[-1][:-1]}x", code=2)


@pytest.mark.parametrize(
    "path", [path for path in ALL if len(path) > 1 and path[0] != "sandbox"], ids=" ".join
)
def test_settings_behind_the_command_are_told_where_they_belong(path: tuple[str, ...]) -> None:
    told = said(path, "--config=x.json", code=2)
    assert f"--config belongs before the command: {path[0]} --config … {path[1]}" in told


@pytest.mark.parametrize(
    ("name", "words", "offered"),
    [
        ("tap-booker", "tap-booker --dis", "--discover"),
        ("booker-connect", "booker-connect doc", "doctor"),
        ("target-referrizer", "target-referrizer --inp", "--input"),
        ("referrizer-ledger", "referrizer-ledger held --res", "--resend"),
        ("sandbox", "sandbox ser", "serve"),
    ],
)
def test_a_shell_completes_commands_and_options(name: str, words: str, offered: str) -> None:
    variable = f"_{name.upper().replace('-', '_')}_COMPLETE"
    asked = {variable: "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run(
        [Path(sys.executable).with_name(name)],
        env={**os.environ, **asked}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"plain,{offered}\n", "")
    readmes = "".join((CHECKOUT / one / "README.md").read_text() for one in PACKAGES)
    assert name == "sandbox" or f'eval "$({variable}=bash_source {name})"' in readmes
