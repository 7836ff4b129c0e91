"""HTML in which nothing from outside can be anything but text."""

from __future__ import annotations

import html
import unicodedata
from typing import Any

#: Longer names are cut: a report is looked at, and one record must not fill it.
LONGEST = 120
_VOID = frozenset({"meta", "br", "col"})
#: Would turn the direction of what follows, and so let a name read as something else.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSHOWN = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


class Safe(str):
    """Markup that this module has made; every other string is text and is escaped."""

    __slots__ = ()


def text(value: object) -> Safe:
    """A value as text: escaped, and without what no browser should get."""
    return Safe(html.escape(clean(str(value))))


def clean(said: str) -> str:
    """Text on one line that shows itself: what cannot be shown becomes one mark that can."""
    return "".join(map(_shown, said))


def short(said: str) -> str:
    """The beginning of what may be very long."""
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"


def _shown(letter: str) -> str:
    if letter in "\t\r\n":
        return " "
    is_unshown = letter in _DIRECTIONS or unicodedata.category(letter) in _UNSHOWN
    return "\N{REPLACEMENT CHARACTER}" if is_unshown else letter


def tag(name: str, /, *children: object, **attributes: Any) -> Safe:
    """An element.

    Args:
        name: Of the element.
        children: Text, or markup of this module; None is left out.
        attributes: `class_` is class, `aria_label` is aria-label; None is left out, True stands alone.
    """
    opened = "".join([name, *(_attribute(key, value) for key, value in attributes.items())])
    if name in _VOID:
        return Safe(f"<{opened}>")
    return Safe(f"<{opened}>{join(*children)}</{name}>")


def join(*children: object) -> Safe:
    """Several pieces, one after the other."""
    return Safe("".join(_child(one) for one in children if one is not None))


def name_of(value: object) -> Safe:
    """What somebody else has named: short, and with a direction of writing of its own."""
    return tag("bdi", short(str(value)))


def number(value: float) -> str:
    """A number as people write it."""
    return f"{value:,}"


def _child(child: object) -> str:
    return child if isinstance(child, Safe) else text(child)


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(value)}"'
