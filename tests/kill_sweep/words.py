"""What became of a write whose process was killed, in words, from what the next run did."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.kill_sweep.steps import Kind
from tests.kill_sweep.world import email

if TYPE_CHECKING:
    from tests.kill_sweep.sight import Sight
    from tests.kill_sweep.world import World

    from sandbox.server.journal import Seen


_TIMES = {1: "once", 2: "twice"}


def outcome(world: World, killed: Sight, second: Sight) -> str:
    """The words for a cell; where several people are in it, how many of them each holds for."""
    found = Counter(_of_one(world, key, killed, second) for key in world.people)
    if len(world.people) == 1:
        return next(iter(found))
    return ", ".join(f"{number} {words}" for words, number in sorted(found.items()))


def _of_one(world: World, key: int, killed: Sight, second: Sight) -> str:
    times = len(_writes(world, key, second))
    if times > 1:
        return f"sent {times} times"
    if second.visits.get(str(key)) == "held" and not times:
        arrived = any(one["contactId"] == world.remote_id(key) for one in world.box.referrizer.visits)
        return f"held; it had {'' if arrived else 'not '}arrived"
    looked = _looked(world, key, killed, second)
    if times:
        again = " again" if _writes(world, key, killed) else ""
        return f"{looked[1]}, sent{again}" if looked else f"sent{again} by the second run"
    if looked:
        return f"{looked[0]}, not sent again"
    was_done = any(one["contactId"] == world.remote_id(key) for one in killed.done(world.kind))
    return "nothing left to do" if was_done else "never sent"


def _looked(world: World, key: int, killed: Sight, second: Sight) -> tuple[str, str] | None:
    """Words for having looked before sending: there, or not. None where there was nothing to doubt."""
    if not killed.intents:
        return None
    if world.kind is Kind.CREATE and second.lookups:
        return "looked up, found", f"looked up {_TIMES.get(second.lookups, 'often')}, not there"
    if world.kind in {Kind.UPDATE, Kind.GROUP} and second.read_back(world.remote_id(key)):
        return "read back, equal", "read back, different"
    return None


def _writes(world: World, key: int, sight: Sight) -> list[Seen]:
    """Requests of the swept kind for one person."""
    return [one for one in sight.writes(world.kind) if _is_for(world, key, one)]


def _is_for(world: World, key: int, seen: Seen) -> bool:
    remote_id = world.remote_id(key)
    if world.kind in {Kind.UPDATE, Kind.GROUP}:
        return seen.path.endswith(f"/{remote_id}")
    if seen.body is None:  # held before the vendor read it
        return len(world.people) == 1
    return bool(seen.body.get("contactId", "") == remote_id or seen.body.get("email") == email(key))
