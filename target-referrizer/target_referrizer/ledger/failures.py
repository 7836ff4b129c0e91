"""What a ledger's failure says to whoever has to mend it.

Only codes of the database are read, never its messages: those may quote a record.
"""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

from target_referrizer.errors import TargetError

LedgerFailure = (sa.exc.SQLAlchemyError, sqlite3.Error)

_LOST = "the connection to its server was lost"
_FULL = "the disk is full"
_HELD = "another program holds it for long, such as a backup"
_READ_ONLY = "it is read-only"
_ASIDE = "SQLITE_TMPDIR or TMPDIR names the folder of temporary files"

#: The first that the code begins with: SQLite's names, and PostgreSQL's SQLSTATEs.
_WHY = {
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR_GETTEMPPATH": f"no folder for temporary files can be written ({_ASIDE})",
    "SQLITE_IOERR": "its disk cannot be read or written: full, over a quota, or faulty",
    "SQLITE_BUSY": _HELD,
    "SQLITE_LOCKED": _HELD,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_CANTOPEN": f"it, a file beside it or a temporary one cannot be opened ({_ASIDE})",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_NOTADB": "the file is no ledger",
    "08": _LOST,
    "25006": _READ_ONLY,
    "28": "its server refuses the user or the password",
    "3D000": "its server has no such database",
    "3F000": "the schema that its search_path names is not there (CREATE SCHEMA makes it)",
    "42501": "the user may not do this in the database",
    "53100": _FULL,
    "53": "its server has run out of memory or connections",
    "55P03": _HELD,
    "57P": _LOST,
}


def failure(error: Exception, what: str = "failed") -> TargetError:
    """One line about a ledger that cannot be used, with the real reason where the database tells it.

    Args:
        error: What SQLAlchemy or SQLite raised.
        what: What the ledger did not do.
    """
    reason = _reason(error)
    return TargetError("RFZ-403", f"the ledger {what}" + (f": {reason}" if reason else _kind(error)))


def _reason(error: Exception) -> str | None:
    orig = getattr(error, "orig", None) or error
    code = getattr(orig, "sqlite_errorname", None) or getattr(orig, "sqlstate", None) or ""
    found = next((why for start, why in _WHY.items() if code.startswith(start)), None)
    if found:
        return found
    return _LOST if getattr(error, "connection_invalidated", False) else None


def _kind(error: Exception) -> str:
    return f" ({type(error).__name__})"
