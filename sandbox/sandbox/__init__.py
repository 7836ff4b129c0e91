"""Booker's and Referrizer's APIs as one strict, stateful local server."""

from sandbox.booker import BookerSwitches
from sandbox.box import Sandbox
from sandbox.referrizer import ReferrizerSwitches

__all__ = ["BookerSwitches", "ReferrizerSwitches", "Sandbox"]
