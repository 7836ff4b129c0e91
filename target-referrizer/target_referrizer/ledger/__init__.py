"""The ledger: desired state, confirmed state, and what happened in between."""

from target_referrizer.ledger.store import Ledger

__all__ = ["Ledger"]
