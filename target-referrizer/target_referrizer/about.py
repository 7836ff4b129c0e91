"""What `--about` prints: every setting with its form, default, meaning and environment variable."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.about import AboutFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.about import AboutInfo

FORMATS = ("text", "markdown", "json")
NARROWEST, WIDEST = 20, 100


def text_of(info: AboutInfo, form: str | None) -> str:
    """The plugin in one of `FORMATS`; for scripts as the Singer SDK says it."""
    if form == "json":
        return AboutFormatter.get_formatter("json").format_about(info)
    return "\n".join(_markdown(info) if form == "markdown" else _text(info))


def _text(info: AboutInfo) -> Iterator[str]:
    page = click.HelpFormatter(width=max(min(shutil.get_terminal_size().columns, WIDEST) - 2, NARROWEST))
    page.write_text(f"{info.name} {info.version}, Meltano SDK {info.sdk_version}")
    page.write_text(str(info.description))
    page.write_paragraph()
    page.write_text(f"Capabilities: {', '.join(one.value for one in info.capabilities)}")
    page.write_paragraph()
    prefix = info.env_var_prefix
    page.write_text(f"Settings: from --config FILE, or with --config ENV from {prefix}* of the environment")
    for name, spec in _settings(info):
        page.write_paragraph()
        page.write_text(f"{name}: {', '.join(_facts(info, name, spec))}")
        with page.indentation():
            page.write_text(_meaning(spec))
            page.write_text(prefix + name.upper())
    yield page.getvalue().rstrip("\n")


def _markdown(info: AboutInfo) -> Iterator[str]:
    yield f"# `{info.name}` {info.version}\n\n{info.description}\n"
    yield f"Capabilities: {', '.join(f'`{one.value}`' for one in info.capabilities)}\n"
    yield f"With `--config ENV` each setting comes from its variable, such as `{info.env_var_prefix}…`.\n"
    yield "| setting | form | meaning | variable |\n|---|---|---|---|"
    for name, spec in _settings(info):
        facts = ", ".join(_facts(info, name, spec, mark="`"))
        cells = (f"`{name}`", facts, _meaning(spec), f"`{info.env_var_prefix}{name.upper()}`")
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _settings(info: AboutInfo) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from info.settings["properties"].items()


def _facts(info: AboutInfo, name: str, spec: Mapping[str, Any], mark: str = "") -> Iterator[str]:
    """Type, choices, default and secrecy of a setting."""
    choices = [str(one) for one in spec.get("enum", ()) if one is not None]
    yield " or ".join(f"{mark}{one}{mark}" for one in choices) or _kind(spec)
    if name in info.settings.get("required", ()):
        yield "required"
    elif spec.get("default") is not None:
        default = spec["default"]
        shown = default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)
        yield f"default {mark}{shown}{mark}"
    if spec.get("secret"):
        yield "secret"


def _kind(spec: Mapping[str, Any]) -> str:
    """The type in words: `string`, `array of integer`."""
    given = spec.get("type", "string")
    kinds = [one for one in ([given] if isinstance(given, str) else given) if one != "null"]
    of = f" of {_kind(spec['items'])}" if "items" in spec else ""
    return " or ".join(kinds) + of


def _meaning(spec: Mapping[str, Any]) -> str:
    """The description, and that of each part of it."""
    inside = spec.get("items", spec).get("properties", {})
    parts = [f"`{name}`: {one['description']}" for name, one in inside.items() if "description" in one]
    said = str(spec.get("description", "")).rstrip(".")
    return ". ".join([said, *(part.rstrip(".") for part in parts)]) + "."
