"""The two OpenAPI files: valid, every operation and field marked, every switch tried by a test."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from openapi_spec_validator import validate

from sandbox import BookerSwitches, ReferrizerSwitches, Sandbox
from sandbox.server.spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKS = {"documented", "seen", "inferred"}
VENDORS = ("booker", "referrizer")


def marked(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every operation, parameter and property of a file, with where it stands."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from marked(item, f"{path}/{number}")
    elif isinstance(node, dict):
        if "operationId" in node or "in" in node:
            yield path, node
        properties = node.get("properties", {})
        yield from ((f"{path}/{name}", part) for name, part in properties.items())
        for key, value in node.items():
            yield from marked(value, f"{path}/{key}")


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_file_is_valid_openapi(vendor: str) -> None:
    validate(load_spec(vendor).document)


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_operation_and_field_says_how_sure_it_is(vendor: str) -> None:
    found = list(marked(load_spec(vendor).document))
    assert len(found) > 20
    assert [path for path, node in found if node.get("x-source") not in MARKS] == []


@pytest.mark.parametrize("switches", [BookerSwitches, ReferrizerSwitches])
def test_every_switch_is_explained_and_tried(switches: Any) -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    names = [field.name for field in fields(switches)]
    assert [name for name in names if f"        {name}: " not in (switches.__doc__ or "")] == []
    assert [name for name in names if name not in tests] == []


def test_the_sandbox_knows_nothing_of_its_callers() -> None:
    sources = (Path(__file__).parents[2] / "sandbox" / "sandbox").rglob("*.py")
    text = "".join(path.read_text() for path in sources)
    assert "tap_booker" not in text
    assert "target_referrizer" not in text


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_is_not_there_is_refused_in_the_vendors_form_whatever_the_path_holds(
    box: Sandbox, method: str
) -> None:
    odd = "%F4%83%B8%B0%0A%1D%00"
    referrizer = {"Authorization": f"Bearer {box.referrizer.token}"}
    answer = requests.request(
        method, f"{box.referrizer_url}/contacts/{odd}", json={}, headers=referrizer, timeout=10
    )
    assert answer.json().keys() == {"errorCode", "message"}
    booker = {"Ocp-Apim-Subscription-Key": box.booker.credentials.subscription_key}
    answer = requests.request(
        method, f"{box.booker_url}/v4.1/merchant/customer/{odd}", headers=booker, timeout=10
    )
    assert answer.json().keys() & {"IsSuccess", "statusCode"}
