"""What may reach a terminal or a log: text of others without anything that a terminal would obey."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from typing import Any

from rich.cells import cell_len

#: Columns of the number in a row of a table.
_FIGURES = 12
#: Controls, what changes the direction of text or cannot be seen, separators of lines, halves of characters.
_COMMANDS = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


def commands(letter: str) -> bool:
    """Whether a character does something instead of being shown."""
    return unicodedata.category(letter) in _COMMANDS


def plain(text: str) -> str:
    r"""A text on one line, with `\x1b` or `\u2028` in place of each character that is not shown."""
    return text if text.isprintable() else "".join(_escaped(one) if commands(one) else one for one in text)


def as_json(value: Any, *, indent: int | None = None) -> str:
    """JSON for scripts that is as harmless when a person looks at it; it reads back as the same value."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return "".join(json.dumps(one)[1:-1] if one != "\n" and commands(one) else one for one in text)


def columns() -> int:
    """Columns of the terminal that somebody looks at: COLUMNS, standard output's, else standard error's."""
    if "COLUMNS" not in os.environ and not sys.stdout.isatty() and sys.stderr.isatty():
        return os.get_terminal_size(sys.stderr.fileno()).columns
    return shutil.get_terminal_size().columns


def row(name: str, number: int, width: int = 26, *, lead: str = "  - ", remark: str = "") -> str:
    """`  - Current customers             31`: numbers below each other, also on a narrow screen.

    Args:
        name: What is counted; signs that take two columns, or none, count as what they take.
        number: How many.
        width: Columns of the name, fewer on a narrow screen.
        lead: What stands before the name.
        remark: What stands behind the number.
    """
    shown, figure = plain(in_words(name)), f"{number:,}"
    room = min(width + _FIGURES, max(columns() - len(lead), _FIGURES))
    gap = " " * max(room - cell_len(shown) - len(figure), 1)
    return f"{lead}{shown}{gap}{figure}{f'   {remark}' if remark else ''}"


def in_words(name: str) -> str:
    """A name of the accounting as people write it."""
    return name.replace("check_ins", "check-ins").replace("_", " ")


def counted(number: int, one: str, many: str = "") -> str:
    """`1 contact`, `2,000 contacts`; `many` where an s is not enough."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _escaped(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004
