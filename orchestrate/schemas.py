"""Makes a schema where there is none: `python schemas.py NAME`, the server's URL in ORCHESTRATE_DATABASE.

Run by the project's Python, which has psycopg. Ends with 6 when the server cannot be reached, with 2 when it
refuses.
"""

from __future__ import annotations

import contextlib
import os
import sys

import psycopg
from psycopg import errors, sql

VARIABLE = "ORCHESTRATE_DATABASE"


def make(url: str, schema: str) -> None:
    """Make a schema unless it is there; the right to make any is not needed then."""
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema]).fetchone():
            return
        # Somebody else may make it in this moment.
        with contextlib.suppress(errors.DuplicateSchema, errors.UniqueViolation):
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))


if __name__ == "__main__":
    try:
        make(os.environ[VARIABLE], sys.argv[1])
    except psycopg.Error as error:
        unreachable = isinstance(error, psycopg.OperationalError)
        said = type(error).__name__ if unreachable else str(error).splitlines()[0]
        print(f"schema {sys.argv[1]}: {said}", file=sys.stderr)
        sys.exit(6 if unreachable else 2)
