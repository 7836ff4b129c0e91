"""The owner of the salon at a browser: signs in to Booker, and looks at the report."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.tap_booker.signing import Visitor

from sandbox.booker.tokens import Credentials


def main(address: str) -> None:
    if address.startswith("file:"):
        assert Path(unquote(urlsplit(address).path)).read_text().startswith("<!DOCTYPE html>")
        return
    booker: Any = SimpleNamespace(credentials=Credentials())
    opened: Any = SimpleNamespace(url=address, box=SimpleNamespace(booker=booker))
    Visitor(opened).connect()


if __name__ == "__main__":
    main(sys.argv[1])
    sys.stdout.write(f"{sys.argv[1]}\n")
