"""What a salon knows: its places, its people, their appointments. Plain data in true instants (UTC)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@dataclass(slots=True)
class Location:
    """One place of business, with the zone on whose wall clock it lives."""

    id: int
    name: str
    zone: ZoneInfo
    country: str = "US"


@dataclass(slots=True)
class Address:
    """A postal address as the front desk typed it."""

    street: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None


@dataclass(slots=True)
class Person:
    """One customer record. Two records may well be one human being.

    `modified` is when somebody edited the record. `desk_stamp` is when a visit last touched it: whether that
    counts as a modification is unknown, so the vendor's switch decides when it is asked.
    """

    id: int
    location_id: int
    first: str | None
    last: str | None
    created: datetime
    modified: datetime
    email: str | None = None
    cell: str | None = None
    home: str | None = None
    work: str | None = None
    address: Address | None = field(default_factory=Address)
    birthday: date | None = None
    gender: str | None = None
    active: bool = True
    allow_emails: bool = True
    allow_promotions: bool = True
    allow_sms: bool = True
    forgotten: bool = False
    member: bool = False
    past_member: bool = False
    record_type: str = "Customer"
    loyalty_points: int = 0
    referrals: int = 0
    referred_by: int | None = None
    desk_stamp: datetime | None = None


@dataclass(slots=True)
class Appointment:
    """One booking and what became of it; `edited` is its last change, `desk_stamp` that of its check-in."""

    id: int
    location_id: int
    customer_id: int | None
    start: datetime
    booked: datetime
    edited: datetime
    minutes: int = 60
    treatment: int = 0
    checked_in: datetime | None = None
    desk_stamp: datetime | None = None
    cancelled: bool = False
    no_show: datetime | None = None
    complete: bool = False
    paid: bool = False

    @property
    def end(self) -> datetime:
        """When the treatment ends."""
        return self.start + timedelta(minutes=self.minutes)

    @property
    def is_visit(self) -> bool:
        """Whether the guest was there, as far as the desk has said so."""
        return not self.cancelled and self.no_show is None and (self.checked_in is not None or self.complete)
