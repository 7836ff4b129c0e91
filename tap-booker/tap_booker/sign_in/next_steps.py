"""What comes after the sign-in: the lines to copy into a terminal."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_booker.settings import BOOKER_URL

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Step:
    """One line.

    Attributes:
        why: What it does, for a person.
        line: The line itself.
    """

    why: str
    line: str


def next_steps(
    given: Mapping[str, Any], location_id: int, path: str, environment: str | None
) -> tuple[Step, ...]:
    """The Meltano lines from here to the first run, only those that are needed.

    Args:
        given: The settings that the sign-in was started with.
        location_id: The location that was connected.
        path: Where the credential file lies.
        environment: Meltano's environment, when Meltano started the sign-in.
    """
    ours = given.get("base_url", BOOKER_URL) == BOOKER_URL
    meltano = f"meltano --environment {shlex.quote(environment or ('production' if ours else 'sandbox'))}"
    steps = []
    if not given.get("credentials_path"):
        line = f"{meltano} config set tap-booker credentials_path {shlex.quote(path)}"
        steps.append(Step("Name the credential file", line))
    ids = given.get("location_ids") or []
    if location_id not in ids:
        line = f"{meltano} config set tap-booker location_ids {shlex.quote(json.dumps([*ids, location_id]))}"
        steps.append(Step("Name the location", line))
    if given.get("personal_access_token"):
        line = f"{meltano} config unset tap-booker personal_access_token"
        steps.append(Step("Drop the personal access token, which the credential file replaces", line))
    steps.append(Step("See that all is well", f"{meltano} invoke tap-booker:doctor"))
    steps.append(Step("Sync for the first time", f"{meltano} run sync"))
    return tuple(steps)
