"""Making the report: for a person who asks, and after a run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_referrizer.errors import TargetError
from target_referrizer.report.figures import gather
from target_referrizer.report.page import page
from target_referrizer.report.saving import save

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from target_referrizer.ledger import Ledger
    from target_referrizer.settings import Settings

logger = logging.getLogger("target-referrizer")


def make(
    ledger: Ledger, settings: Settings, now: datetime, place: str | Path, *, unmasked: bool = False
) -> Path:
    """Write the report on a ledger; gives the file.

    Args:
        ledger: What it is about.
        settings: Source, groups and zone.
        now: The instant that counts as now.
        place: The file.
        unmasked: Show names instead of first letters.

    Raises:
        TargetError: RFZ-407, it cannot be written there.
    """
    return save(page(gather(ledger, settings, now, unmasked=unmasked)), place)


def after_run(ledger: Ledger, settings: Settings, now: datetime) -> None:
    """Write the report where the settings ask for one; a run goes on whatever becomes of it."""
    if settings.report_path is None or settings.dry_run:
        return
    try:
        make(ledger, settings, now, settings.report_path)
    except TargetError as error:
        logger.warning("%s", error)
    except Exception as error:  # noqa: BLE001 - a run that has delivered must not fail for its picture
        what = f"the report could not be made ({type(error).__name__})"
        logger.warning("%s", TargetError("RFZ-407", what))
