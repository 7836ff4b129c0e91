"""Making the report: for a person who asks, and after a run."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from target_referrizer.errors import TargetError
from target_referrizer.report.figures import gather
from target_referrizer.report.page import page
from target_referrizer.report.saving import save
from target_referrizer.typed import Commands, as_typed

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from target_referrizer.ledger import Ledger
    from target_referrizer.settings import Settings

logger = logging.getLogger("target-referrizer")


def make(  # noqa: PLR0913 - what it is about, when, where and how
    ledger: Ledger,
    settings: Settings,
    now: datetime,
    place: str | Path,
    commands: Commands = Commands(),  # noqa: B008 - it never changes
    *,
    unmasked: bool = False,
) -> Path:
    """Write the report on a ledger; gives the file.

    Args:
        ledger: What it is about.
        settings: Source, groups and zone.
        now: The instant that counts as now.
        place: The file.
        commands: How commands are typed.
        unmasked: Show names instead of first letters.

    Raises:
        TargetError: RFZ-407, it cannot be written there.
    """
    return save(page(gather(ledger, settings, now, commands, unmasked=unmasked)), place, ledger.path)


def after_run(ledger: Ledger, settings: Settings, now: datetime, command: str = "run") -> None:
    """Write the report where the settings ask for one; a run ends as it does whatever becomes of it.

    Args:
        ledger: What it is about.
        settings: Where to write it, and the rest.
        now: By the clock; the settings can say otherwise.
        command: What kind of run it was; those that only read renew no report.
    """
    if settings.report_path is None or settings.dry_run or command != "run":
        return
    try:
        make(ledger, settings, settings.as_of or now, settings.report_path, as_typed(os.environ))
    except TargetError as error:
        logger.warning("%s", error)
    except Exception as error:  # noqa: BLE001 - a run that has delivered must not fail for its picture
        what = f"the report could not be made ({type(error).__name__})"
        logger.warning("%s", TargetError("RFZ-407", what))
