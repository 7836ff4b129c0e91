"""Referrizer's public API: contacts and visits, with the business effects that they have."""

from sandbox.referrizer.switches import ReferrizerSwitches
from sandbox.referrizer.vendor import Referrizer

__all__ = ["Referrizer", "ReferrizerSwitches"]
