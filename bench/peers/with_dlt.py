"""dlt on the same work, as its documentation shows: the source `rest_api`, and a custom destination."""

from __future__ import annotations

import json
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import dlt
import requests
from dlt.sources.rest_api import rest_api_source

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(url: str, size: int) -> None:
    """Extract all customers."""
    paging = {
        "type": "page_number",
        "base_page": 1,
        "page_body_path": "PageNumber",
        "total_path": None,
        "stop_after_empty_page": True,
    }
    body = {"PageSize": size, "access_token": "bench"}
    customers = {
        "name": "contacts",
        "endpoint": {
            "path": "/v4.1/merchant/customers",
            "method": "POST",
            "json": body,
            "data_selector": "Customers",
            "paginator": paging,
        },
    }
    source = rest_api_source({"client": {"base_url": url}, "resources": [customers]})
    with tempfile.TemporaryDirectory() as folder:
        dlt.pipeline("bench_read", destination="dummy", pipelines_dir=folder).extract(source)


def write(url: str) -> None:
    """Post the contacts of a Singer file on standard input."""
    session = requests.Session()

    @dlt.destination(batch_size=1, loader_file_format="typed-jsonl", name="referrizer")
    def referrizer(items: list[dict[str, Any]], table: Any) -> None:
        del table
        for one in items:
            names = {"firstName": one["first_name"], "lastName": one["last_name"]}
            body = {**names, "email": one.get("email")}
            session.post(f"{url}/v1/contacts", json=body, timeout=60).raise_for_status()

    @dlt.resource(name="contacts")
    def contacts() -> Iterator[dict[str, Any]]:
        for line in sys.stdin:
            message = json.loads(line)
            if message["type"] == "RECORD":
                yield message["record"]

    with tempfile.TemporaryDirectory() as folder:
        dlt.pipeline("bench_write", destination=referrizer, pipelines_dir=folder).run(contacts())


if __name__ == "__main__":
    if sys.argv[1] == "read":
        read(sys.argv[2], int(sys.argv[3]))
    else:
        write(sys.argv[2])
