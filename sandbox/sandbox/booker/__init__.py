"""Booker's merchant API: tokens, customers, appointments, locations."""

from sandbox.booker.switches import BookerSwitches
from sandbox.booker.vendor import Booker

__all__ = ["Booker", "BookerSwitches"]
