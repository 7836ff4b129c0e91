"""Looking whether Referrizer still shows what it confirmed: drift, of which field, on whom."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from target_referrizer.errors import SettingsError
from target_referrizer.ledger import desired, index, reports
from target_referrizer.linking import Index
from target_referrizer.masking import group_names, masked
from target_referrizer.payloads import same
from target_referrizer.reading import Reading
from target_referrizer.terminal import counted, row
from target_referrizer.workers import send_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    import sqlalchemy as sa

    from target_referrizer.context import Context

#: So many contacts that differ are named one by one; all are counted.
LISTED = 1000


@dataclass
class Verified:
    """What was found.

    Attributes:
        checked: Contacts that were compared.
        in_doubt: Contacts that were not: a write to them has no answer yet.
        unreadable: Contacts that were not: by their ids came no contact, and not that there is none.
        missing: Contacts that Referrizer no longer has.
        fields: How many contacts differ in each field.
        whom: The contacts that differ or are missing, by id, with their records and fields; at most `LISTED`.
        not_shown: Fields that the list shows of nobody, so that they could not be compared.
    """

    checked: int = 0
    in_doubt: int = 0
    unreadable: int = 0
    missing: int = 0
    drifted: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    whom: list[dict[str, Any]] = field(default_factory=list)
    not_shown: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether anything is not as it was confirmed."""
        return bool(self.missing or self.drifted)

    def as_json(self) -> dict[str, Any]:
        """The findings for scripts."""
        return {
            "checked": self.checked,
            "in_doubt": self.in_doubt,
            "unreadable": self.unreadable,
            "missing": self.missing,
            "drifted": self.drifted,
            "fields": dict(self.fields),
            "whom": self.whom,
            "not_shown": self.not_shown,
        }

    def lines(self) -> Iterator[str]:
        """The findings for people."""
        differ = counted(self.drifted, "differs", "differ")
        missing = counted(self.missing, "is missing", "are missing")
        yield f"{counted(self.checked, 'contact')} read back: {differ}, {missing}"
        yield from (row(name, number) for name, number in sorted(self.fields.items()))
        for one in self.whom:
            who = f"Referrizer {one['referrizer_contact']} ({', '.join(one['records'])})"
            yield f"{who}: {_difference(one)}"
        if self.drifted + self.missing > len(self.whom):
            yield f"… and {self.drifted + self.missing - len(self.whom):,} more"
        if self.in_doubt:
            yield f"not compared, since a write has no answer yet: {self.in_doubt:,}"
        if self.unreadable:
            yield f"not compared, since they could not be read by their ids: {self.unreadable:,}"
        if self.not_shown:
            yield f"not shown by the list, so not compared: {', '.join(self.not_shown)}; --sample reads them"


def _difference(one: Mapping[str, Any]) -> str:
    if one["is_missing"]:
        return "missing"
    pairs = one["fields"].items()
    return ", ".join(f"{name} {pair['confirmed']} → {pair['shown']}" for name, pair in pairs)


def look(context: Context, sample: int | None, rng: Random, *, unmasked: bool) -> Verified:
    """Compare what Referrizer shows with what it confirmed.

    Args:
        context: The run.
        sample: So many contacts, read by id; None for all of them, as the list shows them.
        rng: Chooses the sample.
        unmasked: Say the values instead of their first letters.

    Raises:
        SettingsError: RFZ-101, no contact at all can be read by its id.
    """
    comparison = _Comparison(context, unmasked=unmasked)
    if sample is None:
        Index(context).refresh()
        _compare_index(context, comparison)
    else:
        _read_by_id(context, comparison, sample, rng)
    return comparison.found


def of_the_list(context: Context) -> Verified:
    """Compare what the list showed when it was read last."""
    comparison = _Comparison(context, unmasked=False)
    _compare_index(context, comparison)
    return comparison.found


def _compare_index(context: Context, comparison: _Comparison) -> None:
    with context.ledger.transaction() as tx:
        comparison.hidden = {name for name in context.settings.field_map.paths if not index.shows(tx, name)}
        for page in reports.linked_remotes(tx):
            for remote in page:
                is_there = remote.index_no == context.index_no
                shown = json.loads(remote.shown) if is_there else None
                comparison.compare(tx, remote, shown)


def _read_by_id(context: Context, comparison: _Comparison, sample: int, rng: Random) -> None:
    with context.ledger.transaction() as tx:
        number = reports.count_linked_remotes(tx)
        chosen = reports.linked_remotes_at(tx, set(rng.sample(range(number), min(sample, number))))
    left = iter(chosen)

    def take(_: sa.Connection, room: int) -> list[str]:
        return list(islice(left, room))

    found: list[str] = []

    def keep(tx: sa.Connection, remote_id: str, document: dict[str, Any] | None) -> None:
        (remote,) = desired.remotes(tx, [remote_id])
        shown = None if document is None else context.settings.field_map.shown(document)
        comparison.compare(tx, remote, shown)
        found.extend([] if document is None else [remote_id])

    asked = len(chosen)
    send_all(context, "reading contacts", Reading(context.client, take, keep, comparison.cannot_read), asked)
    if asked > 1 and not found:
        what = f"none of {asked} contacts can be read by its id; check api_url; --all reads the list instead"
        raise SettingsError("RFZ-101", what)


class _Comparison:
    """Collects what differs.

    Attributes:
        hidden: Fields that cannot be compared.
    """

    def __init__(self, context: Context, *, unmasked: bool) -> None:
        self._context, self._unmasked = context, unmasked
        self.found = Verified()
        self.hidden: set[str] = set()

    def compare(self, tx: sa.Connection, remote: sa.Row[Any], shown: dict[str, Any] | None) -> None:
        """Look at one contact; `shown` is None for one that is not there."""
        if remote.intent_at is not None:
            self.found.in_doubt += 1
            return
        self.found.checked += 1
        known = json.loads(remote.confirmed)
        if self._context.maps_group and remote.confirmed_group is not None:
            known["group"] = remote.confirmed_group
        changed = {} if shown is None else self._changed(known, shown)
        if shown is None:
            self.found.missing += 1
        elif changed:
            self.found.drifted += 1
            self.found.fields.update(changed.keys())
        if (shown is None or changed) and len(self.found.whom) < LISTED:
            whom = {"referrizer_contact": remote.id, "records": reports.records_of(tx, remote.id)}
            self.found.whom.append({**whom, "is_missing": shown is None, "fields": changed})

    def cannot_read(self, remote_id: str) -> None:
        """Count one that nothing can be said about."""
        del remote_id
        self.found.unreadable += 1

    def _changed(self, known: dict[str, Any], shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
        country = self._context.settings.country
        self.found.not_shown = sorted({*self.found.not_shown, *(known.keys() & self.hidden)})
        differing = {
            name: {"confirmed": value, "shown": shown.get(name)}
            for name, value in sorted(known.items())
            if name not in self.hidden and not same(name, value, shown.get(name), country)
        }
        return {
            name: {side: self._masked(name, value) for side, value in pair.items()}
            for name, pair in differing.items()
        }

    def _masked(self, name: str, value: Any) -> Any:
        """What a person wrote into Referrizer's group or last visit may be anything."""
        groups = group_names(self._context.settings.policy)
        return masked(name, value, unmasked=self._unmasked, groups=groups)
