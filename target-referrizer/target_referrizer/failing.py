"""How a command of this package fails: one line with a code and what to do, and an exit code."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any, NoReturn

import click

from target_referrizer.errors import SettingsErrors, TargetError
from target_referrizer.mistakes import mistake
from target_referrizer.stopping import LeaveNow, asked_to_leave, leave_when_asked
from target_referrizer.terminal import plain


def run_cli(command: Any, name: str) -> NoReturn:
    """Run a command; a failure is one line with its code and what to do.

    It is never a traceback: the values in it could be those of a person. Whatever comes of a signal that
    asked to leave, it is that exit.
    """
    leave_when_asked()
    try:
        code = command.main(prog_name=name, standalone_mode=False)
        if left := asked_to_leave():
            raise left  # noqa: TRY301 - it was swallowed on its way
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(1)
    except (LeaveNow, Exception) as error:  # noqa: BLE001 - the last resort
        known = _known(error)
        _say(known)
        sys.exit(known.exit_code)
    except SystemExit:
        if left := asked_to_leave():
            _say(left.stopped)
            sys.exit(left.code)
        raise
    sys.exit(code if isinstance(code, int) else 0)


def _known(error: BaseException) -> TargetError:
    """What is said of an error."""
    if asked := error if isinstance(error, LeaveNow) else asked_to_leave():
        return asked.stopped
    if isinstance(error, TargetError):
        return error
    from target_referrizer.ledger.failures import LedgerFailure, failure  # noqa: PLC0415 - only now needed

    if isinstance(error, LedgerFailure):
        return failure(error)
    return mistake(error)


def _show(error: click.ClickException) -> None:
    """What click says of a wrong call, which quotes it."""
    said = io.StringIO()
    error.show(said)
    for line in said.getvalue().rstrip("\n").split("\n"):
        click.echo(plain(line), err=True)


def _say(error: TargetError) -> None:
    for one in error.errors if isinstance(error, SettingsErrors) else [error]:
        logging.getLogger("target-referrizer").critical("%s", plain(str(one)))
