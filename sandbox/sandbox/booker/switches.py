"""Everything about Booker that is inferred or unknown, each as a switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class BookerSwitches:
    """How this Booker behaves where public material does not settle it; may be changed at any time.

    Filters
        honour_modified_filter_customers: The modified filter of FindCustomers works (seen in a schema only).
            True.
        honour_modified_filter_appointments: The same of FindAppointments (seen in use for new bookings).
            True.
        offset_filters: What happens to the ``…Offset`` bounds: honoured, ignored or refused as unknown
            (inferred for appointments). honoured.
        modified_upper_inclusive: A record changed at the very upper bound is inside (unknown). True.
        inactive_returned_by_default: Without ``IsActive``, inactive customers come too (unknown). True.
        other_locations_without_exact_filter: Without ``FilterByExactLocationID``, customers of the account's
            other locations come too (inferred). True.

    What counts as a change
        check_in_touches_modified: A check-in or its undoing moves the appointment into the modified window
            (inferred). True.
        visit_touches_customer: A check-in bumps the customer's ``DateLastModified`` (unknown). False.

    Shape of answers
        customers_wrapped: Elements are ``{CustomerID, Customer}`` (seen); False: the bare record. True.
        customers_key: The list's name (seen: Customers; one client also accepts Results). Customers.
        customer_ids_equal: ``CustomerID`` and ``Customer.ID`` are the same number (not proved). True.
        customers_total: FindCustomers has ``TotalResultsCount`` (not in the schema). False.
        appointments_total: FindAppointments has it (assumed). True.
        customer_stats_in_list: The list fills ``CustomerStats``, not only GetCustomer (unknown). True.
        null_customer_every: Every n-th customer of a page has ``Customer: null``; 0 for none (seen as a
            scar). 0.
        null_address_every: Every n-th customer id has ``Address: null``; 0 for none. 0.
        check_in_stamp: ``DateCheckIn`` is filled; False: only the flags tell (seen in schemas only). True.
        partial_has_check_in: ``/appointments/partial`` carries the check-in stamp (unknown). False.
        location_nested: GetLocation answers under ``Location``; False: at top level (seen). False.
        standard_zone_name: ``TimeZone.StandardName`` is the Windows id (inferred); False: null. True.

    Dates
        offset_twins: Dates also come as ISO ``…Offset`` twins: all or none (seen in newer schemas). all.
        twin_offset: Whose offset the twins show: location or server (unknown). location.
        server_stamps: Check-in, creation and modification stamps in the ``/Date()/`` form follow the Eastern
            rule (eastern_rule), or are the true instant (true_time) (unknown). eastern_rule.
        dotnet_offset: ``/Date()/`` answers carry an offset (seen). True.
        empty_dates: A missing date is null, or .NET's year 1 (inferred). null.

    Paging
        max_page_size: Larger pages are refused (unknown). 500.

    Tokens
        token_seconds: Lifetime on the salon's clock (unknown; one client falls back on 1800). 1800.
        refresh_token_rotates: Each refresh gives a new refresh token and ends the old one (inferred). True.
        code_seconds: How long a code of the browser's sign-in is good for (unknown). 300.
        redirect_uris: Where the browser may be sent back to: the client's registered addresses, matched
            exactly (inferred; OAuth's rule). ``http://127.0.0.1:8776/back``.
        pkce: A code challenge is checked when one is sent (checked), must be there (required), means nothing
            (ignored), or is refused as unknown (refused) (unknown). checked.
        location_token_needed: Which grants must exchange their token for a location's: client_credentials
            (seen), always or never. client_credentials.
        token_in: Where a data call's token is looked for: body (query for GET; seen), header, either or
            both. body.
        expired_token: An expired token is answered by HTTP 200 with code 1000 (envelope, seen) or by HTTP 401
            (unauthorized, seen). envelope.
        token_error_status: HTTP status of ``invalid_client`` and its like (inferred). 400.

    Errors
        argument_error_status: HTTP status of application errors (usually 200, seen). 200.
        argument_errors_as: ``ArgumentErrors`` is a list (seen) or an object of lists (seen once). list.
        unknown_location: An unknown location is an argument error or a permission error, code 1000
            (unknown). argument.
    """

    honour_modified_filter_customers: bool = True
    honour_modified_filter_appointments: bool = True
    offset_filters: Literal["honoured", "ignored", "refused"] = "honoured"
    modified_upper_inclusive: bool = True
    inactive_returned_by_default: bool = True
    other_locations_without_exact_filter: bool = True
    check_in_touches_modified: bool = True
    visit_touches_customer: bool = False
    customers_wrapped: bool = True
    customers_key: Literal["Customers", "Results"] = "Customers"
    customer_ids_equal: bool = True
    customers_total: bool = False
    appointments_total: bool = True
    customer_stats_in_list: bool = True
    null_customer_every: int = 0
    null_address_every: int = 0
    check_in_stamp: bool = True
    partial_has_check_in: bool = False
    location_nested: bool = False
    standard_zone_name: bool = True
    offset_twins: Literal["all", "none"] = "all"
    twin_offset: Literal["location", "server"] = "location"
    server_stamps: Literal["eastern_rule", "true_time"] = "eastern_rule"
    dotnet_offset: bool = True
    empty_dates: Literal["null", "year_one"] = "null"
    max_page_size: int = 500
    token_seconds: int = 1800
    refresh_token_rotates: bool = True
    code_seconds: int = 300
    redirect_uris: tuple[str, ...] = ("http://127.0.0.1:8776/back",)
    pkce: Literal["checked", "required", "ignored", "refused"] = "checked"
    location_token_needed: Literal["client_credentials", "always", "never"] = "client_credentials"  # noqa: S105 - a grant's name
    token_in: Literal["body", "header", "either", "both"] = "body"  # noqa: S105 - a place, not a token
    expired_token: Literal["envelope", "unauthorized"] = "envelope"  # noqa: S105 - a form of answer
    token_error_status: int = 400
    argument_error_status: int = 200
    argument_errors_as: Literal["list", "object"] = "list"
    unknown_location: Literal["argument", "permission"] = "argument"
