"""A customer record as Booker shows it, the sensitive and the unwanted fields included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sandbox.salon.names import COUNTRIES

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.booker.dates import Writer
    from sandbox.booker.switches import BookerSwitches
    from sandbox.salon.model import Person
    from sandbox.salon.salon import Salon

SECRET_CARD = "4111-SECRET-CARD"  # noqa: S105 - a recognisable fake that must never leave a tap
SECRET_BANK = "ACH-SECRET-ACCOUNT"  # noqa: S105 - likewise
SECRET_NOTE = "NOTE-SECRET"  # noqa: S105 - likewise
SECRET_INTAKE = "INTAKE-SECRET"  # noqa: S105 - likewise
SECRET_EMERGENCY = "EMERGENCY-SECRET"  # noqa: S105 - likewise
INNER_ID_SHIFT = 5_000_000


def modified(person: Person, switches: BookerSwitches) -> datetime:
    """When the record last changed, visits counted only if so switched."""
    if switches.visit_touches_customer and person.desk_stamp is not None:
        return max(person.modified, person.desk_stamp)
    return person.modified


def element(person: Person, salon: Salon, write: Writer, switches: BookerSwitches) -> dict[str, Any]:
    """One element of a customer list: wrapped or bare, by switch."""
    inner = record(person, salon, write, switches, with_stats=switches.customer_stats_in_list)
    if not switches.customers_wrapped:
        return inner
    every = switches.null_customer_every
    return {"CustomerID": person.id, "Customer": None if every and person.id % every == 0 else inner}


def record(
    person: Person, salon: Salon, write: Writer, switches: BookerSwitches, *, with_stats: bool
) -> dict[str, Any]:
    """The inner customer record."""
    return {
        **_identity(person, switches),
        **write.day("DateOfBirth", person.birthday),
        **write.day("AnniversaryDate", None),
        **_reach(person, salon, switches),
        **_consent(person),
        **_state(person, salon),
        **_membership(person),
        **_program(person),
        "CustomerStats": _statistics(person, salon, write) if with_stats else None,
        **write.stamped("DateCreated", person.created),
        **write.stamped("DateLastModified", modified(person, switches)),
        **_sensitive(person),
    }


def _identity(person: Person, switches: BookerSwitches) -> dict[str, Any]:
    return {
        "ID": person.id if switches.customer_ids_equal else person.id + INNER_ID_SHIFT,
        "GUID": str(UUID(int=person.id)),
        "CustomerRecordType": {
            "ID": 1 if person.record_type == "Customer" else 2,
            "Name": person.record_type,
        },
        "LoginName": person.email,
        "OriginationID": None,
        "FirstName": person.first,
        "LastName": person.last,
        "Gender": None
        if person.gender is None
        else {"ID": 1 if person.gender == "Female" else 2, "Name": person.gender},
        "Occupation": "Occupation-Unwanted",
        "PhotoUrl": None,
    }


def _reach(person: Person, salon: Salon, switches: BookerSwitches) -> dict[str, Any]:
    every, place = switches.null_address_every, salon.locations[person.location_id]
    hidden = person.address is None or (every and person.id % every == 0)
    country_id, country = COUNTRIES[place.country]
    kept = person.address
    shown = (
        {}
        if kept is None
        else {
            "Street1": kept.street,
            "Street2": kept.street2,
            "City": kept.city,
            "State": kept.state,
            "Zip": kept.zip,
            "Country": {"ID": country_id, "Name": country},
        }
    )
    return {
        "Email": person.email,
        "HomePhone": person.home,
        "CellPhone": person.cell,
        "WorkPhone": person.work,
        "WorkPhoneExt": None,
        "MobilePhoneCarrierID": None,
        "Address": None if hidden else shown,
        "ShippingAddress": None,
        "CountryID": country_id,
    }


def _consent(person: Person) -> dict[str, Any]:
    return {
        "AllowReceiveEmails": person.allow_emails,
        "AllowReceivePromotionalEmails": person.allow_promotions,
        "AllowReceiveSMS": person.allow_sms,
        "PreferredCommunicationMethod": None,
        "RequestedToBeForgotten": person.forgotten,
    }


def _state(person: Person, salon: Salon) -> dict[str, Any]:
    return {
        "LocationID": person.location_id,
        "LocationName": salon.locations[person.location_id].name,
        "IsActive": person.active,
        "IsNewCustomer": person.id not in salon.by_customer,
        "CanBeDeleted": False,
        "HasUnpaidAppointments": False,
    }


def _membership(person: Person) -> dict[str, Any]:
    level = {
        "ID": 5,
        "LevelName": "Gold",
        "Description": "Membership-Level-Unwanted",
        "Status": {"ID": 1, "Name": "Active"},
        "IsSharedMembership": False,
    }
    return {
        "MembershipCardNumber": None,
        "HasMembership": person.member or person.past_member,
        "HasActiveMembership": person.member,
        "HasPastMembership": person.past_member,
        "MembershipLevels": [level] if person.member else [],
        "AvailableMembershipBenefits": [],
    }


def _program(person: Person) -> dict[str, Any]:
    return {
        "LoyaltyPoints": person.loyalty_points,
        "LoyaltyRewards": [],
        "NumberOfReferrals": person.referrals,
        "ReferredByCustomerID": person.referred_by,
    }


def _statistics(person: Person, salon: Salon, write: Writer) -> dict[str, Any]:
    visits = len(salon.by_customer.get(person.id, ()))
    return {
        **write.stamped("DateOfFirstVisit", salon.first_visit(person)),
        **write.stamped("DateOfLastVisit", salon.last_visit(person)),
        "TotalServiceSales": 80.0 * visits,
        "TotalRetailSales": 0.0,
        "TotalTips": 10.0 * visits,
        "TotalSales": 80.0 * visits,
    }


def _sensitive(person: Person) -> dict[str, Any]:
    card = {"Number": SECRET_CARD, "NameOnCard": f"{person.first} {person.last}", "ExpirationDate": "12/30"}
    return {
        "CreditCard": card,
        "CustomerCreditCards": [{"ID": person.id, "CreditCard": card}],
        "ACH": {"AccountNumber": SECRET_BANK},
        "CreditAccount": {"AccountNumber": SECRET_BANK, "Balance": 0.0},
        "Notes": SECRET_NOTE,
        "CustomerFieldValues": [{"FieldName": "Allergies", "Value": SECRET_INTAKE}],
        "EmergencyContactName": SECRET_EMERGENCY,
        "EmergencyContactPhone": SECRET_EMERGENCY,
        "EmergencyContactRelationship": SECRET_EMERGENCY,
        "Alerts": [SECRET_NOTE],
    }
