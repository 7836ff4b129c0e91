"""Settings from variables of the environment, and variables that are those of no setting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config

from target_referrizer.errors import SettingsError
from target_referrizer.spelling import hint

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "TARGET_REFERRIZER_"
#: The Singer SDK's own variable with this prefix.
_NO_SETTINGS = ("loglevel",)
#: The variable that only Meltano gives a target, and all that it starts.
_BY_MELTANO = "MELTANO_LOADER_NAME"
#: How alike two names are, of 1, one of which is the other misspelt.
_NEARLY = 0.85


def from_environment(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration from `TARGET_REFERRIZER_*`, with what is no setting under its name in lower case.

    Raises:
        SettingsError: A variable cannot be read as what its setting is.
    """
    found = surplus(schema)
    for name, spec in schema["properties"].items():
        found |= one(name, spec)
    return found


def one(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """One setting from its variable, where that is there.

    Raises:
        SettingsError: It cannot be read as what the setting is.
    """
    try:
        return parse_environment_config({"properties": {name: spec}}, PREFIX, dotenv_path=os.devnull)
    except ValueError:
        what = f"the environment variable {PREFIX}{name.upper()} cannot be read"
        raise SettingsError("RFZ-101", what) from None


def surplus(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Variables that no setting has, by the name that they would give it; Meltano's own are left out."""
    names = {name.removeprefix(PREFIX).lower(): name for name in os.environ if name.startswith(PREFIX)}
    known = {*schema["properties"], *_NO_SETTINGS}
    found = {name: os.environ[of] for name, of in names.items() if name not in known and name[:1] != "_"}
    if _BY_MELTANO in os.environ:
        return {name: said for name, said in found.items() if not _is_meltanos(name, schema["properties"])}
    return found


def left_out(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Such variables where Meltano called: the file that it makes of the settings holds none of them."""
    return surplus(schema) if _BY_MELTANO in os.environ else {}


def _is_meltanos(name: str, known: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether Meltano makes or reads a variable of this name.

    It makes one of each part of an object (`field_map_phone`). A plugin that inherits from another has those
    of its settings and extras under its own name (`london_timezone`, `london__load_schema`), which may begin
    as the other's; but what is nearly a setting itself is a typing error (`back_fill_points`).
    """
    objects = [of for of, spec in known.items() if "object" in spec.get("type", ())]
    if any(f"_{of}_" in f"_{name}" for of in objects):
        return True
    ends = [of for of in known if name.endswith(f"_{of}")]
    if not ends and "__" not in name:
        return False
    near = hint(name, known, alike=_NEARLY)
    return not near or any(repr(of) in near for of in ends)
