"""How many ledgers stand, in one process: `python looking.py AGE`, run by the project's Python.

Reads a JSON list of `{"name", "ledger_url", "source"}`, prints one of `{"name", "is_well", "finding"}`: what
`referrizer-ledger status --max-age AGE` says of each.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from target_referrizer.cli.common import Age
from target_referrizer.errors import TargetError
from target_referrizer.health import look
from target_referrizer.settings import Settings


def main() -> None:
    """Look at each; one that cannot be looked at is not well."""
    max_age = Age().convert(sys.argv[1], None, None)
    found = []
    for one in json.load(sys.stdin):
        name = one.pop("name")
        try:
            health = look(Settings.parse({"api_token": "none", **one}), datetime.now(UTC), max_age)
            found.append({"name": name, "is_well": health.is_well, "finding": health.finding})
        except TargetError as error:
            found.append({"name": name, "is_well": False, "finding": str(error)})
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
