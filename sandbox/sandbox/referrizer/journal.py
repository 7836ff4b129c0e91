"""What the calls meant for the business and its customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.clock import Clock


class Journal(list[dict[str, Any]]):
    """Effects in the order in which they happened.

    Each is a dict with `effect`, `contactId` and `at` (the salon's clock, ISO 8601), and what belongs to it:

    - ``contact_created``
    - ``contact_updated``: `fields` that changed (an update that changed nothing is ``update_without_change``)
    - ``field_wiped``: `field` that had a value and lost it (custom fields as ``customFields.NAME``)
    - ``unsubscribed``, ``resubscribed``: `field`
    - ``visit_recorded``: `visitId`, `date`
    - ``visit_duplicate``: `visitId`, `date`; a second visit of one contact at one instant
    - ``points_given``: `visitId`, `points`
    - ``text_sent``: `visitId`; a visit without a date messages the customer
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def note(self, effect: str, contact_id: str, **details: Any) -> None:
        """Write one effect down."""
        self.append({"effect": effect, "contactId": contact_id, "at": self._clock.now.isoformat(), **details})

    def of(self, effect: str) -> list[dict[str, Any]]:
        """The effects of one kind."""
        return [entry for entry in self if entry["effect"] == effect]
