"""Checks requests against an OpenAPI 3.1 file.

Small on purpose: it knows the parts of OpenAPI that the two files use, and refuses whatever they do not
name: unknown query parameters and (through ``additionalProperties: false`` in the files) unknown body fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

_METHODS = ("get", "post", "put", "patch", "delete")
_WHOLE = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a request: where, at which name, of what sort (a JSON Schema keyword)."""

    place: str
    name: str
    sort: str
    message: str


@dataclass(frozen=True)
class Operation:
    """One operation of the file, with its checks ready to run."""

    id: str
    method: str
    template: str
    pattern: re.Pattern[str]
    parameters: tuple[dict[str, Any], ...]
    bodies: dict[str, Draft202012Validator]

    def check_parameters(
        self, params: dict[str, str], query: dict[str, str]
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Check and convert path and query parameters; returns the values by name, and what is wrong."""
        values: dict[str, Any] = {}
        problems = [
            Problem("query", name, "additionalProperties", f"unknown query parameter {name!r}")
            for name in query.keys() - {p["name"] for p in self.parameters if p["in"] == "query"}
        ]
        for parameter in self.parameters:
            given = {"path": params, "query": query}.get(parameter["in"], {})
            name = parameter["name"]
            if name in given:
                values[name] = _convert(given[name], parameter["schema"])
                found = Draft202012Validator(parameter["schema"]).iter_errors(values[name])
                problems += [Problem(parameter["in"], name, str(e.validator), e.message) for e in found]
            elif parameter.get("required") and parameter["in"] != "header":
                problems.append(Problem(parameter["in"], name, "required", f"{name!r} is required"))
        return values, problems

    def check_body(self, content_type: str, body: Any) -> list[Problem]:
        """Check a decoded body of a known content type; returns what is wrong, in the order of the names."""
        return sorted(
            map(_problem, self.bodies[content_type].iter_errors(body)), key=lambda p: (p.name, p.sort)
        )


class Spec:
    """An OpenAPI file of this package, ready to recognise and check requests."""

    def __init__(self, name: str) -> None:
        self.document: dict[str, Any] = _read(name)
        self.operations = tuple(
            self._operation(template, method, item[method], item.get("parameters", []))
            for template, item in self.document["paths"].items()
            for method in _METHODS
            if method in item
        )

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation of a method and path, with its raw path parameters; None when there is none."""
        for operation in self.operations:
            found = operation.pattern.fullmatch(path)
            if found and operation.method == method:
                return operation, found.groupdict()
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that the file has for a path; empty for an unknown path."""
        return [operation.method for operation in self.operations if operation.pattern.fullmatch(path)]

    def _operation(self, template: str, method: str, node: dict[str, Any], shared: list[Any]) -> Operation:
        parameters = tuple(self._inline(p) for p in [*shared, *node.get("parameters", [])])
        content = self._inline(node.get("requestBody", {})).get("content", {})
        checker = FormatChecker()
        bodies = {
            kind: Draft202012Validator(part["schema"], format_checker=checker)
            for kind, part in content.items()
        }
        pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template)))
        return Operation(node["operationId"], method.upper(), template, pattern, parameters, bodies)

    def _inline(self, node: Any) -> Any:
        """The node with each local reference replaced by what it names (siblings win, as in OpenAPI 3.1)."""
        if isinstance(node, list):
            return [self._inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        plain = {key: self._inline(value) for key, value in node.items() if key != "$ref"}
        return {**self._inline(self._target(node["$ref"])), **plain} if "$ref" in node else plain

    def _target(self, reference: str) -> Any:
        target: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        return target


@cache
def load_spec(name: str) -> Spec:
    """The spec of one vendor, read once for each process."""
    return Spec(name)


def _read(name: str) -> dict[str, Any]:
    text = files("sandbox").joinpath("openapi", f"{name}.yaml").read_text(encoding="utf-8")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are the safe ones
    return document


def _convert(text: str, schema: dict[str, Any]) -> Any:
    """Read a parameter's text as its schema's type; what does not fit stays text, to be refused."""
    kind = schema.get("type")
    if kind == "integer" and _WHOLE.fullmatch(text):
        return int(text)
    if kind == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return text


def _problem(error: Any) -> Problem:
    name = ".".join(str(part) for part in error.absolute_path)
    if error.validator in {"required", "additionalProperties"}:
        quoted = re.search(r"'([^']*)'", error.message)
        inner = quoted.group(1) if quoted else ""
        name = f"{name}.{inner}" if name else inner
    return Problem("body", name, str(error.validator), error.message)
