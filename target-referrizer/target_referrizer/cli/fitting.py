"""Whether an input fits, before there is an account."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from target_referrizer.cli import common
from target_referrizer.errors import TargetError
from target_referrizer.terminal import as_json, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_referrizer.cli.common import AskSettings
    from target_referrizer.fits import Look


@common.command(
    changes=f"{common.LOOKS[:-1]}; neither is asked, no token is needed.",
    exits={"0": "all of the input fits", "1": "some of it does not; the last line says what"},
    examples={
        "fits --input records.jsonl": "See whether a tap's output can be taken, and what to map",
        "fits --input records.jsonl --format json": "Hand the answer to a script",
        "fits --input - < records.jsonl": "Read a tap's output from standard input",
    },
)
@common.as_format
@click.option(
    "--input", "records", type=click.File(), required=True,
    help="Singer messages as the target would get them; - reads standard input.",
)  # fmt: skip
@click.pass_obj
def fits(ask: AskSettings, shape: str, records: IO[str]) -> None:
    """Whether a file of any tap fits the streams, and what to map.

    Says of each stream which fields are kept, passed over, missing or broken, with counts and line numbers
    and without a value, and gives a `stream_maps` to copy. With `stream_maps` in the settings it is judged
    after mapping.
    """
    from target_referrizer.fits import advice, page

    config = {key: value for key, value in ask.config().items() if key != "as_of"} | {"api_token": "-"}
    look = _look(ask, config, records)
    mapped = config.get("stream_maps") or {}
    plain: Look | None = look
    if config.get("flattening_enabled"):  # maps are worked out for records as they come, and flattened then
        bare = {**config, "flattening_enabled": False}
        plain = _look(ask, bare, records) if _rewound(records) else None
    maps, left = advice.maps_for(plain.streams.values() if plain else (), mapped)
    with_maps = {**config, "stream_maps": {**mapped, **maps}}
    then = _look(ask, with_maps, records) if maps and _rewound(records) else None
    zoneless = page.zoneless(then or look)
    zone = config.get("timezone")  # whose times they are nobody guesses
    if then and zoneless and zone and _rewound(records):
        then = _look(ask, {**with_maps, "source_timezone": zone}, records)
    answer = {
        "fits": look.fits,
        "streams": [one.as_json() for one in look.streams.values()],
        "unknown_contacts": look.unknown_contacts,
        "stamps_without_zone": zoneless,
        "reading_ended": next(page.ended(look), None),
        "stream_maps": maps,
        "left_out": left,
        "with_stream_maps": then and [one.as_json() for one in then.streams.values()],
    }
    whose = (zone or "") if zoneless else None
    common.answer(answer, shape, lambda _: _lines(look, (maps, left) if plain else None, then, whose))
    if look.ended:
        raise look.ended
    if not look.fits:
        raise TargetError("RFZ-217", page.unfit(look))


def _look(ask: AskSettings, config: dict[str, Any], records: IO[str]) -> Look:
    """One look through all of the input; a token is the one setting that nobody needs for it."""
    from target_referrizer.fits import Look

    return Look(config, ask.checked(config)).through(records)


def _rewound(records: IO[str]) -> bool:
    """Whether the input could be set back to its beginning; what comes through a pipe comes once."""
    if not records.seekable():
        return False
    records.seek(0)
    return True


def _lines(
    look: Look, proposed: tuple[dict[str, Any], dict[str, str]] | None, then: Look | None, zone: str | None
) -> Iterator[str]:
    """What is said to people; `zone` is empty where stamps have none and nobody has said whose they are."""
    from target_referrizer.fits import page

    yield from page.lines(look)
    if zone is not None:
        given = as_json({"source_timezone": zone or "Area/City"})[1:-1]
        whose = "if that is theirs" if zone else "the place by whose clocks they were written"
        yield f"some stamps have no time zone: set {given}, {whose}"
    maps, left = proposed or ({}, {})
    if proposed is None and not look.fits:
        yield "with flattening_enabled what to map is told of a file alone, and not of what comes by a pipe"
    if maps:
        yield "the names are guesses: look at each before you copy"
        yield from page.cautions(maps, left)
        yield "what to map, as a setting of target-referrizer:"
        yield from as_json({"stream_maps": maps}, indent=2).splitlines()
    if then:
        also = " and with source_timezone" if zone else ""
        yield f"with it{also} {then.fit:,} of {counted(then.records, 'record')} fit"
        yield from page.broken(then)
