"""The command `referrizer-ledger`: what the ledger knows, for people and for scripts."""

from __future__ import annotations

import json
import sys
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from target_referrizer import explanation, origin, texts
from target_referrizer.errors import LedgerBusy, SettingsError, TargetError
from target_referrizer.failing import run_cli
from target_referrizer.ledger import Ledger, decisions, journal, reports
from target_referrizer.people import email_key
from target_referrizer.properties import PROPERTIES
from target_referrizer.run import Run, real_outside
from target_referrizer.settings import Settings, checked, from_environment
from target_referrizer.stopping import Stop
from target_referrizer.target import TargetReferrizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILED = 1

as_format = click.option(
    "--format",
    "shape",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people or scripts.",
)


# \b keeps click from filling the lines of the examples.
HELP = """Look into the ledger of target-referrizer: what was sent, what waits, and why.

\b
Examples:
  referrizer-ledger --config target.json status
  referrizer-ledger --config target.json explain 900001
  echo guest@example.com | referrizer-ledger --config target.json explain -
"""


@click.group(help=HELP, context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100})
@click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True,
    help="Settings of target-referrizer as JSON; without it, TARGET_REFERRIZER_* of the environment.",
)  # fmt: skip
@click.pass_context
def ledger_command(context: click.Context, config: tuple[Path, ...]) -> None:
    """What every command needs: the settings, read when they are asked for."""
    context.obj = lambda: _settings(config)


def _settings(files: tuple[Path, ...]) -> Settings:
    schema = PROPERTIES.to_dict()
    TargetReferrizer.append_builtin_config(schema)
    config: dict[str, Any] = {} if files else from_environment(schema)
    for file in files:
        try:
            config |= json.loads(file.read_text())
        except (TypeError, ValueError):
            raise SettingsError("RFZ-101", f"{file.name} holds no JSON object") from None
    return checked(config, schema)


def _open(settings: Settings) -> Ledger:
    return Ledger(settings.ledger_url, must_exist=True)


def _print(found: Any, shape: str, lines: Callable[[Any], Iterator[str]]) -> None:
    if shape == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for line in lines(found):
            click.echo(line)


@ledger_command.command()
@as_format
@click.option(
    "--exit-code", is_flag=True, help="End with the last run's exit code, which Meltano turns into 1."
)
@click.pass_obj
def status(settings: Callable[[], Settings], shape: str, *, exit_code: bool) -> None:
    """How the last run went, and what the ledger holds."""
    chosen = settings()
    with closing(_open(chosen)) as ledger:
        since = origin.posted_since(ledger, chosen, chosen.source)
        found = reports.status(ledger, chosen.source, since)
        code = reports.last_exit_code(ledger, chosen.source)
    _print(found, shape, texts.status)
    if exit_code:
        sys.exit(FAILED if code is None or code < 0 else code)


@ledger_command.command()
@click.argument("contact")
@as_format
@click.option(
    "--as-of", type=click.DateTime(), help="Explain the group as of this instant (UTC); default: now."
)
@click.option(
    "--show-personal-data", is_flag=True, help="Show names, addresses and numbers instead of first letters."
)
@click.pass_obj
def explain(
    settings: Callable[[], Settings],
    contact: str,
    shape: str,
    as_of: datetime | None,
    *,
    show_personal_data: bool,
) -> None:
    """Everything about CONTACT: known, sent, why this group, what next.

    CONTACT is an id of the source or of Referrizer; - reads an e-mail from standard input, so that it stands
    in no list of processes.
    """
    chosen = settings()
    by_email = email_key(sys.stdin.readline()) if contact == "-" else None
    if contact == "-" and by_email is None:
        raise click.UsageError("standard input holds no e-mail")
    moment = as_of.replace(tzinfo=UTC) if as_of else chosen.as_of or datetime.now(UTC)
    with closing(_open(chosen)) as ledger:
        found = explanation.explain(
            ledger, chosen, contact, email_key=by_email, as_of=moment, unmasked=show_personal_data
        )
    if found is None:
        whom = "contact with this e-mail" if by_email else f"contact {contact!r}"
        raise TargetError("RFZ-404", f"the ledger knows no {whom}")
    _print(found, shape, explanation.lines)


