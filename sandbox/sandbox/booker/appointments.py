"""An appointment as Booker shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.booker.customers import SECRET_NOTE
from sandbox.salon.names import STAFF, TREATMENTS

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.booker.dates import Writer
    from sandbox.booker.switches import BookerSwitches
    from sandbox.salon.model import Appointment, Person
    from sandbox.salon.salon import Salon

# No public source gives the ids; a client must not lean on them, so they are odd on purpose. (inferred)
STATUS = {
    "Booked": 11,
    "Guest Checked-in": 23,
    "Paid/Complete": 37,
    "Cancelled": 53,
    "No Show": 71,
}
PARTIAL_LACKS = ("Customer", "AppointmentTreatments", "AppointmentIconFlags", "FinalTotal", "Notes")


def modified(made: Appointment, switches: BookerSwitches) -> datetime:
    """When the appointment last changed (check-ins count by switch). Never shown, only filtered by."""
    if switches.check_in_touches_modified and made.desk_stamp is not None:
        return max(made.edited, made.desk_stamp)
    return made.edited


def status_name(made: Appointment) -> str:
    """The name of the state that the appointment is in."""
    if made.cancelled:
        return "Cancelled"
    if made.no_show is not None:
        return "No Show"
    if made.complete:
        return "Paid/Complete"
    return "Guest Checked-in" if made.checked_in else "Booked"


def record(made: Appointment, salon: Salon, write: Writer, switches: BookerSwitches) -> dict[str, Any]:
    """The full appointment."""
    return {
        "ID": made.id,
        "BookingNumber": f"ABC{made.id}",
        "LocationID": made.location_id,
        **_guest(made, salon),
        **_state(made),
        **write.scheduled("StartDateTime", made.start),
        **write.scheduled("EndDateTime", made.end),
        **write.stamped("DateCheckIn", made.checked_in if switches.check_in_stamp else None),
        **write.stamped("DateBooked", made.booked),
        **write.stamped("DateNoShow", made.no_show),
        **write.stamped("DateCreated", made.booked),
        **_order(made),
        **_treatment(made),
    }


def partial(made: Appointment, salon: Salon, write: Writer, switches: BookerSwitches) -> dict[str, Any]:
    """The shorter form, without nested objects and (by switch) without the check-in stamp."""
    shown = {k: v for k, v in record(made, salon, write, switches).items() if k not in PARTIAL_LACKS}
    if not switches.partial_has_check_in:
        shown.pop("DateCheckIn", None)
        shown.pop("DateCheckInOffset", None)
    return shown


def _guest(made: Appointment, salon: Salon) -> dict[str, Any]:
    guest: Person | None = salon.customers.get(made.customer_id or 0)
    inner = None if guest is None else {"ID": guest.id, "FirstName": guest.first, "LastName": guest.last}
    return {
        "CustomerID": made.customer_id,
        "CustomerFirstName": guest.first if guest else None,
        "CustomerLastName": guest.last if guest else None,
        "CustomerEmail": guest.email if guest else None,
        "CustomerMobilePhone": guest.cell if guest else None,
        "CustomerHomePhone": guest.home if guest else None,
        "CustomerHasActiveMembership": bool(guest and guest.member),
        "Customer": inner,
        "IsNewCustomer": False,
    }


def _state(made: Appointment) -> dict[str, Any]:
    name, gone = status_name(made), made.cancelled or made.no_show is not None
    here = made.checked_in is not None and not gone
    return {
        "Status": {"ID": STATUS[name], "Name": name},
        "IsCancelled": made.cancelled,
        "IsNoShow": made.no_show is not None,
        "IsCancelledOrNoShow": gone,
        "IsGuestCheckedIn": here,
        "IsCheckedInInService": False,
        "IsServiceComplete": made.complete and not gone,
        "IsCheckout": False,
        "HasFinalStatus": gone or made.complete,
        "CanCheckin": not here and not gone and not made.complete,
        "CanUndoCheckin": here,
        "CanRevertNoShow": made.no_show is not None,
    }


def _order(made: Appointment) -> dict[str, Any]:
    cost = TREATMENTS[made.treatment][2]
    return {
        "OrderID": made.id - 2_200_000,
        "OrderStatusID": 2 if made.paid else 1,
        "IsOrderPaid": made.paid,
        "IsOrderClosed": made.complete,
        "FinalTotal": {"Amount": cost, "CurrencyCode": "USD"},
        "IsWebBooking": made.id % 3 == 0,
        "HasClass": False,
        "IsHeld": False,
        "Notes": SECRET_NOTE,
    }


def _treatment(made: Appointment) -> dict[str, Any]:
    name, staff = TREATMENTS[made.treatment][0], made.id % len(STAFF)
    treatment = {"TreatmentID": 50 + made.treatment, "TreatmentName": name, "EmployeeID": staff + 1}
    flags = {"CheckedIn": made.checked_in is not None, "NoShow": made.no_show is not None, "Paid": made.paid}
    return {
        "TreatmentName": name,
        "EmployeeID": staff + 1,
        "AppointmentTreatments": [{**treatment, "EmployeeFullName": STAFF[staff]}],
        "AppointmentIconFlags": flags,
    }
