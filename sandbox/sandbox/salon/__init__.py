"""The salon whose books the Booker side of the sandbox shows."""

from sandbox.salon.model import Address, Appointment, Location, Person
from sandbox.salon.news import News
from sandbox.salon.salon import Salon

__all__ = ["Address", "Appointment", "Location", "News", "Person", "Salon"]
