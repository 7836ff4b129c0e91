"""What comes after the sign-in: the lines to copy into a terminal."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_booker.settings import BOOKER_URL

if TYPE_CHECKING:
    from collections.abc import Mapping

SANDBOX = "sandbox"
WHY = {
    "credentials_path": "Name the credential file",
    "location_ids": "Name the location",
    "personal_access_token": "Empty the personal access token, which the credential file replaces",
}


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

    Settings of a real account go into `.env`, which goes before all files of the project and keeps its
    comments. The sandbox's go along with each line: what was made up must not meet a real account later.

    Args:
        given: The settings that the sign-in was started with.
        location_id: The location that was connected.
        path: Where the credential file lies.
        environment: Meltano's environment, when Meltano started the sign-in.
    """
    is_real = given.get("base_url", BOOKER_URL) == BOOKER_URL
    environment = environment or ("production" if is_real else SANDBOX)
    meltano = f"meltano --environment {shlex.quote(environment)}"
    changes = _changes(given, location_id, path)
    along, steps = "", []
    if environment == SANDBOX:
        along = "".join(f"TAP_BOOKER_{name.upper()}={shlex.quote(value)} " for name, value in changes.items())
    else:
        store = f"{meltano} config set --store dotenv tap-booker"
        steps = [Step(WHY[name], f"{store} {name} {shlex.quote(value)}") for name, value in changes.items()]
    steps.append(Step("See that Booker is ready", f"{along}{meltano} invoke tap-booker:doctor"))
    if environment != SANDBOX:  # a first run sends: by then Referrizer's side has to be ready as well
        steps.append(Step("See that Referrizer is ready, too", f"{meltano} invoke target-referrizer:doctor"))
    steps.append(Step("Sync for the first time", f"{along}{meltano} run sync"))
    return tuple(steps)


def _changes(given: Mapping[str, Any], location_id: int, path: str) -> dict[str, str]:
    """The settings that are not yet as a run with the new access needs them."""
    changes = {}
    if not given.get("credentials_path"):
        changes["credentials_path"] = path
    stated = given.get("location_ids") or []
    ids = [one for one in stated if type(one) is int]  # anything else would stop the run
    if location_id not in ids or len(ids) < len(stated):
        ids = [one for one in ids if one != location_id]
        changes["location_ids"] = json.dumps([*ids, location_id])
    if given.get("personal_access_token"):
        changes["personal_access_token"] = ""
    return changes
