"""What must hold whatever is killed, and whether a process died where it should have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.kill_sweep.steps import Kind, Step
from tests.kill_sweep.world import STATE, email

from sandbox.referrizer.visits import write_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kill_sweep.sight import Sight
    from tests.kill_sweep.world import World

KILLED = -9
EFFECTS_THAT_MUST_NOT_BE = ("visit_duplicate", "text_sent", "field_wiped", "unsubscribed", "resubscribed")


def of_the_vendor(world: World, last: Sight) -> Iterator[str]:
    """Broken promises about what Referrizer holds in the end."""
    emails = Counter(one["email"] for one in world.shown())
    yield from (f"{emails[one]} contacts for {one}" for one in emails if emails[one] > 1)
    yield from (f"no contact for {email(key)}" for key in world.people if not emails[email(key)])
    for key in world.people:
        yield from _of_one(world, key, last)
    groups = world.box.referrizer.groups()
    if groups != {"": 1, world.group: len(world.people)}:
        yield f"groups {groups}"
    for effect in EFFECTS_THAT_MUST_NOT_BE:
        yield from (f"{effect} {one.get('field', '')}" for one in world.box.referrizer.journal.of(effect))


def _of_one(world: World, key: int, last: Sight) -> Iterator[str]:
    """Broken promises about one person: contents and visits."""
    shown = next((one for one in world.shown() if one["email"] == email(key)), None)
    if shown is None:
        return
    wanted = _contents(world, key)
    found = {name: _value(shown, name) for name in wanted}
    if found != wanted:
        yield f"{email(key)} shows {found}"
    visits = [one["date"] for one in world.box.referrizer.visits if one["contactId"] == shown["id"]]
    due = [write_date(world.visited_at)] if world.kind is Kind.VISIT else []
    is_held = last.visits.get(str(key)) == "held"
    if visits != due and not (is_held and visits == []):
        yield f"visit {key} is {last.visits.get(str(key))}: due {due}, at the vendor {visits}"


def _value(shown: dict[str, Any], name: str) -> Any:
    outer, _, inner = name.partition(".")
    return (shown[outer] or {}).get(inner) if inner else shown[outer]


def _contents(world: World, key: int) -> dict[str, Any]:
    days = {Kind.GROUP: "2025-12-07", Kind.VISIT: "2026-03-02"}
    return {
        "firstName": f"Ada{key}",
        "lastName": "Byron",
        "gender": None if world.kind is Kind.CREATE else "female",
        "address.city": "New Town" if world.kind is Kind.UPDATE else "Old Town",
        "customFields.Last Visit Date": days.get(world.kind, "2026-03-01"),
        "customFields.Customer Group": world.group,
    }


def of_state(sight: Sight) -> Iterator[str]:
    """Broken promises about state: it never leaves before the ledger knows that everything is done."""
    if sight.states and (sight.unconfirmed or sight.intents):
        yield f"state left ahead of the ledger: {sight.unconfirmed or 'a write is under way'}"
    if sight.states not in ([], [STATE]):
        yield f"standard output holds {sight.states}"


def of_the_next_runs(second: Sight, third: Sight) -> Iterator[str]:
    """Broken promises about the run that finishes the work, and the one after it."""
    code = 3 if "held" in second.visits.values() else 0
    for name, sight in (("second", second), ("third", third)):
        yield from (f"{name} run: {one}" for one in of_state(sight))
        if sight.code != code:
            yield f"the {name} run ended with {sight.code}, not {code}: {sight.stderr[-400:]}"
        if sight.unconfirmed or sight.intents or sight.states != [STATE]:
            yield f"the {name} run left {sight.unconfirmed or 'no state'}"
    if third.all_writes:
        yield f"the third run wrote again: {[one.path for one in third.all_writes]}"


def of_the_killed(world: World, step: Step, killed: Sight) -> Iterator[str]:
    """Broken promises about the ledger that a killed process left, and about where it was killed."""
    if killed.code != KILLED:
        yield f"it never came to this step: exit code {killed.code}: {killed.stderr[-400:]}"
        return
    yield from of_state(killed)
    if killed.intents > world.width:
        yield f"{killed.intents} outcomes unknown, with {world.width} requests at a time"
    if len(killed.writes(world.kind)) > killed.intents + killed.outcomes:
        yield "a request left without an intent in the ledger"
    if len(world.people) == 1:
        yield from _whereabouts(world, step, killed)


def _whereabouts(world: World, step: Step, killed: Sight) -> Iterator[str]:
    """Whether it died at its step, judged by the vendor, the ledger and standard output."""
    writes = killed.writes(world.kind)
    found = {
        "staged": killed.staged > 0,
        "intent": killed.intents > 0,
        "connected": killed.note[-1:] == [f"connected {world.port}"],
        "arrived": bool(writes),
        "applied": bool(killed.done(world.kind)),
        "answered": any(one.status in {200, 201} for one in writes),
        "outcome": killed.outcomes > 0,
        "printed": killed.states == [STATE],
    }
    wanted = {
        "staged": True,
        "intent": step in range(Step.INTENDED, Step.CONFIRMED),
        "connected": step is Step.CONNECTED,
        "arrived": step >= Step.SENT,
        "applied": step >= Step.APPLIED,
        "answered": step >= Step.ANSWERED,
        "outcome": step >= Step.CONFIRMED,
        "printed": step is Step.PRINTED,
    }
    for name, is_so in found.items():
        if is_so != wanted[name]:
            yield f"when it died, {name} was {is_so}"
