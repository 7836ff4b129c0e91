"""The fenced blocks of the documents, and what a document shows against what was really printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.project import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

FENCE = re.compile(
    r"^(?:<!-- (?P<note>.+?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
NOTE = re.compile(r"(?P<kind>file|shown by|not run): (?P<said>.+)")
UNSAID = re.compile(r"^ *(?:…|\.\.\.)$")
# What no two runs have in common, as it stands after re.escape.
VARYING = (
    r"\d+(?:\\\.\d+)?(?=\\ s\b|\\ seconds\b|\\ calls\\ to\b)",
    r"\d{4}\\-\d\d\\-\d\dT[\d:\\.]+(?:Z|\\\+00:00)",
)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        document: Path of its document in the checkout.
        line: Where it opens.
        language: The word at its fence.
        text: What stands in it.
        kind, said: Its note, a comment on the line before: `file: NAME` (what it is kept as),
            `shown by: COMMAND` (what prints it), `not run: REASON`. Both empty without one.
    """

    document: str
    line: int
    language: str
    text: str
    kind: str = ""
    said: str = ""

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def is_run(self) -> bool:
        """Whether there are commands in it that a reader would type."""
        return self.language in {"sh", "console"} and not self.kind

    def commands(self) -> Iterator[str]:
        """What a reader types, in order: a `sh` block as it is, of a `console` block the lines with `$`."""
        if self.language == "sh":
            yield self.text
        else:
            yield from re.findall(r"^\$ (.+\n)", self.text, re.MULTILINE)


def documents() -> list[str]:
    """Every document of the checkout but those of tools and caches."""
    found = [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("*/*.md")]
    return sorted(str(one.relative_to(CHECKOUT)) for one in found if not one.parent.name.startswith("."))


def text_of(document: str) -> str:
    return (CHECKOUT / document).read_text(encoding="utf-8")


def blocks_of(document: str) -> list[Block]:
    """The blocks of a document in order."""
    text, found = text_of(document), []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("text"))
        kind, said = "", ""
        if match["note"]:
            note = NOTE.fullmatch(match["note"])
            kind, said = (note["kind"], note["said"]) if note else ("", "")
        found.append(Block(document, line, match["language"], match["text"], kind, said))
    return found


def shows(shown: str, printed: str, *, whole: bool = False) -> bool:
    """Whether lines that a document shows were printed, one after the other, and with `whole` nothing else.

    `…` stands for anything within a line, and for any lines when it stands alone; durations, instants and
    numbers of calls (a page is asked for before the last one is known) are examples. Blanks at the ends of
    lines do not count.
    """
    lines = [r"(?:.*\n)*?" if UNSAID.match(line) else _pattern(line) for line in shown.splitlines()]
    plain = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    pattern = re.compile("^" + "".join(lines), re.MULTILINE)
    return (pattern.fullmatch(plain) if whole else pattern.search(plain)) is not None


def _pattern(line: str) -> str:
    pattern = re.escape(line.rstrip())
    for varying in VARYING:
        pattern = re.sub(varying, lambda match: varying_like(match[0]), pattern)
    return pattern.replace("…", ".*?") + r"\n"


def varying_like(example: str) -> str:
    """What may stand where an example stands."""
    return r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)" if "T" in example else r"[\d.]+"
