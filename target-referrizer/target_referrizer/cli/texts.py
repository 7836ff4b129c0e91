"""How the answers of the command read on a terminal, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_referrizer.clock import told
from target_referrizer.ledger import journal
from target_referrizer.terminal import counted, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from target_referrizer.typed import Commands

#: People who are listed by id, and what they are.
LISTED = {
    "disagreeing": "another first name than their Referrizer contact has (bring visits, not fields)",
    "gone": "gone from Referrizer (not written any more)",
    "forgotten": "asked to be forgotten",
}


def status(found: dict[str, Any], zone: ZoneInfo, typed: Commands) -> Iterator[str]:
    """How the last run of a source went, what the ledger holds, and what to type where a person is needed."""
    yield _run(found["source"], found["run"], zone)
    for title in ("contacts", "visits", "rejected"):
        yield from _block(f"{title} of {found['source']}", found[title])
    yield from _block("Referrizer contacts by group", found["groups"])
    for name, what in LISTED.items():
        one = found[name]
        if one["count"]:
            more = ["…"] if one["count"] > len(one["ids"]) else []
            yield f"{what}: {one['count']:,} ({', '.join([*one['ids'], *more])})"
    for number, what, command in (
        (found["visits"].get("held", 0), "held visit", "held"),
        (sum(found["rejected"].values()), "rejected record", "rejects"),
    ):
        if number:
            yield f"for a person: {counted(number, what)}; see {typed.told(f'`referrizer-ledger {command}`')}"


def _run(source: str, last: dict[str, Any] | None, zone: ZoneInfo) -> str:
    if last is None:
        return f"source {source}: no run yet"
    name = f"{last['command']} {last['number']} of source {source}"
    if last["state"] == "running":
        how_far = journal.how_far(last["phase"], last["progress"], last["total"])
        return f"{name}: running since {told(last['started_at'], zone)} ({last['process']}), {how_far}"
    if last["state"] == "died":
        return f"{name}: died; the next run goes on from there"
    read = (last["accounting"] or {}).get("contacts", {}).get("read")
    also = (last["accounting"] or {}).get("check_ins", {}).get("read")
    records = "" if read is None else f"; it read {counted(read, 'contact')} and {counted(also, 'check-in')}"
    return f"{name}: ended {told(last['finished_at'], zone)} with exit code {last['exit_code']}{records}"


def _block(title: str, counts: dict[str, int]) -> Iterator[str]:
    if counts:
        yield title
        yield from (row(name, number) for name, number in counts.items())


def moves(found: list[dict[str, Any]]) -> Iterator[str]:
    """Who went to another group, and why."""
    for one in found:
        who = ", ".join(one["records"]) or "no record"
        who = f"{who} (Referrizer {one['referrizer_contact']})"
        yield f"{who}  {one['from'] or '(new)'} → {one['to']}: {one['why']}"
    if not found:
        yield "nobody moved in this run"


def rejects(found: list[dict[str, Any]]) -> Iterator[str]:
    """What cannot be delivered, and why."""
    for one in found:
        yield f"{one['stream']} {one['id']}: {one['code']} {one['reason']} (since run {one['first_run']})"
        if one["record"]:
            yield f"  {', '.join(f'{name} {value}' for name, value in one['record'].items())}"
    if not found:
        yield "nothing is rejected"


def held(found: list[dict[str, Any]], zone: ZoneInfo) -> Iterator[str]:
    """What waits for a person, and how to settle it."""
    for one in found:
        points = "the account's points" if one["points"] is None else f"{one['points']} points"
        undone = "; undone since" if one["undone"] else ""
        yield f"visit {one['id']} of contact {one['contact_id']} (Referrizer {one['referrizer_contact']})"
        at, tried_at = told(one["at"], zone), told(one["tried_at"], zone)
        yield f"  at {at}, {points}; tried {tried_at}: {one['why']}{undone}"
    if found:
        yield "look whether Referrizer shows each visit: --confirm ID if it does, --resend ID if not"
    else:
        yield "nothing is held"


def forgotten(found: dict[str, Any]) -> Iterator[str]:
    """What was erased, and what a person still has to erase by hand."""
    what = ", ".join(counted(found[name], name[:-1]) for name in ("records", "visits", "events", "rejects"))
    yield f"erased from the ledger: {what}; salted marks keep the person from being created again"
    for one in found["delete"]:
        yield f"by hand: delete contact {one} in Referrizer, with its visits and points"
    for one in found["shared"]:
        yield (
            f"by hand: contact {one} in Referrizer is that of other records too; empty what is theirs, "
            "and do not delete it"
        )
    if found["in_doubt"]:
        yield "by hand: look in Referrizer whether a contact of this person has just been created; delete it"
    yield "by hand: backups of the ledger; the source, whose records of this person are skipped from now on"


def come_back(found: dict[str, Any]) -> Iterator[str]:
    """That a person may be created again."""
    yield f"{counted(found['marks'], 'mark')} taken away"
    yield "the person is created again when the source sends the record; a full refresh of contacts sends it"
