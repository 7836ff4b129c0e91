"""What a ledger's address may ask for, seen before anything is opened with it."""

from __future__ import annotations

import sqlalchemy as sa

from target_referrizer.errors import SettingsError

#: Options that are numbers, by the kind of database that reads them.
_NUMBERS = {"sqlite": "timeout", "postgresql": "connect_timeout"}


def checked(url: str) -> str:
    """An address whose port, driver and options can be used; where it leads is seen when it is opened.

    Raises:
        SettingsError: RFZ-101, with what is wrong and without the address, which may hold a password.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise SettingsError("RFZ-101", "ledger_url is not a database URL") from None
    except ValueError:
        raise SettingsError("RFZ-101", "the port in ledger_url is no number") from None
    kind = parsed.get_backend_name()
    number = parsed.query.get(_NUMBERS.get(kind, ""), "1")
    if not _is_number(number):
        raise SettingsError("RFZ-101", f"{_NUMBERS[kind]} in ledger_url is no number of seconds")
    if kind == "sqlite" and parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise SettingsError("RFZ-101", "ledger_url names a driver for SQLite that is not used here")
    if kind == "sqlite" and ("uri" in parsed.query or str(parsed.database).startswith("file:")):
        what = "ledger_url names a file as SQLite's own URIs do (`uri`, `file:`); give its path alone"
        raise SettingsError("RFZ-101", what)
    return url


def _is_number(text: object) -> bool:
    try:
        return float(str(text)) >= 0
    except ValueError:
        return False
