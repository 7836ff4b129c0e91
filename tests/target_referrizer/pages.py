"""Reading a report back: a strict parser, and what stands in its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VOID = {"meta", "br", "col"}


@dataclass
class Element:
    """An element with its children, which are elements and texts."""

    name: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    def all(self, name: str) -> Iterator[Element]:
        """Every element of this name inside, in the order of the page."""
        for one in self.children:
            if isinstance(one, Element):
                if one.name == name:
                    yield one
                yield from one.all(name)


class _Strict(HTMLParser):
    """Refuses what a browser would only mend: each element ends, and in its own place."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("page", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment


def read(page: str) -> Element:
    """The page as a tree; fails where it is not well formed."""
    parser = _Strict()
    parser.feed(page)
    parser.close()
    assert [one.name for one in parser.open] == ["page"]
    return parser.open[0]


def table(page: Element, caption: str) -> dict[str, list[str]]:
    """The rows of the table whose caption begins so: what each is called, and its cells."""
    found = [one for one in page.all("table") if next(one.all("caption")).text.startswith(caption)]
    assert len(found) == 1, [one.text for one in page.all("caption")]
    rows = list(next(found[0].all("tbody")).all("tr"))
    return {next(row.all("th")).text.strip(): [cell.text for cell in row.all("td")] for row in rows}


def section(page: Element, heading: str) -> Element:
    """The section under a heading."""
    return next(one for one in page.all("section") if next(one.all("h2")).text == heading)


def waiting(page: Element) -> dict[str, list[tuple[str, str]]]:
    """What waits: kind to pairs of number and all that is said of it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in section(page, "What waits for a person").all("li"):
        kind = next(one.all("span")).text
        found.setdefault(kind, []).append((next(one.all("b")).text, one.text))
    return found
