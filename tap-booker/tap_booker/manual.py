"""Help that reads like a short manual: what a command changes, its settings, exit codes, examples to copy."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WIDEST, NARROWEST = 100, 20
HYPHEN = "\N{NON-BREAKING HYPHEN}"


class Page(click.HelpFormatter):
    """Text as wide as the terminal, also where that has fewer columns than the 50 that click insists on."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        columns = min(shutil.get_terminal_size().columns, max_width or WIDEST)
        super().__init__(indent_increment, width or max(columns - 2, NARROWEST), max_width)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Two columns, the first one no wider than a third of the page."""
        whole = ((first, second.replace("-", HYPHEN)) for first, second in rows)
        super().write_dl(whole, min(col_max, self.width // 3), col_spacing)

    def write_text(self, text: str) -> None:
        """A paragraph; the names of files and options are not broken at their hyphens."""
        super().write_text(text.replace("-", HYPHEN))

    def write(self, string: str) -> None:
        """See click."""
        super().write(string.replace(HYPHEN, "-"))


class PageContext(click.Context):
    """Has help written on such a page."""

    formatter_class = Page


class Manual(click.Command):
    """A command with a manual.

    Attributes:
        changes: What it changes and where, above all whether it writes to a real account.
        settings: Where its settings come from; "" for none.
        exits: Its exit codes, each with what it means.
        examples: Command lines that work as they stand, each with what it is good for.
    """

    context_class = PageContext

    def __init__(
        self,
        *args: Any,
        changes: str,
        exits: Mapping[str, str],
        examples: Mapping[str, str],
        settings: str = "",
        **kwargs: Any,
    ) -> None:
        context = {"help_option_names": ["--help", "-h"], "max_content_width": WIDEST}
        kwargs["context_settings"] = {**context, **(kwargs.get("context_settings") or {})}
        super().__init__(*args, **kwargs)
        self.short_help = self.short_help or (self.help or "").split("\n\n")[0].strip()  # whole, not cut off
        self.changes, self.settings, self.exits, self.examples = changes, settings, exits, examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of a manual below the options, the examples nearest to the prompt."""
        super().format_epilog(ctx, formatter)
        for title, text in (("Changes", self.changes), ("Settings", self.settings)):
            if text:
                with formatter.section(title):
                    formatter.write_text(text)
        with formatter.section("Exit codes"):
            formatter.write_dl(list(self.exits.items()))
        with formatter.section("Examples"):
            for line, what in self.examples.items():
                formatter.write_text(f"{what}:")
                with formatter.indentation():
                    indent = " " * formatter.current_indent
                    formatter.write("".join(f"{indent}{part}\n" for part in folded(line, formatter.width)))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click; options of the group are known here too, and told where they belong."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            group, name = ctx.parent, error.option_name
            if group is None:
                raise
            above = [one for option in group.command.params for one in option.opts]
            if name not in above:
                here = [one for option in self.get_params(ctx) for one in option.opts]
                raise click.NoSuchOption(name, possibilities=[*here, *above], ctx=ctx) from None
            where = f"{group.command_path} {name} … {ctx.info_name}"
            raise click.UsageError(f"{name} belongs before the command: {where}", ctx) from None


class ManualGroup(Manual, click.Group):
    """A group of commands with a manual."""


def folded(line: str, width: int) -> Iterator[str]:
    r"""A command line in parts that fit, each but the last with `\` at its end: it can still be copied."""
    whole = ""
    for word in re.findall(r"(?:'[^']*'|\S)+", line):
        if whole and len(whole) + len(word) + 7 > width:  # two blanks, ` \`, and the indentation
            yield f"{whole} \\"
            whole = " "
        whole = f"{whole} {word}" if whole else word
    yield whole
