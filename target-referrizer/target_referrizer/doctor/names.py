"""Which of the mapped field names an account's contacts really show, and what comes near those they do not.

Only names are looked at and said, never values; a name that could be a value, such as an address, is passed
over.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_referrizer.doctor.finding import Finding, fail, ok, warn
from target_referrizer.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_referrizer.payloads import FieldMap

Path = tuple[str, ...]

#: How others call these fields, in letters and digits alone.
_ALSO = {
    "first_name": ("givenname", "forename"),
    "last_name": ("surname", "familyname"),
    "email": ("mail", "emailaddress"),
    "phone": ("mobile", "cell", "cellphone", "mobilephone", "phonenumber", "telephone", "tel"),
    "street": ("street1", "address1", "line1", "addressline1", "streetaddress"),
    "city": ("town", "locality"),
    "state": ("region", "province"),
    "zip": ("zipcode", "postcode", "postalcode"),
    "birthday": ("birthdate", "dateofbirth", "dob"),
    "accepts_email": ("emailunsubscribed", "emailoptout", "unsubscribedemail"),
    "accepts_sms": ("textunsubscribed", "smsoptout", "unsubscribedfromsms", "textoptout"),
}
_PLAIN_NAME = re.compile(r"[^\W\d][\w .\-]{0,60}")
_NEAR = 0.75


@dataclass(frozen=True)
class Shown:
    """The names that contacts show.

    Attributes:
        paths: Names at the top, and those inside of objects.
        objects: Names whose value is an object, also an empty one.
        closed: Names whose value is something other than an object, nothing excepted.
    """

    paths: frozenset[Path]
    objects: frozenset[str]
    closed: frozenset[str]

    @classmethod
    def by(cls, documents: Iterable[Mapping[str, Any]]) -> Shown:
        """What at least one of these contacts shows."""
        paths: set[Path] = set()
        objects: set[str] = set()
        closed: set[str] = set()
        for document in documents:
            for name, value in document.items():
                paths.add((name,))
                if isinstance(value, Mapping):
                    objects.add(name)
                    paths |= {(name, inner) for inner in value}
                elif value not in (None, "", []):
                    closed.add(name)
        named = frozenset(filter(_is_name, paths))
        return cls(named, frozenset(one for one in objects if _is_name((one,))), frozenset(closed))


def examine(fields: FieldMap, shown: Shown) -> Iterator[Finding]:
    """Where each mapped field stands in the account, as far as its contacts show."""
    seen = [name for name, path in fields.paths.items() if path in shown.paths]
    if seen:
        yield ok("fields", f"seen at their places: {', '.join(seen)}")
    unseen = {name: path for name, path in fields.paths.items() if path not in shown.paths}
    lost = []
    for name, path in unseen.items():
        found = _elsewhere(name, path, shown, set(fields.paths.values()))
        if found is None:
            lost.append(name)
        else:
            yield found
    yield from _unseen([name for name in lost if is_custom(fields.paths[name])], fields, shown)
    plain = ", ".join(f"{name} (`{fields.path(name)}`)" for name in lost if not is_custom(fields.paths[name]))
    if plain:
        advice = "Compare with one contact in Referrizer's API reference; `field_map` corrects a name."
        yield warn("fields", f"no contact that was read shows {plain}: perhaps nobody has it filled", advice)


def is_custom(path: Path) -> bool:
    """Whether a path leads to a custom field: into any object but the address."""
    return len(path) > 1 and path[0].casefold() != "address"


def _elsewhere(name: str, path: Path, shown: Shown, taken: set[Path]) -> Finding | None:
    """A field that cannot stand at its path, or that seems to stand elsewhere."""
    title, mapped = f"field {name}", f"{name} is mapped to `{'.'.join(path)}`"
    if len(path) > 1 and path[0] in shown.closed:
        error = SettingsError("RFZ-101", f"{mapped}, and `{path[0]}` is no object in this account")
        return fail(title, error, f"Map {name} to another place with `field_map`, or to null.")
    free = {one for one in shown.paths - taken if is_custom(one) or not is_custom(path)}
    free -= {one[:1] for one in shown.paths if len(one) > 1}
    same = sorted(one for one in free if _bare(one[-1]) in _names(name, path))
    if same:
        found = ".".join(same[0])
        error = SettingsError("RFZ-101", f"{mapped}; the account's contacts have `{found}`")
        return fail(title, error, f'Set field_map: {{"{name}": "{found}"}}, if that is the same thing.')
    near = difflib.get_close_matches(_bare(path[-1]), sorted({_bare(one[-1]) for one in free}), 1, _NEAR)
    if near:
        found = ".".join(next(one for one in sorted(free) if _bare(one[-1]) == near[0]))
        advice = f'Look at a contact; set field_map: {{"{name}": "{found}"}}, if that is the same thing.'
        return warn(title, f"{mapped}, which no contact shows; `{found}` comes near", advice)
    return None


def _names(name: str, path: Path) -> set[str]:
    """What a field may be called; the owner of an account names a custom field, and nobody else."""
    own = {_bare(path[-1])}
    return own if is_custom(path) else own | {_bare(name), *_ALSO.get(name, ())}


def _unseen(customs: list[str], fields: FieldMap, shown: Shown) -> Iterator[Finding]:
    """Custom fields that nobody has filled, so that nobody can say whether they exist."""
    if not customs:
        return
    named = ", ".join(f"'{fields.paths[name][1]}'" for name in customs)
    missing = "".join(
        f"; no contact shows an object `{one}` at all{_others(fields, shown)}"
        for one in sorted({fields.paths[name][0] for name in customs} - shown.objects)
    )
    what = f"no contact that was read has {named} filled, so whether they exist cannot be checked{missing}"
    advice = (
        f"Custom fields must exist before they can be filled: create {named} in Referrizer, under exactly "
        "these names, or map them to others with `field_map`."
    )
    yield warn("custom fields", what, advice, "RFZ-107")


def _others(fields: FieldMap, shown: Shown) -> str:
    """The objects that the field map does not lead into."""
    others = sorted(shown.objects - {path[0] for path in fields.paths.values()})
    return f", but {' and '.join(f'`{one}`' for one in others)}" if others else ""


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _is_name(path: Path) -> bool:
    return all(_PLAIN_NAME.fullmatch(part) for part in path)
