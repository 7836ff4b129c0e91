"""Where the commands begin: stopped in good order also while all is loaded, which takes half a second."""

from __future__ import annotations

from typing import NoReturn

from target_referrizer.stopping import leave_when_asked


def target() -> NoReturn:
    """The command `target-referrizer`."""
    leave_when_asked()
    from target_referrizer.target import main  # noqa: PLC0415

    main()


def ledger() -> NoReturn:
    """The command `referrizer-ledger`."""
    leave_when_asked()
    from target_referrizer.cli import main  # noqa: PLC0415

    main()
