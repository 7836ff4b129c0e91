"""`python -m demo`: the whole path, from a front desk to Referrizer's groups, on this machine alone."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

from rich.console import Console

from demo import ledger
from demo.project import CommandFailedError
from demo.salon import Salon, SalonError
from demo.story import Story
from demo.workspace import HOME, REPORT, BusyError, clean_up_on_signals, workspace

OPENING = datetime(2026, 3, 2, 15, tzinfo=UTC)  # nine in the morning in Chicago
CONTACTS = 2000


def main() -> int:
    """Run the demo.

    Returns:
        0, or 1 when something failed, or 130 when the user stopped it.
    """
    clean_up_on_signals()
    console = Console(highlight=False)
    if not console.is_terminal:  # a file or a pipe has no width of its own
        console.width = 100
    start = time.monotonic()
    try:
        play(console)
    except CommandFailedError as error:
        (HOME / "failed.log").write_text(error.log)
        return fail(console, f"{error}\nThe whole log: {HOME / 'failed.log'}")
    except (SalonError, BusyError) as error:
        return fail(console, str(error))
    except KeyboardInterrupt:
        console.print("\nStopped; everything is cleaned up.")
        return 130
    took = time.monotonic() - start
    console.print(f"\nDone in {took:.0f} seconds. Nothing is left running, and only the report is kept:")
    console.print(str(REPORT), markup=False, soft_wrap=True)
    return 0


def fail(console: Console, what: str) -> int:
    """Say what went wrong, as it is, and return the exit code."""
    console.print(what, style="red", markup=False, soft_wrap=True)
    return 1


def play(console: Console) -> None:
    """Lay everything out, then tell the story."""
    with workspace() as project:
        with console.status("installing both plugins (once)"):
            project.install()
        log = project.run_folder / "sandbox.log"
        with (
            console.status("opening the salon"),
            Salon(contacts=CONTACTS, seed=7, zone="America/Chicago", now=OPENING, log=log) as salon,
        ):
            Story(console, project, salon).tell()
            ledger.report(project, salon.settings(), REPORT)


if __name__ == "__main__":
    sys.exit(main())
