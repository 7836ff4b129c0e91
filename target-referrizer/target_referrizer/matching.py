"""Which Referrizer contact is this person?

In order: e-mail, then phone. A phone alone decides only where not both sides have an e-mail, the last names
agree and the first names do not disagree, since families share phones. Two candidates are ambiguous and
never guessed between. (The ledger's own link, where there is one, comes before all this and is not looked for
here.)
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from target_referrizer.people import first_names_disagree, last_names_agree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


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


def told_apart(last: str, people: Sequence[tuple[str, bool]], are_free: Sequence[bool]) -> list[int]:
    """Whom of a phone and a last name one may create at once, so that each of the others fits one at most.

    Nobody is chosen who may be one of the newer ones, nor who may be the same person as somebody who may be
    one of the chosen: that one would fit two contacts afterwards, and be nobody. Somebody fits one of the
    chosen at most, so that going through whom each of them fits takes no longer for many.

    Args:
        last: Key of the last name.
        people: Keys of the first names, and whether each has an e-mail; newest first.
        are_free: Whether each of them may be chosen at all.

    Returns:
        Places in `people`.
    """
    newer, claimed, everybody = Household(last), Household(last), _FirstNames(people)
    chosen = []
    for place, (first, has_email) in enumerate(people):
        may_be_newer = newer.may_hold(first, has_email=has_email)
        newer.add(first, has_email=has_email)
        if may_be_newer or not are_free[place] or claimed.may_hold(first, has_email=has_email):
            continue
        chosen.append(place)
        if last:
            for other, other_has_email in everybody.near(place):
                claimed.add(other, has_email=other_has_email)
    return chosen


class _FirstNames:
    """First names of a household in the order of the alphabet, where those that begin alike lie together."""

    def __init__(self, people: Sequence[tuple[str, bool]]) -> None:
        self._people = people
        self._sorted = {
            mailed: sorted((first, place) for place, (first, has) in enumerate(people) if has == mailed)
            for mailed in (False, True)
        }

    def near(self, place: int) -> Iterator[tuple[str, bool]]:
        """Who may be the same person as the one at this place, by the phone that they share."""
        first, has_email = self._people[place]
        for mailed in [False] if has_email else [False, True]:
            there = self._sorted[mailed]
            for end in range(len(first)):
                yield from ((name, mailed) for name, _ in _from(there, first[:end], str.__eq__))
            yield from ((name, mailed) for name, one in _from(there, first, str.startswith) if one != place)


def _from(
    there: list[tuple[str, int]], start: str, goes_on: Callable[[str, str], bool]
) -> Iterator[tuple[str, int]]:
    places = range(bisect_left(there, (start, -1)), len(there))  # a slice would copy what is not looked at
    return takewhile(lambda one: goes_on(one[0], start), (there[place] for place in places))


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
