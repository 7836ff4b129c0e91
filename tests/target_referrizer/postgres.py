"""A PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator


def binaries() -> Path | None:
    """The folder of PostgreSQL's server programs, None without them."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "pg_ctl").exists()), None)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A running server with an empty database; gives its URL. It refuses to run as root: root steps down."""
    home = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
    as_whom = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_whom:
        shutil.chown(home, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = home / "data"
    run(home, *as_whom, folder / "initdb", "-D", data, "-A", "trust", "-U", "tests")
    options = f"-h 127.0.0.1 -p {port} -k {home} -F"
    control: list[str | Path] = [*as_whom, folder / "pg_ctl", "-D", data, "-w"]
    run(home, *control, "-l", home / "log", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://tests@127.0.0.1:{port}/postgres"
    finally:
        run(home, *control, "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def empty(url: str, *then: str) -> None:
    """Leave nothing in a database, and execute further statements in it."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", *then):
            connection.exec_driver_sql(statement)
    engine.dispose()


def run(home: Path, *command: str | Path) -> None:
    """Run a server program in silence; its own log says more."""
    subprocess.run(list(command), cwd=home, check=True, stdout=subprocess.DEVNULL)
