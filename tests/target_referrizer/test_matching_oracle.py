"""Matching against brute force: people as plain values, and the many ways in which two systems write them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from target_referrizer import matching
from target_referrizer.ledger import Ledger, tables
from target_referrizer.people import email_key, fold, phone_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.target_referrizer.salon import Salon


@dataclass(frozen=True)
class Human:
    """Somebody as the oracle sees them: nothing is spelled in two ways here."""

    first: str | None
    last: str | None
    email: str | None
    phone: str | None


#: Every way of writing that has to count as one and the same.
WRITTEN: dict[str | None, list[str | None]] = {
    None: [None, "", "  "],
    "ann": ["Ann", " ANN ", "ann", "Änn", "A\u0301nn"],
    "anna": ["Anna", "ANNA", "Ánná"],
    "annmarie": ["Ann Marie", "Ann-Marie", "ANNMARIE"],
    "bob": ["Bob", "bob", "B.o.b."],
    "zoe": ["Zoë", "ZOE", "Zoe\u0308"],
    "reyes": ["Reyes", "REYES", "Réyes"],
    "obrien": ["O'Brien", "O\u2019Brien", "OBRIEN", "o brien"],
    "home@example.com": ["home@example.com", " Home@Example.COM "],
    "own@example.com": ["own@example.com", "OWN@example.com"],
    "other@example.com": ["other@example.com"],
    "3125550101": ["312-555-0101", "+1 312 555 0101", "(312) 555.0101", "3125550101 x7"],
    "3125550102": ["312 555 0102", "+13125550102"],
    "7735550103": ["773-555-0103"],
}
HUMANS = st.builds(
    Human,
    st.sampled_from([None, "ann", "anna", "annmarie", "bob", "zoe"]),
    st.sampled_from([None, "reyes", "obrien"]),
    st.sampled_from([None, None, "home@example.com", "own@example.com", "other@example.com"]),
    st.sampled_from([None, "3125550101", "3125550101", "3125550102", "7735550103"]),
)
REACHABLE = HUMANS.filter(lambda one: bool(one.email or one.phone))


@st.composite
def scenes(draw: Any) -> tuple[Human, list[Human]]:
    """Somebody, and an account with strangers, and with people who differ from them in one thing or two."""
    somebody = draw(REACHABLE)
    if draw(st.booleans()):  # half of them are known by their phone, and nearly everything else fits
        somebody = replace(somebody, phone="3125550101", last="reyes", email=None)
    account = draw(st.lists(REACHABLE, max_size=2))
    for other in draw(st.lists(HUMANS, max_size=2)):
        taken = draw(st.sets(st.sampled_from(["first", "last", "email"]), max_size=2))
        near = replace(somebody, **{name: getattr(other, name) for name in taken})
        account += [near] if near.email or near.phone else []
    return somebody, draw(st.permutations(account))


def may_be_one(first: str | None, other: str | None) -> bool:
    """Whether two first names can be one person's: one unknown, or the one the beginning of the other."""
    if first is None or other is None:
        return True
    shorter, longer = sorted((first, other), key=len)
    return longer[: len(shorter)] == shorter


def oracle(somebody: Human, account: Sequence[Human]) -> tuple[str, int | None, bool]:
    """`e-mail`, `phone`, `ambiguous` or `nobody`; the place in the account; whether the fields count."""
    same_email = [at for at, one in enumerate(account) if somebody.email and one.email == somebody.email]
    same_phone = [
        at for at, one in enumerate(account)
        if somebody.phone and one.phone == somebody.phone
        and (somebody.email is None or one.email is None)
        and somebody.last is not None and one.last == somebody.last
        and may_be_one(somebody.first, one.first)
    ]  # fmt: skip
    for by, places in (("e-mail", same_email), ("phone", same_phone)):
        if len(places) > 1:
            return "ambiguous", None, False
        if places:
            return by, places[0], may_be_one(somebody.first, account[places[0]].first)
    return "nobody", None, False


def own_oracle(sent: Human, account: Sequence[tuple[Human, bool]]) -> tuple[str, int | None]:
    """The one contact of nobody's that shows all that was sent; a list may leave its phones out."""
    places = [
        at for at, (one, is_linked) in enumerate(account)
        if not is_linked and one in (sent, Human(sent.first, sent.last, sent.email, None))
    ]  # fmt: skip
    if len(places) > 1:
        return "ambiguous", None
    return ("created", places[0]) if places else ("nobody", None)


