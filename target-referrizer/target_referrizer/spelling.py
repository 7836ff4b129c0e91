"""Which word was meant, where one is misspelt."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable


def hint(word: object, known: Iterable[str], *, alike: float = 0.6) -> str:
    """`; did you mean 'location_ids'?`, or nothing where no word is near; case and dashes do not count."""
    plain = {_plain(one): one for one in known}
    near = difflib.get_close_matches(_plain(str(word)), plain, n=1, cutoff=alike)
    return f"; did you mean {plain[near[0]]!r}?" if near else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


class Choice(click.Choice[str]):
    """One of several words on the command line."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """See click; names the word that was probably meant."""
        near = hint(value, self.choices)
        return super().get_invalid_choice_message(value, ctx).rstrip(".") + (near or ".")
