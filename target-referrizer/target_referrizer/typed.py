"""How the commands that we name are typed here: an advice that is typed as it stands has to work."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PLAIN = "referrizer-ledger "
#: What Meltano's own commands begin with where they are told: in the environment that matters.
_MELTANO = "meltano --environment production "
_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
#: What a shell, or the report, could not take as it is.
_ODD = re.compile(r"[`\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Commands:
    """What a command of the ledger begins with; its name follows without a space."""

    start: str = _PLAIN

    def told(self, said: str) -> str:
        """Text in which each command between backticks stands as it is typed here."""
        typed = said.replace(f"`{_PLAIN}", f"`{self.start}")
        if not self.start.startswith("meltano "):
            return typed
        return typed.replace(f"`{_MELTANO}", f"`{self.start.partition('invoke ')[0]}")


def as_typed(environment: Mapping[str, str], files: Sequence[Path] = ()) -> Commands:
    """How commands are typed here: with the settings' files, by Meltano where it called, else plainly.

    Args:
        environment: Of this process; Meltano names its environment and the plugin there.
        files: The files that settings were read from.
    """
    if files:
        places = [f"--config {shlex.quote(str(one.absolute()))} " for one in files]
        start = _PLAIN + "".join(places)
    elif "MELTANO_PROJECT_ROOT" in environment:
        of = environment.get("MELTANO_ENVIRONMENT", "")
        loader = environment.get("MELTANO_LOADER_NAME", "")
        option = f"--environment={of} " if _NAME.fullmatch(of) else ""
        name = loader if _NAME.fullmatch(loader) else "target-referrizer"
        start = f"meltano {option}invoke {name}:"
    else:
        start = _PLAIN
    return Commands(_PLAIN if _ODD.search(start) else start)


def option(name: str, value: str) -> str | None:
    """An option with a value from outside, as a shell takes it; None where no line can hold it."""
    return None if _ODD.search(value) or not value.isprintable() else f"{name}={shlex.quote(value)}"
