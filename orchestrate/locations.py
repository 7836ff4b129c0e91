"""The file `locations.yml`: which Booker locations go into which Referrizer accounts.

An entry with a mistake is left out and named; it never keeps the others from their work.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from orchestrate.reading import Entry, MistakeError, meant, read

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping
    from pathlib import Path

TOKEN = "TARGET_REFERRIZER_API_TOKEN"  # noqa: S105 - a variable's name
SECRET_SETTINGS = (
    TOKEN,
    "TAP_BOOKER_PERSONAL_ACCESS_TOKEN",
    "TAP_BOOKER_SUBSCRIPTION_KEY",
    "TAP_BOOKER_CLIENT_SECRET",
)
REFERRIZER = "https://api.referrizer.com/v1"  # where the settings name no address
BOOKER = "https://api.booker.com"
OWN_SETTINGS = ("TAP_BOOKER_LOCATION_IDS", "TARGET_REFERRIZER_TIMEZONE", "TARGET_REFERRIZER_LEDGER_URL")

KEYS = ("name", "location_id", "timezone", "enabled", "secrets", "settings")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
SETTING = re.compile(r"(?:TAP_BOOKER|TARGET_REFERRIZER)_[A-Z0-9_]+")


@dataclass(frozen=True)
class Location:
    """One Booker location and the Referrizer account that it goes into.

    Attributes:
        name: Names its ledger, its state and its log; never to be changed.
        location_id: Booker's id.
        timezone: IANA name; whose days count.
        enabled: False leaves it out.
        secrets: Setting to the name of the environment variable that holds its value.
        settings: Further settings as they are.
        line: Where its entry begins.
    """

    name: str
    location_id: int
    timezone: str
    enabled: bool
    secrets: Mapping[str, str]
    settings: Mapping[str, str]
    line: int

    @property
    def schema(self) -> str:
        """Its schema on a PostgreSQL server."""
        return "loc_" + self.name.replace("-", "_")

    def referrizer(self, shared: Mapping[str, str] | None = None) -> str:
        """The address of Referrizer's API; it and the token tell accounts apart.

        Args:
            shared: Variables of all locations, where this one has no address of its own.
        """
        return self._address("TARGET_REFERRIZER_API_URL", REFERRIZER, shared or {})

    @property
    def booker(self) -> str:
        """The address of Booker's API; it and the location's id tell locations apart."""
        return self._address("TAP_BOOKER_BASE_URL", BOOKER, {})

    def _address(self, setting: str, usual: str, shared: Mapping[str, str]) -> str:
        return (self.settings.get(setting) or shared.get(setting) or usual).rstrip("/").lower()


@dataclass(frozen=True)
class Problem:
    """An entry that cannot be used.

    Attributes:
        name: Of the location, or `entry N` where it has none.
        what: One sentence that names the line.
    """

    name: str
    what: str


@dataclass
class Locations:
    """What the file says.

    Attributes:
        folder: Where each location has its files: Meltano's state, and the ledger.
        database: Name of the variable with the URL of a PostgreSQL server for both, instead.
        locations: Good entries, in the file's order, those that are off included.
        problems: The other ones.
        named: Variables that any entry names for its secrets, also one that cannot be used.
    """

    folder: Path
    database: str | None = None
    locations: list[Location] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    named: set[str] = field(default_factory=set)

    @property
    def enabled(self) -> list[Location]:
        """The locations that are to be run."""
        return [one for one in self.locations if one.enabled]

    def secret_names(self) -> set[str]:
        """Every variable that holds a secret of some location, one that was left out included."""
        named = self.named | {name for one in self.locations for name in one.secrets.values()}
        return named | {self.database} if self.database else named


def load(path: Path) -> Locations:
    """Read the file; relative folders in it are those beside it.

    Raises:
        MistakeError: The file as a whole cannot be used.
    """
    top = read(path).mapping("the file", ("ledgers", "locations"))
    found = _places(top.get("ledgers"), path.resolve().parent)
    if "locations" not in top:
        raise MistakeError("the file has no locations")
    for number, entry in enumerate(top["locations"].items("locations"), start=1):
        found.named |= _named(entry)
        try:
            found.locations.append(_location(entry))
        except MistakeError as mistake:
            line = mistake.line or entry.line
            found.problems.append(Problem(_name_of(entry) or f"entry {number}", f"line {line}: {mistake}"))
    for same, what, also_off in SHARED:
        _part(found, same, what, also_off=also_off)
    return found


def _places(entry: Entry | None, beside: Path) -> Locations:
    """Where ledgers and state lie."""
    given = entry.mapping("ledgers", ("folder", "database")) if entry else {}
    folder = given["folder"].text("ledgers.folder") if "folder" in given else "ledger/locations"
    database = given["database"].text("ledgers.database") if "database" in given else None
    if database is not None and not VARIABLE.fullmatch(database):
        raise MistakeError(
            "ledgers.database must be the name of the environment variable that holds the server's URL",
            given["database"].line,
        )
    return Locations(beside / folder, database)


def _location(entry: Entry) -> Location:
    given = entry.mapping("the entry", KEYS)
    for key in ("name", "location_id", "timezone", "secrets"):
        if key not in given:
            raise MistakeError(f"{key} is missing", entry.line)
    name = given["name"].text("name")
    if not NAME.fullmatch(name):
        raise MistakeError("name must be of small letters, digits and -, at most 40", given["name"].line)
    number = given["location_id"].text("location_id")
    if not re.fullmatch(r"[1-9]\d{0,17}", number):
        raise MistakeError("location_id must be Booker's number of the location", given["location_id"].line)
    return Location(
        name,
        int(number),
        _zone(given["timezone"]),
        given["enabled"].switch("enabled") if "enabled" in given else True,
        _secrets(given["secrets"]),
        _settings(given["settings"]) if "settings" in given else {},
        entry.line,
    )


def _zone(entry: Entry) -> str:
    name = entry.text("timezone")
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise MistakeError(f"{name!r} is no time zone; one is America/Chicago", entry.line) from None
    return name


def _secrets(entry: Entry) -> dict[str, str]:
    found = {}
    for setting, value in entry.mapping("secrets", SECRET_SETTINGS).items():
        variable = value.text(f"secrets.{setting}")
        if not VARIABLE.fullmatch(variable):
            raise MistakeError(
                f"secrets.{setting} must be the name of the environment variable that holds it, never the "
                "secret itself",
                value.line,
            )
        found[setting] = variable
    if TOKEN not in found:
        raise MistakeError(f"secrets has no {TOKEN}", entry.line)
    return found


def _settings(entry: Entry) -> dict[str, str]:
    found = {}
    for setting, value in entry.mapping("settings").items():
        if setting in SECRET_SETTINGS:
            raise MistakeError(f"{setting} belongs under secrets, by the name of its variable", value.line)
        if setting in OWN_SETTINGS:
            raise MistakeError(f"{setting} follows from the rest of the entry", value.line)
        if not SETTING.fullmatch(setting):
            known = ("TAP_BOOKER_…", "TARGET_REFERRIZER_…")
            raise MistakeError(f"settings has an unknown key {setting!r}{meant(setting, known)}", value.line)
        found[setting] = value.text(f"settings.{setting}")
    return found


def _named(entry: Entry) -> set[str]:
    """Variables that an entry names for its secrets, whatever is wrong with it, and wherever it does so.

    A setting by its own name is none of them: all share it, and would be left without it.
    """
    found = {
        str(value.node.value)  # of a list or mapping no name
        for key, part in entry.pairs()
        for setting, value in part.pairs()
        if (key != "settings" or setting in SECRET_SETTINGS) and value.node.value != setting
    }
    return {name for name in found if VARIABLE.fullmatch(name)} - {*SECRET_SETTINGS}


def _name_of(entry: Entry) -> str | None:
    """The name of an entry that is wrong elsewhere."""
    try:
        name = entry.mapping("the entry")["name"].text("name")
    except (KeyError, MistakeError):
        return None
    return name if NAME.fullmatch(name) else None


SHARED: tuple[tuple[Callable[[Location], Hashable], str, bool], ...] = (
    (lambda one: one.name, "the name", True),
    (lambda one: (one.secrets[TOKEN], one.referrizer()), "the Referrizer token", False),
    (lambda one: (one.location_id, one.booker), "the location_id", False),
)
"""What no two entries may have in common, and whether that holds for those that are off as well.

Two ledgers of one account would undo each other's groups; an entry that is off may have a successor.
"""


def _part(found: Locations, same: Callable[[Location], Hashable], what: str, *, also_off: bool) -> None:
    """Leave out all entries that have something in common: nobody knows which of them is right."""
    alike = defaultdict(list)
    for one in found.locations if also_off else found.enabled:
        alike[same(one)].append(one)
    for several in alike.values():
        if len(several) > 1:
            found.problems += _alike(several, what)
    wrong = {id(one) for several in alike.values() if len(several) > 1 for one in several}
    found.locations = [one for one in found.locations if id(one) not in wrong]


def _alike(several: list[Location], what: str) -> Iterator[Problem]:
    lines = " and ".join(str(one.line) for one in several)
    for one in several:
        yield Problem(one.name, f"lines {lines}: {what} is the same")
