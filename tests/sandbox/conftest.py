"""A small sandbox for each test, and clients that speak to it over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CUSTOMERS = "/v4.1/merchant/customers"
APPOINTMENTS = "/v4.1/merchant/appointments"


class BookerCaller:
    """Calls Booker with good credentials unless told otherwise."""

    def __init__(self, box: Sandbox, session: requests.Session) -> None:
        self.box, self.session = box, session
        self.session.headers["Ocp-Apim-Subscription-Key"] = box.booker.credentials.subscription_key
        self._token: str | None = None

    def grant(self, kind: str = "personal_access_token", **changes: Any) -> requests.Response:
        mine = self.box.booker.credentials
        form = {
            "grant_type": kind,
            "client_id": mine.client_id,
            "client_secret": mine.client_secret,
            "scope": "merchant",
        }
        if kind in {"personal_access_token", "refresh_token"}:
            form[kind] = getattr(mine, kind)
        return self.session.post(
            f"{self.box.booker_url}/v5/auth/connect/token", data={**form, **changes}, timeout=10
        )

    @property
    def token(self) -> str:
        if self._token is None:
            self._token = self.grant().json()["access_token"]
        return self._token

    def post(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> requests.Response:
        sent = {"access_token": self.token, "LocationID": next(iter(self.box.salon.locations)), **body}
        sent = {k: v for k, v in sent.items() if v is not ...}
        return self.session.post(self.box.booker_url + path, json=sent, headers=headers, timeout=10)

    def get(self, path: str, **query: Any) -> requests.Response:
        query = {"access_token": self.token, **query}
        return self.session.get(self.box.booker_url + path, params=query, timeout=10)

    def customers(self, **body: Any) -> list[Any]:
        found: list[Any] = self.post(CUSTOMERS, **body).json()["Customers"]
        return found

    def customer(self, person: Any, **body: Any) -> dict[str, Any]:
        return next(row["Customer"] for row in self.customers(**body) if row["CustomerID"] == person.id)

    def appointments(self, **body: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.post(APPOINTMENTS, **body).json()["Results"]
        return found

    def ids(self, **body: Any) -> set[int]:
        return {row["CustomerID"] for row in self.customers(**body)}


class ReferrizerCaller:
    """Calls Referrizer with the account's token."""

    def __init__(self, box: Sandbox, session: requests.Session) -> None:
        self.box, self.session = box, session
        self.session.headers["Authorization"] = f"Bearer {box.referrizer.token}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.box.referrizer_url + path, timeout=10, **options)

    def create(self, **fields: Any) -> requests.Response:
        return self.call("POST", "/contacts", json=fields)

    def put(self, key: str, **fields: Any) -> requests.Response:
        return self.call("PUT", f"/contacts/{key}", json=fields)

    def visit(self, key: str, date: str | None = None, **fields: Any) -> requests.Response:
        dated = fields if date is None else {"date": date, **fields}
        return self.call("POST", "/visits", json={"contactId": key, **dated})

    def effects(self, kind: str) -> list[dict[str, Any]]:
        return self.box.referrizer.journal.of(kind)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """The special people only, at one location in Chicago, on 2 March 2026 at 15:00 UTC."""
    with Sandbox(contacts=0) as sandbox:
        yield sandbox


@pytest.fixture
def booker_of() -> Iterator[Callable[[Sandbox], BookerCaller]]:
    """Makes callers of Booker for any sandbox."""
    with requests.Session() as session:
        yield lambda box: BookerCaller(box, session)


@pytest.fixture
def booker(box: Sandbox, booker_of: Callable[[Sandbox], BookerCaller]) -> BookerCaller:
    return booker_of(box)


@pytest.fixture
def referrizer(box: Sandbox) -> Iterator[ReferrizerCaller]:
    with requests.Session() as session:
        yield ReferrizerCaller(box, session)