def keys(one: Human, draw: Any) -> tuple[str | None, str | None, str, str]:
    """Somebody's keys, made from a text that one of the systems may hold."""
    first, last, email, phone = (
        draw(st.sampled_from(WRITTEN[value])) for value in (one.first, one.last, one.email, one.phone)
    )
    return email_key(email), phone_key(phone, "US"), fold(first), fold(last)


@settings(max_examples=300)
@given(scenes(), st.data())
def test_who_is_found_is_whom_brute_force_finds(
    scene: tuple[Human, list[Human]], data: st.DataObject
) -> None:
    somebody, account = scene
    candidates = [
        matching.Candidate(*keys(one, data.draw), str(at), is_linked=data.draw(st.booleans()))
        for at, one in enumerate(account)
    ]
    expected = oracle(somebody, account)
    try:
        match = matching.find(matching.Person(*keys(somebody, data.draw)), candidates)
    except matching.Ambiguous:
        found: tuple[str, int | None, bool] = ("ambiguous", None, False)
    else:
        found = (match.by, int(match.id), match.agrees) if match else ("nobody", None, False)
    assert found == expected


@settings(max_examples=300)
@given(REACHABLE, st.lists(st.tuples(HUMANS, st.booleans()), max_size=4), st.data())
def test_our_own_creation_is_whom_brute_force_finds(
    sent: Human, account: list[tuple[Human, bool]], data: st.DataObject
) -> None:
    copies = data.draw(st.lists(st.tuples(st.just(sent), st.booleans()), max_size=2))
    without_phone = data.draw(
        st.lists(st.just((Human(sent.first, sent.last, sent.email, None), False)), max_size=1)
    )
    account = data.draw(st.permutations([*account, *copies, *without_phone]))
    candidates = [
        matching.Candidate(*keys(one, data.draw), str(at), is_linked=is_linked)
        for at, (one, is_linked) in enumerate(account)
    ]
    try:
        match = matching.find_own(matching.Person(*keys(sent, data.draw)), candidates)
    except matching.Ambiguous:
        found: tuple[str, int | None] = ("ambiguous", None)
    else:
        found = (match.by, int(match.id)) if match else ("nobody", None)
    assert found == own_oracle(sent, account)


# The same through a whole run: index, ledger and all


def written(one: Human, names: dict[str, str], draw: Any) -> dict[str, str]:
    """Somebody's fields under the names of a system, as it may have written them."""
    texts = {name: draw(st.sampled_from(WRITTEN[getattr(one, value)])) for value, name in names.items()}
    return {name: text for name, text in texts.items() if text}


#: A whole run for each example: one that fails is shown as it is, not made smaller.
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
SHOWN = {"first": "firstName", "last": "lastName", "email": "email", "phone": "phone"}
SENT = {"first": "first_name", "last": "last_name", "email": "email", "phone": "phone"}


def test_a_run_links_rejects_and_creates_as_brute_force_says(salon: Salon) -> None:
    salon.box.referrizer.switches.unique_by = "none"
    examples = 0

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], phases=QUICK)
    @given(scenes(), st.data())
    def every(scene: tuple[Human, list[Human]], data: st.DataObject) -> None:
        nonlocal examples
        somebody, account = scene
        examples += 1
        salon.box.referrizer.contacts.clear()
        ids = [salon.box.referrizer.contacts.add(**written(one, SHOWN, data.draw))["id"] for one in account]
        url = f"sqlite:///{salon.folder}/ledger-{examples}.db"
        record = {"id": 1, "updated_at": salon.now.isoformat(), **written(somebody, SENT, data.draw)}
        outcome = salon.run([record], ledger_url=url)
        assert outcome.code == 0, outcome.log
        with closing(Ledger(url)) as ledger:
            row = ledger.rows(sa.select(tables.contact))[0]
        by, place, agrees = oracle(somebody, account)
        if by == "ambiguous":
            assert (row.status, row.reject_code) == ("rejected", "RFZ-207")
        elif by == "nobody":
            assert (row.linked_by, row.remote_id in ids, len(salon.shown())) == (
                "created",
                False,
                len(ids) + 1,
            )
        else:
            assert (row.linked_by, row.remote_id, row.agrees) == (by, ids[place or 0], agrees)

    every()