@ledger_command.command()
@as_format
@click.option("--run", "run_no", type=int, help="Number of the run; default: the last one.")
@click.pass_obj
def moves(settings: Callable[[], Settings], shape: str, run_no: int | None) -> None:
    """Who moved from one group to another in a run, and why."""
    chosen = settings()
    with closing(_open(chosen)) as ledger:
        last = journal.current_run(ledger, chosen.source)
        number = run_no or (last.id if last else 0)
        found = [
            {"contact": row.remote_id, "records": records, **json.loads(row.detail)}
            for row, records in reports.moves(ledger, number)
        ]
    _print(found, shape, texts.moves)


@ledger_command.command()
@as_format
@click.option("--as-of", type=click.DateTime(), help="Plan as of this instant (UTC); default: now.")
@click.pass_obj
def plan(settings: Callable[[], Settings], shape: str, as_of: datetime | None) -> None:
    """What a run would change now, without any input.

    Groups that age, and work that earlier runs left.

    Reads from Referrizer where it must and writes nothing. For the plan of an input, run the target over
    it with `dry_run`.
    """
    chosen = replace(settings(), dry_run=True)
    chosen = replace(chosen, as_of=as_of.replace(tzinfo=UTC)) if as_of else chosen
    planned = Run(chosen, real_outside(Stop())).preview()
    _print(planned.as_json(), shape, lambda _: planned.lines())


@ledger_command.command()
@as_format
@click.option("--retry", is_flag=True, help="Have the next run try them all again.")
@click.pass_obj
def rejects(settings: Callable[[], Settings], shape: str, *, retry: bool) -> None:
    """Records that could not be delivered, with code and reason."""
    chosen = settings()
    with closing(_open(chosen)) as ledger:
        found = [
            {
                "stream": row.stream,
                "id": row.id,
                "code": row.code,
                "reason": row.reason,
                "since": row.at.isoformat(),
                "last_run": row.last_run,
            }
            for row in reports.rejects(ledger, chosen.source)
        ]
        if retry:
            with _exclusively(ledger, chosen):
                again = decisions.retry(ledger, chosen.source, chosen.as_of or datetime.now(UTC))
            click.echo(f"{again} of {len(found)} are tried again by the next run", err=True)
    _print(found, shape, texts.rejects)


@ledger_command.command()
@as_format
@click.option("--resend", multiple=True, metavar="ID", help="Send this visit again: it is not in Referrizer.")
@click.option(
    "--confirm", multiple=True, metavar="ID", help="Take this visit as delivered: it is in Referrizer."
)
@click.pass_obj
def held(
    settings: Callable[[], Settings], shape: str, resend: tuple[str, ...], confirm: tuple[str, ...]
) -> None:
    """Visits whose answer never came; settle them."""
    chosen = settings()
    with closing(_open(chosen)) as ledger:
        if resend or confirm:
            _settle_held(ledger, chosen, resend, confirm)
        found = [_held(row) for row in reports.held(ledger, chosen.source)]
    _print(found, shape, texts.held)


def _settle_held(
    ledger: Ledger, settings: Settings, resend: tuple[str, ...], confirm: tuple[str, ...]
) -> None:
    """Do what a person decided; an id that is not held is an error, and nothing is done."""
    with _exclusively(ledger, settings):
        known = {row.id for row in reports.held(ledger, settings.source)}
        if unknown := sorted({*resend, *confirm} - known):
            raise TargetError(
                "RFZ-404", f"no visit is held by the id {', '.join(unknown)}; nothing was settled"
            )
        decisions.resend(ledger, settings.source, resend)
        decisions.confirm(ledger, settings.source, confirm, settings.as_of or datetime.now(UTC))


def _held(row: Any) -> dict[str, Any]:
    at = row.sent_at.isoformat() if row.sent_at else None
    return {"id": row.id, "contact_id": row.contact_id, "referrizer_contact": row.remote_contact_id, "at": at}


@contextmanager
def _exclusively(ledger: Ledger, settings: Settings) -> Iterator[None]:
    """Decide only while no run of this source is under way."""
    if not ledger.locks.try_source(settings.source):
        raise LedgerBusy("RFZ-401", f"a run of source {settings.source!r} holds the ledger")
    with ledger.locks.delivery():
        yield


def main() -> NoReturn:
    """The command `referrizer-ledger`."""
    run_cli(ledger_command, "referrizer-ledger")


if __name__ == "__main__":
    main()
