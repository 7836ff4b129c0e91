"""How the commands that we name are typed here: an advice that is typed as it stands has to work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)


def as_typed(said: str, environment: Mapping[str, str]) -> str:
    """Text in which each command between backticks stands as it is typed here, by Meltano where it called.

    Args:
        said: The text.
        environment: Of this process; Meltano names its environment and the plugin there.
    """
    if "MELTANO_PROJECT_ROOT" not in environment:
        return said
    of, name = environment.get("MELTANO_ENVIRONMENT", ""), environment.get("MELTANO_EXTRACTOR_NAME", "")
    option = f"--environment={of} " if _NAME.fullmatch(of) else ""
    invoke = f"meltano {option}invoke {name if _NAME.fullmatch(name) else 'tap-booker'}"
    return said.replace("`booker-connect", f"`{invoke}:connect").replace("`tap-booker ", f"`{invoke} ")
