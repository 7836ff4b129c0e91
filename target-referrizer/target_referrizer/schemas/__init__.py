"""The stream contract: what a tap has to emit to feed the target, as JSON Schema."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

STREAMS = ("contacts", "check_ins")


@cache
def load(stream: str) -> dict[str, Any]:
    """The contract of one stream; the dictionary is shared, so leave it as it is.

    Args:
        stream: One of `STREAMS`.

    Raises:
        KeyError: There is no such stream.
    """
    if stream not in STREAMS:
        raise KeyError(stream)
    schema: dict[str, Any] = json.loads(files(__name__).joinpath(f"{stream}.json").read_text("utf-8"))
    return schema
