"""The command `python -m orchestrate`: run many locations, and ask how they stand."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrate.environment import UnreadyError
from orchestrate.locations import load
from orchestrate.outcome import Outcome, Verdict
from orchestrate.reading import MistakeError, meant
from orchestrate.running import BlindError, Runner, stopped_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrate.locations import Location, Locations

PROJECT = Path(__file__).resolve().parent.parent
UNUSABLE = 2
EXITS = "Exit codes: 0 all is well, 1 at least one location is not, 2 the file or the call cannot be used."


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked for; gives the exit code."""
    options = _parser().parse_args(arguments)
    try:
        found = load(options.file)
        only, is_run = getattr(options, "only", None), options.does is _run
        chosen, problems = _chosen(found, only, also_off=not is_run)
    except MistakeError as mistake:
        where = f":{mistake.line}" if mistake.line else ""
        return _complain(f"{options.file}{where}: {mistake}")
    given = dict(os.environ)
    if options.environment:
        given["MELTANO_ENVIRONMENT"] = options.environment
    runner = Runner(PROJECT if options.project is None else options.project.resolve(), found, given)
    code: int = options.does(runner, options, chosen, problems)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m orchestrate", description=__doc__, epilog=EXITS)
    parser.add_argument("--file", type=Path, default=Path("locations.yml"), help="default: locations.yml")
    parser.add_argument("--environment", help="Meltano's environment, such as production")
    parser.add_argument("--project", type=Path, help="the folder of meltano.yml; default: this checkout")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, does, text in (
        ("run", _run, "one pass of every location that is enabled"),
        ("status", _status, "whether each was kept in step lately"),
        ("list", _list, "what the file says"),
        ("exec", _exec, "another command in the environment of one location"),
    ):
        command = commands.add_parser(name, help=text, description=text, epilog=EXITS)
        command.set_defaults(does=does)
        if name in {"run", "status"}:
            command.add_argument("--only", nargs="+", metavar="NAME", help="these locations and no others")
        if name == "run":
            command.add_argument(
                "--at-once", type=_positive, default=os.cpu_count() or 1, metavar="N",
                help="so many side by side; default: one for each processor",
            )  # fmt: skip
            command.add_argument(
                "--full-refresh-contacts", action="store_true",
                help="read all contacts again and no check-ins, as once a night",
            )  # fmt: skip
        elif name == "status":
            command.add_argument(
                "--max-age", type=_age, default="2h", help="how long ago is well; default: 2h"
            )
        elif name == "exec":
            command.add_argument("only", nargs=1, metavar="NAME")
            command.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND …")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _age(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,5}[mhd]", text):
        raise argparse.ArgumentTypeError("an age such as 90m, 2h or 1d")
    return text


def _chosen(
    found: Locations, only: Sequence[str] | None, *, also_off: bool
) -> tuple[list[Location], list[Outcome]]:
    """The locations to work with, and what keeps others from it.

    Raises:
        MistakeError: A name stands in no entry, or in one that is off.
    """
    wrong = [Outcome(one.name, Verdict.PERSON, "", one.what, "Mend its entry") for one in found.problems]
    if only is None:
        return found.enabled, wrong
    names = [one.name for one in found.locations] + [one.name for one in found.problems]
    for name in only:
        if name not in names:
            raise MistakeError(f"it has no location {name!r}{meant(name, names)}")
    chosen = [one for one in found.locations if one.name in only]
    off = [one.name for one in chosen if not one.enabled]
    if off and not also_off:
        raise MistakeError(f"{', '.join(off)}: enabled is false, so it is not run")
    return chosen, [one for one in wrong if one.name in only]


def _run(runner: Runner, options: argparse.Namespace, chosen: list[Location], wrong: list[Outcome]) -> int:
    began = time.monotonic()

    def one(location: Location) -> Outcome:
        return runner.run(location, contacts_only=options.full_refresh_contacts)

    found, left = _side_by_side(runner, one, chosen, options.at_once)
    ended = sorted(wrong + found, key=lambda one: (one.verdict, one.name))
    for outcome in ended:
        print(f"{outcome.name:<24} {outcome.verdict.words:<15} {outcome}".rstrip())
    numbers = [(verdict.words, sum(one.verdict is verdict for one in ended)) for verdict in Verdict]
    counts = ", ".join(f"{words} {number}" for words, number in numbers if number)
    print(f"{len(ended)} locations in {time.monotonic() - began:.0f} s: {counts or 'nothing to do'}")
    is_bad = any(one.verdict is not Verdict.DONE for one in ended)
    if is_bad:
        print(f"Logs: {runner.log_of('NAME')}. A command to do: after `python -m orchestrate exec NAME`.")
    return left or int(is_bad)


def _status(runner: Runner, options: argparse.Namespace, chosen: list[Location], wrong: list[Outcome]) -> int:
    try:
        found = runner.health(chosen, options.max_age)
    except BlindError as error:
        return _complain(f"nobody looked: {error}", 1)
    ended = sorted(wrong + found, key=lambda one: (one.verdict, one.name))
    for outcome in ended:
        print(f"{outcome.name:<24} {outcome}")
    return int(any(one.verdict is not Verdict.DONE for one in ended))


def _list(runner: Runner, _options: argparse.Namespace, _chosen: list[Location], wrong: list[Outcome]) -> int:
    for one in runner.locations.locations:
        words = "on" if one.enabled else "off"
        print(f"{one.name:<24} {words:<4} {one.location_id:<12} {one.timezone}")
    for problem in wrong:
        print(f"{problem.name:<24} {problem}")
    return int(bool(wrong))


def _exec(runner: Runner, options: argparse.Namespace, chosen: list[Location], wrong: list[Outcome]) -> int:
    if wrong or not options.command:
        return _complain(str(wrong[0]) if wrong else "exec: which command?")
    try:
        variables = runner.environment(chosen[0])
    except UnreadyError as error:
        return _complain(f"{chosen[0].name}: {error}")
    os.chdir(runner.project)
    try:
        os.execvpe(options.command[0], options.command, variables)  # noqa: S606 - what the caller asked for
    except OSError as error:
        return _complain(f"{options.command[0]}: {error.strerror}")


def _side_by_side(
    runner: Runner, work: Callable[[Location], Outcome], chosen: list[Location], at_once: int
) -> tuple[list[Outcome], int]:
    """What came of each, told as it ends; and 128 + n when a signal cut it short."""
    ended: list[Outcome] = []
    with (
        stopped_by(runner, signal.SIGINT, signal.SIGTERM) as received,
        ThreadPoolExecutor(at_once) as pool,
    ):
        for future in as_completed([pool.submit(work, one) for one in chosen]):
            ended.append(future.result())
            print(f"{ended[-1].name}: {ended[-1].verdict.words}", file=sys.stderr, flush=True)
    return ended, 128 + received[0] if received else 0


def _complain(text: str, code: int = UNUSABLE) -> int:
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
