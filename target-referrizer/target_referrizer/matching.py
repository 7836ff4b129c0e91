"""Which Referrizer contact is this person?

In order: e-mail, then phone. A phone alone decides only where not both sides have an e-mail, the last names
agree and
the first names do not disagree, since families share phones. Two candidates are ambiguous and never guessed
between.
(The ledger's own link, where there is one, comes before all this and is not looked for here.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_referrizer.people import first_names_disagree, last_names_agree

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Person:
    """What matching looks at: keys made by `people`, None or "" where nothing is known."""

    email: str | None
    phone: str | None
    first: str
    last: str


@dataclass(frozen=True)
class Candidate(Person):
    """A contact that Referrizer has; `is_linked` when a record of the ledger is linked to it."""

    id: str
    is_linked: bool = False


@dataclass(frozen=True)
class Match:
    """The contact found.

    Attributes:
        by: `e-mail`, `phone`, or `created` for one that our own request made.
        agrees: False where the first names disagree: the record then brings its visits and never its fields.
    """

    id: str
    by: str
    agrees: bool


class Ambiguous(Exception):  # noqa: N818 - an answer that stops the search, not a mistake
    """More than one contact could be this person."""


def find(person: Person, candidates: Sequence[Candidate]) -> Match | None:
    """The contact that this person is, None when there is none.

    Args:
        person: Whom to look for.
        candidates: Contacts that share the e-mail or the phone (or neither: those are passed over).

    Raises:
        Ambiguous: Two or more candidates fit equally.
    """
    if person.email:
        found = _only([one for one in candidates if one.email == person.email])
        if found:
            return Match(found.id, "e-mail", agrees=not first_names_disagree(person.first, found.first))
    if person.phone:
        found = _only(
            [one for one in candidates if one.phone == person.phone and _phone_decides(person, one)]
        )
        if found:
            return Match(found.id, "phone", agrees=True)
    return None


def find_own(person: Person, candidates: Sequence[Candidate]) -> Match | None:
    """The contact that our own request made, whose answer never came.

    It is nobody's yet, and equal to what was sent; a list that shows no phones leaves the phone aside.

    Raises:
        Ambiguous: Two or more are equal.
    """
    sent = (person.email, person.first, person.last)
    found = _only(
        [
            one
            for one in candidates
            if not one.is_linked
            and (one.email, one.first, one.last) == sent
            and one.phone in (person.phone, None)
        ]
    )
    return Match(found.id, "created", agrees=True) if found else None


class Household:
    """Some who share a phone and a last name, asked whether one more of them may be one of these.

    It says yes wherever `find` would, and looks at no pair: first names that do not disagree begin with one
    another, so that their beginnings are enough to tell. Without a last name a phone decides nothing, and
    only two of whom nothing differs cannot be told apart.
    """

    def __init__(self, last: str) -> None:
        self._is_named = bool(last)
        self._whole: dict[bool, set[str]] = {True: set(), False: set()}  # first names, by having an e-mail
        self._begun: dict[bool, set[str]] = {True: set(), False: set()}  # all beginnings of these

    def add(self, first: str, *, has_email: bool) -> None:
        """One more of the household, by the key of the first name."""
        self._whole[has_email].add(first)
        self._begun[has_email].update(first[:end] for end in range(len(first) + 1))

    def may_hold(self, first: str, *, has_email: bool) -> bool:
        """Whether somebody of this first name may be one of them, by the phone that they share."""
        if not self._is_named:
            return not has_email and first in self._whole[False]
        beginnings = [first[:end] for end in range(len(first) + 1)]
        others = [False] if has_email else [False, True]  # where both have an e-mail a phone decides nothing
        return any(
            first in self._begun[other] or any(one in self._whole[other] for one in beginnings)
            for other in others
        )


def _only(found: list[Candidate]) -> Candidate | None:
    if len(found) > 1:
        raise Ambiguous
    return found[0] if found else None


def _phone_decides(person: Person, other: Person) -> bool:
    return (
        not (person.email and other.email)
        and last_names_agree(person.last, other.last)
        and not first_names_disagree(person.first, other.first)
    )
