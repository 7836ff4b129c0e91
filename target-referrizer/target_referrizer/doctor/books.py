"""The ledger: whether it is there and whole, whose it is, how the last run went, and what waits."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from target_referrizer import account
from target_referrizer.doctor import place
from target_referrizer.doctor.finding import FAIL, Finding, fail, ok, warn
from target_referrizer.doctor.reading import is_open, reading
from target_referrizer.doctor.work import Work
from target_referrizer.errors import SettingsError, TargetError
from target_referrizer.ledger import migrations, reports
from target_referrizer.ledger.failures import failure
from target_referrizer.ledger.store import file_of, parse_url
from target_referrizer.ledger.tables import SCHEMA_VERSION, meta
from target_referrizer.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_referrizer.settings import Settings

INDEX_TRUSTED = timedelta(hours=24)
EMPTIED = (
    "Put back the token of the account that this ledger is of. For a sandbox that was begun anew there "
    "is `make fresh`. An account that was emptied needs a new `ledger_url` and a full refresh: this ledger "
    "takes who is gone for deleted on purpose, and creates nobody again."
)
NOT_YET = "Nothing, before the first run; else correct `ledger_url`, or put the backup back."


class Books:
    """The ledger that the settings name, read only."""

    def __init__(self, settings: Settings, as_of: datetime, wrong: set[str], total: int | None) -> None:
        """Open nothing yet.

        Args:
            settings: Whose ledger, and what it is compared with.
            as_of: The instant that counts as now.
            wrong: Settings that are not as the owner meant them; nothing is compared with those.
            total: How many contacts the account says that it has, None where that is not known.
        """
        self._settings, self._as_of, self._wrong, self._total = settings, as_of, wrong, total

    def examine(self) -> Iterator[Finding]:
        """Everything, as far as the ledger lets itself be read."""
        try:
            url = parse_url(self._settings.ledger_url)
        except SettingsError as error:
            yield fail("ledger", error)
            return
        path = file_of(url)
        if path is not None:
            yield from place.examine(path)
        elif url.get_backend_name() == "sqlite":
            what = "the ledger lies in memory and is gone after each run"
            yield warn("ledger", what, "Name a file or a PostgreSQL server in `ledger_url`.", "RFZ-403")
            return
        if path is not None and not path.exists():
            yield warn("ledger", f"there is none yet at {path.absolute()}", NOT_YET)
            return
        was_open = is_open(path)
        found = list(self._look(url, path))
        if is_open(path) and not was_open:  # a run has begun meanwhile: what was read may be halves
            found = list(self._look(url, path))
        yield from found

    def _look(self, url: sa.URL, path: Path | None) -> Iterator[Finding]:
        """Open it and look."""
        try:
            with reading(url, path) as tx:
                yield from self._read(tx)
        except ModuleNotFoundError:
            what = "ledger_url names PostgreSQL, and its driver is missing"
            yield fail("ledger", SettingsError("RFZ-101", what), "Install target-referrizer[postgres].")
        except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
            what = failure(error, "cannot be read").what.replace("the ledger", "it", 1)
            yield fail("ledger", TargetError("RFZ-403", what))

    def _read(self, tx: sa.Connection) -> Iterator[Finding]:
        """What stands in it; a ledger of another version is not asked for more than its version."""
        if tx.dialect.name == "sqlite" and tx.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
            yield fail("ledger", TargetError("RFZ-403", "the file is damaged"), "Put the newest backup back.")
            return
        if tx.dialect.name == "postgresql" and tx.scalar(sa.text("SELECT current_schema()")) is None:
            what = "the search_path of the connection names no schema that is there"
            yield fail("ledger", TargetError("RFZ-403", what), "Correct `ledger_url`, or make the schema.")
            return
        if not sa.inspect(tx).has_table("meta"):
            yield warn("ledger", "there is none yet in this database", NOT_YET)
            return
        known: dict[str, str] = {row.key: row.value for row in tx.execute(sa.select(meta))}
        written = known.get(migrations.KEY, str(SCHEMA_VERSION))
        if not re.fullmatch(r"[1-9][0-9]{0,5}", written):
            error = TargetError("RFZ-403", "its schema_version is none that a program writes")
            yield fail("ledger", error, "Put the newest backup back.")
            return
        version = int(written)
        yield _version(version)
        bound = list(self._binding(known)) if version <= SCHEMA_VERSION else []
        yield from bound
        if version == SCHEMA_VERSION:
            if self._total is not None and FAIL not in {one.state for one in bound}:
                yield _linked(reports.count_linked_remotes(tx), self._total)
            yield self._index(known)
            yield from Work(tx, self._settings, self._as_of).examine()

    def _binding(self, known: dict[str, str]) -> Iterator[Finding]:
        """Whether it belongs to the account and the groups that the settings name."""
        if not self._wrong & {"api_token", "api_url"}:
            yield self._account(known)
        if not self._wrong & {"groups", "no_visit_group", "timezone", "field_map", "sources"}:
            yield self._policy(json.loads(known.get("policy", "null")))

    def _account(self, known: dict[str, str]) -> Finding:
        mine = account.owner(self._settings.api_token, known.get("account_key", ""))
        if known.get("origin") is None:
            return ok("account", "the ledger is not bound to an account yet")
        if known.get("account") != f"{self._settings.api_url} {mine}":
            return fail(
                "account", SettingsError("RFZ-105", "the ledger belongs to another Referrizer account")
            )
        return ok("account", "the ledger belongs to this one")

    def _policy(self, kept: Any) -> Finding:
        if kept is None:
            return ok("groups", "the ledger has none yet")
        differing = account.difference(kept, self._settings)
        if not differing:
            return ok("groups", "as the ledger has them")
        if self._settings.source not in kept["sources"]:
            return fail("groups", SettingsError("RFZ-106", f"another source of this ledger has {differing}"))
        advice = "Run `referrizer-ledger plan` to see what would change."
        return warn("groups", f"{differing} than in the last run", advice, "RFZ-106")

    def _index(self, known: dict[str, str]) -> Finding:
        at = known.get("index_at")
        if at is None:
            return ok("index", "to be read by the next run")
        age = self._as_of - datetime.fromisoformat(at)
        hours = max(0.0, age.total_seconds()) / 3600  # the clock of a run may have been another
        follows = "the next run reads it anew" if age >= INDEX_TRUSTED else "still trusted"
        return ok("index", f"Referrizer's contacts were read {hours:.0f} h ago, {follows}")


def _linked(linked: int, total: int) -> Finding:
    """Whether those whom the ledger has linked can all be there; nobody else would notice before a write."""
    what = f"the ledger has linked {counted(linked, 'contact')}, and the account says that it has {total:,}"
    if linked and not total:
        return fail("linked", SettingsError("RFZ-105", what), EMPTIED)
    return warn("linked", what, EMPTIED, "RFZ-105") if total * 2 < linked else ok("linked", what)


def _version(version: int) -> Finding:
    if version > SCHEMA_VERSION:
        what = f"it has version {version}, and this program knows {SCHEMA_VERSION}"
        return fail("ledger", TargetError("RFZ-402", what))
    if version < SCHEMA_VERSION:
        what = f"it has version {version}; the next run brings it to {SCHEMA_VERSION}"
        advice = "Back it up before: there is no way back. What waits in it is told after that run."
        return warn("ledger", what, advice)
    return ok("ledger", f"whole, version {version}")
