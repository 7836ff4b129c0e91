"""A tap as the Singer SDK's documentation shows one: REST, page by page, nothing tuned."""

from __future__ import annotations

from typing import Any, ClassVar

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import PageNumberPaginator

TEXTS = ("first_name", "last_name", "email", "phone", "street", "city", "state", "zip", "birthday")
FLAGS = ("is_member", "accepts_email", "accepts_sms", "is_forgotten", "is_active")


class Contacts(RESTStream[int]):
    """Booker's customers, as the fields that tap-booker emits."""

    name = "contacts"
    path = "/v4.1/merchant/customers"
    http_method = "POST"
    records_jsonpath = "$.Customers[*]"
    primary_keys: ClassVar = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True),
        th.Property("location_id", th.IntegerType),
        *(th.Property(name, th.StringType) for name in TEXTS),
        *(th.Property(name, th.BooleanType) for name in FLAGS),
        th.Property("created_at", th.DateTimeType),
        th.Property("updated_at", th.DateTimeType),
    ).to_dict()

    @property
    def url_base(self) -> str:
        """The address of the stub."""
        return str(self.config["base_url"])

    def get_new_paginator(self) -> PageNumberPaginator:
        """Pages from 1; the SDK ends at an empty one by itself."""
        return PageNumberPaginator(1)

    def prepare_request_payload(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        """The body that names the page."""
        del context
        return {"PageNumber": next_page_token, "PageSize": self.config["page_size"], "access_token": "bench"}

    def post_process(self, row: dict[str, Any], context: Any = None) -> dict[str, Any]:
        """A customer as a contact."""
        del context
        one = row["Customer"]
        address = one["Address"]
        return {
            "id": row["ID"],
            "location_id": row["LocationID"],
            "first_name": one["FirstName"],
            "last_name": one["LastName"],
            "email": one["Email"],
            "phone": one["CellPhone"],
            "street": address["Street1"],
            "city": address["City"],
            "state": address["State"],
            "zip": address["Zip"],
            "birthday": one["DateOfBirthOffset"][:10],
            "is_member": row["IsActiveMember"],
            "accepts_email": one["AllowReceiveEmails"],
            "accepts_sms": one["AllowReceiveSMS"],
            "is_forgotten": False,
            "is_active": True,
            "created_at": one["DateCreatedOffset"],
            "updated_at": one["DateLastModifiedOffset"],
        }


class StockTap(Tap):
    """The tap."""

    name = "stock-tap"
    config_jsonschema = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("page_size", th.IntegerType, default=100),
    ).to_dict()

    def discover_streams(self) -> list[Contacts]:
        """One stream."""
        return [Contacts(self)]


if __name__ == "__main__":
    StockTap.cli()
