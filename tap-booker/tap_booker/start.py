"""Where the `tap-booker` command begins: stopped in good order also while all is loaded."""

from __future__ import annotations

from typing import NoReturn

from tap_booker.stopping import leave_when_asked


def main() -> NoReturn:
    """The `tap-booker` command."""
    leave_when_asked()
    from tap_booker.tap import main as begin  # noqa: PLC0415 - takes a second, in which Ctrl-C must work too

    begin()
