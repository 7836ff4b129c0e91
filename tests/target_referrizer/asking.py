"""Asking a salon's ledger through the command, as a person or a script does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner, Result

from target_referrizer.cli import ledger_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.target_referrizer.salon import Salon


def config_file(salon: Salon, **more: Any) -> Path:
    file = salon.folder / "settings.json"
    file.write_text(json.dumps({"as_of": salon.now.isoformat(), **salon.config(**more)}))
    return file


def ask(salon: Salon, *arguments: str, stdin: str = "", **more: Any) -> Result:
    """Call the command; what its last line of defence would turn into a message is raised instead."""
    given = ["--config", str(config_file(salon, **more)), *arguments]
    found = CliRunner().invoke(ledger_command, given, input=stdin, obj=lambda: salon.now)
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def ask_json(salon: Salon, *arguments: str, **more: Any) -> Any:
    return json.loads(ask(salon, *arguments, "--format", "json", **more).stdout)
